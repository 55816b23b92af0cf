"""See a recorded graph as a function of any of its Variables, in float64, and count what running it costs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from ipy_autodiff.gradcheck.draws import Draws
from ipy_autodiff.gradcheck.ladder import Array, Floats
from ipy_autodiff.tracing.graph import FunctionNode, Recording, VariableNode
from ipy_autodiff.tracing.reading import array_of
from ipy_autodiff.tracing.replay import Replay, ReplayError

__all__ = ["OverBudget", "Program", "in_float64"]

_ELEMENTS_A_CALL = 5_000
"""So many elements cost about as much as calling a Function does."""


class OverBudget(Exception):  # noqa: N818 - it ends a search; nothing is wrong
    """Running the graph once more would cost more than may be spent."""


class Program:
    """The Functions between a recording's Variables and the one that is differentiated, to be run again.

    ``reference`` are other ways to compute that one from some of the Variables, which are then believed.
    ``budget`` is how many calls of Functions it may cost, large arrays counting for more than one; beyond it,
    ``OverBudget`` is raised. What the student's code raises comes as ``ReplayError``.
    """

    def __init__(
        self,
        recording: Recording,
        budget: float,
        reference: Mapping[VariableNode, Callable[[Floats], Array]] | None = None,
    ) -> None:
        self.recording = recording
        self.reference = reference or {}
        self.replay = Replay(recording.graph)
        self.budget = budget
        self.spent = 0.0
        functions = recording.graph.upstream(recording.of) if recording.of is not None else ()
        # What the engine was told not to record, its Functions cannot answer for.
        self.functions = functions if all(function.recorded for function in functions) else ()
        self._draws = Draws(self.functions)
        self._prices: dict[FunctionNode, float] = {}
        self.start_over: Callable[[], None] = _nothing
        """Makes the next random draws the same as the first, where there are any; within ``running``."""

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """A context for many runs: nothing that the student's code does in it is left behind."""
        with self.replay.aside(), self._draws.repeated() as start_over:
            if self.drawn_by(self._try_forward):
                self.start_over = start_over
            start_over()
            yield
            self.start_over = _nothing

    @cached_property
    def values(self) -> dict[VariableNode, Any]:
        """Every Variable's value when the Functions run again in float64."""
        values = {node: in_float64(node.data) for node in self.recording.graph.variables}
        for function in self.functions:
            values.update(self.apply(function, values))
        return values

    @cached_property
    def random(self) -> tuple[FunctionNode, ...]:
        """The Functions whose ``forward`` gives something else each time."""
        if self.start_over is _nothing:
            return ()
        found = []
        for function in self.functions:
            ys = (self.apply(function, self.values), self.apply(function, self.values))
            if any(not np.array_equal(ys[0][node], ys[1][node], equal_nan=True) for node in ys[0]):
                found.append(function)
        return tuple(found)

    @property
    def result(self) -> Array:
        """The recorded data of the differentiated Variable."""
        data = None if self.recording.of is None else array_of(self.recording.of.data)
        return np.zeros(0) if data is None or data.dtype.kind not in "fiub" else data

    def reaches(self, variable: VariableNode) -> bool:
        """Whether the differentiated Variable was computed from this one."""
        return variable is self.recording.of or variable in self.reference or bool(self._affected(variable))

    def cost(self, variable: VariableNode) -> float:
        """What one run costs in which only this Variable has another value."""
        functions = self.functions if variable in self.reference else self._affected(variable)
        return sum(map(self.price, functions))

    def function_of(self, variable: VariableNode) -> Callable[[Floats], Array]:
        """The differentiated Variable's value as a function of this one's, all others as recorded."""
        of = self.recording.of
        assert of is not None
        affected = self._affected(variable)
        cost = self.cost(variable)
        base = {} if variable in self.reference else self.values

        def value(x: Floats) -> Array:
            self.spend(cost)
            if variable in self.reference:
                return self.reference[variable](x)
            values = _Overlay(base, {variable: x})
            for function in affected:
                values.update(self.apply(function, values))
            result: Array = values[of]
            return result

        return value

    def drawn_by(self, call: Callable[[], object]) -> bool:
        """Whether the call draws random numbers."""
        before = self._draws.state()
        call()
        return self._draws.state() != before

    def spend(self, cost: float) -> None:
        """Count a cost; raises ``OverBudget`` where there is no budget left for it."""
        if self.spent + cost > self.budget:
            raise OverBudget
        self.spent += cost

    def price(self, function: FunctionNode) -> float:
        """What one call of the Function costs."""
        if function not in self._prices:
            sizes = [np.size(node.data) for node in (*function.inputs, *function.outputs)]
            self._prices[function] = 1 + max(sizes, default=0) / _ELEMENTS_A_CALL
        return self._prices[function]

    def apply(self, function: FunctionNode, values: Mapping[VariableNode, Any]) -> dict[VariableNode, Array]:
        """What the Function's own ``forward`` makes of copies of its inputs' values."""
        xs = [values[node] for node in function.inputs]
        ys = self.replay.apply(function, [x.copy() if isinstance(x, np.ndarray) else x for x in xs])
        return dict(zip(function.outputs, ys, strict=False))

    def _try_forward(self) -> None:
        with contextlib.suppress(ReplayError):
            _ = self.values

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


def _nothing() -> None:
    return


class _Overlay(dict[VariableNode, Any]):
    """Values that differ from others in a few places."""

    def __init__(self, below: Mapping[VariableNode, Any], values: Mapping[VariableNode, Any]) -> None:
        super().__init__(values)
        self._below = below

    def __missing__(self, node: VariableNode) -> Any:
        return self._below[node]


def in_float64(data: Any) -> Any:
    """Floating data in float64; integers stay what they are, because a Function may index with them."""
    array = array_of(data)
    if array is None:
        return data
    return array.astype(np.float64) if array.dtype.kind == "f" else array
