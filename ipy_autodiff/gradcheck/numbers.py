"""Write a number within a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["element", "spelled"]

_MOST = 4


def spelled(value: Any) -> str:
    """A number with six significant digits, a short array with each of them, a longer one by its range."""
    if value is None:
        return "–"
    array = np.asarray(value)
    if array.size == 1:
        return f"{array.item():.6g}" if array.dtype.kind in "fiub" else str(array.item())
    if array.size <= _MOST and array.dtype.kind in "fiub":
        return "[" + ", ".join(f"{item:.6g}" for item in array.ravel().tolist()) + "]"
    if array.size and array.dtype.kind in "fiub" and not np.isnan(array).all():
        return f"{np.nanmin(array):.4g} … {np.nanmax(array):.4g}"
    return f"{array.dtype}{list(array.shape)}"


def element(value: Any, place: tuple[int, ...] | None) -> str:
    """One element of an array as text; the whole where no place is given."""
    if value is None:
        return "None"
    return spelled(value if place is None else np.asarray(value)[place])
