# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Sums, products, means, variances and extremes of a Variable's elements, along some axes or all."""

from __future__ import annotations

from math import prod as number_of_elements
from typing import Any

import numpy as np

from ipy_autodiff.engine.operations.cumulative import products_of_others
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.unary import Unary
from ipy_autodiff.engine.variable import Variable

__all__ = ["logsumexp", "max", "mean", "min", "prod", "std", "sum", "var"]

Axes = int | tuple[int, ...] | None

SMALL = 1 << 12
"""Elements up to which a constant array is filled rather than made a view that repeats one element."""


class Reduction(Unary):
    """An operation that leaves one number of all the elements along ``axis``."""

    __slots__ = ("axis", "keepdims")

    def __init__(self, axis: Axes = None, keepdims: bool = False) -> None:
        self.axis = axis
        self.keepdims = keepdims

    def expanded(self, reduced: Any) -> Any:
        """``reduced`` with the axes that the reduction took away, each of length 1."""
        if self.keepdims or reduced.ndim == self.x.ndim:
            return reduced
        return reduced.reshape(self.expanded_shape())

    def expanded_shape(self) -> tuple[int, ...]:
        """The result's shape with ``keepdims``."""
        axes = range(self.x.ndim) if self.axis is None else normalized(self.axis, self.x.ndim)
        return tuple([1 if axis in axes else n for axis, n in enumerate(self.x.shape)])

    @property
    def count(self) -> int:
        """How many elements go into each number."""
        if self.axis is None:
            return int(self.x.size)
        shape = self.x.shape
        n = 1
        for axis in normalized(self.axis, len(shape)):
            n *= shape[axis]
        return n


class Sum(Reduction):
    """The sum."""

    __slots__ = ()
    rule = "gy · ones(x.shape)"

    def compute(self, x: Any) -> Any:
        return np.add.reduce(x, axis=self.axis, keepdims=self.keepdims)

    def backward(self, gy: Any) -> Any:
        return spread(gy if gy.__class__ is np.float64 else self.expanded(gy), self.x.shape)


class Mean(Reduction):
    """The mean."""

    __slots__ = ()
    rule = "gy · ones(x.shape) / {0.count}"

    def compute(self, x: Any) -> Any:
        return np.mean(x, axis=self.axis, keepdims=self.keepdims)

    def backward(self, gy: Any) -> Any:
        gy = gy / self.count
        return spread(gy if gy.__class__ is np.float64 else self.expanded(gy), self.x.shape)


class Prod(Reduction):
    """The product."""

    __slots__ = ()
    rule = "gy · prod(x) / x"

    def compute(self, x: Any) -> Any:
        return np.multiply.reduce(x, axis=self.axis, keepdims=self.keepdims)

    def backward(self, gy: Any) -> Any:
        return self.expanded(gy) * products_of_others(self.x, self.axis)


class Max(Reduction):
    """The largest element; the gradient is shared among those that are equal to it."""

    __slots__ = ()
    rule = "gy · (x == max(x)) / sum(x == max(x))"

    def compute(self, x: Any) -> Any:
        return np.maximum.reduce(x, axis=self.axis, keepdims=self.keepdims)

    def backward(self, gy: Any) -> Any:
        chosen = np.equal(self.x, self.expanded(self.y))
        return self.expanded(gy) * (chosen / np.add.reduce(chosen, axis=self.axis, keepdims=True))


class Min(Max):
    """The smallest element; the gradient is shared among those that are equal to it."""

    __slots__ = ()
    rule = "gy · (x == min(x)) / sum(x == min(x))"

    def compute(self, x: Any) -> Any:
        return np.minimum.reduce(x, axis=self.axis, keepdims=self.keepdims)


