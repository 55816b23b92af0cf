"""Follows a recorded run while its leaves move: values, gradients and backward steps, quick enough for a slider.

``Mover`` makes a whole new Recording, with nodes and copies of its own, at each place. Here one set of copies is swept
again and again, and put back into its first state before each sweep; what comes back goes by the recorded nodes.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ipy_autodiff.designs import rerun_of
from ipy_autodiff.designs.copies import Copies
from ipy_autodiff.designs.reading import DATA, array_of, backward_method, gradient_of, kept
from ipy_autodiff.tracing.graph import Array, FunctionNode, Graph, Recording, Step, VariableNode
from ipy_autodiff.tracing.moving import Mover
from ipy_autodiff.tracing.replay import Replay, ReplayError
from ipy_autodiff.tracing.sweeping import local_derivatives, steps_of
from ipy_autodiff.tracing.watching.recorder import BackwardCall

__all__ = ["Follower", "Position", "detached"]


@dataclass(frozen=True)
class Position:
    """The run at other leaf values, by the recorded nodes."""

    values: Mapping[VariableNode, Any]
    gradients: Mapping[VariableNode, Array]
    """What the student's own engine left; empty where there is no backward pass."""
    steps: tuple[Step, ...] = ()
    """The backward calls; empty where they were not asked for."""


def detached(recording: Recording) -> Recording:
    """The same run on copies of its objects, without its steps: who holds it keeps nothing of the notebook alive."""
    old = recording.graph
    objects = rerun_of(old)
    nodes = {node: replace(node, object=objects.variables[node]) for node in old.variables}
    functions = tuple(
        replace(
            function,
            object=objects.functions[function],
            inputs=tuple(nodes[node] for node in function.inputs),
            outputs=tuple(nodes[node] for node in function.outputs),
            arguments=tuple(nodes[item] if isinstance(item, VariableNode) else item for item in function.arguments),
        )
        for function in old.functions
    )
    findings = tuple(replace(finding, function=None) for finding in old.findings)
    return replace(
        recording,
        graph=Graph(tuple(nodes.values()), functions, findings),
        steps=(),
        of=None if recording.of is None else nodes[recording.of],
        wrt=tuple(nodes[node] for node in recording.wrt),
        gradients={nodes[node]: gradient for node, gradient in recording.gradients.items()},
        findings=(),
        derivatives=(),
    )


@dataclass(eq=False)
class _Log:
    """The backward calls of one sweep, noted by the copies' own ``backward``."""

    on: bool = False
    calls: list[BackwardCall] = field(default_factory=list)
    pending: tuple[BackwardCall, tuple[Any, ...]] | None = None
    open: Any = None
    """The Function whose ``backward`` runs, so that ``super().backward`` does not count as a call of its own."""
    inputs: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    """The copies of each Function copy's inputs, by its ``id``."""

    def start(self, on: bool) -> None:
        self.on = on
        self.calls = []
        self.pending = self.open = None

    def called(self, function: Any, gys: Sequence[Any]) -> BackwardCall | None:
        inputs = self.inputs.get(id(function))
        if not self.on or self.open is function or inputs is None:
            return None
        self.settle()
        self.open = function
        opened = (item for gy in gys for item in (gy if isinstance(gy, list | tuple) else (gy,)))
        arrays = tuple(kept(array_of(gy)) for gy in opened)
        call = BackwardCall(lambda: function, arrays, (), tuple(gradient_of(item) for item in inputs))
        self.calls.append(call)
        return call

    def returned(self, call: BackwardCall, answer: Any) -> None:
        items = answer if isinstance(answer, list | tuple) else (answer,)
        call.returned = True
        call.gxs = tuple(kept(array_of(item)) for item in items) if answer is not None else ()
        self.pending = (call, self.inputs[id(call.function)])
        self.open = None

    def settle(self) -> None:
        """The engine has dealt with the last call: note what its inputs' gradients became."""
        if self.pending is not None:
            call, inputs = self.pending
            call.after = tuple(gradient_of(item) for item in inputs)
            self.pending = None


