"""Put a trace into one output that lives three times: as a widget, as a page of its own, and as text.

While a kernel holds its model, the widget is shown; when the notebook is opened again, or exported, the HTML; in a
terminal the plain text.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ipy_autodiff.messages import current_language, say
from ipy_autodiff.views import comparison, graph, page, plain_text, stepper

if TYPE_CHECKING:
    from ipy_autodiff.views.trace import Trace
    from ipy_autodiff.views.widget import View

__all__ = ["VIEWS", "html_page", "mime_bundle"]

VIEWS = ("graph", "steps", "sliders", "check")
_WIDGET = "application/vnd.jupyter.widget-view+json"


def mime_bundle(
    trace: Trace, show: Sequence[str] = VIEWS, live: bool = True
) -> tuple[dict[str, Any], dict[str, Any], View | None]:
    """What ``display(..., raw=True)`` takes, its metadata, and the widget where there is a kernel (``live``).

    ``show`` names the views in their order. The language is the one in force.
    """
    identifier, readable, payload, text = _parts(trace, show)
    picture = payload.pop("svg", None)
    data: dict[str, Any] = {"text/plain": text, "text/html": page.fragment(identifier, readable, payload)}
    if not live:
        return data, {}, None
    from ipy_autodiff.views.widget import View

    view = View(payload=payload | ({"svg": picture} if picture else {}))
    data[_WIDGET] = {"version_major": 2, "version_minor": 0, "model_id": view.model_id}
    return data, {}, view


def html_page(trace: Trace, show: Sequence[str] = VIEWS, title: str = "autodiff") -> str:
    """The trace as one HTML file that works offline."""
    identifier, readable, payload, _ = _parts(trace, show)
    payload.pop("svg", None)
    return page.standalone(title, page.fragment(identifier, readable, payload))


def _parts(trace: Trace, show: Sequence[str]) -> tuple[str, str, dict[str, Any], str]:
    """An identifier, the readable HTML, the front end's data, and the plain text."""
    identifier = f"ad{secrets.token_hex(4)}"
    payload: dict[str, Any] = {"id": identifier, "lang": current_language(), "show": [], "says": _says()}
    readable, text = [], []
    picture = graph.draw(trace, f"{identifier}-") if {"graph", "steps"} & set(show) else None
    for name in dict.fromkeys(show):
        if name == "graph" and picture is not None:
            readable.append(page.static_graph(picture))
            text.append(plain_text.graph_text(trace))
            payload["svg"] = picture.svg
            payload["notes"] = _findings(trace)
            text += payload["notes"]
            readable += [f"<p>{page.safe(note)}</p>" for note in payload["notes"]]
        elif name == "steps":
            told = stepper.tell(trace)
            readable.append(page.static_steps(told))
            text.append(plain_text.steps_text(told))
            payload |= _steps(told, picture)
        elif name == "check":
            checked = comparison.check(trace)
            readable.append(page.static_check(checked))
            text.append(plain_text.check_text(checked))
            payload["check"] = _check(checked)
        else:
            continue
        payload["show"].append(name)
    return identifier, "".join(readable), payload, "\n\n".join(text)


def _says() -> dict[str, str]:
    keys = ("first", "previous", "next", "last", "play", "pause", "steps", "of", "overview", "hint")
    return {key: say(f"views.say_{key}") for key in keys}


def _findings(trace: Trace) -> list[str]:
    blamed = {blame.code for blame in trace.blame}
    findings = trace.recording.findings or trace.graph.findings
    return [f"{'⚠ ' if f.mistake else ''}{f.message}" for f in findings if f.code not in blamed]


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
        "start": told.start,
        "remarks": told.notes,
    }


def _check(checked: comparison.Check) -> dict[str, Any]:
    return {
        "heading": f"{comparison.SYMBOLS[checked.verdict]} {checked.heading}",
        "verdict": checked.verdict,
        "columns": checked.columns,
        "rows": [
            [*row.cells, f"{comparison.SYMBOLS[row.verdict]} {row.verdict_text}", row.verdict, row.reason]
            for row in checked.rows
        ],
        "blame": [[accusation.sentence, accusation.hint] for accusation in checked.blame],
    }
