"""Lay out the levels that boxes open into, so that the page draws them and places nothing.

Levels that look alike, as the iterations of a loop do, share one layout: widths are rounded up for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from ipy_autodiff.views.layout import Layout, Point, Size, place

__all__ = ["LevelLayouts"]

_STEP = 12  # pixels
_WIDEST = 1200
_HIGHEST = 560
_GOOD = 0.72  # a scale at which all can still be read


class LevelLayouts:
    """The layouts of levels as data for the page, each once."""

    def __init__(self) -> None:
        self.layouts: list[dict[str, Any]] = []
        """Whole pixels: ``width`` and ``height`` of the picture; of each node its ``width`` and its centre; ``curves``,
        for each edge a start, and then three control points for each Bézier piece, from where the piece starts;
        ``across``: from left to right."""
        self.size = 0
        """About how many bytes they take."""
        self._known: dict[Any, int] = {}

    def add(self, sizes: Sequence[Size], edges: Sequence[tuple[int, int]], close: Sequence[int]) -> int:
        """The number of the layout for nodes of these sizes; ``edges`` leave those in ``close`` short."""
        rounded = tuple(Size(ceil(size.width / _STEP) * _STEP, size.height, size.round) for size in sizes)
        key = (rounded, tuple(edges), tuple(close))
        if key not in self._known:
            self._known[key] = len(self.layouts)
            told = _told(rounded, edges, close)
            self.size += 4 * (3 * len(rounded) + sum(map(len, told["curves"])))
            self.layouts.append(told)
        return self._known[key]


def _told(sizes: Sequence[Size], edges: Sequence[tuple[int, int]], close: Sequence[int]) -> dict[str, Any]:
    named = {str(number): size for number, size in enumerate(sizes)}
    pairs = [(str(tail), str(head)) for tail, head in edges]
    near = [str(number) for number in close]
    layout, across = place(named, pairs, across=True, close=near), True
    if _scale(layout) < _GOOD:
        downwards = place(named, pairs, across=False, close=near)
        if _scale(downwards) > _scale(layout):
            layout, across = downwards, False
    return {
        "width": ceil(layout.width),
        "height": ceil(layout.height),
        "across": across,
        "nodes": [
            {"width": round(size.width), "x": round(x), "y": round(y)}
            for size, (x, y) in zip(sizes, layout.centres.values(), strict=True)
        ],
        "curves": [_curve(curve.points) for curve in layout.curves],
    }


def _curve(points: Sequence[Point]) -> list[int]:
    """The start, and the control points of each piece from where it starts, as SVG's ``c`` takes them."""
    (x, y), *rest = [(round(x), round(y)) for x, y in points]
    numbers = [x, y]
    for number, (a, b) in enumerate(rest):
        numbers += [a - x, b - y]
        if number % 3 == 2:
            x, y = a, b
    return numbers


def _scale(layout: Layout) -> float:
    """How much smaller it is shown so that it fits."""
    return min(1.0, _WIDEST / max(1.0, layout.width), _HIGHEST / max(1.0, layout.height))
