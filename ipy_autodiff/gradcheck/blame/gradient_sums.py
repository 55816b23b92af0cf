"""Add up gradients that may be missing, or of other shapes, and compare the sums up to rounding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipy_autodiff.gradcheck.measure.ladder import Array
from ipy_autodiff.gradcheck.numbers import element, told_apart

__all__ = ["largest", "less", "numbers", "same", "total"]


def numbers(got: Array | None, truth: Array | None) -> dict[str, str]:
    """Both as ``got`` and ``truth``, as text: of arrays the element where they differ most."""
    place = _worst(got, truth)
    if got is None or truth is None:
        return {"got": element(got, place), "truth": element(truth, place)}
    first, second = told_apart(got if place is None else got[place], truth if place is None else truth[place])
    return {"got": first, "truth": second}


def _worst(got: Array | None, truth: Array | None) -> tuple[int, ...] | None:
    if got is None or truth is None or got.shape != truth.shape or got.size <= 1:
        return None
    if got.dtype.kind not in "fiub" or truth.dtype.kind not in "fiub":
        return None
    with np.errstate(all="ignore"):
        off = np.abs(np.subtract(got, truth, dtype=np.float64))
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(np.nan_to_num(off, nan=np.inf))), got.shape))


def total(arrays: Sequence[Array | None]) -> Array | None:
    """The sum of those that are there; None where there are none, or shapes do not go together."""
    found: Array | None = None
    for array in arrays:
        if array is None:
            continue
        try:
            found = array if found is None else np.asarray(found + array)
        except ValueError:
            return None
    return found


def less(after: Array, before: Array | None) -> Array | None:
    """What was added to ``before``; None where shapes do not go together."""
    try:
        return after if before is None else np.asarray(after - before)
    except ValueError:
        return None


def largest(array: Array) -> float:
    """The size of the largest finite number; 0 where there is none."""
    if array.dtype.kind not in "fiub" or not array.size:
        return 0.0
    sizes = np.abs(array.astype(np.float64))
    return float(sizes.max(initial=0.0, where=np.isfinite(sizes)))


def same(first: Array | None, second: Array | None, tight: bool = False, size: float = 0.0) -> bool:
    """Whether they are equal up to round-off; ``size`` is that of the numbers that they are sums of."""
    if first is None or second is None:
        return first is second
    if first.shape != second.shape and not first.size == second.size == 1:
        return False
    a, b = first.ravel(), second.ravel()
    if np.array_equal(a, b):
        return True
    if a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return np.array_equal(a, b)
    short = min(a.dtype.itemsize if a.dtype.kind == "f" else 8, b.dtype.itemsize if b.dtype.kind == "f" else 8) < 8
    tolerance = 0.0 if tight else 1e-4 if short else 1e-9
    size = max(size, largest(b))
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * size, equal_nan=True))
