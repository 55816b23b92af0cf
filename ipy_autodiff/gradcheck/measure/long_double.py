"""Walk a path in long double: it has eleven more bits than float64 on most Linux machines, and none more elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ipy_autodiff.gradcheck.measure.ladder import Array, Path

__all__ = ["LongDoubleFailed", "OverBudget", "long_double", "long_from"]

_HELPS = bool(np.finfo(np.longdouble).eps < np.finfo(np.float64).eps / 100)
_MOST = 20_000
"""It is slow, and not used for more elements."""


class OverBudget(Exception):  # noqa: N818 - it ends a search; nothing is wrong
    """Evaluating the function once more would cost more than may be spent."""


class LongDoubleFailed(Exception):  # noqa: N818 - named after what went wrong
    """The function does not compute in long double: it raises, or it answers in another dtype."""


def long_from(x: Array, make: Callable[[Array], Callable[[float], Any]]) -> Callable[[float], Any] | None:
    """``make`` of ``x`` in long double; None where that would not help, or take too long."""
    return make(x.astype(np.longdouble)) if _HELPS and x.size <= _MOST else None


def long_double(path: Path) -> Path | None:
    """The path in long double; None where it cannot be walked so. Its ``at`` raises ``LongDoubleFailed``."""
    walked = path.long
    if walked is None or np.size(path.start) > _MOST or path.blur is not None:
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
