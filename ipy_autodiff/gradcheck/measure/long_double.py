"""Walk a path in long double: it has eleven more bits than float64 on most Linux machines, and none more elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ipy_autodiff.gradcheck.measure.ladder import STEPS, Array, Path
from ipy_autodiff.gradcheck.tolerances import AMPLIFIED, LONG_DOUBLE

__all__ = ["LongDoubleFailed", "OverBudget", "long_double", "long_from", "round_off_inside", "stands_still"]

_HELPS = bool(np.finfo(np.longdouble).eps < np.finfo(np.float64).eps / 100)


class OverBudget(Exception):  # noqa: N818 - it ends a search; nothing is wrong
    """Evaluating the function once more would cost more than may be spent."""


class LongDoubleFailed(Exception):  # noqa: N818 - named after what went wrong
    """The function does not compute in long double: it raises, or it answers in another dtype."""


def long_from(x: Array, make: Callable[[Array], Callable[[float], Any]]) -> Callable[[float], Any] | None:
    """``make`` of ``x`` in long double; None where that would not help, or take too long."""
    return make(x.astype(np.longdouble)) if _HELPS and x.size <= LONG_DOUBLE else None


def long_double(path: Path) -> Path | None:
    """The path in long double; None where it cannot be walked so. Its ``at`` raises ``LongDoubleFailed``."""
    walked = path.long
    if walked is None or np.size(path.start) > LONG_DOUBLE or path.blur is not None:
        return None

    def at(t: float) -> Array:
        try:
            value = np.asarray(walked(t))
        except OverBudget:
            raise
        except Exception as error:  # linear algebra, for instance, has no such routines
            raise LongDoubleFailed from error
        if value.dtype != np.longdouble:
            raise LongDoubleFailed
        return value

    try:
        return replace(path, at=at, start=at(0.0), long=None)
    except LongDoubleFailed:
        return None


def stands_still(path: Path) -> bool:
    """Whether the function stands still in long double too, on the longest steps."""
    try:
        longest = float(STEPS[0, 0]) * path.scale
        return all(bool(np.array_equal(path.at(h), path.start)) for h in (longest, -longest))
    except LongDoubleFailed:
        return True


def round_off_inside(path: Path, longer: Path) -> float:
    """How far, relatively, float64 is off on this path: what is lost inside the function, and no sample shows."""
    off = size = 0.0
    for h in (0.0, *(STEPS[2:5, 0] * path.scale).tolist()):
        value = np.asarray(path.start if h == 0.0 else path.at(h), dtype=np.longdouble).ravel()
        exact = np.asarray(longer.at(h)).ravel()
        off = max(off, float(np.abs(value - exact).sum()))
        size = max(size, float(np.abs(exact).sum()))
    return AMPLIFIED * off / size if size and np.isfinite(off) else 0.0
