"""Put backprop beside the numerical derivative, Variable by Variable, with a verdict; and say what is to blame."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.gradcheck.measurements import element_by_element
from ipy_autodiff.gradcheck.references.complex_step import NAME as COMPLEX_STEP
from ipy_autodiff.messages import Message, say
from ipy_autodiff.tracing.following import detached
from ipy_autodiff.views.check.error_pictures import answer as pictures_answer
from ipy_autodiff.views.check.error_pictures import can_be_measured, pictures
from ipy_autodiff.views.text.formatting import inline, number
from ipy_autodiff.views.text.labels import SYMBOLS, shorten

if TYPE_CHECKING:
    from ipy_autodiff.gradcheck.rows import Row
    from ipy_autodiff.traced import Trace

__all__ = ["Accusation", "Check", "ShownRow", "Summary", "answer", "check", "summary"]

_MOST_ROWS = 200
_SMALL = 4
_SENTENCE = 600


@dataclass(frozen=True)
class ShownRow:
    """One Variable: ``cells`` are its name, backprop, numerical, uncertainty and further references, as text."""

    cells: tuple[str, ...]
    verdict: str
    verdict_text: str
    reason: str
    variable: str
    """The Variable's identifier."""


@dataclass(frozen=True)
class Accusation:
    """What is most likely wrong, in a sentence, with a hint that is shown on request."""

    sentence: str
    hint: str
    function: str
    """The identifier of the Function that is to blame; empty where it is none."""


@dataclass(frozen=True)
class Summary:
    """The comparison on the whole: its verdict, a sentence, the numbers where they differ, and what is to blame."""

    verdict: str
    heading: str
    numbers: str
    """What a wrong gradient is and what it should be; empty where none is wrong."""
    blame: tuple[Accusation, ...]

    @property
    def line(self) -> str:
        """The verdict in one line."""
        return f"{SYMBOLS[self.verdict]} {self.numbers or self.heading}"

    def payload(self) -> dict[str, Any]:
        """For the front end."""
        return {"verdict": self.verdict, "line": self.line, "blame": [asdict(one) for one in self.blame]}


@dataclass(frozen=True)
class Check:
    """The comparison as it is shown: what it says on the whole, and the table.

    ``columns`` are the headings of a row's cells, and that of the verdict.
    """

    summary: Summary
    columns: tuple[str, ...]
    rows: tuple[ShownRow, ...]
    remarks: tuple[str, ...]
    pictures: Mapping[str, Any]
    """The numbers of the pictures and what is said of them, for the front end; empty where there are none."""

    @property
    def modules(self) -> tuple[str, ...]:
        """The front end's files that draw it."""
        arrays = "ask" in self.pictures or any("points" in row for row in self.pictures.get("rows", ()))
        return ("check", *(("pictures",) if self.pictures else ()), *(("array_pictures",) if arrays else ()))


def check(trace: Trace, *, passing: bool = False, patient: bool = False) -> Check:
    """The comparison of a trace in words and numbers, in the language in force.

    Where it is only shown in ``passing``, nothing is measured for its pictures; where nobody waits (``patient``), more.
    """
    rows = tuple(trace.comparison.rows)
    references = tuple(dict.fromkeys(name for row in rows for name in row.references))
    headings = ("variable", "backprop", "numerical", "uncertainty")
    titles = (say("check.complex-step") if name == COMPLEX_STEP else name for name in references)
    columns = (*(say(f"views.{heading}") for heading in headings), *titles, say("views.verdict"))
    forward_only = _is_forward_only(trace)
    shown = tuple(_row(row, references, forward_only) for row in rows[:_MOST_ROWS])
    remarks = tuple(shorten(remark, _SENTENCE) for remark in trace.comparison.remarks)
    drawn = pictures(rows, None if passing else functools.partial(element_by_element, trace.comparison), patient)
    return Check(summary(trace), columns, shown, remarks, drawn)


def summary(trace: Trace) -> Summary:
    """What the comparison of a trace comes to, in the language in force."""
    rows = tuple(trace.comparison.rows)
    forward_only = _is_forward_only(trace)
    verdict, heading = _whole(rows, forward_only, bool(trace.blame))
    blame = tuple(
        Accusation(
            shorten(found.sentence, _SENTENCE),
            shorten(found.hint, _SENTENCE),
            found.function.id if found.function is not None else "",
        )
        for found in trace.blame
    )
    wrong = [row for row in rows if row.verdict == "fail"]
    numbers = ""
    if wrong:
        name, got, due, *_ = _row(wrong[0], (), forward_only).cells
        missing = wrong[0].backprop is None
        numbers = say("check.none-but" if missing else "check.should-be", name=name, got=got, due=due)
        numbers += f" {say('check.more-wrong', n=len(wrong) - 1)}" if len(wrong) > 1 else ""
    return Summary(verdict, heading, numbers, blame)


def _is_forward_only(trace: Trace) -> bool:
    return trace.recording.swept_by == "nobody" and all(row.backprop is None for row in trace.comparison.rows)


