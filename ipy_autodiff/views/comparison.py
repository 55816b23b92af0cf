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

__all__ = ["SYMBOLS", "Accusation", "Check", "ShownRow", "check"]

SYMBOLS = {"pass": "✓", "fail": "✗", "inconclusive": "?"}
_MOST_ROWS = 200


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

    where: str
    sentence: str
    hint: str


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
    else:
        verdict, heading = "pass", say("views.all_agree", n=len(rows))
    blame = tuple(Accusation(shorten(b.where, 60), str(b.sentence), str(b.hint)) for b in trace.blame)
    return Check(heading, verdict, columns, shown, blame)


def _row(row: Row, witnesses: tuple[str, ...]) -> ShownRow:
    backprop, numerical, uncertainty = _worst(row)
    cells = (
        shorten(row.name, 40),
        _value(backprop, numerical),
        _value(numerical, backprop),
        "" if uncertainty is None else f"± {inline(uncertainty, 2)}",
        *(_value(row.witnesses.get(name), backprop) for name in witnesses),
    )
    reason = "" if row.reason is None else str(row.reason)
    return ShownRow(cells, row.verdict, say(f"views.{row.verdict}"), reason)


def _worst(row: Row) -> tuple[Any, Any, Any]:
    return row.backprop, row.numerical, row.uncertainty


def _value(value: Any, other: Any) -> str:
    """Enough digits to see where the two part, at least six and at most twelve."""
    if value is None:
        return "–"
    if np.size(value) != 1:
        return inline(value, 6, most=40)
    digits = 6
    if other is not None and np.size(other) == 1:
        while digits < 10 and number(value, digits) == number(other, digits):
            digits += 1
    return number(value, digits)
