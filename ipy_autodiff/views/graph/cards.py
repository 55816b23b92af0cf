"""Draw the nodes of a picture: Variables as cards with value and gradient, Functions as ellipses, parts as boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ipy_autodiff.designs.reading import GRADIENT, class_name
from ipy_autodiff.messages import Message, say
from ipy_autodiff.tracing.graph import FunctionNode, Graph, VariableNode
from ipy_autodiff.views.graph.boxes import Box, crowd, describe
from ipy_autodiff.views.graph.folding import Level, Levels, part_id, place_of
from ipy_autodiff.views.graph.function_labels import function_label
from ipy_autodiff.views.layout import Curve, Layout, Size
from ipy_autodiff.views.text.formatting import inline, spell_type
from ipy_autodiff.views.text.gradient_timeline import timeline
from ipy_autodiff.views.text.labels import is_exotic, shorten, shorten_middle, width

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace
    from ipy_autodiff.tracing.diagnosis import Diagnosis

__all__ = ["Cards", "box_size", "function_size", "plate_size"]

_PAD = 11
_LINE = 18
_NAME = 13
_FONT = 12
_SMALL = 10.5
_SIZES: dict[str, float] = dict.fromkeys(("name", "unnamed", "called", "heading"), _NAME)
_SIZES |= dict.fromkeys(("label", "role", "detail", "correction"), _SMALL)
_ANY_NUMBER = "-0.12345"


@dataclass
class _Card:
    """A Variable's lines: text on the left, text on the right, and the class of the latter."""

    rows: list[tuple[str, str, str]]
    title: str
    """What is read of it: all that stands on it, with the whole name."""
    full_name: str
    """Where the name is cut."""
    verdict: str
    """In words; empty where there is none."""
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


def function_size(name: str, origin: str) -> Size:
    """The room for a Function's name, and below it the origin that it may have."""
    return Size(max(66, width(name) * _NAME * 1.12 + 24, width(origin) * _SMALL * 1.15 + 22), 40, round=True)


def box_size(rows: Sequence[str]) -> Size:
    """The room for a folded part: what it holds, and what is said of that in smaller letters."""
    widest = max((width(row) for row in rows[1:]), default=0) * _SMALL
    return Size(max(width(rows[0]) * _NAME * 1.04, widest) + 32, len(rows) * 17 + 16)


def plate_size(text: str) -> Size:
    """The room for the numbers on the way of an edge."""
    return Size(width(text) * _SMALL * 1.1 + 14, 22)


