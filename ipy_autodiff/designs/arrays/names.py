"""Name what stands for arrays as a reader gets at it: ``x``, ``net.params['W1']``, ``layers[0].W``."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.values import Value
from ipy_autodiff.designs.reading import attributes_of

__all__ = ["names_of_arrays"]

_DEPTH, _LOOKED_AT = 5, 4_000
_PLAIN = (str, bytes, int, float, complex, type, FunctionType, MethodType, ModuleType)


def names_of_arrays(namespace: Iterable[tuple[str, Any]], values: Iterable[Value]) -> dict[int, str]:
    """The name of each value, by its ``id``: the shortest way from the names to the object that it stands for.

    Only parameters are looked for within objects: what a layer keeps otherwise is its own business.
    """
    wanted = {id(value.source): value for value in values}
    found: dict[int, str] = {}
    if not wanted:
        return found
    pending = deque((name, item, 0) for name, item in namespace)
    caches: set[str] = set()
    seen: set[int] = set()
    numbers: dict[int, int] = {}
    while pending and len(seen) < _LOOKED_AT:
        path, item, depth = pending.popleft()
        value = wanted.get(id(item))
        if value is not None and value.source is item:
            if not isinstance(item, np.ndarray) and "." not in path:  # two names may share a number
                numbers[id(value)] = numbers.get(id(value), 0) + 1
            if value.parameter or ("." not in path and path.partition("[")[0] not in caches):
                found.setdefault(id(value), path)
        if isinstance(item, (np.ndarray, np.generic, *_PLAIN)) or item is None or id(item) in seen or depth >= _DEPTH:
            continue
        seen.add(id(item))
        if depth == 0 and isinstance(item, tuple):  # what is handed from forward to backward
            caches.add(path)
        pending.extend((path + step, inner, depth + 1) for step, inner in _within(item))
    shared = {key for key, count in numbers.items() if count > 1}
    return {key: path for key, path in found.items() if key not in shared}


def _within(item: Any) -> Iterator[tuple[str, Any]]:
    if callable(getattr(type(item), "named_parameters", None)):  # a module of PyTorch's
        yield from ((re.sub(r"\.(\d+)", r"[\1]", f".{name}"), inner) for name, inner in item.named_parameters())
    elif isinstance(item, Mapping):
        yield from ((f"[{key!r}]", inner) for key, inner in item.items() if isinstance(key, str | int))
    elif isinstance(item, list | tuple):
        yield from ((f"[{place}]", inner) for place, inner in enumerate(item[:64]))
    elif type(item).__module__.partition(".")[0] not in ("numpy", "torch", "matplotlib", "pandas", "ipy_autodiff"):
        yield from ((f".{name}", inner) for name, inner in attributes_of(item).items())
