# ruff: noqa: A003, SLF001 - input is the book's name; the engine's modules share slots, for speed
"""Write an operation of your own: subclass ``Function`` with a ``forward`` and a ``backward`` over arrays."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Iterable
from sys import getrefcount
from typing import Any, ClassVar
from weakref import ref

import numpy as np

from ipy_autodiff.engine.errors import explain
from ipy_autodiff.engine.garbage_collection import INTERVAL, settle
from ipy_autodiff.engine.grad_mode import is_recording, no_grad, reading
from ipy_autodiff.engine.raw_data import attributes_of, keeps_arrays, kept_data
from ipy_autodiff.engine.variable import Array, Variable, as_array, as_variable

__all__ = ["Function", "Output"]


class Output(ref[Variable]):
    """A weak reference to one of several outputs, with what its gradient is to be if nothing used it: zeros."""

    __slots__ = ("dtype", "shape")

    def __init__(self, variable: Variable) -> None:
        self.shape = variable.shape
        self.dtype = variable.dtype


class Function:
    """An operation on Variables. A subclass writes ``forward(self, *xs)`` and ``backward(self, *gys)`` over arrays.

    ``forward`` returns an array, or a tuple of arrays; ``backward`` gets the gradient of each output and returns the
    gradient for each input, one or a tuple. Calling an instance with Variables runs ``forward`` and records the call;
    ``input``, ``output`` (the first ones), ``inputs`` and ``outputs`` are then those of the last call.
    """

    __slots__ = ("__weakref__", "_data_in", "_inputs", "_results")

    _called_directly: ClassVar[bool] = False
    """Whether a sweep calls ``backward`` itself, unchecked, and finds the inputs in ``_input`` and ``_input1``."""
    _data_in: frozenset[str]  # the attributes in which forward kept data
    _inputs: tuple[Any, ...]
    _results: Any  # None, a weak reference to the only output, or a tuple of Output

    def __call__(self, *inputs: Any) -> Any:
        """The Variable, or the tuple of Variables, that ``forward`` makes of these inputs (numbers become arrays)."""
        variables = tuple([x if x.__class__ is Variable else as_variable(x) for x in inputs])
        if getattr(self, "_results", None) is not None:
            self._leave_to_a_copy()
        before = attributes_of(self, Function)
        xs = [x.data for x in variables]
        results = self.forward(*xs)
        several = isinstance(results, tuple | list)
        outputs = [Variable(self._checked(y)) for y in (results if several else (results,))]
        if is_recording():
            generation = max([x.generation for x in variables], default=0) + 1
            if not generation & (INTERVAL - 1):
                settle(generation)
            for x in variables:
                x._uses += 1
            for y in outputs:
                y._creator = self
                y.generation = generation
                y._uses = 1  # as if used before: its creator then waits for the whole gradient, and is called with care
            self._inputs = variables
            self._data_in = kept_data(attributes_of(self, Function), before, xs)
            self._results = tuple([Output(y) for y in outputs]) if several else ref(outputs[0])
        return tuple(outputs) if several else outputs[0]

    def _no_forward(self, *xs: Array) -> Any:
        """The operation itself: arrays in, an array or a tuple of arrays out."""
        raise explain(NotImplementedError, "no_forward", name=type(self).__name__)

    def _no_backward(self, *gys: Any) -> Any:
        """The gradient of each input, from the gradient of each output."""
        raise explain(NotImplementedError, "no_backward", name=type(self).__name__)

    @property
    def gradient_rule(self) -> str | None:
        """What ``backward`` computes, as mathematics for a reader: ``"gx = gy · 2x"``. None where it is not given.

        ``x`` and ``y`` stand for the input and the output; several inputs are ``x0``, ``x1``, ... and their gradients
        ``gx0``, ``gx1``, .... A class of yours may set a plain string. The stepper shows the rule in place of the code,
        with the names of the Variables at hand.
        """
        return None

    forward: Callable[..., Any] = _no_forward
    backward: Callable[..., Any] = _no_backward

    @property
    def inputs(self) -> tuple[Any, ...]:
        """What went in: Variables, and constants where an operator took a plain number or array."""
        return self._inputs

    @inputs.setter
    def inputs(self, inputs: Any) -> None:
        self._inputs = tuple(inputs)
        count_uses(self._inputs)

    @property
    def input(self) -> Any:
        """The first input."""
        return self.inputs[0]

    @input.setter
    def input(self, x: Any) -> None:
        self.inputs = (x, *(self.inputs[1:] if hasattr(self, "inputs") else ()))

    @property
    def outputs(self) -> tuple[Variable | None, ...]:
        """The Variables that came out; None for one that no longer exists."""
        outputs = getattr(self, "_results", None)
        if outputs is None:
            return self._found()
        return tuple([output() for output in outputs]) if isinstance(outputs, tuple) else (outputs(),)

    @outputs.setter
    def outputs(self, outputs: Any) -> None:
        given = [y for y in (y() if isinstance(y, ref) else y for y in outputs) if y is not None]
        before = getattr(self, "_results", None)
        results = list(before) if isinstance(before, tuple) else []
        places = [place for place, output in enumerate(results) if output() is not None]
        if len(places) == len(given):  # those that are gone keep their places, and their shapes
            for place, y in zip(places, given, strict=True):
                results[place] = Output(y)
        else:
            results = [Output(y) for y in given]
        self._results = tuple(results)

    @property
    def output(self) -> Variable | None:
        """The first output."""
        outputs = self.outputs
        return outputs[0] if outputs else None

    @output.setter
    def output(self, y: Variable) -> None:
        self.outputs = (y, *self.outputs[1:])

    @property
    def generation(self) -> int:
        """The largest generation among the inputs."""
        return max([x.generation for x in self.inputs if isinstance(x, Variable)], default=0)

    def _gradients(self, ys: list[Variable], gys: tuple[Any, ...]) -> Iterable[tuple[Variable, Any]]:
        """Each input with its gradient as ``backward`` gives it on arrays, after checks."""
        with no_grad():
            pairs = self._paired(self.backward(*own_arrays(gys)))
        return [(x, gx._data if isinstance(gx, Variable) else gx) for x, gx in pairs]

    def _gradients_as_variables(self, ys: list[Variable], gys: tuple[Any, ...]) -> Iterable[tuple[Variable, Any]]:
        """Each input with its gradient as a Variable, for differentiating again.

        ``backward`` is run on Variables first. Where it worked on raw data instead, its answer says nothing about its
        own derivative: then the gradients come from arrays, and differentiating them raises.
        """
        gys = tuple([gy if isinstance(gy, Variable) else Variable(gy) for gy in gys])  # zeros, of what nothing used
        pairs = self._paired_on_variables(gys)
        if pairs is None:
            arrays = tuple([gy._data for gy in gys])
            pairs = Raw.record(self, gys, self._gradients(ys, arrays))
        return pairs

    def _paired_on_variables(self, gys: tuple[Any, ...]) -> list[tuple[Variable, Any]] | None:
        """The gradients as Variables that know all they depend on; None where raw data came in between."""
        hidden = {name: getattr(self, name) for name in getattr(self, "_data_in", ()) if hasattr(self, name)}
        before = reading.count
        try:
            for name in hidden:
                delattr(self, name)
            pairs = self._paired(self.backward(*gys))
        except Exception:  # it does not work on Variables; on arrays it may
            return None
        finally:
            for name, value in hidden.items():
                setattr(self, name, value)
        if reading.count != before or keeps_arrays(type(self), Function):
            return None  # it read an array from a Variable, or may have kept one on its class
        return pairs if all(isinstance(gx, Variable) for _, gx in pairs) else None

    def _paired(self, gxs: Any) -> list[tuple[Variable, Any]]:
        """Each input with its gradient, after checks that speak the student's language."""
        name = type(self).__name__
        gxs = tuple(gxs) if isinstance(gxs, tuple | list) else (gxs,)
        if len(gxs) != len(self._inputs):
            raise explain(ValueError, "backward_count", name=name, returned=len(gxs), inputs=len(self._inputs))
        pairs = []
        for number, (x, gx) in enumerate(zip(self._inputs, gxs, strict=True), 1):
            if gx is None:
                raise explain(TypeError, "backward_none", name=name, number=number)
            if not isinstance(gx, Variable):
                gx = as_array(gx)
                if gx.dtype.kind not in "fiub":
                    raise explain(TypeError, "backward_kind", name=name, number=number, kind=gx.dtype)
                if gx.dtype.kind != "f":
                    gx = gx.astype(np.float64)
            if gx.shape != x._data.shape:
                raise explain(ValueError, "backward_shape", name=name, number=number, returned=gx.shape, shape=x.shape)
            pairs.append((x, gx))
        return pairs

    def _found(self) -> tuple[Variable, ...]:
        """The output of a call whose output nobody asked for yet."""
        return tuple([y for y in gc.get_referrers(self) if isinstance(y, Variable) and y._creator is self])

    def _leave_to_a_copy(self) -> None:
        """Hand the last call over to a copy of this instance, so that the next call does not overwrite its record."""
        alive = [y for y in self.outputs if y is not None and y._creator is self]
        if alive:
            record = copy.copy(self)
            for y in alive:
                y._creator = record

    def _checked(self, y: Any) -> Array:
        if y is None or isinstance(y, Variable):
            raise explain(TypeError, "forward_returned", name=type(self).__name__, kind=type(y).__name__)
        array = as_array(y)
        if array.dtype.kind not in "biufc" and not isinstance(y, np.ndarray):
            raise explain(TypeError, "forward_returned", name=type(self).__name__, kind=type(y).__name__)
        return array


