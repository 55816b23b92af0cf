"""Sweeps a recorded graph by the rules that the book goes through, one stage after the other, each on copies.

Every rule calls the student's own ``backward`` of each Function; what differs is the order of the calls, and whether a
gradient replaces what is there or is added to it. The gradients are kept here, so no Variable has to have any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.tracing.graph import Array, FunctionNode, Graph, Recording, VariableNode
from ipy_autodiff.tracing.replay import Replay, ReplayError

__all__ = [
    "MOST_CALLS",
    "RULES",
    "Assignment",
    "Call",
    "Departure",
    "RuleSweep",
    "affordable_calls",
    "generations",
    "sweep_by_rules",
    "sweepable",
]

Rule = Literal["recursive", "loop", "adding", "generation"]

RULES: tuple[Rule, ...] = ("recursive", "loop", "adding", "generation")
"""The book's steps 7, 8 to 13, 14, and 16."""
_MEMORY = 500 * 2**20
MOST_CALLS = 1_000
"""Calls after which a rule is stopped: where Variables are used twice again and again, the first three need 2ⁿ."""


@dataclass(frozen=True, eq=False)
class Assignment:
    """One gradient that was set: by the backward of which Function, to what."""

    function: FunctionNode
    variable: VariableNode
    before: Array | None
    contribution: Array
    after: Array


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a Function's ``backward``, and the gradients that were set from then until the next call."""

    function: FunctionNode
    gys: tuple[Array, ...]
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, eq=False)
class Departure:
    """Where a rule goes wrong for the first time.

    ``early``: ``function`` ran while the gradient of its output, ``variable``, was ``found`` and is ``due`` in the end.
    ``replaced``: the gradient of ``variable``, ``found``, gave way to another part of it.
    ``again``: ``function`` ran once more, and what it gave to ``variable`` was added once more.
    """

    kind: Literal["early", "replaced", "again"]
    call: int
    """From 1."""
    function: FunctionNode
    variable: VariableNode
    found: Array
    due: Array


@dataclass(frozen=True, eq=False)
class RuleSweep:
    """What one rule did."""

    rule: Rule
    calls: tuple[Call, ...]
    gradients: Mapping[VariableNode, Array]
    """What it left in each Variable."""
    ended: bool
    """False where it was stopped."""
    departure: Departure | None


def sweepable(recording: Recording) -> bool:
    """Whether there is a graph that can be swept: Functions with a ``backward``, and no cycle."""
    of, graph = recording.of, recording.graph
    if of is None or graph.cyclic or not isinstance(of.data, np.ndarray) or of.data.dtype.kind not in "fiub":
        return False
    functions = graph.upstream(of)
    return bool(functions) and all(function.has_backward for function in functions)


