"""Find the Variable class of the engine that a function is written for, from what the function's code leads to."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import is_variable

__all__ = ["variable_class"]

_MOST = 300
_FOREIGN = ("builtins", "numpy", "typing", "abc", "collections", "contextlib", "functools", "weakref", "ipy_autodiff")


def variable_class(f: Any) -> type | None:
    """The first class of Variables that ``f``, its helpers and their Functions use; None where there is none.

    The reference engine's class is not among them: it is what is taken else.
    """
    pending, met = deque([f]), {id(f)}
    while pending and len(met) < _MOST:
        item = pending.popleft()
        if isinstance(item, type) and _makes_variables(item):
            return item
        for other in _leads_to(item):
            if id(other) not in met:
                met.add(id(other))
                pending.append(other)
    return None


def _leads_to(item: Any) -> Iterator[Any]:
    """Functions, classes and Functions' objects that this one's code names or holds."""
    if isinstance(item, functools.partial):
        yield from (item.func, *item.args, *item.keywords.values())
    elif isinstance(item, MethodType):
        yield from (item.__func__, item.__self__)
    elif isinstance(item, FunctionType):
        held = [cell.cell_contents for cell in item.__closure__ or () if _is_filled(cell)]
        named = [item.__globals__[name] for name in _names(item.__code__) if name in item.__globals__]
        yield from filter(_is_of_interest, (*held, *named, *(item.__defaults__ or ())))
    elif isinstance(item, type):
        for base in item.__mro__[:-1]:
            yield from (value for value in vars(base).values() if isinstance(value, FunctionType))
            yield from (
                value.__func__ for value in vars(base).values() if isinstance(value, staticmethod | classmethod)
            )
    else:
        yield type(item)
        yield from filter(_is_of_interest, getattr(item, "__dict__", {}).values())


def _names(code: Any) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if hasattr(inner, "co_names"):
            yield from _names(inner)


def _is_filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _is_of_interest(item: Any) -> bool:
    if isinstance(item, FunctionType | MethodType | functools.partial):
        return _is_own(item)
    kind = item if isinstance(item, type) else type(item)
    return _is_own(kind) and (isinstance(item, type) or hasattr(kind, "forward") or callable(item))


def _is_own(item: Any) -> bool:
    return str(getattr(item, "__module__", "")).partition(".")[0] not in _FOREIGN


def _makes_variables(kind: type[Any]) -> bool:
    if not _is_own(kind) or hasattr(kind, "forward") or issubclass(kind, BaseException):
        return False
    try:
        return is_variable(kind(np.array(1.0)))
    except Exception:  # another kind of class, which takes other arguments
        return False
