"""Draw a Trace as a graph: Variables as cards with value and gradient, Functions as ellipses, in one SVG.

The SVG brings its own style, so the same text serves inside a page, as an image, and as a file. A step needs no new
layout: it is the class ``active`` on nodes that have identifiers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ipy_autodiff.messages import Message, say
from ipy_autodiff.tracing.graph import FunctionNode, VariableNode
from ipy_autodiff.views.folding import Folded, fold
from ipy_autodiff.views.front_end import read
from ipy_autodiff.views.gradients import Timeline, timeline
from ipy_autodiff.views.labels import is_exotic, shorten, width
from ipy_autodiff.views.layout import Curve, Layout, Size, place
from ipy_autodiff.views.numbers import inline, spell_type

if TYPE_CHECKING:
    from ipy_autodiff.gradcheck.blame import Blame
    from ipy_autodiff.views.trace import Trace

__all__ = ["Picture", "draw"]

_PAD = 11
_LINE = 18
_MARGIN = 12
_NAME = 13
_FONT = 12
_SMALL = 10.5
_SHRINKS = 0.72
_WIDEST_ACROSS = 1300
_ANY_NUMBER = "-0.12345"


@dataclass(frozen=True)
class Picture:
    """A drawn graph. Identifiers in ``around`` carry no prefix; those in the SVG carry the one that was asked for."""

    svg: str
    summary: str
    around: dict[str, list[str]]
    """For each Function that is drawn: itself, its Variables and the edges between."""
    hidden: int
    """How many Functions are not drawn."""


def draw(trace: Trace, prefix: str = "", *, judged: bool = True, roomy: bool = False) -> Picture:
    """The graph as SVG. Identifiers begin with ``prefix``, so that two pictures can stand in one page.

    ``judged`` marks the Variables with the comparison's verdicts and the Functions that are to blame; ``roomy`` leaves
    room for any other number in place of one that is shown.
    """
    folded = fold(trace.graph)
    cards = _Cards(trace, folded, judged, roomy)
    across = len(folded.functions) <= 60
    layout = place(cards.sizes, folded.edges, across=across)
    if layout.width > _WIDEST_ACROSS and across:
        downwards = place(cards.sizes, folded.edges, across=False)
        across = layout.width <= downwards.width
        layout = layout if across else downwards

    around: dict[str, list[str]] = {function.id: [function.id] for function in folded.functions}
    edges = []
    for index, curve in enumerate(layout.curves):
        edges.append(f'<path class="edge" id="{prefix}e{index}" d="{_path(curve)}"/>')
        for end, other in ((curve.tail, curve.head), (curve.head, curve.tail)):
            if end in around:
                around[end] += [f"e{index}"] + ([other] if other not in around[end] else [])

    summary = say("views.graph", variables=len(trace.graph.variables), functions=len(trace.graph.functions))
    wide, high = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN + (_LINE if cards.blamed else 0)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ad-svg" role="group" aria-label="{_attribute(summary)}" '
        f'width="{wide:.0f}" height="{high:.0f}" viewBox="{-_MARGIN} {-_MARGIN} {wide:.0f} {high:.0f}" '
        f'style="min-width:{wide * _SHRINKS:.0f}px">'
        f"<style>{read('graph.css')}</style>{''.join(edges)}{''.join(cards.svg(layout, prefix, across))}</svg>"
    )
    return Picture(svg, summary, around, folded.hidden_functions)


@dataclass
class _Card:
    """A Variable's lines: text on the left, text on the right, and the class of the latter."""

    rows: list[tuple[str, str, str]]
    title: str
    classes: str
    named: bool
    widest: dict[str, float] = field(default_factory=dict)

    def width(self) -> float:
        name, role, _ = self.rows[0]
        widths = [width(name) * _NAME + (width(role) * _SMALL + 16 if role else 0)]
        for label, text, kind in self.rows[1:]:
            room = max(width(text), self.widest.get(kind, 0)) * _FONT
            widths.append(room + (width(label) * _SMALL + 12 if label else 0))
        return max(84, max(widths) + 2 * _PAD)

    def height(self) -> float:
        return len(self.rows) * _LINE + 12


