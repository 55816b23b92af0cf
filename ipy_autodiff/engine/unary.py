# ruff: noqa: D102, SLF001 - forward and backward are described in Function; modules share slots, for speed
"""Operations on one Variable, and the quickest way to make one that works on each element by itself.

A new operation is one class and one line::

    class Cube(Elementwise):
        "``x ** 3``."

        __slots__ = ()

        @staticmethod
        def compute(x):
            return x * x * x

        def derivative(self):
            return 3 * self.x * self.x

    cube = elementwise(Cube)

``elementwise`` makes the function and registers it; for a function that NumPy has, ``elementwise(Sinh, np.sinh)`` makes
``np.sinh`` work on Variables. The tests find it in the registry and check its gradient to second order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ipy_autodiff.engine.function import count_uses
from ipy_autodiff.engine.garbage_collection import INTERVAL, settle
from ipy_autodiff.engine.grad_mode import is_recording, pauses
from ipy_autodiff.engine.operation import Operation, as_raw, unrecorded
from ipy_autodiff.engine.ownership import product
from ipy_autodiff.engine.registry import operation
from ipy_autodiff.engine.variable import Variable, as_variable

__all__ = ["Elementwise", "Unary", "elementwise"]

float64 = np.float64
ndarray = np.ndarray
new = object.__new__
between_settlings = INTERVAL - 1


class Unary(Operation):
    """An operation on one Variable, ``x``; its result is ``y``."""

    __slots__ = ("_input", "x", "y")
    kept = ("x", "y")
    _called_directly = True

    def forward(self, x: Any) -> Any:
        self.x = x
        self.y = y = self.compute(x)
        return y

    def apply(self, x: Any) -> Variable:
        """The recorded result of this operation, which has not been called before."""
        if x.__class__ is not Variable:
            x = as_variable(x)
        a = x._data
        if a.__class__ is ndarray and not a.ndim:
            a = a[()]
        value = self.compute(a)
        if value.__class__ is not float64 and value.__class__ is not ndarray:
            value = as_raw(value)
        if pauses.anywhere and not is_recording():
            return unrecorded(value)
        generation = x.generation + 1
        if not generation & between_settlings:
            settle(generation)
        x._uses += 1
        self._input = x
        self.x = a
        self.y = value
        y = new(Variable)
        y._creator = self
        y._data = value
        y._grad = y.name = None
        y._uses = 0
        y.generation = generation
        return y

    def __call__(self, x: Any) -> Variable:
        """The result for ``x``."""
        if hasattr(self, "_input"):
            self._leave_to_a_copy()
            self._results = None
        return self.apply(x)

    @property
    def inputs(self) -> tuple[Any, ...]:
        return (self._input,)

    @inputs.setter
    def inputs(self, inputs: Any) -> None:
        (self._input,) = inputs
        count_uses((self._input,))


class Elementwise(Unary):
    """An operation on each element by itself; ``derivative`` is the slope at each, as an array or a number."""

    __slots__ = ()

    def derivative(self) -> Any:
        """The derivative of each element of ``y`` with respect to its element of ``x``."""
        raise NotImplementedError

    def backward(self, gy: Any) -> Any:
        if gy.__class__ is float64:
            return gy * self.derivative()
        return product(gy, self.derivative())


def elementwise(
    kind: type[Elementwise], *numpy: Any, domain: tuple[float, float] = (-2.0, 2.0), name: str | None = None
) -> Callable[[Any], Variable]:
    """The function that applies ``kind``, registered for these NumPy functions; ``domain`` is where it is checked."""
    compute = kind.compute

    def apply(x: Any) -> Variable:
        if x.__class__ is not Variable:
            x = as_variable(x)
        a = x._data
        if a.__class__ is not float64 and not a.ndim:
            a = a[()]
        value = compute(a)
        if value.__class__ is not float64 and value.__class__ is not ndarray:
            value = as_raw(value)
        if pauses.anywhere and not is_recording():
            return unrecorded(value)
        generation = x.generation + 1
        if not generation & between_settlings:
            settle(generation)
        x._uses += 1
        f = kind()
        f._input = x
        f.x = a
        f.y = value
        y = new(Variable)
        y._creator = f
        y._data = value
        y._grad = y.name = None
        y._uses = 0
        y.generation = generation
        return y

    apply.__name__ = apply.__qualname__ = name or kind.__name__.lower()
    apply.__doc__ = kind.__doc__
    apply.__module__ = kind.__module__
    return operation(*numpy, domain=domain, elementwise=1)(apply)
