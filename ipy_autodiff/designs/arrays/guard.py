"""Run a loss again without the tiny number that guards its logarithm or its division.

``log(y + 1e-7)`` is a common way to keep clear of ``log(0)``; its ``backward`` is that of ``log(y)``, and so a little
beside the derivative of what was computed.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from ipy_autodiff.designs.arrays.layers import LayerCall
from ipy_autodiff.designs.arrays.pairs import PairCall

__all__ = ["unguarded"]

_MOST = 1e-6
_DEPTH = 2


def unguarded(record: Any) -> tuple[Any, float] | None:
    """A record of the same call without its guard, and the guard; None where the code has none."""
    if isinstance(record, LayerCall) and record.forward is None:
        method = getattr(type(record.layer), record.methods[0], None)
        found = _without(method, _DEPTH)
        if found is None:
            return None
        call = _copy(record)
        call.forward = found[0]
        return call, found[1]
    if isinstance(record, PairCall):
        found = _without(record.functions[0], _DEPTH)
        if found is None:
            return None
        call = _copy(record)
        call.functions = (found[0], record.functions[1])
        return call, found[1]
    return None


def _copy(record: Any) -> Any:
    other = object.__new__(type(record))
    other.__dict__.update(record.__dict__)
    return other


def _without(function: Any, depth: int) -> tuple[Callable[..., Any], float] | None:
    """The function with zeros for such numbers, in what it calls as well."""
    if type(function) is not FunctionType:
        return None
    code, guard = _zeroed(function.__code__)
    names = dict(function.__globals__)
    for name in code.co_names if depth > 0 else ():
        found = _without(names.get(name), depth - 1)
        if found is not None:
            names[name], guard = found[0], max(guard, found[1])
    if not guard:
        return None
    other = FunctionType(code, names, function.__name__, function.__defaults__, function.__closure__)
    other.__kwdefaults__ = function.__kwdefaults__
    return other, guard


def _zeroed(code: CodeType) -> tuple[CodeType, float]:
    small = [item for item in code.co_consts if type(item) is float and 0 < abs(item) <= _MOST]
    if not small:
        return code, 0.0
    consts = tuple(0.0 if type(item) is float and item in small else item for item in code.co_consts)
    return code.replace(co_consts=consts), max(map(abs, small))
