"""Secant, cosecant, cotangent, their hyperbolic kin and the inverses of all, which NumPy leaves to its users."""

from __future__ import annotations

from typing import Any

from ipy_autodiff.engine.operations.trigonometric import (
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctanh,
    cos,
    cosh,
    sin,
    sinh,
    tan,
    tanh,
)
from ipy_autodiff.engine.registry import operation
from ipy_autodiff.engine.variable import Variable, as_variable

__all__ = [
    "arccot",
    "arccoth",
    "arccsc",
    "arccsch",
    "arcsec",
    "arcsech",
    "cot",
    "coth",
    "csc",
    "csch",
    "sec",
    "sech",
]


@operation(elementwise=1, domain=(-1.2, 1.2))
def sec(x: Any) -> Variable:
    """``1 / cos(x)``."""
    return 1 / cos(x)


@operation(elementwise=1, domain=(0.3, 2.5))
def csc(x: Any) -> Variable:
    """``1 / sin(x)``."""
    return 1 / sin(x)


@operation(elementwise=1, domain=(0.3, 1.4))
def cot(x: Any) -> Variable:
    """``1 / tan(x)``."""
    return 1 / tan(x)


@operation(elementwise=1)
def sech(x: Any) -> Variable:
    """``1 / cosh(x)``."""
    return 1 / cosh(x)


@operation(elementwise=1, domain=(0.3, 2.5))
def csch(x: Any) -> Variable:
    """``1 / sinh(x)``."""
    return 1 / sinh(x)


@operation(elementwise=1, domain=(0.3, 2.5))
def coth(x: Any) -> Variable:
    """``1 / tanh(x)``."""
    return 1 / tanh(x)


@operation(elementwise=1, domain=(1.2, 3.0))
def arcsec(x: Any) -> Variable:
    """The inverse of ``sec``, for ``abs(x) >= 1``."""
    return arccos(1 / as_variable(x))


@operation(elementwise=1, domain=(1.2, 3.0))
def arccsc(x: Any) -> Variable:
    """The inverse of ``csc``, for ``abs(x) >= 1``."""
    return arcsin(1 / as_variable(x))


@operation(elementwise=1, domain=(0.3, 2.5))
def arccot(x: Any) -> Variable:
    """The inverse of ``cot``: ``arctan(1 / x)``, with the sign of ``x``."""
    return arctan(1 / as_variable(x))


@operation(elementwise=1, domain=(0.2, 0.9))
def arcsech(x: Any) -> Variable:
    """The inverse of ``sech``, for ``0 < x <= 1``."""
    return arccosh(1 / as_variable(x))


@operation(elementwise=1, domain=(0.3, 2.5))
def arccsch(x: Any) -> Variable:
    """The inverse of ``csch``."""
    return arcsinh(1 / as_variable(x))


@operation(elementwise=1, domain=(1.2, 3.0))
def arccoth(x: Any) -> Variable:
    """The inverse of ``coth``, for ``abs(x) > 1``."""
    return arctanh(1 / as_variable(x))
