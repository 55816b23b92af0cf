"""Tell which call made a value of an engine, from the frame that returns it, and make that call again.

A value is made by the innermost frame that returns it, was given all its parents as arguments, and was not given its
record: the closure, the context or the operation that answers for it backward. So ``Value.__mul__`` makes a product,
not the constructor that it calls nor the function that hands the product on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CellType, CodeType, FrameType, FunctionType
from typing import Any

from ipy_autodiff.designs.reading import is_variable

__all__ = ["GENERATOR", "Found", "Made", "made_by", "made_from"]

GENERATOR = 0x20 | 0x80 | 0x200
"""Flags of code whose frames yield or await: what they hand out they need not have made."""
_VARARGS, _VARKEYWORDS = 0x04, 0x08

Path = tuple[Any, ...]
"""Where a value stands among the arguments: the argument's place, and its place in a list there."""


@dataclass(frozen=True, eq=False, slots=True)
class Made:
    """A call that made a value, and can be made again with other values in the places of those that it was given."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    """By position: values stand here as None, so that the call keeps none alive."""
    keywords: tuple[tuple[str, Any], ...]
    paths: tuple[Path, ...]
    """Where the values go, in order."""

    def again(self, values: Sequence[Any]) -> Any:
        """What the call gives for these values."""
        arguments, keywords = list(self.arguments), dict(self.keywords)
        for path, value in zip(self.paths, values, strict=True):
            holder: Any = keywords if isinstance(path[0], str) else arguments
            if len(path) == 1:
                holder[path[0]] = value
            else:
                before = holder[path[0]]
                items = [value if place == path[1] else item for place, item in enumerate(before)]
                holder[path[0]] = tuple(items) if isinstance(before, tuple) else items
        return self.function(*arguments, **keywords)


Found = tuple[Made, tuple[Any, ...]]
"""The call, and the values that it was given, in order."""


def made_by(frame: FrameType, made: Any, parents: Sequence[Any], record: Any) -> Found | None:
    """The call that this frame is of, where it made ``made``; else None."""
    code = frame.f_code
    if code.co_flags & GENERATOR:
        return None
    held = frame.f_locals
    positional = [held.get(name) for name in code.co_varnames[: code.co_argcount]]
    place = code.co_argcount + code.co_kwonlyargcount
    keywords = {name: held.get(name) for name in code.co_varnames[code.co_argcount : place]}
    if code.co_flags & _VARARGS:
        positional.extend(held.get(code.co_varnames[place], ()))
        place += 1
    if code.co_flags & _VARKEYWORDS:
        keywords.update(held.get(code.co_varnames[place], {}))
    return _found(code, frame.f_globals, held, positional, keywords, made, parents, record)


def made_from(
    code: CodeType, names: dict[str, Any], held: Mapping[str, Any], made: Any, parents: Sequence[Any]
) -> Found | None:
    """The same of a call that nobody watched: ``held`` is what its arguments were, as far as something kept them."""
    place = code.co_argcount + code.co_kwonlyargcount
    if code.co_flags & (_VARARGS | _VARKEYWORDS) or any(name not in held for name in code.co_varnames[:place]):
        return None
    positional = [held[name] for name in code.co_varnames[: code.co_argcount]]
    keywords = {name: held[name] for name in code.co_varnames[code.co_argcount : place]}
    return _found(code, names, held, positional, keywords, made, parents, None)


def _found(
    code: CodeType,
    names: dict[str, Any],
    held: Mapping[str, Any],
    positional: list[Any],
    keywords: dict[str, Any],
    made: Any,
    parents: Sequence[Any],
    record: Any,
) -> Found | None:
    places: list[tuple[Path, Any]] = []
    for key, item in (*enumerate(positional), *keywords.items()):
        if is_variable(item):
            places.append(((key,), item))
        elif type(item) in (list, tuple):
            places += [((key, place), inner) for place, inner in enumerate(item) if is_variable(inner)]
        if record is not None and (item is record or (type(item) in (list, tuple) and _holds(item, record))):
            return None
    values = tuple(value for _, value in places)
    if not values or _holds(values, made) or not all(_holds(values, parent) for parent in parents):
        return None
    for path, _ in places:  # a call that is kept keeps no value alive
        holder: Any = keywords if isinstance(path[0], str) else positional
        if len(path) == 1:
            holder[path[0]] = None
        else:
            kind, (key, place) = type(holder[path[0]]), path
            holder[key] = kind([None if at == place else item for at, item in enumerate(holder[key])])
    cells = tuple(CellType(held[name]) if name in held else CellType() for name in code.co_freevars)
    function = FunctionType(code, names, code.co_name, None, cells or None)
    return Made(function, tuple(positional), tuple(keywords.items()), tuple(path for path, _ in places)), values


def _holds(items: Sequence[Any], wanted: Any) -> bool:
    return any(item is wanted for item in items)
