# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Powers, roots, exponentials and logarithms of Variables, element by element."""

from __future__ import annotations

from math import log as ln
from typing import Any

import numpy as np

from ipy_autodiff.engine.binary import Binary, binary
from ipy_autodiff.engine.ownership import product
from ipy_autodiff.engine.unary import Elementwise, elementwise

__all__ = [
    "cbrt",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "reciprocal",
    "sqrt",
    "square",
]


class Square(Elementwise):
    """``x ** 2``."""

    __slots__ = ()
    rule = "gy · 2x"
    compute = np.square

    def backward(self, gy: Any) -> Any:
        gy = product(gy, 2.0)
        return product(gy, self.x)


square = elementwise(Square, np.square)


class Sqrt(Elementwise):
    """The square root."""

    __slots__ = ()
    rule = "gy / (2√x)"
    compute = np.sqrt

    def derivative(self) -> Any:
        return 0.5 / self.y


sqrt = elementwise(Sqrt, np.sqrt, domain=(0.2, 3.0))


class Cbrt(Elementwise):
    """The cube root."""

    __slots__ = ()
    rule = "gy / (3 · cbrt(x)²)"
    compute = np.cbrt

    def derivative(self) -> Any:
        return 1 / (3 * self.y * self.y)


cbrt = elementwise(Cbrt, np.cbrt)


class Reciprocal(Elementwise):
    """``1 / x``."""

    __slots__ = ()
    rule = "-gy / x²"
    compute = np.reciprocal

    def derivative(self) -> Any:
        return -(self.y * self.y)


reciprocal = elementwise(Reciprocal, np.reciprocal, domain=(0.2, 3.0))


class Exp(Elementwise):
    """``e ** x``."""

    __slots__ = ()
    rule = "gy · exp(x)"
    compute = np.exp

    def derivative(self) -> Any:
        return self.y


exp = elementwise(Exp, np.exp)


class Exp2(Elementwise):
    """``2 ** x``."""

    __slots__ = ()
    rule = "gy · 2^x · log(2)"
    compute = np.exp2

    def derivative(self) -> Any:
        return self.y * ln(2)


exp2 = elementwise(Exp2, np.exp2)


class Expm1(Elementwise):
    """``e ** x - 1``, accurate near 0."""

    __slots__ = ()
    rule = "gy · exp(x)"
    compute = np.expm1

    def derivative(self) -> Any:
        return self.y + 1


expm1 = elementwise(Expm1, np.expm1)


class Log(Elementwise):
    """The natural logarithm."""

    __slots__ = ()
    rule = "gy / x"
    compute = np.log

    def derivative(self) -> Any:
        return 1 / self.x


log = elementwise(Log, np.log, domain=(0.2, 3.0))


class Log2(Elementwise):
    """The logarithm to base 2."""

    __slots__ = ()
    rule = "gy / (x · log(2))"
    compute = np.log2

    def derivative(self) -> Any:
        return 1 / (self.x * ln(2))


log2 = elementwise(Log2, np.log2, domain=(0.2, 3.0))


class Log10(Elementwise):
    """The logarithm to base 10."""

    __slots__ = ()
    rule = "gy / (x · log(10))"
    compute = np.log10

    def derivative(self) -> Any:
        return 1 / (self.x * ln(10))


log10 = elementwise(Log10, np.log10, domain=(0.2, 3.0))


class Log1p(Elementwise):
    """``log(1 + x)``, accurate near 0."""

    __slots__ = ()
    rule = "gy / (1 + x)"
    compute = np.log1p

    def derivative(self) -> Any:
        return 1 / (self.x + 1)


log1p = elementwise(Log1p, np.log1p, domain=(-0.8, 2.0))


class LogAddExp(Binary):
    """``log(exp(x0) + exp(x1))``, safe for large and small operands."""

    __slots__ = ()
    rule = ("gy · exp(x0) / (exp(x0) + exp(x1))", "gy · exp(x1) / (exp(x0) + exp(x1))")
    compute = np.logaddexp

    def gradient0(self, gy: Any) -> Any:
        return gy * np.exp(self.x0 - self.y)

    def gradient1(self, gy: Any) -> Any:
        return gy * np.exp(self.x1 - self.y)


logaddexp = binary(LogAddExp, np.logaddexp)


class LogAddExp2(Binary):
    """``log2(2 ** x0 + 2 ** x1)``, safe for large and small operands."""

    __slots__ = ()
    rule = ("gy · 2^x0 / (2^x0 + 2^x1)", "gy · 2^x1 / (2^x0 + 2^x1)")
    compute = np.logaddexp2

    def gradient0(self, gy: Any) -> Any:
        return gy * np.exp2(self.x0 - self.y)

    def gradient1(self, gy: Any) -> Any:
        return gy * np.exp2(self.x1 - self.y)


logaddexp2 = binary(LogAddExp2, np.logaddexp2)
