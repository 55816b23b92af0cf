"""Lead an object's references from originals to what stands for them, under whatever name and in whatever container."""

from __future__ import annotations

import contextlib
import copy
import weakref
from collections.abc import Iterable, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import attributes_of

__all__ = ["repoint"]

_PLAIN = (str, bytes, int, float, complex, np.ndarray, np.generic, type, FunctionType, BuiltinFunctionType, ModuleType)
_DEPTH = 3


def repoint(item: Any, duplicates: Mapping[int, Any], besides: Iterable[str] = ()) -> None:
    """Set each attribute anew that leads to an original, by ``id`` in ``duplicates``, except those in ``besides``."""
    for name, value in attributes_of(item).items():
        if value is None or isinstance(value, _PLAIN) or name in besides:
            continue
        with contextlib.suppress(Exception):  # a property, a __setattr__ or a __hash__ of the student's
            led = _led(value, duplicates, _DEPTH)
            if led is not value:
                setattr(item, name, led)


def _led(value: Any, duplicates: Mapping[int, Any], depth: int) -> Any:
    """The value with its references led to the duplicates; the value itself where it has none."""
    found = duplicates.get(id(value))
    if found is not None:
        return found
    if depth == 0 or value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, weakref.ReferenceType):
        duplicate = duplicates.get(id(value()))
        return value if duplicate is None else _reference(value, duplicate)
    if isinstance(value, MethodType):
        owner = _led(value.__self__, duplicates, depth - 1)
        return value if owner is value.__self__ else MethodType(value.__func__, owner)
    if isinstance(value, list | tuple | set | frozenset):
        items = [_led(each, duplicates, depth - 1) for each in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        led = {key: _led(each, duplicates, depth - 1) for key, each in value.items()}
        return value if all(led[key] is value[key] for key in value) else led
    held = attributes_of(value)
    changed = {name: new for name, old in held.items() if (new := _led(old, duplicates, depth - 1)) is not old}
    if not changed:
        return value
    with contextlib.suppress(Exception):  # a class that forbids copying, or to set this
        other = copy.copy(value)
        for name, new in changed.items():
            setattr(other, name, new)
        return other
    return value


def _reference(value: weakref.ReferenceType[Any], duplicate: Any) -> weakref.ReferenceType[Any]:
    """A weak reference of the same class to the duplicate, which holds what the student's class adds."""
    other = type(value)(duplicate)
    for name, held in attributes_of(value).items():
        setattr(other, name, held)
    return other
