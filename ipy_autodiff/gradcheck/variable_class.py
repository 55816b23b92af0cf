"""Find the Variable class of the engine that a function is written for; where that cannot be known, say so.

What the function's code leads to decides. A function of nothing but operators leads nowhere: then it is the only class
of Variables that the caller has a name for, and the reference engine's only where no other engine is about.
"""

from __future__ import annotations

import dis
import functools
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import is_variable
from ipy_autodiff.messages import Message

__all__ = ["named_by", "reached_by", "variable_class"]

_MOST = 300
_OWN = "ipy_autodiff"
_ENGINES = ("torch", "autograd", "jax", "tensorflow", "mygrad", "tinygrad", "chainer")
"""Packages whose rules of differentiation only their own sweep calls."""
_STANDARD = sys.stdlib_module_names - {"__main__"}
_FOREIGN = ("builtins", "numpy", "typing", "abc", "collections", "contextlib", "functools", "weakref", "ipy_autodiff")


def variable_class(f: Any, about: Mapping[str, Any]) -> type | None:
    """The class of Variables that ``f`` is written for, ``about`` being the caller's names; None for the reference one.

    Raises ``TypeError``, naming the candidates, where it may be another engine's and it cannot be known whose.
    """
    reached = list(reached_by(f))
    found = next((item for item in reached if isinstance(item, type) and _makes_variables(item)), None)
    if found is not None:
        return found
    foreign = dict.fromkeys(name for name in map(_foreign_rule, reached) if name)
    if foreign:
        raise TypeError(Message("check.foreign-engine", names=", ".join(foreign)).text())
    if any(_is_the_references(item) for item in named_by(f)):
        return None
    names = {**about, **_namespace_of(f)}
    candidates = list(dict.fromkeys(kind for kind in _classes(names.values()) if _looks_like_variables(kind)))
    if any(_is_reference_variable(item) for item in names.values()) and candidates:
        raise TypeError(_ambiguous([*map(_full_name, candidates), "ipy_autodiff.Variable"]))
    if len(candidates) > 1 or (candidates and not _makes_variables(candidates[0])):
        raise TypeError(_ambiguous(map(_full_name, candidates)))
    return candidates[0] if candidates else None


def reached_by(f: Any) -> Iterator[Any]:
    """What the code of ``f`` leads to, the nearest first."""
    pending, met = deque([f]), {id(f)}
    while pending and len(met) < _MOST:
        item = pending.popleft()
        yield item
        for other in _leads_to(item):
            if id(other) not in met:
                met.add(id(other))
                pending.append(other)


def _ambiguous(names: Iterable[str]) -> str:
    return Message("check.which-variable", names=", ".join(names)).text()


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _foreign_rule(item: Any) -> str:
    """The name of a rule of differentiation that another engine's sweep would call, and a Variable never would."""
    if isinstance(item, type) and any(_root(base) in _ENGINES for base in item.__mro__):
        return _full_name(item)
    if getattr(item, "_is_autograd_primitive", False) is True or (
        isinstance(item, FunctionType) and str(item.__globals__.get("__name__", "")).partition(".")[0] in _ENGINES
    ):
        return str(getattr(item, "__qualname__", item))
    return ""


def named_by(f: Any) -> Iterator[Any]:
    """All that the code of ``f`` itself names or holds."""
    while isinstance(f, functools.partial):
        f = f.func
    f = getattr(f, "__func__", f)
    if isinstance(f, FunctionType):
        yield from (cell.cell_contents for cell in f.__closure__ or () if _is_filled(cell))
        yield from (f.__globals__[name] for name in _names(f.__code__) if name in f.__globals__)
    else:
        yield f


def _is_the_references(item: Any) -> bool:
    """Whether it is of this package: a function that names it is written for the reference engine."""
    if isinstance(item, ModuleType):
        return item.__name__.partition(".")[0] == _OWN
    bases = item.__mro__ if isinstance(item, type) else (item, *type(item).__mro__)
    return any(_root(base) == _OWN for base in bases)


def _namespace_of(f: Any) -> dict[str, Any]:
    while isinstance(f, functools.partial):
        f = f.func
    f = getattr(f, "__func__", f)
    if not isinstance(f, FunctionType):
        return {}
    held = zip(f.__code__.co_freevars, f.__closure__ or (), strict=False)
    return {**f.__globals__, **{name: cell.cell_contents for name, cell in held if _is_filled(cell)}}


def _classes(items: Iterable[Any]) -> Iterator[type]:
    """The classes among these, the classes of the objects among them, and those in modules of the user's."""
    for item in items:
        if isinstance(item, ModuleType):
            if _root(item, "__name__") not in (*_FOREIGN, *_ENGINES) and _root(item, "__name__") not in _STANDARD:
                inner = [kind for kind in vars(item).values() if isinstance(kind, type)]
                yield from (kind for kind in inner if _root(kind) == _root(item, "__name__"))
        else:
            yield item if isinstance(item, type) else type(item)


def _looks_like_variables(kind: type) -> bool:
    """Whether a class is one of Variables, by its code alone: nothing of the user's is called to find out."""
    if not _is_own(kind) or _root(kind) in (*_ENGINES, *_STANDARD) or hasattr(kind, "forward"):
        return False
    methods = [value for base in kind.__mro__[:-1] for value in vars(base).values() if isinstance(value, FunctionType)]
    named = {name for method in methods for name in _names(method.__code__)}
    kept = {str(name) for base in kind.__mro__[:-1] for name in vars(base).get("__annotations__", ())}
    operators = any(hasattr(kind, name) for name in ("__mul__", "__add__", "__matmul__"))
    keeps = any("grad" in name.lower() or name == "derivative" for name in (named & set(_stored(methods))) | kept)
    return keeps and (operators or any(hasattr(kind, name) for name in ("backward", "set_creator")))


def _stored(methods: Iterable[FunctionType]) -> Iterator[str]:
    """The attributes that methods store."""
    for method in methods:
        yield from (one.argval for one in dis.get_instructions(method) if one.opname == "STORE_ATTR")


def _is_reference_variable(item: Any) -> bool:
    return isinstance(item, type) and item.__name__ == "Variable" and _root(item) == _OWN


def _root(item: Any, attribute: str = "__module__") -> str:
    return str(getattr(item, attribute, "")).partition(".")[0]


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
        for base in [base for base in item.__mro__[:-1] if _root(base) not in _ENGINES]:
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
    if not _is_own(kind) or _root(kind) in _ENGINES or hasattr(kind, "forward") or issubclass(kind, BaseException):
        return False
    try:
        return is_variable(kind(np.array(1.0)))
    except Exception:  # another kind of class, which takes other arguments
        return False
