# ruff: noqa: SLF001 - the engine's modules share the slots of Variable and Function, for speed
"""Call NumPy's own functions on Variables: what has a gradient rule is recorded, what cannot have one answers plainly.

Everything else raises and says how to write a Function; nothing leaves the graph silently.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from itertools import zip_longest
from typing import Any

import numpy as np

from ipy_autodiff.engine.errors import explain
from ipy_autodiff.engine.registry import numpy_functions, ufuncs
from ipy_autodiff.engine.variable import Variable

__all__ = ["array_function", "array_ufunc", "plain"]

PLAIN_UFUNCS = {
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not),
    *(np.isnan, np.isfinite, np.isinf, np.signbit),
}
"""Ufuncs that answer yes or no: their results are arrays of bool, not Variables."""

PLAIN_FUNCTIONS = {
    *(np.all, np.any, np.allclose, np.isclose, np.array_equal, np.array_equiv, np.isposinf, np.isneginf),
    *(np.iscomplexobj, np.isrealobj, np.iscomplex, np.isreal, np.shares_memory, np.may_share_memory),
    *(np.argmax, np.argmin, np.argsort, np.argpartition, np.argwhere, np.nonzero, np.flatnonzero, np.count_nonzero),
    *(np.nanargmax, np.nanargmin, np.searchsorted, np.digitize, np.lexsort, np.isin),
    *(np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like, np.full_like),
    *(np.result_type, np.can_cast, np.min_scalar_type, np.common_type),
    *(np.array_repr, np.array_str, np.array2string, np.save, np.savez, np.savetxt),
}
"""Functions that answer with truth values, indices, shapes, text or constants: there is nothing to differentiate."""

_REDUCTIONS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
}
_ACCUMULATIONS: dict[np.ufunc, Callable[..., Any]] = {np.add: np.cumsum, np.multiply: np.cumprod}


def array_ufunc(self: Variable, ufunc: np.ufunc, method: str, x: Any, *others: Any, **kwargs: Any) -> Any:
    """``__array_ufunc__`` of Variable."""
    if method == "__call__" and not kwargs:
        operation = ufuncs.get(ufunc)
        if operation is not None:
            return operation(x, *others) if others else operation(x)
    return _special_ufunc_call(ufunc, method, (x, *others), kwargs)


def _special_ufunc_call(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    name = ufunc.__name__
    if any(target is not None for target in kwargs.pop("out", ())):
        raise explain(TypeError, "no_out", name=name)
    if ufunc in PLAIN_UFUNCS:
        return getattr(ufunc, method)(*plain(inputs), **plain(kwargs))
    if method in ("reduce", "accumulate"):
        function = (_REDUCTIONS if method == "reduce" else _ACCUMULATIONS).get(ufunc)
        if function is None:
            raise _no_rule(f"{name}.{method}")
        return _reduce(numpy_functions[function], f"{name}.{method}", *inputs, **kwargs)
    if method == "outer":
        x0, x1 = inputs
        column = np.reshape(x0, (*np.shape(x0), *[1] * np.ndim(x1)))
        return _special_ufunc_call(ufunc, "__call__", (column, x1), kwargs)
    if method != "__call__" or ufunc not in ufuncs:
        raise _no_rule(name if method == "__call__" else f"{name}.{method}")
    for option, value in kwargs.items():
        if not (option == "where" and value is True):
            raise explain(TypeError, "no_such_option", name=name, option=option)
    return ufuncs[ufunc](*inputs)


def _reduce(
    function: Callable[..., Any], name: str, x: Any, axis: Any = 0, dtype: Any = None, out: Any = None, **kwargs: Any
) -> Any:
    if dtype is not None or out is not None:
        raise explain(TypeError, "no_such_option", name=name, option="out" if out is not None else "dtype")
    return function(x, axis=axis, **_without_defaults(kwargs, name, known=("keepdims",)))


def _without_defaults(kwargs: dict[str, Any], name: str, known: tuple[str, ...]) -> dict[str, Any]:
    kept = {}
    for option, value in kwargs.items():
        if option in known:
            kept[option] = value
        elif not (value is np._NoValue or (option == "where" and value is True)):
            raise explain(TypeError, "no_such_option", name=name, option=option)
    return kept


def array_function(self: Variable, func: Callable[..., Any], types: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """``__array_function__`` of Variable."""
    operation = numpy_functions.get(func)
    if operation is None:
        if func in PLAIN_FUNCTIONS:
            return func(*plain(args), **plain(kwargs))
        raise _no_rule(_name_of(func))
    alike, known = _agreement(func, operation)
    if len(args) <= alike and kwargs.keys() <= known:
        return operation(*args, **kwargs)
    return operation(*_bound(func, operation, args, kwargs))


@cache
def _agreement(func: Callable[..., Any], operation: Callable[..., Any]) -> tuple[int, frozenset[str]]:
    """How many of the first parameters NumPy's function and ours have in common, and the names of ours."""
    ours, theirs = _parameters(operation), _parameters(func)
    if theirs is None or any(parameter.kind is parameter.VAR_POSITIONAL for parameter in ours.values()):
        return 1 << 30, frozenset(ours)
    alike = 0
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other and alike:
            break
        alike += 1
    return alike, frozenset(ours)


def _parameters(function: Callable[..., Any]) -> Any:
    """The parameters by name; None for one of NumPy's compiled functions that do not show them."""
    try:
        return inspect.signature(function).parameters
    except ValueError:
        return None


def _bound(func: Callable[..., Any], operation: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> list[Any]:
    """The arguments in the order of ``operation``'s parameters; one that it lacks must have its default value."""
    ours, theirs = _parameters(operation), _parameters(func)
    if theirs is None or any(parameter.kind is parameter.VAR_POSITIONAL for parameter in ours.values()):
        option = next(iter(kwargs.keys() - ours.keys()))
        raise explain(TypeError, "no_out" if option == "out" else "no_such_option", name=_name_of(func), option=option)
    given = inspect.signature(func).bind(*args, **kwargs).arguments
    arguments = []
    for (name, parameter), other in zip_longest(ours.items(), list(theirs)[: len(ours)]):
        if name not in theirs and other not in ours:
            name = other  # the same parameter under NumPy's own name for it
        arguments.append(given.pop(name, parameter.default))
    for name, value in given.items():
        if not _changes_nothing(name, value, theirs[name].default):
            raise explain(TypeError, "no_out" if name == "out" else "no_such_option", name=_name_of(func), option=name)
    return arguments


def _changes_nothing(name: str, value: Any, default: Any) -> bool:
    """Whether an argument that the rule does not know says what NumPy does anyway."""
    if isinstance(value, str | bool | int | dict):
        return bool(value == default) or (name == "where" and value is True) or value == {}
    return value is default


def plain(value: Any) -> Any:
    """``value`` with every Variable in it, in lists, tuples and dicts too, replaced by its array."""
    if isinstance(value, Variable):
        return value._data
    if isinstance(value, list | tuple):
        return type(value)([plain(item) for item in value])
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _no_rule(name: str) -> TypeError:
    return explain(TypeError, "no_rule", name=name)


def _name_of(func: Callable[..., Any]) -> str:
    module = getattr(func, "__module__", "numpy").removeprefix("numpy").removeprefix(".")
    return f"{module}.{func.__name__}" if module and not module.startswith("_") else func.__name__


Variable.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
Variable.__array_function__ = array_function  # type: ignore[attr-defined]
