"""Runs a recorded graph again with other values, forward and backward: on copies, by the student's own methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

import numpy as np

from ipy_autodiff.designs.copies import Copies, aside
from ipy_autodiff.designs.reading import GRADIENT, array_of, backward_method
from ipy_autodiff.tracing.graph import Array, FunctionNode, Graph, VariableNode
from ipy_autodiff.tracing.recorder import SweepTooLong

__all__ = ["Replay", "ReplayError"]


_STUDENTS = (Exception, SystemExit)  # what a student's method may raise; an interrupt is the reader's


class ReplayError(Exception):
    """The student's own code raised while it ran again.

    ``function`` is the Function at work, or None for the engine itself; ``cause`` is what was raised.
    """

    def __init__(self, function: FunctionNode | None, cause: BaseException) -> None:
        super().__init__(f"{function.name if function else 'the engine'}: {type(cause).__name__}: {cause}")
        self.function = function
        self.cause = cause


class Replay:
    """A recorded graph that can be run again. No object of the notebook is written to.

    All arrays that come back are fresh ndarrays. What the student's code raises comes as ``ReplayError``.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def aside(self) -> AbstractContextManager[None]:
        """A context for many runs in a row; each run opens it by itself where it is not open yet."""
        return aside(self.graph)

    def forward(self, data: Mapping[VariableNode, Array] | None = None) -> dict[VariableNode, Array]:
        """Every Variable's value when these leaves have these values and the others their recorded ones."""
        given = data or {}
        values: dict[VariableNode, Any] = {node: given.get(node, node.data) for node in self.graph.leaves}
        with self.aside():
            for function in self.graph.functions:
                xs = [values[node] for node in function.inputs]
                for node, y in zip(function.outputs, _alive(function, self._forward(function, xs)), strict=False):
                    values[node] = y
        return values

    def apply(self, function: FunctionNode, xs: Sequence[Array]) -> tuple[Array, ...]:
        """What this Function's own ``forward`` makes of ``xs``, one array for each of its ``inputs``."""
        with self.aside():
            return _alive(function, self._forward(function, xs))

    def vjp(self, function: FunctionNode, xs: Sequence[Array], gys: Sequence[Array]) -> tuple[Any, ...]:
        """What this Function's own ``backward`` answers to ``gys`` after a ``forward`` at ``xs``.

        The items are as it returned them, but always in a tuple.
        """
        with self.aside():
            everything = self._forward(function, xs)
            ys = _alive(function, everything)
            for node, value in (*zip(function.inputs, xs, strict=True), *zip(function.outputs, ys, strict=False)):
                self._copies.set_data(node, value)
            if function.places:  # an output that nobody kept has no gradient: zeros
                given = dict(zip(function.places, gys, strict=True))
                gys = [given.get(place, np.zeros_like(y)) for place, y in enumerate(everything)]
            return self.answer(function, gys)

    def answer(self, function: FunctionNode, gys: Sequence[Array], copies: Copies | None = None) -> tuple[Any, ...]:
        """What this Function's own ``backward`` answers to ``gys``, in the state in which it is."""
        duplicate = (copies or self._copies).functions[function]
        method = backward_method(duplicate)
        if method is None:
            raise ReplayError(function, NotImplementedError("backward"))
        with self.aside():
            try:
                answer = method(*gys)
            except _STUDENTS as error:
                if not _wants_a_list(method, gys):
                    raise ReplayError(function, error) from error
                try:
                    answer = method(list(gys))
                except _STUDENTS as second:
                    raise ReplayError(function, second) from second
        return tuple(answer) if isinstance(answer, list | tuple) else (answer,)

    def sweep(
        self,
        of: VariableNode,
        data: Mapping[VariableNode, Array] | None = None,
        copies: Copies | None = None,
        restarted: Callable[[], None] = lambda: None,
    ) -> dict[VariableNode, Array]:
        """The gradients that the student's own engine leaves after ``of.backward()``, by Variable.

        An engine that has no ``backward`` on its Variables is swept as by hand: the Functions' own ``backward`` one
        after the other, gradients added up. An engine that wants its seed to be set is started anew with one, after
        ``restarted`` was called.
        """
        copies = copies or Copies(self.graph, by_call=False)
        with self.aside():
            if data:
                for node, value in self.forward(data).items():
                    copies.set_data(node, value)
                self.refresh(copies)
            self._sweep(of, copies, restarted)
            found = {node: array_of(GRADIENT.read(duplicate)) for node, duplicate in copies.variables.items()}
        return {node: np.array(gradient) for node, gradient in found.items() if gradient is not None}

    def refresh(self, copies: Copies) -> None:
        """Run the Functions forward on these copies, for what a Function keeps for its backward besides its inputs."""
        with self.aside():
            for function in self.graph.functions:
                self._forward(function, [self._value(node, copies) for node in function.inputs], copies)

    def _sweep(self, of: VariableNode, copies: Copies, restarted: Callable[[], None]) -> None:
        root = copies.variables[of]
        method = backward_method(root)
        floating = np.result_type(of.data.dtype, np.float32) if of.data.dtype.kind in "biu" else of.data.dtype
        seed = np.ones(of.data.shape, dtype=floating)
        if method is None:
            self._sweep_by_hand(of, seed, copies)
            return
        try:
            method()
        except (RecursionError, SweepTooLong) as error:
            raise ReplayError(None, error) from error
        except _STUDENTS as error:
            # An engine of the book's steps 7 and 8 wants the seed to be set before.
            if GRADIENT.read(root) is not None:
                raise ReplayError(None, error) from error
            restarted()
            GRADIENT.write(root, seed)
            try:
                method()
            except _STUDENTS as second:
                raise ReplayError(None, second) from second

    def _sweep_by_hand(self, of: VariableNode, seed: Array, copies: Copies) -> None:
        copies.set_gradient(of, seed)
        for function in reversed(self.graph.upstream(of)):
            gys = [array_of(GRADIENT.read(copies.variables[node])) for node in function.outputs]
            if all(gy is None for gy in gys):
                continue
            filled = [
                np.zeros_like(node.data) if gy is None else gy for node, gy in zip(function.outputs, gys, strict=True)
            ]
            gxs = self.answer(function, filled, copies)
            for node, gx in zip(function.inputs, gxs, strict=False):
                before, contribution = array_of(GRADIENT.read(copies.variables[node])), array_of(gx)
                if contribution is not None:
                    added = contribution if before is None else np.asarray(before + contribution)
                    copies.set_gradient(node, added)

    @cached_property
    def _copies(self) -> Copies:
        return Copies(self.graph, by_call=True)

    def _value(self, node: VariableNode, copies: Copies) -> Any:
        return array_of(copies.variables[node])

    def _forward(self, function: FunctionNode, xs: Sequence[Array], copies: Copies | None = None) -> tuple[Array, ...]:
        copies = copies or self._copies
        manner, as_variables = function.convention
        if as_variables:
            for node, x in zip(function.inputs, xs, strict=True):
                copies.set_data(node, x)
            handed = [copies.variables.get(item, item) for item in function.arguments]
        elif len(xs) == len(function.arguments):
            handed = list(xs)
        else:
            given = iter(xs)
            handed = [next(given) if isinstance(item, VariableNode) else item for item in function.arguments]
        forward = copies.functions[function].forward
        try:
            answer = forward(handed) if manner == "list" else forward(*handed)
        except _STUDENTS as error:
            raise ReplayError(function, error) from error
        if type(answer) is np.ndarray:
            return (answer.copy() if any(answer is x for x in xs) else answer,)
        arrays = tuple(array_of(item) for item in (answer if isinstance(answer, list | tuple) else (answer,)))
        if any(array is None for array in arrays):
            raise ReplayError(function, TypeError(f"forward returned {type(answer).__name__}"))
        return tuple(np.array(array) for array in arrays)


def _alive(function: FunctionNode, ys: tuple[Array, ...]) -> tuple[Array, ...]:
    """Those of the results whose Variables the graph has."""
    return tuple(ys[place] for place in function.places) if function.places else ys


def _wants_a_list(method: Any, gys: Sequence[Any]) -> bool:
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return code is not None and code.co_argcount == 2 and not code.co_flags & 0x04 and len(gys) >= 1
