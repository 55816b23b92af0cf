"""Pack an array for the page, which draws it as numbers or as a heat map: exact where it is small, in blocks else."""

from __future__ import annotations

import math
from base64 import b64encode
from typing import Any

import numpy as np

from ipy_autodiff.tracing.graph import Array

__all__ = ["can_be_packed", "pack", "places"]

_DOUBLE = 64  # elements up to which each keeps all its digits


def can_be_packed(value: Any) -> bool:
    """Whether it is an array of real numbers with more than one element."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.size > 1


def pack(array: Array, most: int) -> dict[str, Any]:
    """The array as JSON. Up to ``most`` elements: all of them, base64 of ``f8`` or ``f4``, under the dtype's name.

    Of a larger array the page gets at most ``most / 2`` blocks, in ``rows`` and ``columns``: ``block`` are the rows and
    columns of each, ``low`` and ``high`` its least and largest elements. A block with a NaN is NaN.
    """
    if array.size <= most:
        return _numbers(array)
    matrix = _mosaic(array)
    down, across = _block(array, matrix.shape, most // 2)
    told: dict[str, Any] = {"block": {"rows": down, "columns": across}}
    for name, smaller in (("low", np.minimum), ("high", np.maximum)):
        reduced = smaller.reduceat(matrix, np.arange(0, matrix.shape[0], down), axis=0)
        reduced = smaller.reduceat(reduced, np.arange(0, matrix.shape[1], across), axis=1)
        told["rows"], told["columns"] = reduced.shape
        told[name] = _numbers(reduced, exact=0)
    lost = int(array.size - np.count_nonzero(np.isfinite(array)))
    return told | ({"lost": lost} if lost else {})


def places(flat: Array) -> str | int:
    """Flat places as base64 of ``u2``; where they are 0, 1, 2, ... only how many they are."""
    if np.array_equal(flat, np.arange(flat.size)):
        return int(flat.size)
    return b64encode(flat.astype("<u2").tobytes()).decode()


def _numbers(array: Array, exact: int = _DOUBLE) -> dict[str, str]:
    array = np.asarray(array)
    if array.size > exact:
        with np.errstate(all="ignore"):
            single = array.astype("<f4")
        if _survives(array, single, 0.0 if exact else 1e-30):
            return {"f4": b64encode(single.tobytes()).decode()}
    return {"f8": b64encode(array.astype("<f8").tobytes()).decode()}


def _survives(array: Array, single: Array, least: float) -> bool:
    """Whether single precision holds every element except for its last digits, and except those below ``least``."""
    with np.errstate(all="ignore"):
        return bool(np.all(np.isclose(array, single, rtol=1e-6, atol=least, equal_nan=True)))


def _mosaic(array: Array) -> Array:
    """The array as a matrix: the last two axes as tiles, the axes before them as rows and columns of tiles."""
    if array.ndim < 2:
        return array.reshape(1, -1)
    high, wide = array.shape[-2:]
    across = array.shape[-3] if array.ndim > 2 else 1
    return array.reshape(-1, across, high, wide).transpose(0, 2, 1, 3).reshape(-1, across * wide)


def _block(array: Array, shape: tuple[int, ...], most: int) -> tuple[int, int]:
    """How many rows and columns one block has, so that there are at most so many blocks."""
    if array.ndim < 2:
        return 1, -(-array.size // most)
    side = math.isqrt(most)
    rows, columns = shape
    wide = min(columns, max(side, most // rows))
    return _step(rows, array.shape[-2], most // wide), _step(columns, array.shape[-1], wide)


def _step(size: int, inner: int, most: int) -> int:
    """Of so many rows, how many one block has: no block lies across two tiles unless it is made of whole tiles."""
    least = -(-size // most)
    return next(
        step for step in range(least, size + 1) if inner in (size, step) or inner % step == 0 or step % inner == 0
    )
