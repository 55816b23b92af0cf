"""Find out whether a call of ``forward`` kept numbers for ``backward``, on its instance or on its class.

A gradient that was computed with them does not show that it depends on them, so it cannot be differentiated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.variable import Array

__all__ = ["attributes_of", "keeps_arrays", "kept_data"]

_NOTHING: dict[str, Any] = {}


def attributes_of(function: Any, base: type) -> dict[str, Any]:
    """What has been set on this instance by classes derived from ``base``."""
    attributes = {**getattr(function, "__dict__", _NOTHING)}
    kind = type(function)
    if "__slots__" in vars(kind):
        own = [slot for each in _own_classes(kind, base) for slot in vars(each).get("__slots__", ())]
        attributes.update({name: getattr(function, name) for name in own if hasattr(function, name)})
    return attributes


def kept_data(attributes: dict[str, Any], before: dict[str, Any], xs: list[Array]) -> frozenset[str]:
    """The attributes in which a call of ``forward`` kept numbers that depend on its arguments."""
    if not attributes:
        return frozenset()
    counting = all(x.dtype.kind == "f" for x in xs)  # then integers index or count
    found = [
        name
        for name, value in attributes.items()
        if (value is not before.get(name, before) or isinstance(value, list | dict | set)) and _is_data(value, counting)
    ]
    return frozenset(found)


def _is_data(value: Any, counting: bool) -> bool:
    if value is None or isinstance(value, bool | str | bytes | slice | np.bool_ | np.dtype | type):
        return False
    if isinstance(value, int | np.integer):
        return not counting
    if isinstance(value, np.ndarray):
        return value.dtype.kind not in ("biu" if counting else "b")
    if isinstance(value, list | tuple | set | frozenset):
        return any(_is_data(item, counting) for item in value)
    if isinstance(value, dict):
        return any(_is_data(item, counting) for item in value.values())
    return True


def keeps_arrays(kind: type, base: type) -> bool:
    """Whether an array stands on the class, where ``forward`` may have put it."""
    return any(isinstance(value, np.ndarray) for each in _own_classes(kind, base) for value in vars(each).values())


def _own_classes(kind: type, base: type) -> tuple[type, ...]:
    return kind.__mro__[: kind.__mro__.index(base)]
