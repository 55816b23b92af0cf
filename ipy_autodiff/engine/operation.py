# ruff: noqa: SLF001 - the engine's modules share the slots of Variable and Function, for speed
"""Give the engine one more operation: a class with ``forward`` and ``backward`` side by side, and a decorator.

``backward`` is written once, in plain NumPy. A sweep runs it on arrays; where the gradient is to be differentiated
again, it runs the same lines on Variables: what the operation saved under the names ``x``, ``x0``, ``x1`` and ``y`` is
then the Variable in place of its array.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from ipy_autodiff.engine.function import Function, count_uses
from ipy_autodiff.engine.ownership import product
from ipy_autodiff.engine.recording import is_recording, pauses
from ipy_autodiff.engine.variable import Variable, as_array, as_variable

__all__ = ["Binary", "Elementwise", "Operation", "Unary"]

new = object.__new__
float64 = np.float64
ndarray = np.ndarray


class Operation(Function):
    """A Function of the engine itself: its rules are trusted, take scalars for 0-d arrays, and work on Variables too."""

    __slots__ = ()
    saved: ClassVar[tuple[str, ...]] = ()
    """Which of ``x``, ``x0``, ``x1`` and ``y`` the operation saves in ``forward``."""

    def __init_subclass__(cls) -> None:
        slots = {slot for kind in cls.__mro__ for slot in getattr(kind, "__slots__", ())}
        cls.saved = tuple(sorted(slots & {"x", "x0", "x1", "y"}))

    def _gradients(self, gys: tuple[Any, ...]) -> Iterable[tuple[Variable, Any]]:
        """Each Variable that went in, with the gradient for it."""
        gxs = self.backward(*gys)
        variables = [x for x in self.inputs if isinstance(x, Variable)]
        return zip(variables, gxs if gxs.__class__ is tuple else (gxs,), strict=True)

    def _gradients_as_variables(self, ys: list[Variable], gys: tuple[Any, ...]) -> Iterable[tuple[Variable, Any]]:
        """The same, computed on Variables, so that it can be differentiated again."""
        arrays = {name: getattr(self, name) for name in self.saved}
        variables = {**dict(zip(("x0", "x1"), self.inputs, strict=False)), "x": self.inputs[0], "y": ys[0]}
        try:
            for name in arrays:
                setattr(self, name, variables[name])
            return list(self._gradients(gys))
        finally:
            for name, array in arrays.items():
                setattr(self, name, array)


class Unary(Operation):
    """An operation on one Variable."""

    __slots__ = ("_input",)

    def apply(self, x: Any) -> Variable:
        """The recorded result of this operation, which has not been called before."""
        if x.__class__ is not Variable:
            x = as_variable(x)
        a = x._data
        if a.__class__ is ndarray and not a.ndim:
            a = a[()]
        value = self.forward(a)
        y = new(Variable)
        y._data = value if value.__class__ is float64 or value.__class__ is ndarray else raw(value)
        y._grad = y.name = None
        y._uses = 0
        if pauses.anywhere and not is_recording():
            y._creator = None
            y.generation = 0
            return y
        self._input = x
        x._uses += 1
        y._creator = self
        y.generation = x.generation + 1
        return y

    def __call__(self, x: Any) -> Variable:
        """The Variable that ``forward`` makes of ``x``."""
        if hasattr(self, "_input"):
            self._leave_to_a_copy()
            self._outputs = None
        return self.apply(x)

    @property
    def inputs(self) -> tuple[Any, ...]:
        return (self._input,)

    @inputs.setter
    def inputs(self, inputs: Any) -> None:
        (self._input,) = inputs
        count_uses((self._input,))


class Elementwise(Unary):
    """An operation on each element by itself: ``derivative`` is the slope at each."""

    __slots__ = ()

    def derivative(self) -> Any:
        """The derivative of each element of the result with respect to the element it came from."""
        raise NotImplementedError

    def backward(self, gy: Any) -> Any:
        if gy.__class__ is float64:
            return gy * self.derivative()
        return product(gy, self.derivative())


class Binary(Operation):
    """An operation on two operands, of which one may be a constant: a number or an array that is no Variable.

    ``gradient0`` and ``gradient1`` give the gradient for each operand, as if none had been broadcast.
    """

    __slots__ = ("_input", "_input1", "broadcast", "constant")

    _input: Any
    """The first operand that is a Variable."""
    _input1: Any
    """The other operand."""
    constant: int | None
    """Which operand is a constant: 0, 1 or None."""
    broadcast: bool
    """Whether the result has another shape than an operand that is a Variable."""

    def apply(self, x0: Any, x1: Any) -> Variable:
        """The recorded result of this operation, which has not been called before."""
        if isinstance(x0, Variable):
            x, constant, a = x0, None, x0._data
            if not a.ndim and a.__class__ is ndarray:
                a = a[()]
            if isinstance(x1, Variable):
                b = x1._data
                if not b.ndim and b.__class__ is ndarray:
                    b = b[()]
            else:
                x1 = b = as_constant(x1)
                constant = 1
        else:
            if not isinstance(x1, Variable):
                return self.apply(as_variable(x0), x1)
            x, constant, x1, b = x1, 0, as_constant(x0), x1._data
            a = x1
            if not b.ndim and b.__class__ is ndarray:
                b = b[()]
        value = self.forward(a, b)
        y = new(Variable)
        y._data = value if value.__class__ is float64 or value.__class__ is ndarray else raw(value)
        y._grad = y.name = None
        y._uses = 0
        if pauses.anywhere and not is_recording():
            y._creator = None
            y.generation = 0
            return y
        y._creator = self
        generation = x.generation
        x._uses += 1
        if constant is None:
            x1._uses += 1
            if x1.generation > generation:
                generation = x1.generation
        y.generation = generation + 1
        self._input = x
        self._input1 = x1
        self.constant = constant
        self.broadcast = value.__class__ is not float64 and (
            x._data.shape != value.shape or (constant is None and x1._data.shape != value.shape)
        )
        return y

    def __call__(self, x0: Any, x1: Any) -> Variable:
        """The Variable that ``forward`` makes of ``x0`` and ``x1``."""
        if hasattr(self, "_input"):
            self._leave_to_a_copy()
            self._outputs = None
        return self.apply(x0, x1)

    def backward(self, gy: Any) -> Any:
        """The gradient of each operand that is a Variable."""
        x = self._input
        if self.constant is None:
            g0, g1 = self.gradient0(gy), self.gradient1(gy)
            if self.broadcast:
                return sum_to(g0, x._data.shape), sum_to(g1, self._input1._data.shape)
            return g0, g1
        g = self.gradient0(gy) if self.constant else self.gradient1(gy)
        return sum_to(g, x._data.shape) if self.broadcast else g

    def gradient0(self, gy: Any) -> Any:
        """The gradient for the first operand."""
        raise NotImplementedError

    def gradient1(self, gy: Any) -> Any:
        """The gradient for the second operand."""
        raise NotImplementedError

    @property
    def inputs(self) -> tuple[Any, ...]:
        return (self._input1, self._input) if self.constant == 0 else (self._input, self._input1)

    @inputs.setter
    def inputs(self, inputs: Any) -> None:
        x0, x1 = inputs
        self.constant = None if isinstance(x0, Variable) and isinstance(x1, Variable) else int(isinstance(x0, Variable))
        self._input, self._input1 = (x1, x0) if self.constant == 0 else (x0, x1)
        count_uses((x0, x1))


def raw(value: Any) -> Any:
    """``value`` as operations keep it: an ``ndarray`` or a NumPy scalar."""
    return value if isinstance(value, ndarray | np.generic) else np.asarray(value)


def as_constant(x: Any) -> Any:
    """``x`` as an operand that is no Variable: a plain number, a NumPy scalar or an array."""
    return x if isinstance(x, int | float | np.generic | ndarray | complex) else np.asarray(x)


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """``g`` summed over the axes along which ``shape`` was broadcast to ``g``'s."""
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    stretched = [lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1]
    g = np.add.reduce(g, axis=(*range(lead), *stretched))
    return g.reshape(shape) if stretched else g
