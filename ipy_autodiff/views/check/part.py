"""The comparison as a part of an output: verdict, what is to blame, and a row for each Variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipy_autodiff.messages import say
from ipy_autodiff.views.check.judged_rows import Check, answer, check
from ipy_autodiff.views.contract import Part, Redraw, Wanted
from ipy_autodiff.views.text.labels import SYMBOLS
from ipy_autodiff.views.text.markup import hidden_until_opened, paragraphs, safe
from ipy_autodiff.views.text.table import Row, Table

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["part"]


def part(trace: Trace, wanted: Wanted) -> Part | None:
    """The comparison; None of a Variable alone. A live output can ask for more pictures of it."""
    if not trace.graph.functions and not trace.comparison.rows and "graph" in wanted.show:
        return None

    def live(model: Any, _: Redraw) -> None:
        answer(model, trace)

    asked = wanted.live or wanted.patient
    checked = check(trace, passing=not asked, patient=wanted.patient)
    table, apart = _table(checked), wanted.verdict_apart
    readable, text = _readable(checked, table, apart), "" if wanted.asking else _text(checked, table, apart)
    return Part("check", readable, text, {"check": _payload(checked)}, checked.modules, live=live)


def _heading(checked: Check) -> str:
    return f"{SYMBOLS[checked.summary.verdict]} {checked.summary.heading}"


def _table(checked: Check) -> Table:
    last = len(checked.columns) - 1
    rows = tuple(
        Row(
            (*row.cells, f"{SYMBOLS[row.verdict]} {row.verdict_text}"),
            (row.reason,) if row.reason else (),
            {"data-verdict": row.verdict},
        )
        for row in checked.rows
    )
    return Table(checked.columns, rows, numbers=range(1, last), code=range(last))


def _readable(checked: Check, table: Table, apart: bool) -> str:
    parts = [] if apart else [f"<p><b>{safe(_heading(checked))}</b></p>"]
    for accusation in checked.summary.blame[apart:]:
        parts.append(f"<p>{safe(accusation.sentence)}</p>")
        parts.append(hidden_until_opened(say("views.hint"), safe(accusation.hint)))
    return f'<div data-autodiff="check">{"".join(parts)}{paragraphs(checked.remarks)}{table.html()}</div>'


def _text(checked: Check, table: Table, apart: bool) -> str:
    text = [] if apart else [_heading(checked)]
    for accusation in checked.summary.blame[apart:]:
        text += [f"  {accusation.sentence}", f"    {accusation.hint}"]
    return "\n".join((*text, *(f"  {remark}" for remark in checked.remarks), *table.text()))


def _payload(checked: Check) -> dict[str, Any]:
    return {
        "heading": _heading(checked),
        **checked.summary.payload(),
        "columns": checked.columns,
        "rows": [
            {
                "cells": row.cells,
                "verdict": row.verdict,
                "text": f"{SYMBOLS[row.verdict]} {row.verdict_text}",
                "reason": row.reason,
                "variable": row.variable,
            }
            for row in checked.rows
        ],
        "remarks": checked.remarks,
        "pictures": checked.pictures or None,
        "show_variable": say("pictures.show_variable"),
    }
