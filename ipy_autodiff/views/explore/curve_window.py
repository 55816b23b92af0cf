"""Choose how much of a curve is drawn around a point, so that the eye can compare it with its tangent there."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["measured_slope", "window"]

_HALVINGS = 30
_LOOKS = 9
"""Points of the curve that are looked at in each window."""
_RISE = 1 / 5
"""The least share of the window's height through which the tangent rises or falls."""
_STEP = 1e-5
_BENDS = 0.02
"""Slopes to the left and to the right that differ by more have no one tangent between them, or only noise."""


def measured_slope(height: Callable[[float], float], x: float) -> float | None:
    """The slope of the curve at ``x`` by differences to both sides; None at a kink, an edge or amid noise.

    The error is about ``1e-8`` of the curve's size near ``x``: enough to draw a tangent, not to judge a gradient.
    """
    here = height(x)
    for step in (_STEP, _STEP / 100):
        reach = step * max(abs(x), 1e-2)
        left, right = (here - height(x - reach)) / reach, (height(x + reach) - here) / reach
        if not math.isfinite(left) or not math.isfinite(right):
            return None
        noise = 1e-14 * abs(here) / reach
        if abs(left - right) <= _BENDS * max(abs(left), abs(right)) + noise:
            return (left + right) / 2
    return None


def window(
    height: Callable[[float], float], slope: float | None, x: float, low: float, high: float
) -> tuple[float, float]:
    """The widest part of ``low`` to ``high`` around ``x``, by halves, in which the tangent is seen to rise or fall.

    ``height`` gives NaN where the curve has no value. All of it where the slope is unknown or 0, or no part will do.
    """
    half = max(x - low, high - x)
    if not slope or not half > 0:
        return low, high
    for halving in range(_HALVINGS):
        reach = half / 2**halving
        if reach <= 1e-9 * max(abs(x), 1e-2):
            break
        ends = max(low, x - reach), min(high, x + reach)
        looks = (ends[0] + (ends[1] - ends[0]) * look / (_LOOKS - 1) for look in range(_LOOKS))
        found = [y for y in map(height, looks) if math.isfinite(y)]
        if found and abs(slope) * (ends[1] - ends[0]) >= _RISE * (max(found) - min(found)):
            return ends
    return low, high