class Raw(Function):
    """Gradients that a ``backward`` computed on raw data. They can be used; differentiating them raises."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def record(
        cls, function: Function, gys: tuple[Any, ...], pairs: Iterable[tuple[Variable, Any]]
    ) -> list[tuple[Variable, Any]]:
        """The pairs with Variables for gradients, which lead back to all that ``function`` saw."""
        raw = cls(type(function).__name__)
        if not is_recording():
            return [(x, Variable(np.asarray(gx))) for x, gx in pairs]
        raw.inputs = (*gys, *function._inputs)
        recorded = []
        for x, gx in pairs:
            y = Variable(np.asarray(gx))
            y.set_creator(raw)
            y._uses = 1
            recorded.append((x, y))
        raw.outputs = [y for _, y in recorded]
        return recorded

    def backward(self, *gys: Any) -> Any:
        raise explain(RuntimeError, "raw_backward", name=self.name)


def own_arrays(gys: tuple[Any, ...]) -> list[Array]:
    """The gradients as arrays that ``backward`` may even write into: no scalars, and nothing that others see."""
    arrays = []
    for place in range(len(gys)):
        seen = getrefcount(gys[place]) > _IN_A_TUPLE
        array = np.asarray(gys[place])
        arrays.append(array.copy() if seen or not array.flags.writeable or array.base is not None else array)
    return arrays


def _references_in_a_tuple() -> int:
    pair = (np.empty(1),)
    return getrefcount(pair[0])


_IN_A_TUPLE = _references_in_a_tuple()


def count_uses(inputs: tuple[Any, ...]) -> None:
    """Note that these inputs go into a Function, so that a sweep waits for all that its outputs contribute."""
    for x in inputs:
        if isinstance(x, Variable):
            x._uses += 1
