# ruff: noqa: D102, SLF001 - forward and backward are described in Function; modules share slots, for speed
"""Give the engine one more operation: a class in which a formula and its derivative stand side by side.

Both are written once, in plain NumPy. A sweep runs the derivative on arrays; where the gradient is to be differentiated
again it runs the same lines on Variables, because ``self.x``, ``self.x0``, ``self.x1``, ``self.xs`` and ``self.y`` (the
operands and the result) then are Variables, and NumPy's functions work on those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from ipy_autodiff.engine.errors import explain
from ipy_autodiff.engine.function import Function, count_uses
from ipy_autodiff.engine.garbage_collection import INTERVAL, settle
from ipy_autodiff.engine.grad_mode import is_recording
from ipy_autodiff.engine.variable import Variable

__all__ = ["Nary", "Operation", "as_constant", "as_raw", "equations", "sum_to", "unrecorded"]

float64 = np.float64
ndarray = np.ndarray
new = object.__new__
between_settlings = INTERVAL - 1

_IDENTIFIER = re.compile(r"[^\W\d]\w*", re.ASCII)
_DERIVATIVES = {"backward", "derivative", "gradient", "gradient0", "gradient1"}


class Operation(Function):
    """A Function of the engine itself: ``compute`` is the formula, on arrays or, for 0-d ones, on NumPy's scalars."""

    __slots__ = ()

    compute: Any
    """The operation on arrays: a NumPy function or a method."""
    kept: ClassVar[tuple[str, ...]]
    """What ``forward`` keeps for ``backward``."""
    rule: Any = None
    """The gradient as mathematics in ``gy``, ``x`` and ``y``, such as ``"gy · cos(x)"``; for several operands, a tuple.

    ``{0.axis}`` stands for an attribute of the Function, ``·`` for the product of elements, ``^`` for a power.
    """

    @property
    def gradient_rule(self) -> str | None:
        for kind in type(self).__mro__:
            if "rule" in vars(kind):
                return None if self.rule is None else self._equations()
            if not _DERIVATIVES.isdisjoint(vars(kind)):
                break  # a subclass with a derivative of its own: the rule that it inherits says nothing about that
        return None

    def _equations(self) -> str:
        """The rule as an equation for each gradient."""
        return f"gx = {self.rule.format(self)}"

    def _gradients(self, ys: list[Variable], gys: tuple[Any, ...]) -> Iterable[tuple[Variable, Any]]:
        gxs = self.backward(*gys)
        return zip(self._variables(), gxs if gxs.__class__ is tuple else (gxs,), strict=True)

    def _gradients_as_variables(self, ys: list[Variable], gys: tuple[Any, ...]) -> Iterable[tuple[Variable, Any]]:
        arrays = {name: getattr(self, name) for name in self.kept}
        inputs = self.inputs
        try:
            for name, value in zip(self.kept, (*inputs[: len(self.kept) - 1], ys[0]), strict=True):
                setattr(self, name, value)
            return list(self._gradients(ys, gys))
        finally:
            for name, array in arrays.items():
                setattr(self, name, array)

    def _variables(self) -> list[Variable]:
        return [x for x in self.inputs if isinstance(x, Variable)]


class Nary(Operation):
    """An operation on any number of operands, ``xs``; some of them may be constants. Its result is ``y``."""

    __slots__ = ("xs", "y")
    kept = ("xs", "y")

    def forward(self, *xs: Any) -> Any:
        self.xs = xs
        self.y = y = self.compute(*xs)
        return y

    def apply(self, *inputs: Any) -> Variable:
        """The recorded result of this operation, which has not been called before."""
        inputs = tuple([x if isinstance(x, Variable) else as_constant(x) for x in inputs])
        xs = tuple([x._data if isinstance(x, Variable) else x for x in inputs])
        value = as_raw(self.compute(*xs))
        if not is_recording():
            return unrecorded(value)
        count_uses(inputs)
        self._inputs = inputs
        self.xs = xs
        self.y = value
        y = unrecorded(value)
        y._creator = self
        y._uses = 1  # a sweep takes the careful path to its creator
        y.generation = generation = self.generation + 1
        if not generation & between_settlings:
            settle(generation)
        return y

    def __call__(self, *inputs: Any) -> Variable:
        """The result for these operands."""
        if hasattr(self, "_inputs"):
            self._leave_to_a_copy()
            self._results = None
        return self.apply(*inputs)

    def backward(self, gy: Any) -> Any:
        return tuple([self.gradient(number, gy) for number, x in enumerate(self._inputs) if isinstance(x, Variable)])

    def gradient(self, number: int, gy: Any) -> Any:
        """The gradient for operand ``number``."""
        raise NotImplementedError

    def _equations(self) -> str:
        return equations(self.rule, self._inputs)

    def _gradients_as_variables(self, ys: list[Variable], gys: tuple[Any, ...]) -> Iterable[tuple[Variable, Any]]:
        kept = self.xs, self.y
        try:
            self.xs, self.y = self._inputs, ys[0]
            return list(self._gradients(ys, gys))
        finally:
            self.xs, self.y = kept


def unrecorded(value: Any) -> Variable:
    """A Variable without a creator that holds what an operation computed."""
    y = new(Variable)
    y._creator = None
    y._data = value
    y._grad = y.name = None
    y._uses = y.generation = 0
    return y


def as_raw(value: Any) -> Any:
    """``value`` as operations keep it: an ``ndarray`` or, for 0-d results, the scalar that NumPy returned."""
    return value if isinstance(value, ndarray | np.generic) else np.asarray(value)


def as_constant(x: Any) -> Any:
    """``x`` as an operand that is not a Variable: a plain number, a NumPy scalar or an array.

    Raises ``TypeError`` for anything but a number or an array.
    """
    if isinstance(x, int | float | complex | np.generic | ndarray):
        return x
    array = np.asarray(x)
    if array.dtype.kind not in "biufc":
        raise explain(TypeError, "not_an_operand", kind=type(x).__name__)
    return array


def equations(sides: Sequence[str], operands: Sequence[Any]) -> str:
    """An equation for the gradient of each operand that is a Variable; a constant is written as the number it is."""
    variables = [place for place, x in enumerate(operands) if isinstance(x, Variable)]
    alone = len(variables) == 1
    names = {f"x{place}": "x" if alone else f"x{number}" for number, place in enumerate(variables)}
    names |= {f"x{place}": _as_text(x) for place, x in enumerate(operands) if place not in variables}

    def equation(number: int, side: str) -> str:
        return f"gx{'' if alone else number} = {_IDENTIFIER.sub(lambda name: names.get(name[0], name[0]), side)}"

    return ", ".join([equation(number, sides[place]) for number, place in enumerate(variables)])


def _as_text(constant: Any) -> str:
    if not isinstance(constant, int | float | np.integer | np.floating):
        return "c"
    return f"{constant:g}" if constant >= 0 else f"({constant:g})"


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """``g`` summed over the axes along which ``shape`` was broadcast to ``g``'s."""
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    stretched = [lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1]
    g = np.add.reduce(g, axis=(*range(lead), *stretched))
    return g.reshape(shape) if stretched else g
