"""Write a number within a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["element", "spelled", "told_apart"]

_MOST = 4


def spelled(value: Any, digits: int = 6) -> str:
    """A number with six significant digits, a short array with each of them, a longer one by its range."""
    if value is None:
        return "–"
    array = np.asarray(value)
    if array.size == 1:
        return f"{array.item():.{digits}g}" if array.dtype.kind in "fiub" else str(array.item())
    if array.size <= _MOST and array.dtype.kind in "fiub":
        return "[" + ", ".join(f"{item:.{digits}g}" for item in array.ravel().tolist()) + "]"
    if array.size and array.dtype.kind in "fiub" and not np.isnan(array).all():
        return f"{np.nanmin(array):.{digits - 2}g} … {np.nanmax(array):.{digits - 2}g}"
    return f"{array.dtype}{list(array.shape)}"


def told_apart(first: Any, second: Any) -> tuple[str, str]:
    """Two numbers, or short arrays, with as many digits as it takes to see that they differ."""
    for digits in range(6, 18):
        texts = spelled(first, digits), spelled(second, digits)
        if texts[0] != texts[1]:
            break
    return texts


def element(value: Any, place: tuple[int, ...] | None) -> str:
    """One element of an array as text; the whole where no place is given."""
    if value is None:
        return "None"
    return spelled(value if place is None else np.asarray(value)[place])
