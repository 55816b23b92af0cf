"""Draw a Trace as a graph: Variables as cards with value and gradient, Functions as ellipses, in one SVG.

The SVG brings its own style, so the same text serves inside a page, as an image, and as a file. A step needs no new
layout: it is the class ``active`` on nodes that have identifiers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from ipy_autodiff.front_end import read
from ipy_autodiff.limits import DRAWN_FUNCTIONS
from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import Graph
from ipy_autodiff.views.graph.cards import Cards
from ipy_autodiff.views.graph.folding import Levels, part_id, place_of
from ipy_autodiff.views.graph.opening import openable
from ipy_autodiff.views.graph.outline import Part
from ipy_autodiff.views.layout import Curve, place

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["Picture", "draw"]

_MARGIN = 12
_SHRINKS = 0.72
_WIDEST_ACROSS = 1300
_FEW = 25  # nodes that nobody needs to search or to zoom into


@dataclass(frozen=True)
class Picture:
    """A drawn graph. Its identifiers are the nodes' own, and those of edges; the page makes them its own."""

    svg: str
    summary: str
    around: Mapping[str, list[str]]
    """For each Function: itself, its Variables and the edges between; or itself and the box that it is in."""
    hidden: int
    """How many Functions are in boxes."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """What the front end needs to open the boxes."""
    modules: tuple[str, ...] = ("graph",)
    """The front end's files that show it."""


def draw(trace: Trace, *, judged: bool = True, roomy: bool = False) -> Picture:
    """The graph as SVG.

    ``judged`` marks the Variables with the comparison's verdicts and the Functions that are to blame; ``roomy`` leaves
    room for any other number in place of one that is shown.
    """
    levels = Levels(trace.graph)
    level = levels.whole
    cards = Cards(trace, levels, level, judged, roomy)
    edges = cards.with_plates(level.edges)
    plates = {plate: function for plate, (function, _) in cards.plates.items()}
    across = len(level.parts) <= DRAWN_FUNCTIONS
    layout = place(cards.sizes, edges, across=across, close=plates)
    if layout.width > _WIDEST_ACROSS and across:
        downwards = place(cards.sizes, edges, across=False, close=plates)
        across = layout.width <= downwards.width
        layout = layout if across else downwards

    around: dict[str, list[str]] = {function.id: [function.id] for function in cards.shown}
    paths = []
    for index, curve in enumerate(layout.curves):
        tail, head = plates.get(curve.tail, curve.tail), plates.get(curve.head, curve.head)
        at_plate = curve.tail in plates or curve.head in plates
        paths.append(
            f'<path class="edge{" wrong" if at_plate else ""}{cards.aside(curve)}" id="e{index}" '
            f'd="{_path(curve, arrow=curve.head not in plates)}"/>'
        )
        for end, other in ((tail, head), (head, tail)):
            if end in around:
                around[end] += [f"e{index}"] + ([other] if other not in around[end] else [])

    variables, functions = len(trace.graph.variables), len(trace.graph.functions)
    summary = say("views.graph", variables=variables, functions=functions)
    wide, high = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    style = read("picture.css") + (read("boxes.css") if cards.boxes else "")
    if judged and (cards.blamed or not trace.comparison.ok):
        style += read("wrong.css")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ad-svg" role="group" aria-label="{_attribute(summary)}" '
        f'width="{wide:.0f}" height="{high:.0f}" viewBox="{-_MARGIN} {-_MARGIN} {wide:.0f} {high:.0f}" '
        f'style="min-width:{wide * _SHRINKS:.0f}px">'
        f"<style>{style}</style>{''.join(paths)}{''.join(cards.svg(layout))}</svg>"
    )
    if not level.folded and len(level.parts) + len(level.variables) <= _FEW:
        return Picture(svg, summary, around, 0)
    hidden = sum(part.size for part in level.folded)
    located = Located(around, trace.graph, level.folded) if hidden else around
    return Picture(svg, summary, located, hidden, {"large": openable(levels, cards)}, ("graph", "large"))


class Located(Mapping[str, list[str]]):
    """What is drawn around each Function: of one in a box, itself and that box. It goes over those that are drawn."""

    def __init__(self, around: Mapping[str, list[str]], graph: Graph, folded: Sequence[Part]) -> None:
        self._around = around
        self._graph = graph
        self._folded = folded

    def __getitem__(self, function: str) -> list[str]:
        found = self._around.get(function)
        if found is not None:
            return found
        place = place_of(self._graph, function)
        if place is None:
            raise KeyError(function)
        return [function, *(part_id(part) for part in self._folded if part.start <= place < part.stop)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._around)

    def __len__(self) -> int:
        return len(self._around)


def _path(curve: Curve, *, arrow: bool) -> str:
    """The curve, and an open arrowhead of two short lines at its end."""
    (x0, y0), *rest = curve.points
    (bx, by), (x, y) = curve.points[-2:]
    if all(abs(py - y0) < 0.5 for _, py in rest):
        line = f"M{x0:.0f} {y0:.1f}H{x:.1f}"
    else:
        line = f"M{x0:.1f} {y0:.1f}C" + " ".join(f"{px:.1f} {py:.1f}" for px, py in rest)
    if not arrow:
        return line
    length = ((x - bx) ** 2 + (y - by) ** 2) ** 0.5 or 1.0
    ux, uy = (x - bx) / length * 6, (y - by) / length * 6
    left, right = (x - ux - uy * 0.6, y - uy + ux * 0.6), (x - ux + uy * 0.6, y - uy - ux * 0.6)
    return f"{line}M{left[0]:.1f} {left[1]:.1f}L{x:.1f} {y:.1f} {right[0]:.1f} {right[1]:.1f}"


def _attribute(text: str) -> str:
    return escape(text, quote=True)
