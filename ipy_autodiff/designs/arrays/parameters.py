"""Find the parameters of a layer and where it keeps their gradients: ``W`` and ``dW``, ``params`` and ``grads``."""

from __future__ import annotations

import dis
from collections.abc import Collection, Iterator, Mapping
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from ipy_autodiff.designs.reading import DATA, GRADIENT, attributes_of, is_variable

__all__ = ["Parameter", "Path", "code_of", "get", "parameters_of", "put", "stored"]

Path = tuple[tuple[str, Any], ...]
"""How to get somewhere: ``(".", "W")`` for an attribute, ``("[", key)`` for an item."""
_LISTS = (("params", "grads"), ("parameters", "gradients"), ("parameters", "grads"), ("weights", "grads"))
_DEPTH = 3


class Parameter(NamedTuple):
    """Where a parameter is, and where its gradient; ``name`` is what it is called there."""

    name: str
    data: Path
    gradient: Path


def parameters_of(owner: Any, caches: Collection[str], names: Collection[str], depth: int = _DEPTH) -> list[Parameter]:
    """All that the owner keeps with a gradient beside it, each array once, those of layers within it as well.

    ``caches`` are attributes that running forward sets: they are no parameters. ``names`` are attributes that running
    backward names: a gradient need not be there before.
    """
    found: list[Parameter] = []
    seen: set[int] = set()
    for parameter in _pairs(owner, caches, names, depth):
        array = get(owner, parameter.data)
        if id(array) not in seen:
            seen.add(id(array))
            found.append(parameter)
    return found


def _pairs(owner: Any, caches: Collection[str], names: Collection[str], depth: int) -> Iterator[Parameter]:
    held = attributes_of(owner)
    for name, item in held.items():
        if name in caches or name in GRADIENT.names:
            continue
        if _is_array(item):
            beside = next((other for other in _gradients(name) if other in held or other in names), None)
            if beside is not None:
                yield Parameter(name, ((".", name),), ((".", beside),))
        elif is_variable(item) and not hasattr(type(item), "forward"):
            data, gradient = DATA.name(item), GRADIENT.name(item)
            if data is not None and gradient is not None and _is_array(getattr(item, data)):
                yield Parameter(name, ((".", name), (".", data)), ((".", name), (".", gradient)))
    for several, beside in _LISTS:
        params, grads = held.get(several), held.get(beside)
        if isinstance(params, list | tuple) and isinstance(grads, list | tuple) and len(params) == len(grads):
            keys: list[Any] = list(range(len(params)))
        elif isinstance(params, Mapping) and isinstance(grads, Mapping):
            keys = list(params)
        else:
            continue
        for key in keys:
            if _is_array(params[key]):
                name = key if isinstance(key, str) else f"{several}[{key}]"
                yield Parameter(name, ((".", several), ("[", key)), ((".", beside), ("[", key)))
    if depth > 0:
        for path, layer in _layers(held):
            inner = parameters_of(
                layer, stored(code_of(layer, "forward")), _names(code_of(layer, "backward")), depth - 1
            )
            yield from (Parameter(one.name, path + one.data, path + one.gradient) for one in inner)


def _gradients(name: str) -> tuple[str, ...]:
    return (f"d{name}", f"d_{name}", f"{name}_grad", f"grad_{name}", f"{name}_gradient", f"g{name}", f"d{name.lower()}")


def _layers(held: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for name, item in held.items():
        if isinstance(item, list | tuple):
            inner: list[tuple[Path, Any]] = [(((".", name), ("[", n)), one) for n, one in enumerate(item)]
        elif isinstance(item, Mapping):
            inner = [(((".", name), ("[", key)), one) for key, one in item.items()]
        else:
            inner = [(((".", name),), item)]
        for path, one in inner:
            if callable(getattr(type(one), "forward", None)) and callable(getattr(type(one), "backward", None)):
                yield path, one


def _is_array(item: Any) -> bool:
    return (isinstance(item, np.ndarray) and item.dtype.kind == "f") or type(item) in (float, np.float64, np.float32)


def code_of(layer: Any, name: str) -> CodeType | None:
    """The code of a method of the layer's class; None where it has none in Python."""
    method = getattr(type(layer), name, None)
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _names(code: CodeType | None) -> tuple[str, ...]:
    return () if code is None else code.co_names


def stored(code: CodeType | None) -> set[str]:
    """The attributes that a method sets."""
    return set() if code is None else {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_ATTR"}


def get(owner: Any, path: Path) -> Any:
    """What is there; None where that is nothing."""
    try:
        for kind, key in path:
            owner = getattr(owner, key) if kind == "." else owner[key]
    except (AttributeError, LookupError, TypeError):
        return None
    return owner


def put(owner: Any, path: Path, value: Any) -> None:
    """Put something else there."""
    *way, (kind, key) = path
    holder = get(owner, tuple(way))
    if kind == ".":
        setattr(holder, key, value)
    elif not isinstance(holder, tuple):
        holder[key] = value
