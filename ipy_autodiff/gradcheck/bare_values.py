"""Check functions of PyTorch's tensors, and of bare arrays that layers are run on, as functions of Variables are."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.pairs import partner_of
from ipy_autodiff.designs.arrays.pytorch import array_of_tensor, is_tensor, pytorch
from ipy_autodiff.designs.arrays.values import Value
from ipy_autodiff.designs.nodes import Array
from ipy_autodiff.designs.reading import array_of

__all__ = ["array_returned", "maker_of", "standing_for"]


def maker_of(reached: Iterable[Any], named: Iterable[Any], arrays: Sequence[Any], variable: Any) -> Any:
    """What makes an argument of an array: a tensor, or the array itself; None where ``f`` is of Variables.

    ``reached`` is what the function's code leads to, ``named`` what it names itself.
    """
    torch = pytorch()
    if torch is not None:
        kinds = (torch.autograd.Function, torch.nn.Module)
        if variable is not None and isinstance(variable, type) and issubclass(variable, torch.Tensor):
            return _tensor
        if variable is None and (
            any(map(is_tensor, arrays))
            or any(item is torch or isinstance(item, kinds) or _is_one_of(item, kinds) for item in (*reached, *named))
        ):
            return _tensor
    if variable is np.ndarray or (variable is None and any(map(_goes_back_over_arrays, named))):
        return _array
    return None


def standing_for(items: Sequence[Any], known: Mapping[int, Any]) -> list[Any]:
    """The Values that stand for tensors or arrays, in order; a fresh one for what nothing was computed with."""
    found: list[Any] = []
    for item in items:
        value = known.get(id(item))
        if value is None or value.source is not item:
            value = Value(array_of_tensor(item) if is_tensor(item) else item)
        found.append(value)
    return found


def array_returned(item: Any) -> Array | None:
    """The array in what a function returned: a Variable, a tensor, an array or a number."""
    return array_of_tensor(item) if is_tensor(item) else array_of(item)


def _is_one_of(item: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(item, type) and issubclass(item, kinds)


def _goes_back_over_arrays(item: Any) -> bool:
    """Whether this has a way back that is no Variable's: a layer, a net of layers, a function with a partner."""
    if isinstance(item, MethodType):
        item = item.__self__
    if isinstance(item, FunctionType):
        return partner_of(item.__name__, item.__globals__) is not None
    if isinstance(item, type | functools.partial) or not hasattr(item, "__dict__"):
        return False
    held = [*vars(item).values()]
    inner = [one for each in held for one in _items(each)]
    return any(_is_layer(one) for one in (item, *held, *inner))


def _items(item: Any) -> list[Any]:
    if isinstance(item, Mapping):
        return list(item.values())
    return list(item) if isinstance(item, list | tuple) else []


def _is_layer(item: Any) -> bool:
    kind = type(item)
    if not callable(getattr(kind, "forward", None)) or not callable(getattr(kind, "backward", None)):
        return False
    # A Function of Variables is called; a layer is run forward.
    return not any("__call__" in vars(base) for base in kind.__mro__[:-1])


def _tensor(array: Array) -> Any:
    return pytorch().tensor(array, requires_grad=array.dtype.kind == "f")


def _array(array: Array) -> Array:
    return array


for _make, _name in ((_tensor, "torch.Tensor"), (_array, "numpy.ndarray")):
    _make.__module__, _, _make.__qualname__ = _name.rpartition(".")
