"""Reads a graph of very many Functions from what the engine saved, and makes its nodes only as they are asked for.

A chain of 100,000 calls takes a fraction of a second to read; nodes, copies and names for all of it would take several.
The arrays are those that the Variables have when the graph is read. They are copied when their node is made, the
leaves' at once, because those are what a loop writes to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Generic, TypeVar, cast, overload

import numpy as np
import numpy.typing as npt

from ipy_autodiff.tracing.diagnosis import Diagnosis
from ipy_autodiff.tracing.graph import FunctionNode, Graph, VariableNode

__all__ = ["LazyGraph", "Nodes", "Wiring"]

_Node = TypeVar("_Node")
Indexes = npt.NDArray[np.int64]


class Nodes(Sequence[_Node], Generic[_Node]):
    """Nodes by their place, each made once, when it is first asked for."""

    def __init__(self, count: int, make: Callable[[int], _Node]) -> None:
        self._count = count
        self._make = make
        self._made: dict[int, _Node] = {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> _Node: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[_Node, ...]: ...
    def __getitem__(self, place: int | slice) -> _Node | tuple[_Node, ...]:
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(self._count)))
        if place < 0:
            place += self._count
        if not 0 <= place < self._count:
            raise IndexError(place)
        node = self._made.get(place)
        if node is None:
            node = self._made[place] = self._make(place)
        return node

    def __iter__(self) -> Iterator[_Node]:
        return (self[place] for place in range(self._count))

    def __add__(self, other: Sequence[_Node]) -> tuple[_Node, ...]:
        return (*self, *other)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class Chosen(Nodes[_Node]):
    """Some of other nodes, in their order."""

    def __init__(self, nodes: Sequence[_Node], places: Sequence[int]) -> None:
        super().__init__(len(places), lambda number: nodes[places[number]])


@dataclass(frozen=True, eq=False)
class Wiring:
    """Which Variable goes into and comes out of which call, as arrays of places.

    Call ``f`` takes ``inputs[input_starts[f]:input_starts[f + 1]]``; the same of ``outputs``.
    """

    input_starts: Indexes
    inputs: Indexes
    output_starts: Indexes
    outputs: Indexes
    variables: int
    """How many Variables there are."""

    @classmethod
    def of(cls, inputs: Sequence[Sequence[int]], outputs: Sequence[Sequence[int]], variables: int) -> Wiring:
        """From the places of each call's Variables."""
        return cls(*_flat(inputs), *_flat(outputs), variables)

    @cached_property
    def takers(self) -> Indexes:
        """For each of ``inputs`` the call that it goes into."""
        return np.repeat(np.arange(len(self.input_starts) - 1), np.diff(self.input_starts))

    @cached_property
    def maker(self) -> Indexes:
        """For each Variable the call that it comes out of; -1 for a leaf."""
        found = np.full(self.variables, -1)
        found[self.outputs] = np.repeat(np.arange(len(self.output_starts) - 1), np.diff(self.output_starts))
        return found

    @cached_property
    def last(self) -> Indexes:
        """For each Variable the last call that takes it; -1 where none does."""
        found = np.full(self.variables, -1)
        found[self.inputs] = self.takers
        return found

    @cached_property
    def first(self) -> Indexes:
        """For each Variable the first call that takes it; -1 where none does."""
        found = np.full(self.variables, -1)
        found[self.inputs[::-1]] = self.takers[::-1]
        return found

    def upstream(self, variable: int) -> tuple[list[int], set[int]]:
        """The calls that a Variable was computed with, in order, and the Variables that went into them."""
        starts, inputs, maker = self.input_starts.tolist(), self.inputs.tolist(), self.maker.tolist()
        wanted = {variable}
        pending = [variable]
        chosen: set[int] = set()
        while pending:
            function = maker[pending.pop()]
            if function < 0 or function in chosen:
                continue
            chosen.add(function)
            for taken in inputs[starts[function] : starts[function + 1]]:
                if taken not in wanted:
                    wanted.add(taken)
                    pending.append(taken)
        return sorted(chosen), wanted


