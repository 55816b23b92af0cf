"""Name Variables as a reader knows them: by the notebook's names, else their own, else by what the reader wrote."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import NAME, array_of, data_of, is_function, is_variable
from ipy_autodiff.tracing.producers import Producer
from ipy_autodiff.tracing.watching.source import expression_at

__all__ = ["Naming", "paths_within"]

_LONG = 22
_LONGEST = 60
"""What the reader wrote is cut to this many characters: a sentence may name it."""
_OBJECTS = 400
"""How many objects behind one name are looked into for Variables."""
_ITEMS = 64
_SIGNS = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Pow": "**", "MatMul": "@", "Matmul": "@"}
_NO_HOLDERS = (str, bytes, type, ModuleType, FunctionType, MethodType, BuiltinFunctionType, np.ndarray, np.generic)


class Naming:
    """Gives each Variable the name under which a reader knows it."""

    def __init__(self, names: Mapping[int, str], local_names: Mapping[int, str]) -> None:
        self._names = names
        self._local_names = local_names
        self._made_up: dict[int, str] = {}

    def of(self, variable: Any, producer: Producer | None) -> tuple[str, bool]:
        """Its name, and whether the notebook or the Variable itself gave it."""
        name = self._names.get(id(variable))
        if name:
            return name, True
        own = NAME.read(variable)
        if isinstance(own, str) and own:
            return own, True
        name = self._local_names.get(id(variable))
        if not name:
            name = self._constant(variable) if producer is None else self._described(variable, producer)
        if len(name) > _LONGEST:
            name = f"{name[: _LONGEST // 2].rstrip()}…{name[-_LONGEST // 2 :].lstrip()}"
        self._made_up[id(variable)] = name
        return name, False

    def _constant(self, variable: Any) -> str:
        """A leaf that nobody named: by the array's name, else by its numbers, else by its shape."""
        data = data_of(variable)
        name = self._names.get(id(data))
        array = array_of(data)
        if name or array is None:
            return name or type(data).__name__
        text = _spelt(array)
        return text if len(text) <= _LONG else f"({', '.join(map(str, array.shape))})"

    def _described(self, variable: Any, producer: Producer) -> str:
        """What the reader wrote to compute it; where that was not seen, the operation and what went into it."""
        call, place = producer.call, ""
        if len(producer.outputs) > 1 or producer.places:
            numbers = producer.places or range(len(producer.outputs))
            outputs = zip(numbers, producer.outputs, strict=False)
            place = next((f"[{number}]" for number, each in outputs if each is variable), "")
        if call is not None and call.place is not None:
            written = expression_at(*call.place)
            if written:
                return written + place
        parts = [self._part(item) for item in producer.arguments]
        described = _operation(producer.name, parts)
        if len(described) > _LONGEST:
            described = _operation(producer.name, [part if len(part) <= _LONG else "…" for part in parts])
        return described + place

    def _part(self, item: Any) -> str:
        if is_variable(item):
            return self._names.get(id(item)) or self._made_up.get(id(item)) or "…"
        array = array_of(item)
        return self._names.get(id(item)) or (_spelt(array) if array is not None and array.size <= 4 else "…")


def _spelt(array: Any) -> str:
    if array.ndim == 0:
        return f"{array:g}" if array.dtype.kind == "f" else str(array)
    return np.array2string(array, precision=4, separator=", ", threshold=8, edgeitems=1).replace("\n", "")


def _operation(function: str, parts: list[str]) -> str:
    """``Square(x)``, ``a + b``, ``(a + b) ** 2``."""
    sign = _SIGNS.get(function, "" if function.isidentifier() else function)
    if function == "Neg" and len(parts) == 1:
        return f"-{_within_brackets(parts[0])}"
    if sign and len(parts) == 2:
        return f"{_within_brackets(parts[0])} {sign} {_within_brackets(parts[1])}"
    if function.startswith("**") and len(parts) == 1:
        return f"{_within_brackets(parts[0])}{function}"
    return f"{function}({', '.join(parts)})"


def _within_brackets(part: str) -> str:
    depth = 0
    for character in part:
        depth += (character in "([") - (character in ")]")
        if character == " " and depth == 0:
            return f"({part})"
    return part


def paths_within(name: str, holder: Any) -> Iterator[tuple[str, Any]]:
    """The Variables behind a name, with the way to each: ``xs[0]``, ``model.l1.W``. The shortest ways come first."""
    pending, seen = deque([(name, holder)]), {id(holder)}
    while pending and len(seen) <= _OBJECTS:
        path, item = pending.popleft()
        for step, inner in _held(item):
            if is_variable(inner):
                yield path + step, inner
            elif id(inner) not in seen and not isinstance(inner, _NO_HOLDERS):
                seen.add(id(inner))
                pending.append((path + step, inner))


def _held(item: Any) -> Iterator[tuple[str, Any]]:
    """What an object holds: items of lists and dicts, attributes of the reader's own objects; nothing is called."""
    if type(item) in (list, tuple):
        if len(item) <= _ITEMS:
            yield from ((f"[{place}]", inner) for place, inner in enumerate(item))
    elif type(item) is dict:
        if len(item) <= _ITEMS:
            yield from ((f"[{key!r}]", inner) for key, inner in list(item.items()) if isinstance(key, str | int))
    elif type(item).__module__ != "builtins" and not is_function(item):
        try:
            attributes = object.__getattribute__(item, "__dict__")
        except AttributeError:
            return
        if type(attributes) is dict and len(attributes) <= _ITEMS:
            own = sorted(attributes.items(), key=lambda pair: str(pair[0]).startswith("_"))
            yield from ((f".{name}", inner) for name, inner in own if isinstance(name, str))
