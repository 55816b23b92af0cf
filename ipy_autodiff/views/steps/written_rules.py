"""Write down what a Function's ``backward`` computes as mathematics, in the names of the Variables at hand."""

from __future__ import annotations

import re

from ipy_autodiff.designs.nodes import FunctionNode
from ipy_autodiff.designs.reading import RULE
from ipy_autodiff.views.text.labels import clean, shorten

__all__ = ["written_rule"]

_NAME = 24
_LONGEST = 140
_IDENTIFIER = re.compile(r"(\d?)([^\W\d]\w*)", re.ASCII)
_SIMPLE = re.compile(r"([\w.…]|\(.*\)|\[.*\])+")


def written_rule(function: FunctionNode) -> str:
    """The rule of this call, such as ``gx = gy · 2w``; empty where the Function's class gives none.

    The rule itself speaks of ``x`` (or ``x0``, ``x1``, ...) and ``y``; the Variables' names take their places.
    """
    rule = RULE.read(function.object)
    if not isinstance(rule, str):
        return ""
    inputs, outputs = function.inputs, function.outputs
    operands = {"x": inputs[0]} if len(inputs) == 1 else {f"x{place}": x for place, x in enumerate(inputs)}
    if len(outputs) == 1:
        operands["y"] = outputs[0]
    names = {symbol: _factor(variable.name) for symbol, variable in operands.items()}

    def written(found: re.Match[str]) -> str:
        digit, symbol = found.groups()
        name = names.get(symbol, symbol)
        return digit + name if len(name) == 1 else f"{digit} · {name}" if digit and symbol in names else digit + name

    return shorten(clean(_IDENTIFIER.sub(written, rule)), _LONGEST)


def _factor(name: str) -> str:
    """The name as it may stand in a product."""
    name = shorten(name, _NAME)
    return name if _SIMPLE.fullmatch(name) else f"({name})"