class Var(Reduction):
    """The variance."""

    __slots__ = ("ddof",)
    rule = "gy · 2 · (x - mean(x)) / {0.freedom}"

    def __init__(self, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> None:
        self.axis = axis
        self.ddof = ddof
        self.keepdims = keepdims

    def compute(self, x: Any) -> Any:
        return np.var(x, axis=self.axis, ddof=self.ddof, keepdims=self.keepdims)

    def backward(self, gy: Any) -> Any:
        return self.expanded(gy) * (2 / self.freedom) * self.deviation()

    @property
    def freedom(self) -> float:
        """The degrees of freedom, by which the sum of squares is divided."""
        return self.count - self.ddof

    def deviation(self) -> Any:
        """How far each element is from the mean."""
        return self.x - np.mean(self.x, axis=self.axis, keepdims=True)


class Std(Var):
    """The standard deviation; where it is 0 the gradient is 0 too."""

    __slots__ = ()
    rule = "gy · (x - mean(x)) / ({0.freedom} · std(x))"

    def compute(self, x: Any) -> Any:
        return np.std(x, axis=self.axis, ddof=self.ddof, keepdims=self.keepdims)

    def backward(self, gy: Any) -> Any:
        y = self.expanded(self.y)
        return self.expanded(gy) / (self.freedom * np.where(np.equal(y, 0), 1.0, y)) * self.deviation()


class LogSumExp(Reduction):
    """``log(sum(exp(x)))``, safe for large and small elements."""

    __slots__ = ()
    rule = "gy · exp(x - logsumexp(x))"

    def compute(self, x: Any) -> Any:
        largest = np.maximum.reduce(x, axis=self.axis, keepdims=True)
        largest = np.where(np.isfinite(largest), largest, 0.0)
        y = np.log(np.add.reduce(np.exp(x - largest), axis=self.axis, keepdims=True)) + largest
        return y if self.keepdims else y.reshape(np.add.reduce(x, axis=self.axis).shape)

    def backward(self, gy: Any) -> Any:
        return self.expanded(gy) * np.exp(self.x - self.expanded(self.y))


_SAMPLES = [
    Sample(random(2, 3)),
    Sample(random(2, 3), axis=0),
    Sample(random(2, 3), axis=-1, keepdims=True),
    Sample(random(2, 3, 4), axis=(0, 2)),
    Sample(random(2, 3), keepdims=True),
    Sample(random(2, 3, 4), axis=()),
    Sample(random()),
]


@operation(np.sum, method="sum", samples=[*_SAMPLES, Sample(random(0)), Sample(random(0, 3), axis=0)])
def sum(a: Any, axis: Axes = None, keepdims: bool = False) -> Variable:  # noqa: A001
    """The sum of ``a`` along ``axis``, an axis or several; all by default."""
    return Sum(axis, keepdims).apply(a)


@operation(np.mean, method="mean", samples=_SAMPLES)
def mean(a: Any, axis: Axes = None, keepdims: bool = False) -> Variable:
    """The mean of ``a`` along ``axis``."""
    return Mean(axis, keepdims).apply(a)


@operation(np.prod, method="prod", samples=[*_SAMPLES, Sample(random(0)), Sample(random(1, 5), axis=1)])
def prod(a: Any, axis: Axes = None, keepdims: bool = False) -> Variable:
    """The product of ``a`` along ``axis``."""
    return Prod(axis, keepdims).apply(a)


@operation(np.max, np.amax, method="max", samples=_SAMPLES)
def max(a: Any, axis: Axes = None, keepdims: bool = False) -> Variable:  # noqa: A001
    """The largest element of ``a`` along ``axis``."""
    return Max(axis, keepdims).apply(a)


@operation(np.min, np.amin, method="min", samples=_SAMPLES)
def min(a: Any, axis: Axes = None, keepdims: bool = False) -> Variable:  # noqa: A001
    """The smallest element of ``a`` along ``axis``."""
    return Min(axis, keepdims).apply(a)


_VARIANCES = [*_SAMPLES[:5], Sample(random(2, 3), axis=1, ddof=1)]


@operation(np.var, method="var", samples=_VARIANCES)
def var(a: Any, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Variable:
    """The variance of ``a`` along ``axis``: squared deviations, summed, divided by their number less ``ddof``."""
    return Var(axis, ddof, keepdims).apply(a)


@operation(np.std, method="std", samples=_VARIANCES)
def std(a: Any, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Variable:
    """The standard deviation of ``a`` along ``axis``."""
    return Std(axis, ddof, keepdims).apply(a)


@operation(samples=[*_SAMPLES[:5], Sample(random())])
def logsumexp(a: Any, axis: Axes = None, keepdims: bool = False) -> Variable:
    """``log(sum(exp(a)))`` along ``axis``, safe for large and small elements."""
    return LogSumExp(axis, keepdims).apply(a)


def spread(g: Any, shape: tuple[int, ...]) -> Any:
    """``g`` broadcast to ``shape``; for reading only where it is large."""
    if g.shape == shape:
        return g
    if isinstance(g, Variable) or number_of_elements(shape) > SMALL:
        return np.broadcast_to(g, shape)
    filled = np.empty(shape, g.dtype)
    filled[...] = g
    return filled


def normalized(axis: int | tuple[int, ...], ndim: int) -> tuple[int, ...]:
    """The axes as a tuple of numbers from 0."""
    return tuple([a % ndim if ndim else 0 for a in (axis if isinstance(axis, tuple) else (axis,))])
