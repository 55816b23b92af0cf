"""What the page needs to open the boxes of a large graph: their levels, laid out, and the texts of what is on them.

Of a very large graph the levels nearest to the whole are told, and of each loop the way to its first and last
iterations.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import Any

from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import FunctionNode, VariableNode
from ipy_autodiff.views.graph.boxes import crowd, describe
from ipy_autodiff.views.graph.cards import Cards, box_size, function_size, plate_size
from ipy_autodiff.views.graph.folding import Level, Levels, part_id
from ipy_autodiff.views.graph.function_labels import function_label
from ipy_autodiff.views.graph.level_layouts import LevelLayouts
from ipy_autodiff.views.graph.outline import Part
from ipy_autodiff.views.text.labels import shorten

__all__ = ["openable"]

_BYTES = 260_000
_MANY_FUNCTIONS = 4_000
_LEVELS_OF_MANY = 48
_VERDICTS = ("pass", "fail", "inconclusive")
_SAYS = ("find", "found", "whole", "out", "in", "fit", "frame", "back", "forth", "beyond", "path")


def openable(levels: Levels, cards: Cards) -> dict[str, Any]:
    """The levels of a graph as data for the front end, as many as a page has room for."""
    tables = _Tables(levels, cards)
    many = len(levels.graph.functions) > _MANY_FUNCTIONS
    numbers = count()
    pending: list[tuple[int, int, int, Part, str]] = []

    def wait(level: Level, parent: str, inner: int, depth: int) -> None:
        folded = level.folded
        for place, part in enumerate(folded):
            middle = many and 0 < place < len(folded) - 1
            heappush(pending, (inner + middle, depth, next(numbers), part, parent))

    wait(levels.whole, "", 0, 0)
    while (
        pending and tables.size + tables.layouts.size < _BYTES and not (many and len(tables.levels) >= _LEVELS_OF_MANY)
    ):
        inner, depth, _, part, parent = heappop(pending)
        level = levels.within(part)
        tables.add(part, level, parent)
        wait(level, part_id(part), inner, depth + 1)
    return tables.payload()


class _Tables:
    """Collects what the levels show, each Function and Variable once."""

    def __init__(self, levels: Levels, cards: Cards) -> None:
        self.levels: dict[str, dict[str, Any]] = {}
        self.size = 0
        self.layouts = LevelLayouts()
        self._levels = levels
        self._cards = cards
        self._functions: dict[str, dict[str, Any]] = {}
        self._variables: dict[str, dict[str, Any]] = {}
        self._boxes: dict[str, dict[str, Any]] = {}
        self._top = {part_id(part) for part in levels.whole.folded}
        for part in levels.whole.folded:
            self._add_box(part)

    def add(self, part: Part, level: Level, parent: str) -> None:
        """Take in the level that opens from this part; ``parent`` is the box whose level shows the part."""
        graph, cards = self._levels.graph, self._cards
        functions = [graph.functions[place] for place in level.functions]
        variables = [graph.variables[place] for place in level.variables]
        for function in functions:
            self._add_function(function)
        for variable in variables:
            self._add_variable(variable)
        for inner in level.folded:
            self._add_box(inner)
        ids = [function.id for function in functions] + [variable.id for variable in variables]
        ids += [part_id(inner) for inner in level.folded]
        crowds = {name: crowd(level, name).rows for name in level.crowds}
        sizes = [function_size(function_label(node), cards.origin(node)) for node in functions]
        sizes += [cards.variable_size(node) for node in variables]
        sizes += [box_size(describe(self._levels, inner).rows) for inner in level.folded]
        sizes += [box_size(rows) for rows in crowds.values()]
        places = {name: place for place, name in enumerate([*ids, *crowds])}
        edges = [(places[tail], places[head]) for tail, head in level.edges]
        plates: list[dict[str, Any]] = []
        laid: list[tuple[int, int]] = []
        for number, (tail, head) in enumerate(edges):
            text = cards.wrong.get(level.edges[number])
            if text is None or any(edges[plate["edge"]][1] == head for plate in plates):
                laid.append((tail, head))
                continue
            plates.append({"edge": number, "text": text})
            laid += [(tail, len(sizes)), (len(sizes), head)]
            sizes.append(plate_size(text))
        close = range(len(sizes) - len(plates), len(sizes))
        told: dict[str, Any] = {"up": parent, "nodes": ids, "layout": self.layouts.add(sizes, laid, close)}
        told["edges"] = [{"tail": tail, "head": head} for tail, head in edges]
        if crowds:
            told["crowds"] = crowds
        if plates:
            told["plates"] = plates
        self.levels[part_id(part)] = told
        self.size += 60 + sum(map(len, ids)) + len(ids) + 6 * len(edges)

    def _add_function(self, node: FunctionNode) -> None:
        if node.id in self._functions:
            return
        more = {"line": node.line, "verdict": self._cards.verdict(node), "origin": self._cards.origin(node)}
        self._functions[node.id] = {"name": function_label(node), **_filled(more)}
        self.size += 16

    def _add_variable(self, node: VariableNode) -> None:
        if node.id in self._variables:
            return
        cards = self._cards
        name, kind, value, gradient = cards.texts(node)
        more = {
            "named": node.named,
            "kind": shorten(kind, 26) if node.shape != () and kind != value else "",
            "value": value if cards.shows_value(node, name, value) else "",
            "gradient": gradient if cards.has_gradient(node) else "",
            "verdict": cards.verdicts.get(node, ""),
        }
        self._variables[node.id] = {"name": name, "role": node.role, **_filled(more)}
        self.size += 30 + len(name) + len(value) + len(gradient)

    def _add_box(self, part: Part) -> None:
        box = describe(self._levels, part)
        wrong = any(part.start <= place < part.stop for place in self._cards.wrong_places)
        self._boxes[part_id(part)] = _filled({"rows": box.rows, "loop": box.loop, "wrong": wrong})
        self.size += 24 + sum(map(len, box.rows))

    def payload(self) -> dict[str, Any]:
        """All of it, with the sentences that the page needs for it."""
        says = {key: say(f"large.{key}") for key in _SAYS}
        says |= {key: say(f"views.{key}") for key in ("leaf", "intermediate", "output", *_VERDICTS)}
        says["called"] = say("views.called_on_line", name="{name}", line="{line}")
        says["holds_fail"] = say("large.holds_fail")
        checked = ("pass", "fail", "inconclusive", "unchecked") if self._cards.checked or self._cards.blamed else ()
        says |= {f"function-{verdict}": say(f"views.function-{verdict}") for verdict in checked}
        return {
            "says": says,
            "functions": self._functions,
            "variables": self._variables,
            "boxes": self._boxes,
            "levels": self.levels,
            "layouts": self.layouts.layouts,
            "blamed": [node.id for node in self._cards.blamed],
        }


def _filled(record: dict[str, Any]) -> dict[str, Any]:
    """The record without what is empty, for there may be thousands."""
    return {name: value for name, value in record.items() if value}
