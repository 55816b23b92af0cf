"""Say in an oval what a Function does, constants included: ``× 14``, ``^ 2``, ``Scale(10)``."""

from __future__ import annotations

import inspect
from typing import Any

from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.tracing.graph import FunctionNode, VariableNode
from ipy_autodiff.views.text.labels import shorten

__all__ = ["function_label"]

_MOST = 24
_SIGNS = {"Add": "+", "Sub": "−", "Mul": "×", "Div": "÷", "Pow": "^", "+": "+", "-": "−", "*": "×", "/": "÷", "**": "^"}
_SCALARS = (bool, int, float)


def function_label(node: FunctionNode) -> str:
    """The Function's name, with the numbers that it was made or called with; a sign where it is arithmetic."""
    constants = [item for item in node.arguments if not isinstance(item, VariableNode)]
    sign = _SIGNS.get(node.name)
    if sign and len(node.arguments) == 2 and len(constants) == 1:
        number = _number(constants[0])
        if number:
            return f"{number} {sign}" if node.arguments[0] is constants[0] else f"{sign} {number}"
    made_with = [_number(value) for value in _made_with(node.object)]
    if sign and len(made_with) == 1 and len(node.inputs) == 1:
        return f"{sign} {made_with[0]}"
    return shorten(f"{node.name}({', '.join(made_with)})" if made_with else node.name, _MOST)


def _number(value: Any) -> str:
    array = array_of(value)
    if array is None or array.ndim or array.dtype.kind not in "biuf":
        return ""
    return f"{array:g}" if array.dtype.kind == "f" else str(array)


def _made_with(function: Any) -> list[Any]:
    """The numbers that the object was made with, as far as it keeps each under the name of its parameter."""
    kept, made = getattr(function, "__dict__", {}), vars(type(function)).get("__init__")
    parameters = list(inspect.signature(made).parameters)[1:] if inspect.isfunction(made) else []
    return [kept[name] for name in parameters if type(kept.get(name)) in _SCALARS]
