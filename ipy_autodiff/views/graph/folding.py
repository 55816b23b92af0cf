"""Choose what of a large graph is drawn, level by level: of the whole, and of each part when it is opened.

On every level each call of its range is either drawn or in exactly one part, and so is each Variable that passes
between two of them; Variables within a part, or too many to tell apart, are counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from ipy_autodiff.limits import DRAWN_FUNCTIONS
from ipy_autodiff.tracing.graph import FunctionNode, Graph, VariableNode
from ipy_autodiff.tracing.lazily import LazyGraph, Wiring
from ipy_autodiff.views.graph.outline import Part, arrange, inside, outline

__all__ = ["Folded", "Level", "Levels", "fold", "part_id", "place_of"]

_MOST_AT_FIRST = (24, 18, 14, 10)
_MOST_INSIDE = (40, 28, 20, 14)
_STEPS = re.compile(r"\.?\w+|\[[^\]]*\]")  # of model.blocks[0]: model, .blocks, [0]
_AFTER = 3  # calls without parameters that still belong to the layer before them
_TANGLED = 130  # edges
_MOST_ALIKE = 12
_MOST_OF_A_PART = 3
_NAMED_LEAVES = 12
_BETWEEN = 8

Indexes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Level:
    """What one level shows. Functions and Variables are told by their place in the graph."""

    parts: tuple[Part, ...]
    variables: tuple[int, ...]
    crowds: dict[str, int]
    """Boxes that stand for Variables that go the same way: how many each counts."""
    edges: tuple[tuple[str, str], ...]
    everywhere: frozenset[str] = frozenset()
    """Those of the crowds whose Variables go into so many parts that no edges are drawn."""

    @property
    def functions(self) -> tuple[int, ...]:
        """The calls that are drawn."""
        return tuple(part.start for part in self.parts if part.is_call)

    @property
    def folded(self) -> tuple[Part, ...]:
        """The parts that are drawn as one box."""
        return tuple(part for part in self.parts if not part.is_call)


def part_id(part: Part) -> str:
    """The identifier of a part's box: ``b3x17`` for the calls 3 to 16."""
    return f"b{part.start}x{part.stop}"


@dataclass(frozen=True)
class Folded:
    """What is drawn of a graph at first. ``edges`` are pairs of identifiers."""

    variables: tuple[VariableNode, ...]
    functions: tuple[FunctionNode, ...]
    edges: tuple[tuple[str, str], ...]
    boxes: dict[str, tuple[int, int]]
    """For each box that stands for what is left out: how many Functions, or else how many Variables."""

    @property
    def hidden_functions(self) -> int:
        """How many Functions are in boxes."""
        return sum(functions for functions, _ in self.boxes.values())


def fold(graph: Graph) -> Folded:
    """The part of the graph that is drawn at first; all of it where it is small."""
    level = Levels(graph).whole
    boxes = {part_id(part): (part.size, 0) for part in level.folded}
    boxes |= {crowd: (0, count) for crowd, count in level.crowds.items()}
    variables = tuple(graph.variables[place] for place in level.variables)
    return Folded(variables, tuple(graph.functions[place] for place in level.functions), level.edges, boxes)


def place_of(graph: Graph, function: str) -> int | None:
    """The place of the Function with this identifier; None where the graph has none."""
    place = int(function[1:]) if function[1:].isdecimal() else 0
    if place < len(graph.functions) and graph.functions[place].id == function:
        return place
    return next((place for place, node in enumerate(graph.functions) if node.id == function), None)


_known: WeakKeyDictionary[Graph, Level] = WeakKeyDictionary()


