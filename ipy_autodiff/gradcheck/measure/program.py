"""See a recorded graph as a function of any of its Variables, in float64, and count what running it costs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.values import Record
from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.gradcheck.measure.draws import Draws
from ipy_autodiff.gradcheck.measure.ladder import UNIT, Array, Floats, unit_of
from ipy_autodiff.gradcheck.measure.long_double import OverBudget
from ipy_autodiff.gradcheck.tolerances import ELEMENTS_A_CALL, TRIES
from ipy_autodiff.tracing.graph import FunctionNode, Recording, VariableNode
from ipy_autodiff.tracing.replay import Replay, ReplayError

__all__ = ["Call", "OverBudget", "Program", "guarded", "in_float64"]


class Program:
    """The Functions between a recording's Variables and the one that is differentiated, to be run again.

    ``recomputed`` are other ways to compute that one from some of the Variables, which are then believed.
    ``budget`` is how many calls of Functions it may cost, large arrays counting for more than one; beyond it,
    ``OverBudget`` is raised. What the student's code raises comes as ``ReplayError``.
    """

    def __init__(
        self,
        recording: Recording,
        budget: float,
        recomputed: Mapping[VariableNode, Callable[[Floats], Array]] | None = None,
    ) -> None:
        self.recording = recording
        self.recomputed = recomputed or {}
        self.replay = Replay(recording.graph)
        self.budget = budget
        self.spent = 0.0
        functions = recording.graph.upstream(recording.of) if recording.of is not None else ()
        # What the engine was told not to record, its Functions cannot answer for.
        self.functions = functions if all(function.recorded for function in functions) else ()
        self.at_work: Callable[[], None] | None = None
        """Called each time that something is run again."""
        self.done = 0
        """How many Functions and rows are done with, for whoever tells how far the work has come."""
        self.remembered: dict[Any, Any] = {}
        """What others found out by running it, so that they need not do so twice."""
        self._draws: Draws | None = None
        self._drawn = False
        self._calls: dict[FunctionNode, Call] = {}
        self.disturbed: set[type] = set()
        """The classes with another object that was seen to be called without harm."""
        self._prices: dict[FunctionNode, float] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """A context for many runs: nothing that the student's code does in it is left behind."""
        self._draws = Draws(_users_own(one.object) for one in self.functions)
        with self.replay.aside(), self._draws.repeated():
            with contextlib.suppress(ReplayError):
                _ = self.values
            self._drawn = self._draws.notice()
            self.start_over()
            yield

    def start_over(self) -> None:
        """Make the next random draws the same as the first, where there are any; within ``running``."""
        if self._drawn and self._draws is not None:
            self._draws.start_over()

    @cached_property
    def values(self) -> dict[VariableNode, Any]:
        """Every Variable's value when the Functions run again in float64."""
        values = {node: guarded(in_float64(node.data)) for node in self.recording.graph.variables}
        for function in self.functions:
            values.update({node: guarded(y.copy()) for node, y in self.apply(function, values).items()})
        return values

    @cached_property
    def random(self) -> tuple[FunctionNode, ...]:
        """The Functions whose ``forward`` gives something else each time; none where they cannot be run again."""
        try:
            _ = self.values
        except ReplayError:
            return ()
        if self._drawn or (self._draws is not None and self._draws.makes_generators):
            suspects = self.functions
        else:
            suspects = tuple(function for function in self.functions if not self._repeats(function))
        return tuple(function for function in suspects if self._varies(function, lambda: None))

    @cached_property
    def unrepeatable(self) -> frozenset[FunctionNode]:
        """Those of them that do so even when all known draws are started over."""
        return frozenset(function for function in self.random if self._varies(function, self.start_over))

    def _repeats(self, function: FunctionNode) -> bool:
        """Whether it gave, run again, to the last bit what was recorded."""
        return all(_identical(self.values[node], node.data) for node in function.outputs)

    def _varies(self, function: FunctionNode, prepare: Callable[[], None]) -> bool:
        seen: dict[VariableNode, Array] = {}
        for _ in range(TRIES):
            prepare()
            try:
                ys = self.apply(function, self.values)
            except ReplayError:
                return False
            seen = seen or ys
            if not all(_identical(seen[node], y) for node, y in ys.items()):
                return True
        return False

    @property
    def result(self) -> Array:
        """The recorded data of the differentiated Variable."""
        data = None if self.recording.of is None else array_of(self.recording.of.data)
        return np.zeros(0) if data is None or data.dtype.kind not in "fiub" else data

    @cached_property
    def unit(self) -> float:
        """The largest unit round-off of what was computed with: that of float16 where anything is in float16."""
        nodes = {node for function in self.functions for node in (*function.inputs, *function.outputs)}
        kept = [node.data for node in nodes] + [self.recording.gradients.get(node) for node in nodes]
        found = [unit_of(item.dtype) for item in kept if isinstance(item, np.ndarray | np.generic)]
        return max(found, default=UNIT)

    @cached_property
    def exact(self) -> Mapping[VariableNode, Array] | None:
        """Where not all is in float64: the gradients that the student's engine gives for the data in that.

        None where all is; empty where the engine cannot be run so. Raises ``OverBudget``.
        """
        of = self.recording.of
        if of is None or self.unit <= UNIT:
            return None
        leaves = [node for node in self.recording.graph.leaves if self.reaches(node)]
        self.spend(3 * sum(map(self.price, self.functions)))
        values = {node: self.values[node] for node in leaves}
        numbers = {node: x.astype(np.float64) if np.asarray(x).dtype.kind in "iub" else x for node, x in values.items()}
        for data in (numbers, values):  # labels have to stay integers
            with contextlib.suppress(ReplayError, RecursionError):
                return self.replay.sweep(of, data)
        return {}

    def reaches(self, variable: VariableNode) -> bool:
        """Whether the differentiated Variable was computed from this one."""
        return variable is self.recording.of or variable in self.recomputed or bool(self._affected(variable))

    def cost(self, variable: VariableNode) -> float:
        """What one run costs in which only this Variable has another value."""
        functions = self.functions if variable in self.recomputed else self._affected(variable)
        return sum(map(self.price, functions))

    def function_of(self, variable: VariableNode) -> Callable[[Floats], Array]:
        """The differentiated Variable's value as a function of this one's, all others as recorded."""
        of = self.recording.of
        assert of is not None
        cost = self.cost(variable)
        recomputed = self.recomputed.get(variable)
        if recomputed is not None:
            other = recomputed

            def referred(x: Floats) -> Array:
                self.spend(cost)
                return other(x)

            return referred

        calls = [(function.inputs, self.call(function), function.outputs) for function in self._affected(variable)]
        base = self.values

        def value(x: Floats) -> Array:
            self.spend(cost)
            values = _Overlay(base, {variable: guarded(x)})
            for inputs, call, outputs in calls:
                ys = call([values[node] for node in inputs])
                for node, y in zip(outputs, ys, strict=False):
                    values[node] = y
            result: Array = values[of].copy()  # a Function may write its next result into the same array
            return result

        return value

    @contextlib.contextmanager
    def limited(self, share: float) -> Iterator[None]:
        """A context in which no more than this share of the budget may be spent."""
        whole = self.budget
        self.budget = min(whole, self.spent + share * whole)
        try:
            yield
        finally:
            self.budget = whole

    def drawn_by(self, call: Callable[[], object]) -> bool:
        """Whether the call draws random numbers; within ``running``."""
        return self._draws is not None and self._draws.drawn_by(call)

    def spend(self, cost: float) -> None:
        """Count a cost; raises ``OverBudget`` where there is no budget left for it."""
        if self.spent + cost > self.budget:
            raise OverBudget
        self.spent += cost
        if self.at_work is not None:
            self.at_work()

    def price(self, function: FunctionNode) -> float:
        """What one call of the Function costs."""
        if function not in self._prices:
            sizes = [np.size(node.data) for node in (*function.inputs, *function.outputs)]
            self._prices[function] = 1 + max(sizes, default=0) / ELEMENTS_A_CALL
        return self._prices[function]

    def apply(self, function: FunctionNode, values: Mapping[VariableNode, Any]) -> dict[VariableNode, Array]:
        """What the Function's own ``forward`` makes of its inputs' values."""
        ys = self.call(function)([values[node] for node in function.inputs])
        return dict(zip(function.outputs, ys, strict=False))

    def call(self, function: FunctionNode) -> Call:
        """The Function's own ``forward``; within ``running``."""
        if function not in self._calls:
            self._calls[function] = Call(self.replay, function)
        return self._calls[function]

    def ran_as_recorded(self, function: FunctionNode) -> bool:
        """Whether it was run again on just the recorded arrays, wrote into none and gave what was recorded."""
        nodes = (*function.inputs, *function.outputs)
        plain = self.call(function).plain and len(function.outputs) == 1
        return plain and all(_identical(self.values[node], node.data) for node in nodes)

    def _affected(self, variable: VariableNode) -> tuple[FunctionNode, ...]:
        reached = {variable}
        affected = []
        for function in self.functions:
            if variable in function.outputs:
                continue
            if not reached.isdisjoint(function.inputs):
                reached.update(function.outputs)
                affected.append(function)
        return tuple(affected)


