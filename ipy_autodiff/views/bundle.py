"""Put a trace into one output that lives three times: live, saved, and where no script may run.

The output is HTML in all three. A widget's view would show ``model not found`` when JupyterLab opens the notebook anew,
so the widget is a model alone (``widget``), which finds the HTML in the page while the kernel runs. Saved and
exported, the same HTML goes on without it; where scripts may not run, its readable part is left. A terminal takes the
plain text.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ipy_autodiff.messages import current_language, say, speaking
from ipy_autodiff.views import comparison, graph, page, plain_text, stepper
from ipy_autodiff.views.labels import SYMBOLS, shorten

if TYPE_CHECKING:
    from ipy_autodiff.views.ranges import Asked
    from ipy_autodiff.views.trace import Trace
    from ipy_autodiff.views.widget import View

__all__ = ["VIEWS", "html_page", "mime_bundle"]

VIEWS = ("graph", "steps", "sliders", "check")
_MOST_MOVED = 3_000  # Functions; beyond, a move would take too long to follow a hand


def mime_bundle(
    trace: Trace,
    show: Sequence[str] = VIEWS,
    live: bool = True,
    sliders: Sequence[Asked] = (),
    namespace: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], dict[str, Any], View | None]:
    """What ``display(..., raw=True)`` takes, its metadata, and the output's model where there is a kernel (``live``).

    ``show`` names the views in their order, ``sliders`` the ranges that were asked for; ``namespace`` is the
    notebook's, for running the cell anew. The language is the one in force.
    """
    identifier, readable, payload, text = _parts(trace, show)
    data = {"text/plain": text, "text/html": page.fragment(identifier, readable, payload)}
    if not live:
        return data, {}, None
    from ipy_autodiff.views.widget import open_view

    view = open_view(identifier, len(payload.get("steps", ())))
    if "sliders" in show and len(trace.graph.functions) <= _MOST_MOVED:
        _explore(view, trace, show, tuple(sliders), namespace)
    return data, {}, view


def _explore(
    view: View, trace: Trace, show: Sequence[str], asked: tuple[Asked, ...], namespace: Mapping[str, Any] | None
) -> None:
    from ipy_autodiff.views.sliders import Drawing, Exploration

    def whole(other: Trace) -> dict[str, Any]:
        _, _, payload, _ = _told(other, show, view.output)
        picture = _picture(other, show, view.output)
        return payload | ({"svg": picture.svg} if picture else {})

    drawing = Drawing((lambda moved: _check(comparison.check(moved))) if "check" in show else None, whole)
    view.exploration = Exploration(view, trace, drawing, asked, namespace)


def html_page(trace: Trace, show: Sequence[str] = VIEWS, title: str = "autodiff") -> str:
    """The trace as one HTML file that works offline."""
    identifier, readable, payload, _ = _parts(trace, show)
    return page.standalone(title, page.fragment(identifier, readable, payload))


def _parts(trace: Trace, show: Sequence[str]) -> tuple[str, str, dict[str, Any], str]:
    """An identifier, the readable HTML, the front end's data, and the plain text."""
    with speaking(current_language()):  # so that the locale is asked once, not for every sentence
        return _told(trace, show)


def _told(trace: Trace, show: Sequence[str], identifier: str = "") -> tuple[str, str, dict[str, Any], str]:
    identifier = identifier or f"ad{secrets.token_hex(4)}"
    payload: dict[str, Any] = {"id": identifier, "lang": current_language(), "show": [], "says": _says()}
    readable, text = [], []
    picture = _picture(trace, show, identifier)
    for name in dict.fromkeys(show):
        if name == "graph" and picture is not None:
            readable.append(page.static_graph(picture))
            text.append(plain_text.graph_text(trace))
        elif name == "steps":
            told = stepper.tell(trace, judged="check" in show)
            readable.append(page.static_steps(told))
            text.append(plain_text.steps_text(told))
            payload |= _steps(told, picture)
        elif name == "check":
            checked = comparison.check(trace)
            readable.append(page.static_check(checked))
            text.append(plain_text.check_text(checked))
            payload["check"] = _check(checked)
        elif name != "sliders":
            continue
        payload["show"].append(name)
    notes = payload["notes"] = _findings(trace, {blame.code for blame in trace.blame} if "check" in show else set())
    if notes:
        place = int(payload["show"][:1] == ["graph"])
        readable.insert(place, "".join(f"<p>{page.safe(note)}</p>" for note in notes))
        text.insert(place, "\n".join(notes))
    return identifier, "".join(readable), payload, "\n\n".join(text)


def _picture(trace: Trace, show: Sequence[str], identifier: str) -> graph.Picture | None:
    if "graph" not in show:
        return None
    return graph.draw(trace, f"{identifier}-", judged="check" in show, roomy="sliders" in show)


def _says() -> dict[str, str]:
    keys = ("to_step", "first", "previous", "next", "last", "play", "pause", "stepper", "place", "overview", "hint")
    return {key: say(f"views.{key}") for key in keys}


def _findings(trace: Trace, blamed: Collection[str]) -> list[str]:
    """What the tracer noticed, but for what the comparison blames in its own words."""
    findings = trace.recording.findings or trace.graph.findings
    said = (
        ("⚠ " if finding.mistake else "") + shorten(finding.message, 600)
        for finding in findings
        if finding.code not in blamed
    )
    return list(dict.fromkeys(said))


def _steps(told: stepper.Stepper, picture: graph.Picture | None) -> dict[str, Any]:
    around: Mapping[str, list[str]] = picture.around if picture else {}
    return {
        "steps": [
            {
                "n": step.number,
                "title": step.title,
                "where": step.where,
                "code": step.code,
                "lines": [[line.label, line.text, int(line.warn)] for line in step.lines],
                "grads": step.changes,
                "active": around.get(step.function, []),
            }
            for step in told.steps
        ],
        "total": told.total,
        "start": told.start,
        "remarks": told.notes,
    }


def _check(checked: comparison.Check) -> dict[str, Any]:
    return {
        "heading": f"{SYMBOLS[checked.verdict]} {checked.heading}",
        "verdict": checked.verdict,
        "columns": checked.columns,
        "rows": [
            {
                "cells": row.cells,
                "verdict": row.verdict,
                "text": f"{SYMBOLS[row.verdict]} {row.verdict_text}",
                "reason": row.reason,
            }
            for row in checked.rows
        ],
        "remarks": checked.remarks,
        "blame": [[accusation.sentence, accusation.hint, accusation.function] for accusation in checked.blame],
    }