class Levels:
    """The levels of one graph, each computed when it is asked for."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def _wiring(self) -> _Wiring:
        return _Wiring(self.graph)

    @property
    def whole(self) -> Level:
        """The graph as it is first shown."""
        if self.graph not in _known:
            _known[self.graph] = self._whole()
        return _known[self.graph]

    def _whole(self) -> Level:
        count = len(self.graph.functions)
        if count <= DRAWN_FUNCTIONS:
            return self._level([Part(place, place + 1) for place in range(count)])
        lines = self._wiring.lines
        parts = outline(self._wiring.tokens(), lines)
        return self._readable(lambda most: arrange(parts, self._kinds, most), _MOST_AT_FIRST)

    def within(self, part: Part) -> Level:
        """What is shown when this part is opened."""
        return self._readable(lambda most: inside(part, self._kinds, most), _MOST_INSIDE)

    def _readable(self, parts: Callable[[int], Sequence[Part]], most: Sequence[int]) -> Level:
        """As many parts as there can be before the picture is too tangled to be read."""
        limit = _TANGLED * most[0] // _MOST_INSIDE[0]
        best: Level | None = None
        for number in most:
            level = self._level(parts(number))
            if best is None or len(level.edges) < len(best.edges):
                best = level
            if len(level.edges) <= limit:
                break
        assert best is not None
        return best

    def lines(self, part: Part) -> tuple[int, int] | None:
        """The first and the last line of the cell that the part's calls stand on; None where one is not known."""
        found = self._wiring.lines[part.start : part.stop if part.times == 1 else part.start + part.period]
        known = [line for line in found if line is not None]
        return (min(known), max(known)) if len(known) == len(found) else None

    def sweep(self, part: Part) -> int:
        """Which backward pass, from 1, made just the part's calls; 0 where none did, or these are not all of it."""
        sweeps = self._wiring.sweeps
        found = set(sweeps[part.start : part.stop])
        beside = sweeps[max(0, part.start - 1) : part.start] + sweeps[part.stop : part.stop + 1]
        return found.pop() if len(found) == 1 and found.isdisjoint(beside) else 0

    def names(self, part: Part) -> list[str]:
        """The names of the calls of the part; of a loop, of one iteration."""
        return self._wiring.names[part.start : part.start + part.period]

    def holder(self, part: Part) -> str:
        """The layer or model whose parameters the part's calls take, such as ``model.l1``; empty if some have none."""
        return "".join(_common(list(set(self._wiring.holders[part.start : part.stop]))))

    @property
    def _kinds(self) -> list[Any]:
        holders = self._wiring.holders
        deepest = max(map(len, holders), default=0)
        layers = [[path[:depth] for path in holders] for depth in range(1, deepest + 1)]
        kinds: list[Sequence[Any]] = [self._wiring.sweeps, *layers, self._wiring.lines]
        return [kind.__getitem__ for kind in kinds]

    def _level(self, parts: Sequence[Part]) -> Level:
        wiring = self._wiring
        passing, outputs = wiring.passing(parts)
        counts: dict[str, int] = {}
        chosen: list[int] = []
        everywhere: set[str] = set()
        edges: list[tuple[str, str]] = []
        boxed = [not part.is_call for part in parts]
        ids = [part_id(part) if box else wiring.function_id(part.start) for part, box in zip(parts, boxed, strict=True)]
        alike: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        bundled: dict[tuple[int, int], None] = {}
        between, entering = _between_parts(passing, boxed)
        for variable, (maker, takers) in passing.items():
            if maker < 0 and takers and all(boxed[taker] for taker in takers) and wiring.is_unnamed_leaf(variable):
                continue  # a leaf without a name that only parts take is inside of them
            if variable in between:
                bundled.update(((maker, taker), None) for taker in takers)
            elif variable in entering:
                alike.setdefault((-1, ()), []).append(variable)
            else:
                alike.setdefault((maker, tuple(takers)), []).append(variable)
        for (maker, going), variables in alike.items():
            takers = list(going)
            at_part = (maker >= 0 and boxed[maker]) or any(boxed[taker] for taker in takers)
            shown: list[int] = []
            rest = 0
            if maker < 0 and not takers and entering:
                rest = len(variables)
                takers = list(dict.fromkeys(taker for variable in entering for taker in passing[variable][1]))
                if len(takers) > _MOST_OF_A_PART:
                    everywhere.add(f"m{len(counts) + 1}")
                    takers = []
            elif maker < 0 and len(takers) == 1 and boxed[takers[0]]:
                named = [v for v in variables if wiring.maker[v] < 0][:_NAMED_LEAVES]
                others = [v for v in variables if wiring.maker[v] >= 0]
                shown, rest = _some(others, _MOST_OF_A_PART, all_or_none=True)
                shown = [*named, *shown]
            else:
                shown, rest = _some(variables, _MOST_OF_A_PART if at_part else _MOST_ALIKE, all_or_none=at_part)
            names = [wiring.variable_id(variable) for variable in shown]
            chosen += shown
            if rest:
                crowd = f"m{len(counts) + 1}"
                counts[crowd] = rest
                names.append(crowd)
            for name in names:
                edges += [(name, ids[taker]) for taker in takers]
                edges += [(ids[maker], name)] if maker >= 0 else []
        edges += [(ids[maker], ids[taker]) for maker, taker in bundled]
        edges += [(ids[maker], wiring.variable_id(variable)) for maker, variable in outputs if variable in set(chosen)]
        return Level(tuple(parts), tuple(sorted(chosen)), counts, tuple(edges), frozenset(everywhere))


