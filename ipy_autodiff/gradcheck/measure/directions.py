"""Draw random directions to move an array along: signs at random, no two lengths alike, the same ones each time."""

from __future__ import annotations

from functools import cache
from itertools import count
from math import prod

import numpy as np

from ipy_autodiff.gradcheck.measure.ladder import Floats

__all__ = ["Directions", "direction"]

_BITS = 17
"""So few that x + t v is exact for every step t."""
_KEPT = 1 << 16
_APART = 7_919
_EXPONENT = np.int64(0x7FF0000000000000)
_LEAST = 0.1


class Directions:
    """A row of random numbers of either sign, between 0.5 and 1.5 in size. Two with one seed give the same."""

    def __init__(self, seed: int = 0) -> None:
        self._numbers = count(31 * seed)

    def draw(self, shape: tuple[int, ...]) -> Floats:
        """The next numbers, in this shape."""
        size, number = prod(shape), next(self._numbers)
        if size > _KEPT // 2:
            return _drawn(size, number).reshape(shape)
        start = number * _APART % (_KEPT - size)
        return _kept()[start : start + size].reshape(shape)


def direction(x: Floats, directions: Directions, gradient: Floats | None = None) -> Floats:
    """A random direction for a projection of ``x``: each element's length is in keeping with the element.

    Lengths differ, so that opposite errors do not cancel. Of several directions it is one that ``gradient`` is not
    nearly orthogonal to, so that the projected slope is not a small difference of large numbers.
    """
    # The power of two within each element: its bits without sign and mantissa.
    scale = (np.maximum(np.abs(x), _LEAST).view(np.int64) & _EXPONENT).view(np.float64)
    for _ in range(16):
        v: Floats = np.asarray(directions.draw(x.shape) * scale)
        if gradient is None or abs(np.vdot(gradient, v)) >= 0.5 * np.linalg.norm((gradient * v).ravel()):
            break
    return v


def _drawn(size: int, seed: int) -> Floats:
    drawn = np.random.default_rng(seed).integers(1 << (_BITS - 2), 3 << (_BITS - 2), size, dtype=np.int32)
    return np.asarray(np.where(drawn & 1, 1.0, -1.0) * drawn * 2.0 ** (1 - _BITS), dtype=np.float64)


@cache
def _kept() -> Floats:
    numbers = _drawn(_KEPT, 0)
    numbers.flags.writeable = False
    return numbers
