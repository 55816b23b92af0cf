"""Differentiate a function numerically, as textbooks do: ``numerical_diff(f, x)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipy_autodiff.engine.variable import Array, Variable, as_array

__all__ = ["numerical_diff"]


def numerical_diff(f: Callable[[Variable], Variable], x: Variable, eps: float = 1e-4) -> Any:
    """The central difference ``(f(x + eps) - f(x - eps)) / (2 * eps)`` at ``x``, all elements moved at once.

    For an elementwise ``f`` that is each element's derivative, up to an error of the order of ``eps**2``.
    """

    def at(data: Array) -> Array:
        return f(Variable(as_array(data))).data

    return (at(x.data + eps) - at(x.data - eps)) / (2 * eps)