def affordable_calls(graph: Graph, of: VariableNode) -> int:
    """How many calls of each rule can be kept with their arrays; 0 where not even those of step 16 can."""
    functions = graph.upstream(of)
    largest = max((np.asarray(node.data).nbytes for function in functions for node in function.inputs), default=0)
    most = min(MOST_CALLS, _MEMORY // (len(RULES) * 3 * max(largest, 1)))
    return most if most > len(functions) else 0


def sweep_by_rules(graph: Graph, of: VariableNode, most: int = MOST_CALLS) -> tuple[RuleSweep, ...]:
    """The sweeps from ``of`` by each of ``RULES``, starting with ones, of at most ``most`` calls each.

    Step 16 makes as many as there are Functions. Raises ``ReplayError`` for what a Function's ``backward`` raises.
    """
    replay = Replay(graph)
    order: dict[Rule, Callable[[_Sweep], Iterator[None]]] = {
        "recursive": _recursive,
        "loop": _loop,
        "adding": _loop,
        "generation": _by_generation,
    }
    done: dict[Rule, _Sweep] = {}
    most = max(most, len(graph.functions) + 1)
    with replay.aside():
        for rule in reversed(RULES):
            truth = done["generation"].gradients if done else None
            sweep = done[rule] = _Sweep(graph, of, replay, rule in ("adding", "generation"), truth)
            sweep.ended = all(len(sweep.calls) < most for _ in order[rule](sweep))  # it yields where it would go on
    return tuple(done[rule].result(rule) for rule in RULES)


@dataclass(eq=False)
class _Sweep:
    """A sweep under way."""

    graph: Graph
    of: VariableNode
    replay: Replay
    adds: bool
    truth: Mapping[VariableNode, Array] | None
    gradients: dict[VariableNode, Array] = field(default_factory=dict)
    calls: list[tuple[FunctionNode, tuple[Array, ...], list[Assignment]]] = field(default_factory=list)
    sources: dict[VariableNode, set[tuple[FunctionNode, int]]] = field(default_factory=dict)
    departure: Departure | None = None
    ended: bool = True

    def __post_init__(self) -> None:
        data = self.of.data
        kind = np.result_type(data.dtype, np.float32) if data.dtype.kind in "biu" else data.dtype
        self.gradients[self.of] = np.ones(data.shape, kind)

    def creator(self, variable: VariableNode) -> FunctionNode | None:
        return self.graph.creators.get(variable)

    def run(self, function: FunctionNode) -> list[tuple[int, VariableNode, Array]]:
        """Call this Function's backward with the gradients that there are: what it gives to which input."""
        gys = tuple(
            self.gradients[node] if node in self.gradients else np.zeros_like(node.data) for node in function.outputs
        )
        self.calls.append((function, gys, []))
        if self.truth is not None:
            for node, gy in zip(function.outputs, gys, strict=True):
                if node in self.truth and not _same(gy, self.truth[node]):
                    self._depart("early", function, node, gy)
        xs = [np.asarray(array_of(node.data)) for node in function.inputs]
        answer = self.replay.vjp(function, xs, [gy.copy() for gy in gys])  # a backward may write into what it is given
        given = zip(range(len(function.inputs)), function.inputs, map(array_of, answer), strict=False)
        return [(index, node, np.array(gx)) for index, node, gx in given if gx is not None]

    def give(self, function: FunctionNode, index: int, variable: VariableNode, gx: Array) -> None:
        """Set the gradient of one of the Function's inputs."""
        before, edge = self.gradients.get(variable), (function, index)
        sources = self.sources.setdefault(variable, set())
        after = gx
        if self.adds:
            if edge in sources and before is not None:
                self._depart("again", function, variable, gx)
            if before is not None:
                try:
                    after = np.asarray(before + gx)
                except ValueError as error:
                    raise ReplayError(function, error) from error
        elif before is not None and sources and edge not in sources:
            self._depart("replaced", function, variable, before)
            sources.clear()
        sources.add(edge)
        self.gradients[variable] = after
        self.calls[-1][2].append(Assignment(function, variable, before, gx, after))

    def result(self, rule: Rule) -> RuleSweep:
        calls = tuple(Call(function, gys, tuple(set_)) for function, gys, set_ in self.calls)
        return RuleSweep(rule, calls, self.gradients, self.ended, self.departure)

    def _depart(
        self, kind: Literal["early", "replaced", "again"], function: FunctionNode, variable: VariableNode, found: Array
    ) -> None:
        if self.departure is None and self.truth is not None:
            due = self.truth.get(variable, found)
            self.departure = Departure(kind, len(self.calls), function, variable, found, due)


def _recursive(sweep: _Sweep) -> Iterator[None]:
    """Step 7: a Variable calls its creator's backward, sets an input's gradient, and goes on to that input at once."""
    first = sweep.creator(sweep.of)
    if first is None:
        return
    open_ = [(first, iter(sweep.run(first)))]
    while open_:
        function, rest = open_[-1]
        given = next(rest, None)
        if given is None:
            open_.pop()
            continue
        sweep.give(function, *given)
        creator = sweep.creator(given[1])
        if creator is not None:
            yield
            open_.append((creator, iter(sweep.run(creator))))


def _loop(sweep: _Sweep) -> Iterator[None]:
    """Steps 8 to 14: a list of Functions whose last one is taken; each input's creator is put at its end."""
    first = sweep.creator(sweep.of)
    waiting = [] if first is None else [first]
    while waiting:
        function = waiting.pop()
        for given in sweep.run(function):
            sweep.give(function, *given)
            creator = sweep.creator(given[1])
            if creator is not None:
                waiting.append(creator)
        if waiting:
            yield


def _by_generation(sweep: _Sweep) -> Iterator[None]:
    """Step 16: the list is sorted by generation, and a Function is put into it once."""
    generation = generations(sweep.graph)
    first = sweep.creator(sweep.of)
    waiting = [] if first is None else [first]
    seen = set(waiting)
    while waiting:
        function = waiting.pop()
        for given in sweep.run(function):
            sweep.give(function, *given)
            creator = sweep.creator(given[1])
            if creator is not None and creator not in seen:
                seen.add(creator)
                waiting.append(creator)
                waiting.sort(key=generation.__getitem__)
        if waiting:
            yield


def generations(graph: Graph) -> dict[FunctionNode, int]:
    """Each Function's generation: the largest among its inputs, where a leaf's is 0 and an output's one more."""
    variables: dict[VariableNode, int] = {}
    functions: dict[FunctionNode, int] = {}
    for function in graph.functions:
        functions[function] = max((variables.get(node, 0) for node in function.inputs), default=0)
        variables.update(dict.fromkeys(function.outputs, functions[function] + 1))
    return functions


def _same(first: Array, second: Array) -> bool:
    """Whether two gradients are equal except for the order in which their parts were added up."""
    if first.shape != second.shape:
        return False
    if "f" not in (first.dtype.kind, second.dtype.kind):
        return bool(np.array_equal(first, second))
    short = min(item.dtype.itemsize for item in (first, second) if item.dtype.kind == "f")
    rtol = {8: 1e-9, 4: 1e-4}.get(short, 1e-2)
    scale = float(np.abs(second[np.isfinite(second)]).max(initial=0.0))
    return bool(np.allclose(first, second, rtol=rtol, atol=rtol * scale, equal_nan=True))
