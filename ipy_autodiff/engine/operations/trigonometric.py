# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Trigonometric and hyperbolic functions of Variables and their inverses, element by element."""

from __future__ import annotations

from math import factorial, pi
from typing import Any

import numpy as np

from ipy_autodiff.engine.binary import Binary, binary
from ipy_autodiff.engine.registry import operation
from ipy_autodiff.engine.unary import Elementwise, elementwise
from ipy_autodiff.engine.variable import Variable

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "hypot",
    "rad2deg",
    "radians",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
]


class Sin(Elementwise):
    """The sine."""

    __slots__ = ()
    rule = "gy · cos(x)"
    compute = np.sin

    def derivative(self) -> Any:
        return np.cos(self.x)


sin = elementwise(Sin, np.sin)


class Cos(Elementwise):
    """The cosine."""

    __slots__ = ()
    rule = "-gy · sin(x)"
    compute = np.cos

    def derivative(self) -> Any:
        return -np.sin(self.x)


cos = elementwise(Cos, np.cos)


class Tan(Elementwise):
    """The tangent."""

    __slots__ = ()
    rule = "gy · (1 + tan(x)²)"
    compute = np.tan

    def derivative(self) -> Any:
        return 1 + self.y * self.y


tan = elementwise(Tan, np.tan, domain=(-1.2, 1.2))


class Arcsin(Elementwise):
    """The inverse sine."""

    __slots__ = ()
    rule = "gy / √(1 - x²)"
    compute = np.arcsin

    def derivative(self) -> Any:
        return 1 / np.sqrt(1 - self.x * self.x)


arcsin = elementwise(Arcsin, np.arcsin, domain=(-0.9, 0.9))


class Arccos(Elementwise):
    """The inverse cosine."""

    __slots__ = ()
    rule = "-gy / √(1 - x²)"
    compute = np.arccos

    def derivative(self) -> Any:
        return -1 / np.sqrt(1 - self.x * self.x)


arccos = elementwise(Arccos, np.arccos, domain=(-0.9, 0.9))


class Arctan(Elementwise):
    """The inverse tangent."""

    __slots__ = ()
    rule = "gy / (1 + x²)"
    compute = np.arctan

    def derivative(self) -> Any:
        return 1 / (1 + self.x * self.x)


arctan = elementwise(Arctan, np.arctan)


class Arctan2(Binary):
    """The angle of the point ``(x1, x0)``, in (-pi, pi]."""

    __slots__ = ()
    rule = ("gy · x1 / (x0² + x1²)", "-gy · x0 / (x0² + x1²)")
    compute = np.arctan2

    def gradient0(self, gy: Any) -> Any:
        return gy * self.x1 / (self.x0 * self.x0 + self.x1 * self.x1)

    def gradient1(self, gy: Any) -> Any:
        return -(gy * self.x0) / (self.x0 * self.x0 + self.x1 * self.x1)


arctan2 = binary(Arctan2, np.arctan2, domain=(0.2, 2.0))


class Hypot(Binary):
    """``sqrt(x0 ** 2 + x1 ** 2)``."""

    __slots__ = ()
    rule = ("gy · x0 / √(x0² + x1²)", "gy · x1 / √(x0² + x1²)")
    compute = np.hypot

    def gradient0(self, gy: Any) -> Any:
        return gy * self.x0 / self.y

    def gradient1(self, gy: Any) -> Any:
        return gy * self.x1 / self.y


hypot = binary(Hypot, np.hypot, domain=(0.2, 2.0))


class Sinh(Elementwise):
    """The hyperbolic sine."""

    __slots__ = ()
    rule = "gy · cosh(x)"
    compute = np.sinh

    def derivative(self) -> Any:
        return np.cosh(self.x)


sinh = elementwise(Sinh, np.sinh)


class Cosh(Elementwise):
    """The hyperbolic cosine."""

    __slots__ = ()
    rule = "gy · sinh(x)"
    compute = np.cosh

    def derivative(self) -> Any:
        return np.sinh(self.x)


