# ruff: noqa: SLF001 - the engine's modules share the slots of Variable and Function, for speed
"""Add, subtract, multiply, divide, negate and raise to powers: Python's operators on Variables, numbers and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.operation import Binary, Elementwise
from ipy_autodiff.engine.ownership import product
from ipy_autodiff.engine.variable import Variable

__all__ = ["Add", "Div", "Mul", "Neg", "Pow", "Sub"]

float64 = np.float64


class Add(Binary):
    """``x0 + x1``."""

    __slots__ = ()

    def forward(self, x0: Any, x1: Any) -> Any:
        return x0 + x1

    def gradient0(self, gy: Any) -> Any:
        return gy

    gradient1 = gradient0


class Sub(Binary):
    """``x0 - x1``."""

    __slots__ = ()

    def forward(self, x0: Any, x1: Any) -> Any:
        return x0 - x1

    def gradient0(self, gy: Any) -> Any:
        return gy

    def gradient1(self, gy: Any) -> Any:
        return -gy


class Mul(Binary):
    """``x0 * x1``."""

    __slots__ = ("x0", "x1")

    def forward(self, x0: Any, x1: Any) -> Any:
        self.x0 = x0
        self.x1 = x1
        return x0 * x1

    def gradient0(self, gy: Any) -> Any:
        return gy * self.x1

    def gradient1(self, gy: Any) -> Any:
        return gy * self.x0


class Div(Binary):
    """``x0 / x1``."""

    __slots__ = ("x0", "x1")

    def forward(self, x0: Any, x1: Any) -> Any:
        self.x0 = x0
        self.x1 = x1
        return x0 / x1

    def gradient0(self, gy: Any) -> Any:
        return gy / self.x1

    def gradient1(self, gy: Any) -> Any:
        return -gy * self.x0 / self.x1**2


class Pow(Binary):
    """``x0 ** x1``."""

    __slots__ = ("x0", "x1", "y")

    def forward(self, x0: Any, x1: Any) -> Any:
        self.x0 = x0
        self.x1 = x1
        self.y = y = x0**x1
        return y

    def gradient0(self, gy: Any) -> Any:
        x0, x1 = self.x0, self.x1
        if self.constant == 1 and not getattr(x1, "ndim", 0):
            if x1 == 2:
                return gy * (2 * x0)
            if x1 == 0:
                return gy * 0.0
        return gy * (x1 * x0 ** (x1 - 1))

    def gradient1(self, gy: Any) -> Any:
        return gy * (self.y * np.log(self.x0))


class Neg(Elementwise):
    """``-x``."""

    __slots__ = ()

    def forward(self, x: Any) -> Any:
        return -x

    def derivative(self) -> Any:
        return -1.0

    def backward(self, gy: Any) -> Any:
        if gy.__class__ is float64:
            return -gy
        return product(gy, -1.0)


def _install(symbol: str, kind: type[Binary]) -> None:
    def operator(self: Variable, other: Any) -> Any:
        return kind().apply(self, other)

    def reflected(self: Variable, other: Any) -> Any:
        return kind().apply(other, self)

    setattr(Variable, f"__{symbol}__", operator)
    setattr(Variable, f"__r{symbol}__", reflected)


for _symbol, _kind in (("add", Add), ("sub", Sub), ("mul", Mul), ("truediv", Div), ("pow", Pow)):
    _install(_symbol, _kind)
Variable.__neg__ = lambda self: Neg().apply(self)  # type: ignore[method-assign]
