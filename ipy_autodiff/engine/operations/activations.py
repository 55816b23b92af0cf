# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Activation functions of neural networks: sigmoid, relu and their kin, softmax and log-softmax."""

from __future__ import annotations

from math import erf, pi, sqrt
from typing import Any

import numpy as np

from ipy_autodiff.engine.operations.trigonometric import tanh
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.unary import Elementwise, Unary, elementwise
from ipy_autodiff.engine.variable import Variable, as_variable

__all__ = [
    "dropout",
    "elu",
    "gelu",
    "glu",
    "hard_tanh",
    "leaky_relu",
    "log_softmax",
    "relu",
    "selu",
    "sigmoid",
    "soft_sign",
    "softmax",
    "softplus",
]


_erf: Any = np.frompyfunc(erf, 1, 1)


class Sigmoid(Elementwise):
    """``1 / (1 + exp(-x))``."""

    __slots__ = ()
    rule = "gy · sigmoid(x) · (1 - sigmoid(x))"

    @staticmethod
    def compute(x: Any) -> Any:
        return np.tanh(x * 0.5) * 0.5 + 0.5

    def derivative(self) -> Any:
        return self.y * (1 - self.y)


sigmoid = elementwise(Sigmoid)


class ReLU(Elementwise):
    """``x`` where it is positive, 0 elsewhere."""

    __slots__ = ()
    rule = "gy · (x > 0)"

    @staticmethod
    def compute(x: Any) -> Any:
        return np.maximum(x, 0)

    def derivative(self) -> Any:
        return np.greater(self.x, 0)


relu = elementwise(ReLU)


class LeakyReLU(Elementwise):
    """``x`` where it is positive, ``slope * x`` elsewhere."""

    __slots__ = ("slope",)
    rule = "gy · where(x > 0, 1, {0.slope})"

    def __init__(self, slope: float) -> None:
        self.slope = slope

    def compute(self, x: Any) -> Any:
        return np.where(np.greater(x, 0), x, self.slope * x)

    def derivative(self) -> Any:
        return np.where(np.greater(self.x, 0), 1.0, self.slope)


@operation(samples=[Sample(random(2, 3)), Sample(random(4), 0.01)])
def leaky_relu(x: Any, slope: float = 0.2) -> Variable:
    """``x`` where it is positive, ``slope * x`` elsewhere."""
    return LeakyReLU(slope).apply(x)


class Softplus(Elementwise):
    """``log(1 + exp(x))``."""

    __slots__ = ()
    rule = "gy · sigmoid(x)"

    @staticmethod
    def compute(x: Any) -> Any:
        return np.logaddexp(x, 0)

    def derivative(self) -> Any:
        return 0.5 + 0.5 * np.tanh(0.5 * self.x)


softplus = elementwise(Softplus)


class SoftSign(Elementwise):
    """``x / (1 + abs(x))``."""

    __slots__ = ()
    rule = "gy / (1 + |x|)²"

    @staticmethod
    def compute(x: Any) -> Any:
        return x / (1 + np.absolute(x))

    def derivative(self) -> Any:
        return 1 / np.square(1 + np.absolute(self.x))


soft_sign = elementwise(SoftSign, name="soft_sign")


class Elu(Elementwise):
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere."""

    __slots__ = ("alpha",)
    rule = "gy · where(x > 0, 1, {0.alpha} · exp(x))"

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha

    def compute(self, x: Any) -> Any:
        return np.where(np.greater(x, 0), x, self.alpha * np.expm1(np.minimum(x, 0)))

    def derivative(self) -> Any:
        return np.where(np.greater(self.x, 0), 1.0, self.y + self.alpha)


@operation(samples=[Sample(random(2, 3)), Sample(random(4), 0.5)])
def elu(x: Any, alpha: float = 1.0) -> Variable:
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere."""
    return Elu(alpha).apply(x)


