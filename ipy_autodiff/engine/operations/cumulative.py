# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Running sums and products of a Variable, and differences between neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.unary import Unary
from ipy_autodiff.engine.variable import Variable, as_variable

__all__ = ["cumprod", "cumsum", "diff", "gradient", "trapezoid"]


class CumSum(Unary):
    """The sum of each element and all before it."""

    __slots__ = ("axis",)
    rule = "flip(cumsum(flip(gy)))"

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        return np.add.accumulate(x, axis=self.axis)

    def backward(self, gy: Any) -> Any:
        return np.flip(np.add.accumulate(np.flip(gy, self.axis), axis=self.axis), self.axis)


class CumProd(Unary):
    """The product of each element and all before it."""

    __slots__ = ("axis",)
    rule = "flip(cumsum(flip(gy · cumprod(x)))) / x"

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        return np.multiply.accumulate(x, axis=self.axis)

    def backward(self, gy: Any) -> Any:
        if np.all(np.not_equal(self.x, 0)):
            return np.flip(np.add.accumulate(np.flip(gy * self.y, self.axis), axis=self.axis), self.axis) / self.x
        last = _cumprod_gradient(np.moveaxis(self.x, self.axis, -1), np.moveaxis(gy, self.axis, -1))
        return np.moveaxis(last, -1, self.axis)


_SAMPLES = [
    Sample(random(4)),
    Sample(random(2, 3), axis=0),
    Sample(random(2, 3), axis=-1),
    Sample(random(2, 3)),
    Sample(random()),
    Sample(random(0)),
]


@operation(np.cumsum, method="cumsum", samples=_SAMPLES)
def cumsum(a: Any, axis: int | None = None) -> Variable:
    """The running sum along ``axis``, or of all elements in a row."""
    return CumSum(0).apply(as_variable(a).reshape(-1)) if axis is None else CumSum(axis).apply(a)


@operation(np.cumprod, method="cumprod", samples=_SAMPLES)
def cumprod(a: Any, axis: int | None = None) -> Variable:
    """The running product along ``axis``, or of all elements in a row."""
    return CumProd(0).apply(as_variable(a).reshape(-1)) if axis is None else CumProd(axis).apply(a)


@operation(
    np.diff,
    samples=[Sample(random(5)), Sample(random(3, 4), axis=0), Sample(random(6), n=3), Sample(random(2, 4), 2, 1)],
)
def diff(a: Any, n: int = 1, axis: int = -1) -> Variable:
    """The differences between neighbours along ``axis``, taken ``n`` times."""
    x = np.moveaxis(as_variable(a), axis, -1)
    for _ in range(n):
        x = x[..., 1:] - x[..., :-1]
    return np.moveaxis(x, -1, axis)


@operation(
    np.gradient, samples=[Sample(random(5)), Sample(random(3, 4)), Sample(random(3, 4), axis=0), Sample(random(4), 0.5)]
)
def gradient(f: Any, *spacing: float, axis: int | tuple[int, ...] | None = None) -> Any:
    """The slope of the samples ``f`` along each axis, by differences: central inside, one-sided at the ends.

    ``spacing`` is one number for all axes or one for each; a list of Variables where there are several axes.
    """
    f = as_variable(f)
    axes = range(f.ndim) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    steps = spacing * len(axes) if len(spacing) == 1 else spacing or (1.0,) * len(axes)
    slopes = []
    for along, step in zip(axes, steps, strict=True):
        x = np.moveaxis(f, along, -1)
        ends = x[..., 1:2] - x[..., :1], x[..., -1:] - x[..., -2:-1]
        slope = np.concatenate([ends[0], (x[..., 2:] - x[..., :-2]) / 2, ends[1]], axis=-1) / step
        slopes.append(np.moveaxis(slope, -1, along))
    return slopes if len(slopes) != 1 else slopes[0]


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Variable:
    """The integral along ``axis`` of the samples ``y`` at ``x`` (or ``dx`` apart), by the trapezoidal rule."""
    y = np.moveaxis(as_variable(y), axis, -1)
    widths = dx if x is None else diff(x) if np.ndim(x) == 1 else diff(np.moveaxis(x, axis, -1))
    return np.sum((y[..., 1:] + y[..., :-1]) / 2 * widths, axis=-1)


operation(
    *[getattr(np, name) for name in ("trapezoid", "trapz") if hasattr(np, name)][:1],
    samples=[
        Sample(random(5)),
        Sample(random(2, 4), dx=0.5),
        Sample(random(3, 2), np.array([0.0, 1.0, 1.5]), axis=0),
        Sample(random(3), random(3)),
    ],
)(trapezoid)


def products_of_others(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """For each element of an array or Variable the product of all others along the axes."""
    if axis == () or not np.ndim(x):
        return np.ones(np.shape(x))
    if np.all(np.not_equal(x, 0)):
        return np.prod(x, axis=axis, keepdims=True) / x
    axes = range(x.ndim) if axis is None else [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
    order = [a for a in range(x.ndim) if a not in axes] + list(axes)
    moved = np.transpose(x, order)
    rows = moved.reshape((*moved.shape[: x.ndim - len(axes)], -1))
    return np.transpose(_others(rows).reshape(moved.shape), np.argsort(order))


def _others(x: Any) -> Any:
    """The products of all others along the last axis, by halves: dividing by an element that is 0 would not do."""
    n = x.shape[-1]
    if n == 1:
        return np.ones(x.shape)
    a, b = x[..., : n // 2], x[..., n // 2 :]
    halves = [
        _others(a) * np.prod(b, axis=-1, keepdims=True),
        _others(b) * np.prod(a, axis=-1, keepdims=True),
    ]
    return np.concatenate(halves, axis=-1)


def _cumprod_gradient(x: Any, gy: Any) -> Any:
    """The gradient of a running product along the last axis where elements are 0, by halves."""
    n = x.shape[-1]
    if n <= 1:
        return gy
    a, b = x[..., : n // 2], x[..., n // 2 :]
    first, second = gy[..., : n // 2], gy[..., n // 2 :]
    through = np.sum(second * np.cumprod(b, axis=-1), axis=-1, keepdims=True)
    halves = [
        _cumprod_gradient(a, first) + _others(a) * through,
        _cumprod_gradient(b, second) * np.prod(a, axis=-1, keepdims=True),
    ]
    return np.concatenate(halves, axis=-1)
