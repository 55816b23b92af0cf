"""Runs a recorded graph again with other values, forward and backward: on copies, by the student's own methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

import numpy as np

from ipy_autodiff.designs import rerun_of
from ipy_autodiff.designs.aside import aside
from ipy_autodiff.designs.copies import alive
from ipy_autodiff.designs.reading import array_of, is_function
from ipy_autodiff.designs.rerun import STUDENTS_ERRORS, ReplayError, Rerun
from ipy_autodiff.tracing.graph import Array, FunctionNode, Graph, VariableNode
from ipy_autodiff.tracing.watching.frames import arguments_of, first_argument, role_of
from ipy_autodiff.tracing.watching.recorder import SweepTooLong

__all__ = ["Replay", "ReplayError", "seed_of"]


class Replay:
    """A recorded graph that can be run again. No object of the notebook is written to.

    All arrays that come back are fresh ndarrays. What the student's code raises comes as ``ReplayError``.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.changed: list[VariableNode] = []
        """The Variables of the notebook's that running something again changed; they were put back."""

    def aside(self) -> AbstractContextManager[None]:
        """A context for many runs in a row; each run opens it by itself where it is not open yet."""
        return aside(self.graph, self.changed.append)

    def forward(self, data: Mapping[VariableNode, Array] | None = None) -> dict[VariableNode, Array]:
        """Every Variable's value when these leaves have these values and the others their recorded ones."""
        given = data or {}
        values: dict[VariableNode, Any] = {node: given.get(node, node.data) for node in self.graph.leaves}
        with self.aside():
            for function in self.graph.functions:
                ys = self._objects.forward(function, [values.get(node, node.data) for node in function.inputs])
                values.update(zip(function.outputs, alive(function, ys), strict=False))
        return values

    def apply(self, function: FunctionNode, xs: Sequence[Array]) -> tuple[Array, ...]:
        """What this Function itself makes of ``xs``, one array for each of its ``inputs``."""
        with self.aside():
            return alive(function, self._objects.forward(function, xs))

    def quick(self, function: FunctionNode) -> Callable[..., Any] | None:
        """What computes the outputs of just the inputs' arrays, without much ado; see ``Rerun.quick``."""
        return self._objects.quick(function)

    def vjp(self, function: FunctionNode, xs: Sequence[Array], gys: Sequence[Array]) -> tuple[Any, ...]:
        """What this Function itself answers to ``gys`` after it ran forward at ``xs``.

        The items are as it returned them, but always in a tuple.
        """
        with self.aside():
            return self._objects.vjp(function, xs, gys)

    def vjp_beside(
        self,
        function: FunctionNode,
        xs: Sequence[Array],
        ys: Sequence[Array],
        gys: Sequence[Array],
        kept: Callable[[Any], Any],
    ) -> tuple[Any, ...]:
        """The same where ``ys``, and not quite what it computes, are its outputs; see ``Rerun.vjp_beside``."""
        with self.aside():
            return self._objects.vjp_beside(function, xs, ys, gys, kept)

    def answer(self, function: FunctionNode, gys: Sequence[Array]) -> tuple[Any, ...]:
        """What this Function itself answers to ``gys``, in the state in which it is."""
        with self.aside():
            return self._objects.answer(function, gys)

    def omissions(self, function: FunctionNode, gys: Sequence[Array]) -> list[tuple[str, int | None]]:
        """What the call that makes the output forgets; see ``Rerun.omissions``."""
        with self.aside():
            return self._objects.omissions(function, gys)

    def called_as(self, function: FunctionNode) -> bool:
        """Whether the Function, called as the engine calls it, gives what it gives when it is run forward."""
        return self._objects.called_as(function)

    def disturb(self, function: FunctionNode, xs: Sequence[Any]) -> bool:
        """Call another object of the Function's class with other data; False where that cannot be done."""
        return self._objects.disturb(function, xs)

    def sweep(
        self,
        of: VariableNode,
        data: Mapping[VariableNode, Array] | None = None,
        objects: Rerun | None = None,
        restarted: Callable[[], None] = lambda: None,
        given: Mapping[str, Any] | None = None,
    ) -> dict[VariableNode, Array]:
        """The gradients that the student's own engine leaves after ``of.backward()``, by Variable.

        An engine that has no ``backward`` on its Variables is swept as by hand: the Functions' own ``backward`` one
        after the other, gradients added up. An engine that wants its seed to be set is started anew with one, after
        ``restarted`` was called. ``given`` are arguments for ``of.backward``.
        """
        objects = objects or rerun_of(self.graph)
        with self.aside():
            if data:
                objects.move({node: data.get(node, node.data) for node in self.graph.leaves})
            self._sweep(of, objects, restarted, given or {})
            found = {node: objects.gradient(node) for node in objects.variables}
        return {node: np.array(gradient) for node, gradient in found.items() if gradient is not None}

    def _sweep(self, of: VariableNode, objects: Rerun, restarted: Callable[[], None], given: Mapping[str, Any]) -> None:
        method = objects.sweep_method(of)
        if method is None:
            self._sweep_by_hand(of, seed_of(of), objects)
            return
        try:
            method(**given)
        except (RecursionError, SweepTooLong) as error:
            raise ReplayError(None, error) from error
        except STUDENTS_ERRORS as error:
            # An engine of the book's steps 7 and 8 wants the seed to be set before.
            if any(objects.gradient(node) is not None for node in objects.variables) or _was_handed_a_gradient(error):
                raise ReplayError(None, error) from error
            restarted()
            for node in objects.variables:
                objects.set_gradient(node, None)
            objects.set_gradient(of, seed_of(of))
            try:
                method(**given)
            except STUDENTS_ERRORS as second:
                raise ReplayError(None, second) from second

    def _sweep_by_hand(self, of: VariableNode, seed: Array, objects: Rerun) -> None:
        objects.set_gradient(of, seed)
        for function in reversed(self.graph.upstream(of)):
            gys = [objects.gradient(node) for node in function.outputs]
            if all(gy is None for gy in gys):
                continue
            filled = [
                np.zeros_like(node.data) if gy is None else gy for node, gy in zip(function.outputs, gys, strict=True)
            ]
            gxs = objects.answer(function, filled)
            for node, gx in zip(function.inputs, gxs, strict=False):
                before, contribution = objects.gradient(node), array_of(gx)
                if contribution is not None:
                    added = contribution if before is None else np.asarray(before + contribution)
                    objects.set_gradient(node, added)

    @cached_property
    def _objects(self) -> Rerun:
        return rerun_of(self.graph, by_call=True)


def seed_of(of: VariableNode) -> Array:
    """The gradient of ``of`` by itself: ones."""
    floating = np.result_type(of.data.dtype, np.float32) if of.data.dtype.kind in "biu" else of.data.dtype
    return np.ones(of.data.shape, dtype=floating)


def _was_handed_a_gradient(error: BaseException) -> bool:
    """Whether a Function's ``backward`` was running that had been handed a gradient when this was raised."""
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if role_of(frame.f_code.co_name) == "backward" and is_function(first_argument(frame)):
            return any(given is not None for given in arguments_of(frame))
        trace = trace.tb_next
    return False