class _Cards:
    """Every node of one picture: its texts, the room it takes, and its SVG."""

    def __init__(self, trace: Trace, folded: Folded, judged: bool, roomy: bool) -> None:
        self.folded = folded
        self.room = width(_ANY_NUMBER) if roomy else 0.0
        self.verdicts = {row.variable: row.verdict for row in trace.comparison.rows} if judged else {}
        self.blamed = {blame.function: blame for blame in reversed(trace.blame) if blame.function} if judged else {}
        self.checked = trace.comparison.functions if judged else {}
        gradients = timeline(trace.recording)
        self.variables = {variable.id: self._card(variable, gradients) for variable in folded.variables}
        self.functions = {function.id: shorten(function.name, 24) for function in folded.functions}
        self.boxes = {
            box: say("views.folded_functions", n=functions) if functions else say("views.folded_variables", n=variables)
            for box, (functions, variables) in folded.boxes.items()
        }
        self.sizes = {name: Size(card.width(), card.height()) for name, card in self.variables.items()}
        for name, text in self.functions.items():
            self.sizes[name] = Size(max(66, width(text) * _NAME * 1.12 + 24), 40, round=True)
        for name, text in self.boxes.items():
            self.sizes[name] = Size(width(text) * _FONT + 28, 34)

    def svg(self, layout: Layout, prefix: str, across: bool) -> list[str]:
        parts = []
        for variable in self.folded.variables:
            card, (x, y) = self.variables[variable.id], layout.centres[variable.id]
            parts.append(_variable(card, self.sizes[variable.id], x, y, prefix + variable.id))
        for function in self.folded.functions:
            x, y = layout.centres[function.id]
            parts.append(self._function(function, x, y, prefix + function.id, across))
        for name, text in self.boxes.items():
            (x, y), size = layout.centres[name], self.sizes[name]
            parts.append(
                f'<g class="folded" transform="translate({x - size.width / 2:.1f} {y - size.height / 2:.1f})">'
                f'<rect width="{size.width:.0f}" height="{size.height:.0f}"/>'
                f"{_text(text, 'c', size.width / 2, 22)}</g>"
            )
        return parts

    def _card(self, variable: VariableNode, gradients: Timeline) -> _Card:
        name, value, kind = (
            shorten(variable.name, 24 if variable.named else 14),
            inline(variable.data),
            spell_type(variable.data),
        )
        gradient = gradients.final(variable.id)
        role = "" if variable.role == "intermediate" else say(f"views.{variable.role}")
        rows = [(name, role, "r"), ("data", value, "d")]
        if variable.shape != () and kind != value:
            rows.insert(1, ("", shorten(kind, 26), "t"))
        rows.append(("grad", gradient, "d grad"))
        verdict = self.verdicts.get(variable, "")
        said = [shorten(variable.name, 400), say(f"views.{variable.role}"), kind, f"data {value}", f"grad {gradient}"]
        if verdict:
            said.append(say(f"views.{verdict}"))
        classes = " ".join(filter(None, ("variable", variable.role, verdict)))
        widest = max((width(inline(carried)) for carried in gradients.history.get(variable.id, ())), default=0.0)
        room = self.room if kind != value and np.size(variable.data) == 1 else 0.0
        return _Card(rows, ", ".join(said), classes, variable.named, {"d": room, "d grad": max(widest, room)})

    def _function(self, node: FunctionNode, x: float, y: float, identifier: str, across: bool) -> str:
        size, blame, check = self.sizes[node.id], self.blamed.get(node), self.checked.get(node)
        verdict = "fail" if blame is not None else check.verdict if check is not None else ""
        said = shorten(node.name, 400)
        if node.line is not None:
            said = say("views.called_on_line", name=said, line=node.line)
        if blame is not None or self.checked:
            state = verdict or "unchecked"
            said = f"{said}, {say(f'views.function-{state}')}"
        mark = _mark(verdict, size.width * 0.85, size.height * 0.12) if verdict else ""
        label = _instead(blame) if blame is not None else ""
        if label:
            place_ = (size.width / 2, size.height + 28) if across else (size.width + 6, size.height / 2 + 4)
            mark += _text(shorten(label, 40), "w" if across else "w beside", *place_)
        return (
            f'<g class="function {verdict}{" blamed" if blame is not None else ""}" id="{identifier}" role="img" '
            f'transform="translate({x - size.width / 2:.1f} {y - size.height / 2:.1f})"><title>{_content(said)}</title>'
            f'<ellipse cx="{size.width / 2:.1f}" cy="{size.height / 2:.1f}" rx="{size.width / 2:.1f}" '
            f'ry="{size.height / 2:.1f}"/>{_text(self.functions[node.id], "c", size.width / 2, size.height / 2 + 4.5)}'
            f"{mark}</g>"
        )


