# ruff: noqa: D102 - compute and its gradients are their own description
"""Add, subtract, multiply, divide, negate and raise to powers: Python's operators on Variables, numbers and arrays."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ipy_autodiff.engine.operation import Binary, Elementwise, binary, elementwise
from ipy_autodiff.engine.ownership import product
from ipy_autodiff.engine.variable import Variable

__all__ = ["Add", "Div", "Mul", "Neg", "Pow", "Sub", "add", "divide", "multiply", "negative", "power", "subtract"]

float64 = np.float64


class Add(Binary):
    """``x0 + x1``."""

    __slots__ = ()
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
    compute = operator.mul

    def backward(self, gy: Any) -> Any:
        constant = self.constant
        if gy.__class__ is float64:
            if constant is None:
                return gy * self.x1, gy * self.x0
            return gy * (self.x1 if constant else self.x0)
        if constant is None or self.broadcast:
            return Binary.backward(self, gy)
        return product(gy, self.x1 if constant else self.x0)

    def gradient0(self, gy: Any) -> Any:
        return gy * self.x1

    def gradient1(self, gy: Any) -> Any:
        return gy * self.x0


multiply = binary(Mul, np.multiply, name="multiply")


class Div(Binary):
    """``x0 / x1``."""

    __slots__ = ()
    compute = operator.truediv

    def gradient0(self, gy: Any) -> Any:
        return gy / self.x1

    def gradient1(self, gy: Any) -> Any:
        return -(gy * self.y) / self.x1


divide = binary(Div, np.divide, name="divide")


class Pow(Binary):
    """``x0 ** x1``."""

    __slots__ = ()
    compute = operator.pow

    def backward(self, gy: Any) -> Any:
        if self.constant == 1 and not self.broadcast:
            x0, x1 = self.x0, self.x1
            if x1.__class__ is int and x1 == 2:
                gy = product(gy, 2.0)
                return gy * x0
        return Binary.backward(self, gy)

    def gradient0(self, gy: Any) -> Any:
        return gy * (self.x1 * self.x0 ** (self.x1 - 1))

    def gradient1(self, gy: Any) -> Any:
        return gy * (self.y * np.log(self.x0))


power = binary(Pow, np.power, name="power", domain=(0.2, 2.0))


class Neg(Elementwise):
    """``-x``."""

    __slots__ = ()
    compute = operator.neg

    def backward(self, gy: Any) -> Any:
        return -gy if gy.__class__ is float64 else product(gy, -1.0)


negative = elementwise(Neg, np.negative, name="negative")

for _symbol, _function in (("add", add), ("sub", subtract), ("mul", multiply), ("truediv", divide), ("pow", power)):

    def _reflected(self: Variable, other: Any, function: Any = _function) -> Any:
        return function(other, self)

    setattr(Variable, f"__{_symbol}__", _function)
    setattr(Variable, f"__r{_symbol}__", _reflected)
Variable.__neg__ = negative  # type: ignore[method-assign, assignment]
