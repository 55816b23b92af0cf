"""Multiply a gradient in place where nobody else can see its array, so that large arrays cost no new memory.

A sweep hands each array over to ``backward`` without keeping it. What CPython counts as references to it then tells
whether anybody else holds it: another branch, a Variable's ``grad``, somebody's name for it. Views hold their base.
"""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np

__all__ = ["ALONE", "LARGE", "can_add", "owns", "product"]

LARGE = 1 << 15
"""Bytes from which writing in place is worth the question."""


def product(gy: Any, factor: Any) -> Any:
    """``gy * factor`` for arrays, scalars and Variables; in ``gy``'s own memory where that is large and unseen.

    Only for ``backward`` itself, with the ``gy`` that it was given.
    """
    if gy.__class__ is np.ndarray and gy.nbytes >= LARGE:
        if getrefcount(gy) == _UNSEEN and owns(gy) and _fits(gy, factor):
            return np.multiply(gy, factor, out=gy)
        if factor.__class__ is np.ndarray and getrefcount(factor) == _FRESH and owns(factor) and _fits(factor, gy):
            return np.multiply(gy, factor, out=factor)
    return gy * factor


def can_add(array: Any, other: Any) -> bool:
    """Whether ``array += other`` gives the sum and is worth the question, if nobody else sees ``array``."""
    return bool(
        array.__class__ is np.ndarray
        and array.nbytes >= LARGE
        and other.__class__ is np.ndarray
        and array.dtype == other.dtype
        and array.shape == other.shape
        and owns(array)
    )


def owns(array: Any) -> bool:
    """Whether the array's memory is its own and may be written to."""
    return array.base is None and bool(array.flags.writeable)


def _fits(array: Any, factor: Any) -> bool:
    """Whether ``array * factor`` has the shape and dtype of ``array``."""
    kind = factor.__class__
    if kind is float or kind is int:
        return bool(array.dtype.kind == "f")
    if kind is np.ndarray or isinstance(factor, np.generic):
        fits_kind = factor.dtype == array.dtype or (factor.dtype.kind == "b" and array.dtype.kind == "f")
        return bool(fits_kind and factor.shape in ((), array.shape))
    return False


def _count(gy: Any, factor: Any) -> tuple[int, int]:
    return getrefcount(gy), getrefcount(factor)


class _Probe:
    """Counts references just where ``product`` does."""

    def backward(self, gy: Any) -> Any:
        return _count(gy, np.empty(1))


def _calibrate() -> tuple[int, int]:
    """The counts for an array that only ``backward`` holds; impossible ones where counting does not tell them apart."""
    box = [np.empty(1)]
    unseen, fresh = _Probe().backward(box.pop())
    seen = np.empty(1)
    if _Probe().backward(seen)[0] <= unseen:
        return -1, -1
    return unseen, fresh


_UNSEEN, _FRESH = _calibrate()

ALONE = _UNSEEN
"""References to an object that one container or caller holds, as a function sees them that has one name for it."""