@operation(samples=[Sample(random(2, 3))])
def selu(x: Any) -> Variable:
    """The scaled exponential linear unit of Klambauer et al. (2017), which keeps activations normalized."""
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


@operation(samples=[Sample(random(2, 3)), Sample(random(4), lower_bound=-1.5, upper_bound=0.5)])
def hard_tanh(x: Any, *, lower_bound: float = -1.0, upper_bound: float = 1.0) -> Variable:
    """``x`` moved into an interval."""
    return np.clip(as_variable(x), lower_bound, upper_bound)


@operation(samples=[Sample(random(2, 4)), Sample(random(4, 3), 0)])
def glu(x: Any, dim: int = -1) -> Variable:
    """The first half of ``x`` along an axis times the sigmoid of the second half."""
    a, b = np.split(as_variable(x), 2, dim)
    return a * sigmoid(b)


@operation(samples=[Sample(random(2, 3)), Sample(random(4), approximate=True)])
def gelu(x: Any, approximate: bool = False) -> Variable:
    """``x`` times the normal distribution function at ``x``, or the approximation of it that uses tanh."""
    if approximate:
        x = as_variable(x)
        return 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x)))
    return x * NormalCdf().apply(x)


class NormalCdf(Elementwise):
    """The distribution function of the standard normal distribution."""

    __slots__ = ()
    rule = "gy · exp(-x² / 2) / √(2 · π)"

    @staticmethod
    def compute(x: Any) -> Any:
        x = np.asarray(x)
        return (0.5 + 0.5 * np.asarray(_erf(x / sqrt(2)), float)).astype(x.dtype if x.dtype.kind == "f" else float)

    def derivative(self) -> Any:
        return np.exp(-0.5 * self.x * self.x) / sqrt(2 * pi)


class Softmax(Unary):
    """``exp(x)`` divided by its sum along an axis."""

    __slots__ = ("axis",)
    rule = "softmax(x) · (gy - sum(gy · softmax(x)))"

    def __init__(self, axis: Any) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        powers = np.exp(x - np.maximum.reduce(x, axis=self.axis, keepdims=True))
        return powers / np.add.reduce(powers, axis=self.axis, keepdims=True)

    def backward(self, gy: Any) -> Any:
        g = gy * self.y
        return g - self.y * np.add.reduce(g, axis=self.axis, keepdims=True)


class LogSoftmax(Unary):
    """The logarithm of the softmax along an axis."""

    __slots__ = ("axis",)
    rule = "gy - softmax(x) · sum(gy)"

    def __init__(self, axis: Any) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        shifted = x - np.maximum.reduce(x, axis=self.axis, keepdims=True)
        return shifted - np.log(np.add.reduce(np.exp(shifted), axis=self.axis, keepdims=True))

    def backward(self, gy: Any) -> Any:
        return gy - np.exp(self.y) * np.add.reduce(gy, axis=self.axis, keepdims=True)


_SOFTMAX = [Sample(random(4)), Sample(random(2, 3)), Sample(random(2, 3), axis=0), Sample(random(2, 3), axis=(0, 1))]


@operation(samples=_SOFTMAX)
def softmax(x: Any, axis: Any = -1) -> Variable:
    """``exp(x)`` divided by its sum along ``axis``: positive numbers that add up to 1."""
    return Softmax(axis).apply(x)


@operation(samples=_SOFTMAX)
def log_softmax(x: Any, axis: Any = -1) -> Variable:
    """The logarithm of ``softmax(x, axis)``, safe for large and small elements."""
    return LogSoftmax(axis).apply(x)


def dropout(x: Any, ratio: float = 0.5, rng: Any = None) -> Variable:
    """``x`` with elements set to 0 at random, ``ratio`` of them on average, and the others scaled to make up for it.

    ``rng`` is a ``numpy.random.Generator``; without it NumPy's global random state is drawn from.
    """
    draw = np.random.random if rng is None else rng.random
    return as_variable(x) * ((draw(np.shape(x)) >= ratio) / (1 - ratio))