cosh = elementwise(Cosh, np.cosh)


class Tanh(Elementwise):
    """The hyperbolic tangent."""

    __slots__ = ()
    rule = "gy · (1 - tanh(x)²)"
    compute = np.tanh

    def derivative(self) -> Any:
        return 1 - self.y * self.y


tanh = elementwise(Tanh, np.tanh)


class Arcsinh(Elementwise):
    """The inverse hyperbolic sine."""

    __slots__ = ()
    rule = "gy / √(1 + x²)"
    compute = np.arcsinh

    def derivative(self) -> Any:
        return 1 / np.sqrt(self.x * self.x + 1)


arcsinh = elementwise(Arcsinh, np.arcsinh)


class Arccosh(Elementwise):
    """The inverse hyperbolic cosine."""

    __slots__ = ()
    rule = "gy / √(x² - 1)"
    compute = np.arccosh

    def derivative(self) -> Any:
        return 1 / np.sqrt(self.x * self.x - 1)


arccosh = elementwise(Arccosh, np.arccosh, domain=(1.2, 3.0))


class Arctanh(Elementwise):
    """The inverse hyperbolic tangent."""

    __slots__ = ()
    rule = "gy / (1 - x²)"
    compute = np.arctanh

    def derivative(self) -> Any:
        return 1 / (1 - self.x * self.x)


arctanh = elementwise(Arctanh, np.arctanh, domain=(-0.8, 0.8))


class Deg2Rad(Elementwise):
    """An angle in degrees as radians."""

    __slots__ = ()
    rule = "gy · π / 180"
    compute = np.deg2rad

    def derivative(self) -> Any:
        return pi / 180


deg2rad = elementwise(Deg2Rad, np.deg2rad)
radians = elementwise(Deg2Rad, np.radians, name="radians")


class Rad2Deg(Elementwise):
    """An angle in radians as degrees."""

    __slots__ = ()
    rule = "gy · 180 / π"
    compute = np.rad2deg

    def derivative(self) -> Any:
        return 180 / pi


rad2deg = elementwise(Rad2Deg, np.rad2deg)
degrees = elementwise(Rad2Deg, np.degrees, name="degrees")


class Sinc(Elementwise):
    """The derivative of ``sin(pi x) / (pi x)`` of a given order; order 0 is the function itself.

    Away from 0 it follows from differentiating ``pi x sinc(x) = sin(pi x)``; near 0, where that cancels, from the
    Taylor series. So every derivative is exact at 0 too.
    """

    __slots__ = ("order",)

    def __init__(self, order: int = 0) -> None:
        self.order = order

    def compute(self, x: Any) -> Any:
        if self.order == 0:
            return np.sinc(x)
        near = np.abs(x) < 0.5 + 0.2 * self.order
        return np.where(
            near, _series(np.where(near, x, 0.0), self.order), _recurrence(np.where(near, 1.0, x), self.order)
        )

    @property
    def rule(self) -> str:
        """By name where the derivative is of a higher order."""
        n = self.order + 1
        return "gy · (cos(π · x) - sinc(x)) / x" if n == 1 else f"gy · d^{n} sinc(x) / dx^{n}"

    def derivative(self) -> Any:
        return (
            Sinc(self.order + 1).apply(self.x) if isinstance(self.x, Variable) else Sinc(self.order + 1).compute(self.x)
        )


@operation(np.sinc, elementwise=1)
def sinc(x: Any) -> Variable:
    """``sin(pi x) / (pi x)``, and 1 at 0."""
    return Sinc().apply(x)


def _series(x: Any, order: int) -> Any:
    total = 0.0 * x
    for k in range((order + 1) // 2, order // 2 + 30):
        power = 2 * k - order
        total = total + (-1) ** k * pi ** (2 * k) / ((2 * k + 1) * factorial(power)) * x**power
    return total


def _recurrence(x: Any, order: int) -> Any:
    y = np.sinc(x)
    for n in range(1, order + 1):
        y = (pi ** (n - 1) * np.sin(pi * x + n * pi / 2) - n * y) / x
    return y
