"""Pack arrays into structs without pickle: what is decoded has a dtype of numbers, and data that fill its shape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np

if TYPE_CHECKING:
    from ipy_autodiff.designs.nodes import Array

__all__ = ["PackedArray", "pack", "unpack"]

_KINDS = ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
_DTYPES = ("|b1", "|i1", "|u1", *(f"{order}{kind}" for order in "<>" for kind in _KINDS))
_WIDE = {np.dtype(np.longdouble): np.dtype(np.float64), np.dtype(np.clongdouble): np.dtype(np.complex128)}
_MOST = 16_000_000


class PackedArray(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An array of numbers or truth values."""

    dtype: Literal[_DTYPES]  # type: ignore[valid-type]
    shape: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=_MOST)], ...], msgspec.Meta(max_length=32)]
    data: Annotated[bytes, msgspec.Meta(max_length=_MOST)]

    def __post_init__(self) -> None:
        """Raises ``ValueError`` where the data do not fill the shape, which makes decoding fail."""
        if math.prod(self.shape) * np.dtype(self.dtype).itemsize != len(self.data):
            raise ValueError("an array's data does not fill its shape")
        if self.dtype == "|b1" and self.data.strip(b"\0\1"):
            raise ValueError("a truth value that is neither true nor false")


def pack(array: Array) -> PackedArray:
    """An array, for the wire; one of ``longdouble`` in double precision. Raises ``TypeError`` for any other dtype."""
    shape = np.shape(array)
    array = np.ascontiguousarray(array)
    if array.dtype in _WIDE and array.dtype.str not in _DTYPES:
        array = array.astype(_WIDE[array.dtype])
    if array.dtype.str not in _DTYPES:
        raise TypeError(f"an array of {array.dtype}")
    return PackedArray(array.dtype.str, shape, array.tobytes())


def unpack(packed: PackedArray) -> Array:
    """The array that ``pack`` packed, writable."""
    return np.frombuffer(packed.data, packed.dtype).reshape(packed.shape).copy()