def _flat(rows: Sequence[Sequence[int]]) -> tuple[Indexes, Indexes]:
    """Rows one after the other: where each starts, one start more than rows, and all of them."""
    starts = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)), out=starts[1:])
    return starts, np.fromiter(chain.from_iterable(rows), np.int64, int(starts[-1]))


class LazyGraph(Graph):
    """A Graph whose nodes are made as they are asked for. Its lists tell of each call without its node."""

    def __init__(
        self,
        variables: Nodes[VariableNode],
        functions: Nodes[FunctionNode],
        findings: tuple[Diagnosis, ...],
        wiring: Wiring,
        kinds: list[type],
        lines: list[int | None],
        sweeps: list[int],
        unrecorded: set[int],
    ) -> None:
        super().__init__(
            cast("tuple[VariableNode, ...]", variables), cast("tuple[FunctionNode, ...]", functions), findings
        )
        told = {"wiring": wiring, "kinds": kinds, "lines": lines, "sweeps": sweeps, "unrecorded": unrecorded}
        for name, value in told.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_upstream", {})

    wiring: Wiring
    kinds: list[type]
    """The class of each call's Function."""
    lines: list[int | None]
    sweeps: list[int]
    unrecorded: set[int]
    """The places of the calls that the engine did not record."""
    _upstream: dict[int, tuple[Sequence[FunctionNode], list[int], set[int]]]

    @cached_property
    def creators(self) -> Mapping[VariableNode, FunctionNode]:
        """Which Function made each Variable that is not a leaf."""
        return _Creators(self)

    @cached_property
    def leaves(self) -> tuple[VariableNode, ...]:
        """The Variables that no Function made."""
        return tuple(self.variables[place] for place in np.flatnonzero(self.wiring.maker < 0).tolist())

    def upstream(self, variable: VariableNode) -> tuple[FunctionNode, ...]:
        """The Functions that ``variable`` was computed with, in the order of ``functions``."""
        return cast("tuple[FunctionNode, ...]", self._behind(variable)[0])

    def leaves_behind(self, variable: VariableNode) -> list[VariableNode]:
        """The leaves that went into the Functions that ``variable`` was computed with."""
        wanted = self._behind(variable)[2]
        return [self.variables[place] for place in sorted(wanted) if self.wiring.maker[place] < 0]

    def records(self, variable: VariableNode) -> bool:
        """Whether the engine recorded all the calls that ``variable`` was computed with."""
        return not self.unrecorded or self.unrecorded.isdisjoint(self._behind(variable)[1])

    @property
    def classes(self) -> set[type]:
        """The classes of the Functions, and that of a Variable."""
        found = set(self.kinds)
        return found | {type(self.variables[0].object)} if len(self.variables) else found

    def one_of_each(self) -> list[FunctionNode]:
        """The first Function of each class."""
        first: dict[type, int] = {}
        for place, kind in enumerate(self.kinds):
            first.setdefault(kind, place)
        return [self.functions[place] for place in first.values()]

    def _behind(self, variable: VariableNode) -> tuple[Sequence[FunctionNode], list[int], set[int]]:
        place = int(variable.id[1:])
        if place not in self._upstream:
            chosen, wanted = self.wiring.upstream(place)
            if self.wiring.maker[place] < 0:
                wanted = set()
            nodes: Sequence[FunctionNode] = self.functions
            if len(chosen) < len(nodes):
                nodes = Chosen(self.functions, chosen)
            self._upstream[place] = (nodes, chosen, wanted)
        return self._upstream[place]


class _Creators(Mapping[VariableNode, FunctionNode]):
    def __init__(self, graph: LazyGraph) -> None:
        self._graph = graph

    def __getitem__(self, variable: VariableNode) -> FunctionNode:
        place = int(self._graph.wiring.maker[int(variable.id[1:])])
        if place < 0:
            raise KeyError(variable)
        return self._graph.functions[place]

    def __iter__(self) -> Iterator[VariableNode]:
        return (self._graph.variables[place] for place in np.flatnonzero(self._graph.wiring.maker >= 0).tolist())

    def __len__(self) -> int:
        return int((self._graph.wiring.maker >= 0).sum())
