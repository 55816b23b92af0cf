"""Write a trace as HTML: readable where no script runs, and stepping by itself where scripts run. No network.

An untrusted notebook keeps images, tables, ``<details>`` and ``style=`` attributes, so what is readable is made of
these. Below it stand the front end's module and its data, which take its place where they may.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from ipy_autodiff.messages import current_language, say
from ipy_autodiff.views.check.judged_rows import Check, ShownRow
from ipy_autodiff.views.front_end import exists, read
from ipy_autodiff.views.graph.draw import Picture
from ipy_autodiff.views.steps.stepper import Stepper
from ipy_autodiff.views.text.labels import SYMBOLS

__all__ = ["fragment", "image", "json_in_script", "safe", "standalone", "static_check", "static_graph", "static_steps"]

_CODE = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12px"
_LEFT = "text-align:left;vertical-align:top;padding:3px 16px 3px 0"
_RIGHT = "text-align:right;vertical-align:top;padding:3px 16px 3px 0"


def image(picture: Picture) -> str:
    """The picture as a data URI."""
    return "data:image/svg+xml;base64," + b64encode(picture.svg.encode()).decode()


def static_graph(picture: Picture) -> str:
    """The graph as an image that an untrusted notebook keeps."""
    style = "max-width:100%;height:auto"
    return f'<img src="{image(picture)}" alt="{safe(picture.summary)}" data-autodiff="graph" style="{style}">'


def static_steps(stepper: Stepper) -> str:
    """One ``<details>`` a step."""
    parts = [f"<p>{safe(note)}</p>" for note in stepper.notes]
    for step in stepper.steps:
        title = f"{step.number}. <b>{safe(step.title)}</b>"
        title += f" · {safe(step.where)} <code>{safe(step.code)}</code>" if step.where else ""
        rows = "".join(
            f'<tr><td style="{_LEFT}">{safe(line.label)}{" ⚠" if line.warn else ""}</td>'
            f'<td style="{_LEFT};{_CODE};white-space:pre">{safe(line.text)}</td></tr>'
            for line in step.lines
        )
        ran = stepper.ran(step)
        if ran is not None:
            rows += f'<tr><td style="{_LEFT}">{safe(ran[0])}</td><td style="{_LEFT};{_CODE}">{safe(ran[1])}</td></tr>'
        here = step is stepper.steps[stepper.at - 1] if stepper.at else False
        why = f"<p>⚠ {safe(stepper.why)}</p>" if here else ""
        opened = " open" if here else ""
        parts.append(f"<details{opened}><summary>{title}</summary>{why}<table>{rows}</table></details>")
    return f'<div data-autodiff="stepper" data-step="0" data-steps="{len(stepper.steps)}">{"".join(parts)}</div>'


def static_check(check: Check) -> str:
    """The comparison as a table, what is to blame above it."""
    parts = [f"<p><b>{SYMBOLS[check.verdict]} {safe(check.heading)}</b></p>"]
    for accusation in check.blame:
        parts.append(f"<p>{safe(accusation.sentence)}</p>")
        parts.append(f"<details><summary>{safe(say('views.hint'))}</summary>{safe(accusation.hint)}</details>")
    parts += [f"<p>{safe(remark)}</p>" for remark in check.remarks]
    if check.rows:
        last = len(check.columns) - 1
        head = "".join(
            f'<th style="{_RIGHT if 0 < index < last else _LEFT}">{safe(column)}</th>'
            for index, column in enumerate(check.columns)
        )
        body = "".join(map(_row, check.rows))
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    return f'<div data-autodiff="check">{"".join(parts)}</div>'


def _row(row: ShownRow) -> str:
    cells = "".join(
        f'<td style="{_RIGHT if index else _LEFT};{_CODE}">{safe(cell)}</td>' for index, cell in enumerate(row.cells)
    )
    reason = f" · {safe(row.reason)}" if row.reason else ""
    said = f"{SYMBOLS[row.verdict]} {safe(row.verdict_text)}{reason}"
    return f'<tr data-verdict="{row.verdict}">{cells}<td style="{_LEFT}">{said}</td></tr>'


def fragment(identifier: str, readable: str, payload: Mapping[str, Any], modules: Iterable[str] = ()) -> str:
    """The whole output of one magic: what is readable, the style, and the front end's ``modules`` with their data."""
    names = ("elements", *dict.fromkeys(modules), "mount")
    style = "".join(read(f"{name}.css") for name in ("view", *names) if exists(f"{name}.css"))
    script = "\n".join(read(f"{name}.js") for name in names)
    return (
        f'<div id="{identifier}" class="ad-view" data-autodiff="view" lang="{current_language()}">{readable}</div>'
        f"<style>{style}</style>"
        f'<script type="module">{script}\nmount({json_in_script(payload)})</script>'
    )


def standalone(title: str, body: str) -> str:
    """A page of its own around a ``fragment``: one file that works offline, light or dark as the reader's system is."""
    return (
        f'<!doctype html><html lang="{current_language()}" class="ad-page"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{safe(title)}</title></head><body><main><h1>{safe(title)}</h1>{body}</main></body></html>\n"
    )


def json_in_script(data: Any) -> str:
    """The data as JavaScript that can stand inside ``<script>``: no ``<`` is left in it."""
    return (
        json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


def safe(text: str) -> str:
    """The text as it may stand in an element or in a quoted attribute."""
    return escape(text, quote=True)