class Cards:
    """Every node of one picture: its texts, the room it takes, and its SVG."""

    def __init__(self, trace: Trace, levels: Levels, level: Level, judged: bool, roomy: bool) -> None:
        graph = trace.graph
        self.room = width(_ANY_NUMBER) if roomy else 0.0
        self.level = level
        self.verdicts = {row.variable: row.verdict for row in trace.comparison.rows} if judged else {}
        # A Function at which the engine went wrong may be right by itself.
        accused = [blame for blame in trace.blame if blame.where != "engine"] if judged else []
        self.blamed = {blame.function: blame for blame in reversed(accused) if blame.function}
        self.checked = trace.comparison.functions if judged else {}
        self.gradients = timeline(trace.recording)
        self.shown = [graph.functions[place] for place in level.functions]
        self.drawn = [graph.variables[place] for place in level.variables]
        self.wrong = {pair: text for node in self.blamed if (found := self.wrong_edge(node)) for pair, text in [found]}
        self.variables = {variable.id: self._card(variable) for variable in self.drawn}
        tails = Counter(tail for tail, _ in level.edges)
        self.leaves = {variable.id for variable in self.drawn if variable.role == "leaf" and tails[variable.id] > 1}
        self.functions = {function.id: function_label(function) for function in self.shown}
        self.origins = {function.id: origin for function in self.shown if (origin := self.origin(function))}
        self.boxes = {part_id(part): describe(levels, part) for part in level.folded}
        self.boxes |= {name: crowd(level, name) for name in level.crowds}
        self.wrong_places = self._places_of_wrong(graph)
        self.failing = {
            part_id(part)
            for part in level.folded
            if any(part.start <= place < part.stop for place in self.wrong_places)
        }
        self.sizes = {variable.id: self.variable_size(variable) for variable in self.drawn}
        for name, text in self.functions.items():
            self.sizes[name] = function_size(text, self.origins.get(name, ""))
        for name, box in self.boxes.items():
            self.sizes[name] = box_size(box.rows)
        self.plates: dict[str, tuple[str, str]] = {}

    def variable_size(self, variable: VariableNode) -> Size:
        """The room for a Variable's card, on whatever level it is."""
        card = self.variables.get(variable.id) or self._card(variable)
        return Size(card.width(), card.height())

    def with_plates(self, edges: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """The edges; on the way of one that is to blame stands a plate with its numbers."""
        if not self.wrong:
            return tuple(edges)
        laid: list[tuple[str, str]] = []
        for pair in edges:
            text = self.wrong.get(pair)
            if text is None or any(function == pair[1] for function, _ in self.plates.values()):
                laid.append(pair)
                continue
            plate = f"w{len(self.plates)}"
            self.plates[plate] = (pair[1], text)
            self.sizes[plate] = plate_size(text)
            laid += [(pair[0], plate), (plate, pair[1])]
        return tuple(laid)

    def aside(self, curve: Curve) -> str:
        """A class for an edge that only says that a leaf goes into a box as well."""
        return " aside" if curve.tail in self.leaves and curve.head in self.boxes else ""

    def wrong_edge(self, node: FunctionNode) -> tuple[tuple[str, str], str] | None:
        """The edge to the input whose gradient is wrong, and both numbers; None where either is not known."""
        text, check = _instead(self.blamed[node]), self.checked.get(node)
        places = [one.input for one in check.diagnoses if one.input is not None] if check is not None else []
        place = places[0] if places else 0 if len(set(node.inputs)) == 1 else len(node.inputs)
        if not text or place >= len(node.inputs):
            return None
        return (node.inputs[place].id, node.id), shorten(text, 40)

    def _places_of_wrong(self, graph: Graph) -> list[int]:
        wrong = [*self.blamed, *(node for node, check in self.checked.items() if check.verdict == "fail")]
        return [place for node in wrong if (place := place_of(graph, node.id)) is not None]

    def svg(self, layout: Layout) -> list[str]:
        """Every node in its place."""
        parts = []
        for variable in self.drawn:
            card, (x, y) = self.variables[variable.id], layout.centres[variable.id]
            parts.append(_variable(card, self.sizes[variable.id], x, y, variable.id))
        for function in self.shown:
            x, y = layout.centres[function.id]
            parts.append(self._function(function, x, y, function.id))
        for name, box in self.boxes.items():
            parts.append(self._box(name, box, *layout.centres[name], name))
        for name, (_, text) in self.plates.items():
            (x, y), size = layout.centres[name], self.sizes[name]
            drawn = f'<rect width="{size.width:.0f}" height="22" rx="4"/>'
            drawn += _text(text, "correction", size.width / 2, 15)
            parts.append(f'<g class="plate" transform="{_corner(size, x, y)}">{drawn}</g>')
        return parts

    def texts(self, variable: VariableNode) -> tuple[str, str, str, str]:
        """A Variable's name, kind, value and gradient as they are shown."""
        name = shorten(variable.name, 24) if variable.named else shorten_middle(variable.name, 22)
        return name, spell_type(variable.data), inline(variable.data), self.gradients.final(variable.id)

    def shows_value(self, variable: VariableNode, name: str, value: str) -> bool:
        """Whether the value stands below the name; not where a number that nobody named is called by its value."""
        return variable.named or name != value

    def has_gradient(self, variable: VariableNode) -> bool:
        """Whether it has one, or at least room for one: the book's first steps have not."""
        return self.gradients.history.get(variable.id) is not None or GRADIENT.name(variable.object) is not None

    def _card(self, variable: VariableNode) -> _Card:
        name, kind, value, gradient = self.texts(variable)
        role = "" if variable.role == "intermediate" else say(f"views.{variable.role}")
        rows = [(name, role, "role")]
        if variable.shape != () and kind != value:
            rows.append(("", shorten(kind, 26), "kind"))
        if self.shows_value(variable, name, value):
            rows.append(("data", value, "number"))
        if self.has_gradient(variable):
            rows.append(("grad", gradient, "number grad"))
        verdict = self.verdicts.get(variable, "")
        full = shorten(variable.name, 400)
        said = [full, role, *(f"{label} {text}".strip() for label, text, _ in rows[1:])]
        verdict_text = say(f"views.{verdict}") if verdict else ""
        title = ", ".join(filter(None, (*said, verdict_text)))
        classes = " ".join(filter(None, ("variable", variable.role, verdict)))
        carried = self.gradients.history.get(variable.id, ())
        widest = max((width(inline(gradient)) for gradient in carried), default=0.0)
        room = self.room if kind != value and np.size(variable.data) == 1 else 0.0
        return _Card(
            rows,
            title,
            "" if full == name else full,
            verdict_text,
            classes,
            variable.named,
            {"number": room, "number grad": max(widest, room)},
        )

    def verdict(self, node: FunctionNode) -> str:
        """What is known of a Function: as a verdict, empty where it was not checked."""
        check = self.checked.get(node)
        return "fail" if node in self.blamed else check.verdict if check is not None else ""

    def origin(self, node: FunctionNode) -> str:
        """Whose backward called it; empty where none did."""
        if node.backward_of is None:
            return ""
        return say("derivatives.by", origin=shorten(class_name(node.backward_of), 16))

    def said(self, node: FunctionNode) -> str:
        """A Function in words."""
        said = shorten(node.name, 400)
        if node.line is not None:
            said = say("views.called_on_line", name=said, line=node.line)
        if node.backward_of is not None:
            said = say("derivatives.from", function=said, origin=shorten(class_name(node.backward_of), 40))
        if node in self.blamed or self.checked:
            state = self.verdict(node) or "unchecked"
            said = f"{said}, {say(f'views.function-{state}')}"
        instead = _instead(self.blamed[node]) if node in self.blamed else ""
        return f"{said}: {instead}" if instead else said

    def _function(self, node: FunctionNode, x: float, y: float, identifier: str) -> str:
        size, blame, verdict = self.sizes[node.id], self.blamed.get(node), self.verdict(node)
        centre, name, origin = size.height / 2, self.functions[node.id], self.origins.get(node.id, "")
        texts = _text(name, "called", size.width / 2, centre + (0 if origin else 4.5))
        if origin:
            place = f'x="{size.width / 2:.0f}" y="{centre + 13:.0f}"'
            texts += f'<text class="label" text-anchor="middle" {place}>{_content(origin)}</text>'
        mark = _mark(verdict, size.width * 0.85, size.height * 0.12) if verdict else ""
        if blame is not None and all(function != node.id for function, _ in self.plates.values()):
            mark += _text(shorten(_instead(blame), 40), "correction", size.width / 2, size.height + 14)
        return (
            f'<g class="function {verdict}{" blamed" if blame is not None else ""}" id="{identifier}" role="img" '
            f'transform="{_corner(size, x, y)}"><title>{_content(self.said(node))}</title>'
            f'<ellipse cx="{size.width / 2:.1f}" cy="{centre:.1f}" rx="{size.width / 2:.1f}" ry="{centre:.1f}"/>'
            f"{texts}{mark}</g>"
        )

    def _box(self, name: str, box: Box, x: float, y: float, identifier: str) -> str:
        size, fails = self.sizes[name], name in self.failing
        rect = f'width="{size.width:.0f}" height="{size.height:.0f}" rx="5"'
        identified = "" if name in self.level.crowds else f' id="{identifier}"'
        said = box.title + (f", {say('large.holds_fail')}" if fails else "")
        rows = "".join(
            _text(row, "heading" if index == 0 else "detail", size.width / 2, 21 + index * 17)
            for index, row in enumerate(box.rows)
        )
        behind = f'<rect x="5" y="5" {rect}/>' if box.loop else ""
        mark = _mark("fail", size.width - 4, 3) if fails else ""
        return (
            f'<g class="folded{" fail" if fails else ""}"{identified} role="img" '
            f'transform="{_corner(size, x, y)}"><title>{_content(said)}</title>{behind}<rect {rect}/>{rows}{mark}</g>'
        )


def _instead(blame: Diagnosis) -> str:
    """What the Function gave and what it should have given, where its accusation has the numbers."""
    numbers = blame.sentence.blanks.get("numbers") if isinstance(blame.sentence, Message) else None
    if not isinstance(numbers, Message) or not {"got", "truth"} <= numbers.blanks.keys():
        return ""
    return say("views.instead", got=numbers.blanks["got"], truth=numbers.blanks["truth"])


def _variable(card: _Card, size: Size, x: float, y: float, identifier: str) -> str:
    wide, high = f"{size.width:.0f}", f"{size.height:.0f}"
    right = size.width - _PAD
    corner = _corner(size, x, y)
    whole = f' data-name="{escape(card.full_name, quote=True)}"' if card.full_name else ""
    parts = [
        f'<g class="{card.classes}" id="{identifier}"{whole} role="img" transform="{corner}">',
        f'<title>{_content(card.title)}</title><rect width="{wide}" height="{high}" rx="8"/>',
    ]
    if "output" in card.classes:
        inner = f'width="{size.width - 6:.0f}" height="{size.height - 6:.0f}"'
        parts.append(f'<rect class="inner" x="3" y="3" {inner} rx="5"/>')
    for index, (left_text, right_text, kind) in enumerate(card.rows):
        baseline = 19 + index * _LINE
        if left_text:
            parts.append(
                _text(left_text, ("name" if card.named else "unnamed") if index == 0 else "label", _PAD, baseline)
            )
        if right_text:
            parts.append(_text(right_text, kind, right, baseline))
    for verdict in ("pass", "fail", "inconclusive"):
        if verdict in card.classes:
            parts.append(_mark(verdict, size.width - 4, 3, card.verdict))
    return "".join(parts) + "</g>"


def _corner(size: Size, x: float, y: float) -> str:
    return f"translate({x - size.width / 2:.1f} {y - size.height / 2:.1f})"


_MARKS = {
    "pass": '<path d="M-3.6.2-1 2.9 3.8-2.6"/>',
    "fail": '<path d="M-2.9-2.9 2.9 2.9M2.9-2.9-2.9 2.9"/>',
    "inconclusive": '<path d="M-2-1.8a2 2 0 1 1 2.6 2q-.6.3-.6 1.4M0 3.7v.1"/>',
}


def _mark(verdict: str, x: float, y: float, title: str = "") -> str:
    inside = (f"<title>{_content(title)}</title>" if title else "") + f'<circle r="7.5"/>{_MARKS[verdict]}'
    return f'<g class="mark" transform="translate({x:.0f} {y:.0f})">{inside}</g>'


def _text(text: str, kind: str, x: float, y: float) -> str:
    size = _SIZES.get(kind, _FONT)
    fit = f' textLength="{width(text) * size:.0f}" lengthAdjust="spacingAndGlyphs"' if is_exotic(text) else ""
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}"{fit}>{_content(text)}</text>'


def _content(text: str) -> str:
    return escape(text, quote=False)