def answer(view: Any, trace: Trace) -> None:
    """Let the live output ask for pictures of what was not measured element by element.

    It works on a run of its own, so that the output keeps nothing of the notebook alive.
    """
    if not any(can_be_measured(row) for row in trace.comparison.rows):
        return
    recording = detached(trace.recording)
    nodes = {node.id: node for node in recording.graph.variables}
    rows = tuple(replace(row, variable=nodes[row.variable.id]) for row in trace.comparison.rows)
    compared = replace(trace.comparison, rows=rows, functions={}, recording=recording)
    pictures_answer(view, rows, functools.partial(element_by_element, compared))


def _whole(rows: Sequence[Row], forward_only: bool, blamed: bool) -> tuple[str, str]:
    """The verdict on all of it, and its sentence; only where there are several Variables does it count them."""
    few = "-one" if len(rows) == 1 else ""
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("fail", "inconclusive")}
    if not rows:
        return "inconclusive", say("views.nothing_compared")
    if counts["fail"]:
        return "fail", say(f"pictures.differ{few}", n=counts["fail"], all=len(rows))
    if forward_only and not blamed:
        return "inconclusive", say("pictures.no-backward")
    if counts["inconclusive"]:
        return "inconclusive", say(f"pictures.unsure{few}", n=counts["inconclusive"], all=len(rows))
    if blamed:
        return "fail", say("pictures.chance")
    return "pass", say(f"pictures.agree{few}", n=len(rows))


def _row(row: Row, references: tuple[str, ...], forward_only: bool) -> ShownRow:
    values: list[Any] = [row.backprop, row.numerical, *(row.references.get(name) for name in references)]
    uncertainty: Any = row.uncertainty
    name, place = shorten(row.name, 40), _worst(row)
    if place is not None:
        name += f"[{', '.join(map(str, place))}]"
        shape = np.shape(values[0])
        values = [value[place] if np.shape(value) == shape else value for value in values]
        uncertainty = np.broadcast_to(np.asarray(uncertainty), shape)[place]
    backprop, numerical, *others = values
    wrong = row.verdict == "fail"
    cells = (
        name,
        _value(backprop, numerical, wrong),
        _value(numerical, backprop, wrong),
        _bound(uncertainty),
        *(_value(other, backprop) for other in others),
    )
    open_ = forward_only and row.verdict == "inconclusive" and row.numerical is not None
    why = _without(row.reason, "check.no-backward") if open_ else row.reason
    reason = "" if why is None else shorten(why, _SENTENCE)
    said = say("pictures.not-compared" if open_ else f"views.{row.verdict}")
    return ShownRow(cells, row.verdict, said, reason, row.variable.id)


def _without(reason: Message | str | None, identifier: str) -> Message | str | None:
    """A reason without one of its sentences, which the heading says already."""
    if not isinstance(reason, Message) or reason.identifier == identifier:
        return None if isinstance(reason, Message) else reason
    if reason.identifier != "check.and":
        return reason
    first, second = (_without(reason.blanks[part], identifier) for part in ("first", "second"))
    return Message("check.and", first=first, second=second) if first and second else first or second


def _worst(row: Row) -> tuple[int, ...] | None:
    """Where a gradient differs most, in units of its uncertainty; None where the whole can be shown and tells it."""
    backprop, numerical = row.backprop, row.numerical
    if row.verdict != "fail" or backprop is None or numerical is None or np.size(backprop) == 1:
        return None
    if np.shape(backprop) != np.shape(numerical):
        return None
    if np.size(backprop) <= _SMALL and _value(backprop, numerical) != _value(numerical, backprop):
        return None
    try:
        with np.errstate(all="ignore"):
            off = np.abs(np.subtract(backprop, numerical, dtype=float)) / (np.asarray(row.uncertainty, float) + 1e-300)
            off = np.broadcast_to(
                np.where(np.isfinite(numerical), np.nan_to_num(off, nan=np.inf), -1), np.shape(backprop)
            )
    except (TypeError, ValueError):
        return None
    place = tuple(int(index) for index in np.unravel_index(np.argmax(off), off.shape))
    return place if off[place] >= 0 else None


def _bound(uncertainty: Any) -> str:
    """The largest of the uncertainties."""
    if uncertainty is None or np.size(uncertainty) == 0:
        return ""
    measured = np.asarray(uncertainty)[np.isfinite(uncertainty)]
    return f"± {number(measured.max(), 2)}" if measured.size else ""


def _value(value: Any, other: Any, wrong: bool = False) -> str:
    """Enough digits to see where the two part: six at least, and ten at most unless that is ``wrong``."""
    if value is None:
        return "–"
    if np.size(value) != 1:
        unmeasured = np.asarray(value).dtype.kind in "fc" and np.isnan(value).any()
        return "–" if unmeasured else inline(value, 5, most=36)
    if other is None or np.size(other) != 1:
        return number(value, 6)
    most = 17 if wrong else 10
    return number(value, next((n for n in range(6, most) if number(value, n) != number(other, n)), most))