class Call:
    """A Function's own ``forward``, to be called often: with arrays that may not be written to, for such arrays."""

    __slots__ = ("_forward", "_function", "_replay", "plain", "writes")

    def __init__(self, replay: Replay, function: FunctionNode) -> None:
        self._replay = replay
        self._function = function
        self._forward = replay.quick(function)
        self.plain = self._forward is not None
        """Whether it has always taken just the arrays, written into none of them, and returned one array."""
        self.writes = False
        """Whether it has failed only because what it is given cannot be written to."""

    def __call__(self, xs: Sequence[Any]) -> tuple[Array, ...]:
        """One array for each of the Function's outputs. Raises ``ReplayError``."""
        if self.plain and self._forward is not None:
            try:
                answer = self._forward(*xs)
            except (Exception, SystemExit) as error:  # perhaps because it writes into what it is given
                if any(isinstance(x, np.ndarray) and x.dtype == np.longdouble for x in xs):
                    raise ReplayError(self._function, error) from error
                self.plain = False
                self.writes = isinstance(error, ValueError) and "read-only" in str(error)
            else:
                kind = type(answer)
                if kind is np.ndarray:
                    return (guarded(answer),)
                if kind is np.float64 or kind is np.longdouble:
                    return (np.asarray(answer),)
                self.plain = False
        copied = [x.copy() if isinstance(x, np.ndarray) else x for x in xs]
        return tuple(map(guarded, self._replay.apply(self._function, copied)))


def guarded(data: Any) -> Any:
    """An array that cannot be written to, over the same memory; anything else as it is."""
    if not isinstance(data, np.ndarray):
        return data
    view = data.view()
    view.flags.writeable = False
    return view


class _Overlay(dict[VariableNode, Any]):
    """Values that differ from others in a few places."""

    def __init__(self, below: Mapping[VariableNode, Any], values: Mapping[VariableNode, Any]) -> None:
        super().__init__(values)
        self._below = below

    def __missing__(self, node: VariableNode) -> Any:
        return self._below[node]


def _identical(first: Array, second: Any) -> bool:
    if not isinstance(second, np.ndarray) or first.shape != second.shape:
        return False
    return bool((first == second).all()) or np.array_equal(first, second, equal_nan=first.dtype.kind in "fc")


def in_float64(data: Any, integers: bool = False) -> Any:
    """Floating data in float64; integers only if asked for, because a Function may index with them."""
    array = array_of(data)
    if array is None:
        return data
    return array.astype(np.float64) if array.dtype.kind in ("fiub" if integers else "f") else array


def _users_own(function: Any) -> Any:
    """The Function, or what stands behind a record of ours that has it as its ``user``."""
    return getattr(function, "user", function) if isinstance(function, Record) else function
