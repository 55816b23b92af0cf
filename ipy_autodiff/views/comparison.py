"""Put backprop beside the numerical derivative, Variable by Variable, with a verdict; and say what is to blame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.messages import say
from ipy_autodiff.views.labels import shorten
from ipy_autodiff.views.numbers import inline, number

if TYPE_CHECKING:
    from ipy_autodiff.gradcheck.comparison import Row
    from ipy_autodiff.views.trace import Trace

__all__ = ["Accusation", "Check", "ShownRow", "check"]

_MOST_ROWS = 200
_SMALL = 4
_SENTENCE = 600


@dataclass(frozen=True)
class ShownRow:
    """One Variable: ``cells`` are its name, backprop, numerical, uncertainty and further witnesses, as text."""

    cells: tuple[str, ...]
    verdict: str
    verdict_text: str
    reason: str


@dataclass(frozen=True)
class Accusation:
    """What is most likely wrong, in a sentence, with a hint that is shown on request."""

    sentence: str
    hint: str
    function: str
    """The identifier of the Function that is to blame; empty where it is none."""


@dataclass(frozen=True)
class Check:
    """The comparison as it is shown: what it says on the whole, the table, and who is to blame.

    ``columns`` are the headings of a row's cells, and that of the verdict.
    """

    heading: str
    verdict: str
    columns: tuple[str, ...]
    rows: tuple[ShownRow, ...]
    blame: tuple[Accusation, ...]
    remarks: tuple[str, ...]


def check(trace: Trace) -> Check:
    """The comparison of a trace in words and numbers, in the language in force."""
    rows = tuple(trace.comparison.rows)
    witnesses = tuple(dict.fromkeys(name for row in rows for name in row.witnesses))
    headings = ("variable", "backprop", "numerical", "uncertainty")
    columns = (*(say(f"views.{heading}") for heading in headings), *witnesses, say("views.verdict"))
    shown = tuple(_row(row, witnesses) for row in rows[:_MOST_ROWS])
    failed = sum(row.verdict == "fail" for row in rows)
    unsure = sum(row.verdict == "inconclusive" for row in rows)
    if not rows:
        verdict, heading = "inconclusive", say("views.nothing_compared")
    elif failed:
        verdict, heading = "fail", say("views.some_differ", n=failed, all=len(rows))
    elif unsure:
        verdict, heading = "inconclusive", say("views.some_unsure", n=unsure, all=len(rows))
    elif trace.blame:
        verdict, heading = "fail", say("views.agree_by_chance", n=len(rows))
    else:
        verdict, heading = "pass", say("views.all_agree", n=len(rows))
    blame = tuple(
        Accusation(
            shorten(found.sentence, _SENTENCE),
            shorten(found.hint, _SENTENCE),
            found.function.id if found.function is not None else "",
        )
        for found in trace.blame
    )
    remarks = tuple(shorten(remark, _SENTENCE) for remark in trace.comparison.remarks)
    return Check(heading, verdict, columns, shown, blame, remarks)


def _row(row: Row, witnesses: tuple[str, ...]) -> ShownRow:
    values: list[Any] = [row.backprop, row.numerical, *(row.witnesses.get(name) for name in witnesses)]
    uncertainty: Any = row.uncertainty
    name, place = shorten(row.name, 40), _worst(row)
    if place is not None:
        name += f"[{', '.join(map(str, place))}]"
        shape = np.shape(values[0])
        values = [value[place] if np.shape(value) == shape else value for value in values]
        uncertainty = np.broadcast_to(np.asarray(uncertainty), shape)[place]
    backprop, numerical, *others = values
    cells = (
        name,
        _value(backprop, numerical),
        _value(numerical, backprop),
        _bound(uncertainty),
        *(_value(other, backprop) for other in others),
    )
    reason = "" if row.reason is None else shorten(row.reason, _SENTENCE)
    return ShownRow(cells, row.verdict, say(f"views.{row.verdict}"), reason)


def _worst(row: Row) -> tuple[int, ...] | None:
    """Where a large gradient differs most, in units of its uncertainty; None where the whole can be shown."""
    backprop, numerical = row.backprop, row.numerical
    if row.verdict != "fail" or backprop is None or numerical is None or np.size(backprop) <= _SMALL:
        return None
    if np.shape(backprop) != np.shape(numerical):
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


def _value(value: Any, other: Any) -> str:
    """Enough digits to see where the two part: six at least, ten at most."""
    if value is None:
        return "–"
    if np.size(value) != 1:
        unmeasured = np.asarray(value).dtype.kind in "fc" and np.isnan(value).any()
        return "–" if unmeasured else inline(value, 5, most=36)
    digits = 6
    if other is not None and np.size(other) == 1:
        while digits < 10 and number(value, digits) == number(other, digits):
            digits += 1
    return number(value, digits)
