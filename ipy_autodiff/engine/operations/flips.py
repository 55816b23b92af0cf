# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Reverse a Variable's elements along some axes, turn them by right angles, or move them round in a circle."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.operations.shapes import swapaxes
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.unary import Unary
from ipy_autodiff.engine.variable import Variable, as_variable

__all__ = ["flip", "fliplr", "flipud", "roll", "rot90"]


class Flip(Unary):
    """The elements in reverse order along some axes."""

    __slots__ = ("axis",)
    rule = "flip(gy, {0.axis})"

    def __init__(self, axis: Any) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        return np.flip(x, self.axis)

    def backward(self, gy: Any) -> Any:
        return np.flip(gy, self.axis)


@operation(np.flip, samples=[Sample(random(2, 3)), Sample(random(2, 3), 1), Sample(random(2, 3, 2), (0, 2))])
def flip(m: Any, axis: Any = None) -> Variable:
    """``m`` in reverse order along ``axis``, an axis or several; all by default."""
    return Flip(axis).apply(m)


@operation(np.fliplr, samples=[Sample(random(2, 3))])
def fliplr(m: Any) -> Variable:
    """``m`` in reverse order along its second axis."""
    return Flip(1).apply(m)


@operation(np.flipud, samples=[Sample(random(2, 3))])
def flipud(m: Any) -> Variable:
    """``m`` in reverse order along its first axis."""
    return Flip(0).apply(m)


@operation(np.rot90, samples=[Sample(random(2, 3), k) for k in range(4)] + [Sample(random(2, 3, 2), 1, (2, 0))])
def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Variable:
    """``m`` turned ``k`` times by a right angle in the plane of two axes."""
    first, second = axes
    x = as_variable(m)
    k %= 4
    if k >= 2:
        x = Flip((first, second) if k == 2 else first).apply(x)
        return x if k == 2 else swapaxes(x, first, second)
    return swapaxes(flip(x, second), first, second) if k else flip(x, ())


class Roll(Unary):
    """The elements moved along axes, those that leave at one end entering at the other."""

    __slots__ = ("axis", "shift")

    def __init__(self, shift: Any, axis: Any) -> None:
        self.shift = shift
        self.axis = axis

    def compute(self, x: Any) -> Any:
        return np.roll(x, self.shift, self.axis)

    @property
    def rule(self) -> str:
        """With the steps back."""
        return f"roll(gy, {np.negative(self.shift).tolist()}, {self.axis})"

    def backward(self, gy: Any) -> Any:
        return np.roll(gy, np.negative(self.shift), self.axis)


@operation(
    np.roll,
    samples=[
        Sample(random(5), 2),
        Sample(random(2, 3), 1),
        Sample(random(2, 3), -1, 1),
        Sample(random(2, 3), (1, 2), (0, 1)),
    ],
)
def roll(a: Any, shift: Any, axis: Any = None) -> Variable:
    """``a`` with its elements moved by ``shift`` along ``axis``, in a circle."""
    return Roll(shift, axis).apply(a)