def _instead(blame: Blame) -> str:
    """What the Function gave and what it should have given, where its accusation has the numbers."""
    numbers = blame.sentence.blanks.get("numbers") if isinstance(blame.sentence, Message) else None
    if not isinstance(numbers, Message) or not {"got", "truth"} <= numbers.blanks.keys():
        return ""
    return say("views.instead", got=numbers.blanks["got"], truth=numbers.blanks["truth"])


def _variable(card: _Card, size: Size, x: float, y: float, identifier: str) -> str:
    wide, high = f"{size.width:.0f}", f"{size.height:.0f}"
    right = size.width - _PAD
    corner = f"translate({x - size.width / 2:.1f} {y - size.height / 2:.1f})"
    parts = [
        f'<g class="{card.classes}" id="{identifier}" role="img" transform="{corner}">',
        f'<title>{_content(card.title)}</title><rect width="{wide}" height="{high}" rx="8"/>',
    ]
    if "output" in card.classes:
        inner = f'width="{size.width - 6:.0f}" height="{size.height - 6:.0f}"'
        parts.append(f'<rect class="inner" x="3" y="3" {inner} rx="5"/>')
    for index, (left_text, right_text, kind) in enumerate(card.rows):
        baseline = 19 + index * _LINE
        if left_text:
            parts.append(_text(left_text, ("n" if card.named else "u") if index == 0 else "k", _PAD, baseline))
        if right_text:
            parts.append(_text(right_text, kind, right, baseline))
    for verdict in ("pass", "fail", "inconclusive"):
        if verdict in card.classes:
            parts.append(_mark(verdict, size.width - 4, 3))
    return "".join(parts) + "</g>"


_MARKS = {
    "pass": '<path d="M-3.6.2-1 2.9 3.8-2.6"/>',
    "fail": '<path d="M-2.9-2.9 2.9 2.9M2.9-2.9-2.9 2.9"/>',
    "inconclusive": '<path d="M-2-1.8a2 2 0 1 1 2.6 2q-.6.3-.6 1.4M0 3.7v.1"/>',
}


def _mark(verdict: str, x: float, y: float) -> str:
    return f'<g class="mark" transform="translate({x:.0f} {y:.0f})"><circle r="7.5"/>{_MARKS[verdict]}</g>'


def _text(text: str, kind: str, x: float, y: float) -> str:
    size = _NAME if kind in "nuc" else _SMALL if kind in "kr" else _FONT
    fit = f' textLength="{width(text) * size:.0f}" lengthAdjust="spacingAndGlyphs"' if is_exotic(text) else ""
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}"{fit}>{_content(text)}</text>'


def _path(curve: Curve) -> str:
    """The curve, and an open arrowhead of two short lines at its end."""
    (x0, y0), *rest = curve.points
    (bx, by), (x, y) = curve.points[-2:]
    if all(abs(py - y0) < 0.5 for _, py in rest):
        line = f"M{x0:.0f} {y0:.1f}H{x:.1f}"
    else:
        line = f"M{x0:.1f} {y0:.1f}C" + " ".join(f"{px:.1f} {py:.1f}" for px, py in rest)
    length = ((x - bx) ** 2 + (y - by) ** 2) ** 0.5 or 1.0
    ux, uy = (x - bx) / length * 6, (y - by) / length * 6
    left, right = (x - ux - uy * 0.6, y - uy + ux * 0.6), (x - ux + uy * 0.6, y - uy - ux * 0.6)
    return f"{line}M{left[0]:.1f} {left[1]:.1f}L{x:.1f} {y:.1f} {right[0]:.1f} {right[1]:.1f}"


def _content(text: str) -> str:
    return escape(text, quote=False)


def _attribute(text: str) -> str:
    return escape(text, quote=True)
