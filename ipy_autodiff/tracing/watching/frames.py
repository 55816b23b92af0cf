"""Read what a Python frame was given, and whose method it is."""

from __future__ import annotations

import dis
from types import CodeType, FrameType
from typing import Any

from ipy_autodiff.designs.reading import is_variable

__all__ = [
    "arguments_of",
    "first_argument",
    "has_returned",
    "is_backward_method",
    "is_method",
    "is_within_class",
    "role_of",
    "simple_arguments_of",
    "variables_among",
]

_RETURNS = {dis.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in dis.opmap}


def role_of(name: str) -> str:
    """What a function of this name may be to an engine; empty where it is nothing that is watched."""
    return "backward" if "backward" in name else name if name in ("<lambda>", "forward", "__call__") else ""


def first_argument(frame: FrameType) -> Any:
    """What the call was given first, as ``self``; None where it was given nothing."""
    code = frame.f_code
    if code.co_argcount == 0 or not code.co_varnames:
        return None
    return frame.f_locals.get(code.co_varnames[0])


def arguments_of(frame: FrameType) -> tuple[Any, ...]:
    """What the call was given by position, its first argument left out; lists are opened."""
    code, held = frame.f_code, frame.f_locals
    values = [held.get(name) for name in code.co_varnames[1 : code.co_argcount]]
    if code.co_flags & 0x04:  # *args
        place = code.co_argcount + code.co_kwonlyargcount
        values.extend(held.get(code.co_varnames[place], ()))
    opened: list[Any] = []
    for value in values:
        opened.extend(value if isinstance(value, list | tuple) else [value])
    return tuple(opened)


def simple_arguments_of(frame: FrameType) -> dict[str, Any]:
    """The numbers, texts and switches among what a call that begins was given, by their names."""
    code = frame.f_code
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    if not names:
        return {}
    held = frame.f_locals
    return {name: held[name] for name in names if isinstance(held.get(name), bool | int | float | str)}


def variables_among(frame: FrameType) -> tuple[Any, ...]:
    """The Variables among them."""
    return tuple(value for value in arguments_of(frame) if is_variable(value))


def is_within_class(frame: FrameType) -> bool:
    """Whether the function was written in a class's body."""
    outer = frame.f_code.co_qualname.rpartition(".")[0]
    return bool(outer) and not outer.endswith("<locals>")


def is_backward_method(frame: FrameType) -> bool:
    """Whether this is the ``backward`` of its first argument, whatever the function's own name is."""
    owner = first_argument(frame)
    return owner is not None and getattr(getattr(type(owner), "backward", None), "__code__", None) is frame.f_code


def is_method(frame: FrameType, owner: Any) -> bool:
    """Whether this is a method of ``owner`` under its own name."""
    method = getattr(type(owner), frame.f_code.co_name, None)
    inner = getattr(method, "__func__", method)
    code: CodeType | None = getattr(inner, "__code__", None)
    return code is frame.f_code


def has_returned(frame: FrameType) -> bool:
    """Whether a frame that ends does so by returning, and not by raising."""
    return frame.f_code.co_code[frame.f_lasti] in _RETURNS