def _common(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The beginning that all these paths share."""
    least, most = (min(paths), max(paths)) if paths else ((), ())
    shared = next((place for place, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), len(least))
    return least[:shared]


def _between_parts(passing: Mapping[int, tuple[int, list[int]]], boxed: Sequence[bool]) -> tuple[set[int], set[int]]:
    """Variables that only boxes make and take, and that only several boxes take: where they are too many to show."""
    only = [v for v, (_, takers) in passing.items() if takers and all(boxed[taker] for taker in takers)]
    between = {variable for variable in only if passing[variable][0] >= 0 and boxed[passing[variable][0]]}
    entering = {variable for variable in only if passing[variable][0] < 0 and len(passing[variable][1]) > 1}
    return between if len(between) > _BETWEEN else set(), entering if len(entering) > _BETWEEN else set()


def _some(variables: list[int], most: int, *, all_or_none: bool) -> tuple[list[int], int]:
    """Those that are shown one by one, and how many are counted."""
    if len(variables) <= most:
        return variables, 0
    if all_or_none:
        return [], len(variables)
    half = most // 2
    return variables[:half] + variables[-half:], len(variables) - 2 * half


class _Wiring:
    """Which Variable goes into and comes out of which call, and what is known of the calls, by their places."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        if isinstance(graph, LazyGraph):
            wiring = graph.wiring
            self.names = [kind.__name__ for kind in graph.kinds]
            self.lines = graph.lines
            self.sweeps = graph.sweeps
        else:
            functions = graph.functions
            place = {variable: number for number, variable in enumerate(graph.variables)}
            inputs, outputs = (
                [[place[v] for v in getattr(function, side)] for function in functions]
                for side in ("inputs", "outputs")
            )
            wiring = Wiring.of(inputs, outputs, len(graph.variables))
            self.names = [function.name for function in functions]
            self.lines = [function.line for function in functions]
            self.sweeps = [function.sweep for function in functions]
        self.input_starts, self.inputs = wiring.input_starts, wiring.inputs
        self.output_starts, self.outputs = wiring.output_starts, wiring.outputs
        self.maker, self.first, self.last = wiring.maker, wiring.first, wiring.last

    @cached_property
    def holders(self) -> list[tuple[str, ...]]:
        """The way to the object that holds each call's parameters: of ``model.l1.W``, ``("model", ".l1")``.

        A few calls without any stand with the one before them, as an activation does with its layer.
        """
        if isinstance(self.graph, LazyGraph):
            return [()] * len(self.names)
        found: list[tuple[str, ...]] = []
        since = 0
        for function in self.graph.functions:
            names = [node.name for node in function.inputs if node.role == "leaf" and node.named]
            path = next((name.rpartition(".")[0] for name in names if "." in name), "")
            since = 0 if path else since + 1
            found.append(tuple(_STEPS.findall(path)) if path else found[-1] if found and since <= _AFTER else ())
        return found

    def tokens(self) -> list[int]:
        """A number for each call, the same for calls of one class with equally many inputs on one line."""
        known: dict[str, int] = {}
        found = np.array([known.setdefault(name, len(known)) for name in self.names])
        arities = np.diff(self.input_starts)
        found = found * (arities.max(initial=0) + 1) + arities
        if None not in self.lines:
            lines = np.array(self.lines)
            found = found * (lines.max(initial=0) + 1) + lines
        return list(found.tolist())

    def function_id(self, place: int) -> str:
        return self.graph.functions[place].id

    def variable_id(self, place: int) -> str:
        return self.graph.variables[place].id

    def is_unnamed_leaf(self, place: int) -> bool:
        """Whether it is a leaf that nobody named."""
        return bool(self.maker[place] < 0) and not self.graph.variables[place].named

    def passing(self, parts: Sequence[Part]) -> tuple[dict[int, tuple[int, list[int]]], list[tuple[int, int]]]:
        """The Variables between these parts: the part that makes each (-1: none of them) and those that take it.

        A part takes a Variable once, a call as often as it goes in. Beside them, further calls that make one.
        """
        if not parts:
            return {place: (-1, []) for place in range(min(len(self.graph.variables), _MOST_ALIKE))}, []
        start, stop = parts[0].start, parts[-1].stop
        sizes = [part.size for part in parts]
        item = np.repeat(np.arange(len(parts)), sizes)
        is_call = np.array([part.is_call for part in parts])
        low, high = self.input_starts[start], self.input_starts[stop]
        variables = self.inputs[low:high]
        takers = np.repeat(item, np.diff(self.input_starts[start : stop + 1]))
        makers = self._item_of(self.maker[variables], item, start, stop)
        kept = np.flatnonzero((takers != makers) | is_call[takers])
        found: dict[int, tuple[int, list[int]]] = {}
        low, high = self.output_starts[start], self.output_starts[stop]
        made = self.outputs[low:high]
        by = np.repeat(item, np.diff(self.output_starts[start : stop + 1]))
        leaving = (self.last[made] >= stop) | (self.last[made] < 0) | (self.first[made] < start) | is_call[by]
        several: list[tuple[int, int]] = []
        for variable, maker in zip(made[leaving].tolist(), by[leaving].tolist(), strict=True):
            if variable in found and found[variable][0] != maker:
                several.append((found[variable][0], variable))
            found[variable] = (maker, [])
        boxed = (~is_call).tolist()
        for variable, taker, maker in zip(
            variables[kept].tolist(), takers[kept].tolist(), makers[kept].tolist(), strict=True
        ):
            if variable not in found:
                found[variable] = (maker, [])
            into = found[variable][1]
            if not boxed[taker] or taker not in into:
                into.append(taker)
        if stop - start == len(self.names):
            lonely = np.flatnonzero((self.maker < 0) & (self.last < 0))[:_MOST_ALIKE]
            found.update((place, (-1, [])) for place in lonely.tolist())
        return found, several

    @staticmethod
    def _item_of(functions: Indexes, item: Indexes, start: int, stop: int) -> Indexes:
        within = (functions >= start) & (functions < stop)
        return np.where(within, item[np.where(within, functions - start, 0)], -1)
