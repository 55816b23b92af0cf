# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Add, subtract, multiply, divide, negate and raise to powers: Python's operators on Variables, numbers and arrays."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ipy_autodiff.engine.binary import Binary, binary
from ipy_autodiff.engine.errors import explain
from ipy_autodiff.engine.ownership import product
from ipy_autodiff.engine.registry import Sample, numpy_functions, operation, random, ufuncs
from ipy_autodiff.engine.unary import Elementwise, elementwise
from ipy_autodiff.engine.variable import Variable, as_variable

__all__ = ["add", "divide", "float_power", "imag", "multiply", "negative", "positive", "power", "real", "subtract"]

float64 = np.float64


class Add(Binary):
    """``x0 + x1``."""

    __slots__ = ()
    rule = ("gy", "gy")
    compute = operator.add

    def backward(self, gy: Any) -> Any:
        if gy.__class__ is float64:
            return (gy, gy) if self.constant is None else gy
        return Binary.backward(self, gy)

    def gradient0(self, gy: Any) -> Any:
        return gy

    gradient1 = gradient0


add = binary(Add, np.add)


class Sub(Binary):
    """``x0 - x1``."""

    __slots__ = ()
    rule = ("gy", "-gy")
    compute = operator.sub

    def backward(self, gy: Any) -> Any:
        if gy.__class__ is float64:
            return (gy, -gy) if self.constant is None else gy if self.constant else -gy
        return Binary.backward(self, gy)

    def gradient0(self, gy: Any) -> Any:
        return gy

    def gradient1(self, gy: Any) -> Any:
        return -gy


subtract = binary(Sub, np.subtract, name="subtract")


class Mul(Binary):
    """``x0 * x1``."""

    __slots__ = ()
    rule = ("gy · x1", "gy · x0")
    compute = operator.mul

    def backward(self, gy: Any) -> Any:
        constant = self.constant
        if gy.__class__ is float64:
            if constant is None:
                return gy * self.x1, gy * self.x0
            return gy * (self.x1 if constant else self.x0)
        if self.broadcast:
            return Binary.backward(self, gy)
        if constant is None:
            g1 = gy * self.x0
            return product(gy, self.x1), g1
        return product(gy, self.x1 if constant else self.x0)

    def gradient0(self, gy: Any) -> Any:
        return gy * self.x1

    def gradient1(self, gy: Any) -> Any:
        return gy * self.x0


multiply = binary(Mul, np.multiply, name="multiply")


class Div(Binary):
    """``x0 / x1``."""

    __slots__ = ()
    rule = ("gy / x1", "-gy · x0 / x1²")
    compute = operator.truediv

    def backward(self, gy: Any) -> Any:
        if self.constant is None and not self.broadcast:
            g0 = gy / self.x1
            return g0, -(g0 * self.y)
        return Binary.backward(self, gy)

    def gradient0(self, gy: Any) -> Any:
        return gy / self.x1

    def gradient1(self, gy: Any) -> Any:
        return -(gy * self.y) / self.x1


divide = binary(Div, np.divide, name="divide", domain=(0.3, 2.0))


class Pow(Binary):
    """``x0 ** x1``.

    Where ``x0`` is 0, the derivative with respect to ``x1`` is taken as 0, its limit for positive exponents.
    """

    __slots__ = ()
    compute = operator.pow

    @property
    def rule(self) -> tuple[str, str]:
        """Shorter where the exponent is a number."""
        exponent = self.x1
        side = "gy · x1 · x0^(x1 - 1)"
        if self.constant == 1 and not np.ndim(exponent):
            side = "gy · 2x0" if exponent == 2 else f"gy · x1 · x0^{_as_power(exponent - 1)}"
        return side, "gy · x0^x1 · log(x0)"

    def backward(self, gy: Any) -> Any:
        if self.constant == 1 and not self.broadcast:
            x0, x1 = self.x0, self.x1
            if x1.__class__ is int and x1 == 2:
                gy = product(gy, 2.0)
                return product(gy, x0)
            if not np.ndim(x1):
                return product(gy, x1 * x0 ** (x1 - 1) if x1 else 0.0)
        return Binary.backward(self, gy)

    def gradient0(self, gy: Any) -> Any:
        x0, x1 = self.x0, self.x1
        vanishing = np.equal(x1, 0)  # there x0 ** -1 may be infinite, and 0 times that is not a number
        if self.constant is None:
            vanishing = vanishing & np.equal(x0, 0)
        return gy * (x1 * x0 ** (np.where(vanishing, 1, x1 - 1) if np.any(vanishing) else x1 - 1))

    def gradient1(self, gy: Any) -> Any:
        nothing = np.equal(self.x0, 0)
        return gy * (self.y * np.log(np.where(nothing, 1, self.x0) if np.any(nothing) else self.x0))


def _as_power(n: Any) -> str:
    return f"{n:g}" if n >= 0 else f"({n:g})"


power = binary(Pow, np.power, name="power", domain=(0.2, 2.0))


class Neg(Elementwise):
    """``-x``."""

    __slots__ = ()
    rule = "-gy"
    compute = operator.neg

    def backward(self, gy: Any) -> Any:
        return -gy if gy.__class__ is float64 else product(gy, -1.0)


negative = elementwise(Neg, np.negative, name="negative")


class Pos(Elementwise):
    """``+x``."""

    __slots__ = ()
    rule = "gy"
    compute = operator.pos

    def derivative(self) -> Any:
        return 1.0


positive = elementwise(Pos, np.positive, name="positive")


@operation(np.float_power, samples=[Sample(random(2, 3), random(3))], domain=(0.2, 2.0))
def float_power(x1: Any, x2: Any) -> Variable:
    """``x1 ** x2``, computed in double precision at least."""
    return power(x1 * 1.0, x2)


@operation(np.real, samples=[Sample(random(2, 3))])
def real(val: Any) -> Variable:
    """``val`` itself, whose elements are real numbers. Raises ``TypeError`` for complex ones."""
    x = as_variable(val)
    if x.dtype.kind == "c":
        raise explain(TypeError, "not_differentiable", dtype=x.dtype)
    return positive(x)


@operation(np.imag, samples=[Sample(random(2, 3))])
def imag(val: Any) -> Variable:
    """Zeros: the elements of a Variable are real numbers."""
    return multiply(real(val), 0.0)


ufuncs[np.conjugate] = real
numpy_functions[np.real_if_close] = real