class Follower:
    """Holds a run, to be followed again and again. The notebook's own objects are never written to."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.replay = Replay(recording.graph)
        self._mover = Mover(recording)
        self._log = _Log()
        of = recording.of
        self._functions = () if of is None else recording.graph.upstream(of)
        self.sweeps = bool(
            recording.swept_by != "nobody"
            and not recording.graph.cyclic
            and of is not None
            and isinstance(of.data, np.ndarray)
            and any(function.has_backward for function in self._functions)
        )
        self._copies = self._prepared() if self.sweeps else None

    def values(self, data: Mapping[VariableNode, Array]) -> dict[VariableNode, Any]:
        """Every Variable's value with these leaf values. Raises ``ReplayError``."""
        return self.replay.forward(data)

    def at(self, data: Mapping[VariableNode, Array], with_steps: bool = False) -> Position:
        """Values and gradients with these leaf values, the other leaves as recorded; ``with_steps`` also the calls.

        Raises ``ReplayError``.
        """
        if not self.sweeps:
            return Position(self.replay.forward(data), {})
        if self._copies is None:
            return self._by_mover(data)
        with self.replay.aside():
            gradients = self._swept(self._copies, data, with_steps)
            values = {node: array_of(DATA.read(duplicate)) for node, duplicate in self._copies.variables.items()}
            if not with_steps:
                return Position(values, gradients)
            by_object: dict[int, list[FunctionNode]] = {}
            for function in self._functions:
                by_object.setdefault(id(self._copies.functions[function]), []).append(function)
            return Position(values, gradients, steps_of(self._log.calls, by_object, "replay", None))

    def local(self, step: Step, values: Mapping[VariableNode, Any]) -> tuple[Array | None, ...]:
        """The local derivatives of one step where the Variables have these values."""
        return local_derivatives(step.function, self.replay, values)

    def _swept(self, copies: Copies, data: Mapping[VariableNode, Array], noted: bool) -> dict[VariableNode, Array]:
        of = self.recording.of
        assert of is not None
        for put_back in self._first_states:
            put_back()
        self._log.start(noted)
        leaves = {node: data.get(node, node.data) for node in self.recording.graph.leaves}
        gradients = self.replay.sweep(of, leaves, copies, restarted=lambda: self._log.start(noted))
        self._log.settle()
        return gradients

    def _prepared(self) -> Copies | None:
        """Copies whose calls are noted; None where sweeping them twice is not the same as sweeping fresh ones."""
        copies = rerun_of(self.recording.graph)
        if not isinstance(copies, Copies):
            return None
        with self.replay.aside():
            try:
                _note_calls(copies, self._log)
            except Exception:  # a class that lets no class be derived from it, or no class be assigned
                return None
            objects = {id(item): item for item in (*copies.variables.values(), *copies.functions.values())}
            self._first_states = [put_back for item in objects.values() for put_back in _states(item)]
            try:
                first, again = (self._swept(copies, {}, noted) for noted in (True, True))
                calls = len(self._log.calls)
                fresh = self._mover.moved({})
            except (ReplayError, RecursionError):
                return None
        expected = {node.id: gradient for node, gradient in fresh.gradients.items()}
        if len(fresh.steps) != calls or not _equal(first, again):
            return None
        leaves = {node.id: gradient for node, gradient in again.items() if node.role == "leaf"}
        right = all(np.array_equal(expected.get(key, np.nan), leaves[key], equal_nan=True) for key in leaves)
        return copies if right else None

    def _by_mover(self, data: Mapping[VariableNode, Array]) -> Position:
        moved = self._mover.moved(data)
        recorded = {node.id: node for node in self.recording.graph.variables}
        values = {recorded[node.id]: node.data for node in moved.graph.variables}
        gradients = {recorded[node.id]: gradient for node, gradient in moved.gradients.items()}
        return Position(values, gradients, moved.steps)


def _note_calls(copies: Copies, log: _Log) -> None:
    """Have the copies' ``backward`` note their calls: each copy becomes one of a class derived from its own."""
    derived: dict[type, type] = {}
    for node, duplicate in copies.functions.items():
        log.inputs[id(duplicate)] = tuple(copies.variables[variable] for variable in node.inputs)
        kind, method = type(duplicate), backward_method(duplicate)
        if method is None or kind in derived.values():
            continue
        if kind not in derived:
            derived[kind] = _noting(kind, method.__name__, log)
        duplicate.__class__ = derived[kind]


def _noting(kind: type, name: str, log: _Log) -> type:
    static = inspect.getattr_static(kind, name)
    original = getattr(kind, name)
    bound = inspect.isfunction(static)

    @functools.wraps(original)
    def backward(self: Any, *gys: Any, **more: Any) -> Any:
        call = log.called(self, gys)
        answer = original(self, *gys, **more) if bound else original(*gys, **more)
        if call is not None:
            log.returned(call, answer)
        return answer

    return type(kind)(kind.__name__, (kind,), {"__slots__": (), "__module__": kind.__module__, name: backward})


def _states(item: Any) -> list[Callable[[], None]]:
    """What puts an object's attributes back to those that it has now."""
    states: list[Callable[[], None]] = []
    held = getattr(item, "__dict__", None)
    if held is not None:
        states.append(functools.partial(_restore, held, dict(held)))
    for kind in type(item).__mro__:
        for slot in vars(kind).values():
            if inspect.ismemberdescriptor(slot):
                try:
                    states.append(functools.partial(slot.__set__, item, slot.__get__(item)))
                except AttributeError:  # not set yet
                    continue
    return states


def _restore(held: dict[str, Any], state: Mapping[str, Any]) -> None:
    held.clear()
    held.update(state)


def _equal(first: Mapping[VariableNode, Array], second: Mapping[VariableNode, Array]) -> bool:
    return first.keys() == second.keys() and all(
        np.array_equal(first[node], second[node], equal_nan=True) for node in first
    )
