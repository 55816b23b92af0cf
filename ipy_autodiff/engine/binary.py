# ruff: noqa: D102, SLF001 - forward and backward are described in Function; modules share slots, for speed
"""Operations on two operands, element by element with broadcasting; one of them may be a constant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ipy_autodiff.engine.function import count_uses
from ipy_autodiff.engine.garbage_collection import INTERVAL, settle
from ipy_autodiff.engine.grad_mode import is_recording, pauses
from ipy_autodiff.engine.operation import Operation, as_constant, as_raw, equations, sum_to, unrecorded
from ipy_autodiff.engine.registry import Sample, operation
from ipy_autodiff.engine.variable import Variable, as_variable

__all__ = ["Binary", "binary"]

float64 = np.float64
ndarray = np.ndarray
new = object.__new__
between_settlings = INTERVAL - 1


class Binary(Operation):
    """An operation on two operands element by element, ``x0`` and ``x1``; its result is ``y``.

    One operand may be a constant: a number or an array that is not a Variable. ``gradient0`` and ``gradient1`` give the
    gradient for each operand as if none had been broadcast.
    """

    __slots__ = ("_input", "_input1", "broadcast", "constant", "x0", "x1", "y")
    kept = ("x0", "x1", "y")
    _called_directly = True

    _input: Any
    """The first operand that is a Variable."""
    _input1: Any
    """The other operand."""
    constant: int | None
    """Which operand is a constant: 0, 1 or None."""
    broadcast: bool
    """Whether an operand that is a Variable has another shape than the result."""

    def forward(self, x0: Any, x1: Any) -> Any:
        self.x0 = x0
        self.x1 = x1
        self.y = y = self.compute(x0, x1)
        return y

    def apply(self, x0: Any, x1: Any) -> Variable:
        """The recorded result of this operation, which has not been called before."""
        constant = None
        if isinstance(x0, Variable):
            a, x, other = _scalar_if_0d(x0), x0, x1
            if isinstance(x1, Variable):
                b = _scalar_if_0d(x1)
            else:
                constant, b = 1, as_constant(x1)
                other = b
        else:
            x1 = as_variable(x1)
            constant, a, b, x = 0, as_constant(x0), _scalar_if_0d(x1), x1
            other = a
        value = self.compute(a, b)
        if value.__class__ is not float64 and value.__class__ is not ndarray:
            value = as_raw(value)
        if pauses.anywhere and not is_recording():
            return unrecorded(value)
        generation = x.generation + 1
        x._uses += 1
        if constant is None:
            other._uses += 1
            generation = max(generation, other.generation + 1)
        if not generation & between_settlings:
            settle(generation)
        self._input = x
        self._input1 = other
        self.constant = constant
        self.x0 = a
        self.x1 = b
        self.y = value
        self.broadcast = (constant != 0 and a.shape != value.shape) or (constant != 1 and b.shape != value.shape)
        y = new(Variable)
        y._creator = self
        y._data = value
        y._grad = y.name = None
        y._uses = 0
        y.generation = generation
        return y

    def __call__(self, x0: Any, x1: Any) -> Variable:
        """The result for ``x0`` and ``x1``."""
        if hasattr(self, "_input"):
            self._leave_to_a_copy()
            self._results = None
        return self.apply(x0, x1)

    def backward(self, gy: Any) -> Any:
        constant = self.constant
        if constant is None:
            g0, g1 = self.gradient0(gy), self.gradient1(gy)
            if self.broadcast:
                return sum_to(g0, self.x0.shape), sum_to(g1, self.x1.shape)
            return g0, g1
        if constant:
            return sum_to(self.gradient0(gy), self.x0.shape) if self.broadcast else self.gradient0(gy)
        return sum_to(self.gradient1(gy), self.x1.shape) if self.broadcast else self.gradient1(gy)

    def gradient0(self, gy: Any) -> Any:
        """The gradient for ``x0``."""
        raise NotImplementedError

    def gradient1(self, gy: Any) -> Any:
        """The gradient for ``x1``."""
        raise NotImplementedError

    def _equations(self) -> str:
        x0, x1 = np.shape(self.x0), np.shape(self.x1)
        whole = np.broadcast_shapes(x0, x1, np.shape(self.y))
        stretched = [x0 != whole, x1 != whole]
        sides = [side.format(self) for side in self.rule]
        summed = [f"sum_to({side}, x{n}.shape)" if stretched[n] else side for n, side in enumerate(sides)]
        return equations(summed, self.inputs)

    @property
    def inputs(self) -> tuple[Any, ...]:
        return (self._input1, self._input) if self.constant == 0 else (self._input, self._input1)

    @inputs.setter
    def inputs(self, inputs: Any) -> None:
        x0, x1 = inputs
        self.constant = None if isinstance(x0, Variable) and isinstance(x1, Variable) else int(isinstance(x0, Variable))
        self._input, self._input1 = (x1, x0) if self.constant == 0 else (x0, x1)
        count_uses((x0, x1))


def binary(
    kind: type[Binary],
    *numpy: Any,
    name: str | None = None,
    domain: tuple[float, float] = (-2.0, 2.0),
    samples: Sequence[Sample] | None = None,
) -> Callable[[Any, Any], Variable]:
    """The function that applies ``kind``, registered for these NumPy functions; ``domain`` is where it is checked.

    It is checked with operands of all shapes that broadcast, or at ``samples`` where it does not work by element.
    """
    compute = kind.compute

    def apply(x0: Any, x1: Any) -> Variable:
        if x0.__class__ is Variable:
            x = x0
            other = x1
            a = x0._data
            if a.__class__ is not float64 and not a.ndim:
                a = a[()]
            generation = x0.generation
            if x1.__class__ is Variable:
                constant = None
                b = x1._data
                if b.__class__ is not float64 and not b.ndim:
                    b = b[()]
                if x1.generation > generation:
                    generation = x1.generation
            elif x1.__class__ is int or x1.__class__ is float or x1.__class__ is ndarray:
                constant = 1
                b = x1
            else:
                return kind().apply(x0, x1)
        elif x1.__class__ is Variable and (x0.__class__ is int or x0.__class__ is float or x0.__class__ is ndarray):
            constant = 0
            x = x1
            a = other = x0
            b = x1._data
            if b.__class__ is not float64 and not b.ndim:
                b = b[()]
            generation = x1.generation
        else:
            return kind().apply(x0, x1)
        value = compute(a, b)
        if value.__class__ is float64:
            broadcast = False
        else:
            if value.__class__ is not ndarray:
                value = as_raw(value)
            broadcast = (constant != 0 and a.shape != value.shape) or (constant != 1 and b.shape != value.shape)
        if pauses.anywhere and not is_recording():
            return unrecorded(value)
        generation += 1
        if not generation & between_settlings:
            settle(generation)
        x._uses += 1
        if constant is None:
            x1._uses += 1
        f = kind()
        f._input = x
        f._input1 = other
        f.constant = constant
        f.broadcast = broadcast
        f.x0 = a
        f.x1 = b
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
    return operation(*numpy, domain=domain, samples=samples or (), elementwise=0 if samples else 2)(apply)


def _scalar_if_0d(x: Variable) -> Any:
    data = x._data
    return data if data.ndim or data.__class__ is not ndarray else data[()]
