"""Put a trace into one output that lives three times: live, saved, and where no script may run.

The output is HTML in all three. A widget's view would show ``model not found`` when JupyterLab opens the notebook anew,
so the widget is a model alone (``widget``), which finds the HTML in the page while the kernel runs. Saved and
exported, the same HTML goes on without it; where scripts may not run, its readable part is left. A terminal takes the
plain text.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ipy_autodiff.messages import current_language, say, speaking
from ipy_autodiff.views.check import judged_rows
from ipy_autodiff.views.graph import draw
from ipy_autodiff.views.inspect import panel
from ipy_autodiff.views.output import page
from ipy_autodiff.views.steps import stepper
from ipy_autodiff.views.text import plain_text
from ipy_autodiff.views.text.labels import SYMBOLS, shorten
from ipy_autodiff.views.text.part import Part

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace
    from ipy_autodiff.views.explore.controls import Asked
    from ipy_autodiff.views.output.widget import View

__all__ = ["VIEWS", "html_page", "mime_bundle"]

VIEWS = ("graph", "steps", "sliders", "check")
_MOST_MOVED = 3_000  # Functions; beyond, a move would take too long to follow a hand


def mime_bundle(
    trace: Trace,
    show: Sequence[str] = VIEWS,
    live: bool = True,
    sliders: Sequence[Asked] = (),
    namespace: Mapping[str, Any] | None = None,
    quiz: bool = False,
    rules: bool = False,
) -> tuple[dict[str, Any], dict[str, Any], Callable[[], View] | None]:
    """What ``display(..., raw=True)`` takes, its metadata, and what opens the output's model where it is ``live``.

    The model is not needed to read the output, so it may be opened once the output is seen; it is opened once.

    ``show`` names the views in their order, ``sliders`` the ranges that were asked for; ``namespace`` is the
    notebook's, for running the cell anew. ``quiz`` asks for each gradient before it is shown; ``rules`` adds the sweeps
    of the book's stages side by side. The language is the one in force.
    """
    wanted = _Wanted(tuple(dict.fromkeys(show)), quiz, rules, live=live)
    told = _speaking(trace, wanted)
    data = {"text/plain": told.text, "text/html": told.html()}
    if not live:
        return data, {}, None
    language = current_language()

    @cache
    def opened() -> View:
        from ipy_autodiff.views.output.widget import open_view

        view = open_view(told.identifier, len(told.payload.get("steps", ())), told.payload.get("at", 0))
        if "sliders" in show and len(trace.graph.functions) <= _MOST_MOVED:
            with speaking(language):
                _explore(view, trace, wanted, tuple(sliders), namespace)
        if "check" in show:
            with speaking(language):
                judged_rows.answer(view, trace)
        return view

    return data, {}, opened


def html_page(trace: Trace, show: Sequence[str] = VIEWS, title: str = "autodiff") -> str:
    """The trace as one HTML file that works offline."""
    return page.standalone(title, _speaking(trace, _Wanted(tuple(dict.fromkeys(show)), patient=True)).html())


@dataclass(frozen=True)
class _Wanted:
    """What an output shall show."""

    show: tuple[str, ...]
    quiz: bool = False
    rules: bool = False
    brief: bool = False
    """Whether the steps are left to the front end."""
    patient: bool = False
    """Whether nobody waits for it, as for a file."""
    live: bool = False
    """Whether the recorded run is shown, and a kernel can be asked for more of it."""


@dataclass(frozen=True)
class _Told:
    """An output before it is put together."""

    identifier: str
    readable: str
    payload: dict[str, Any]
    modules: tuple[str, ...]
    text: str

    def html(self) -> str:
        return page.fragment(self.identifier, self.readable, self.payload, self.modules)


def _explore(
    view: View, trace: Trace, wanted: _Wanted, asked: tuple[Asked, ...], namespace: Mapping[str, Any] | None
) -> None:
    from ipy_autodiff.views.explore.sliders import Drawing, Exploration

    def whole(other: Trace) -> dict[str, Any]:
        told = _tell(other, replace(wanted, live=False), view.output)
        picture = _picture(other, wanted.show, view.output)
        return told.payload | ({"svg": picture.svg} if picture else {})

    def checked(moved: Trace) -> dict[str, Any]:
        return _check(judged_rows.check(moved, passing=True))

    drawing = Drawing(checked if "check" in wanted.show else None, whole)
    view.exploration = Exploration(view, trace, drawing, asked, namespace)


def _speaking(trace: Trace, wanted: _Wanted) -> _Told:
    with speaking(current_language()):  # so that the locale is asked once, not for every sentence
        identifier = f"ad{secrets.token_hex(4)}"
        told = _tell(trace, wanted, identifier)
        tabs = trace.recording.derivatives and not wanted.quiz  # y′ would give the answers away
        return _with_tabs(trace, wanted, told) if tabs else told


def _with_tabs(trace: Trace, wanted: _Wanted, first: _Told) -> _Told:
    from ipy_autodiff.views.output import tabs

    def tell(other: Trace, number: int, steps: bool) -> _Told:
        left_out = ("sliders",) if steps else ("sliders", "steps")
        show = tuple(view for view in wanted.show if view not in left_out)
        return _tell(other, _Wanted(show, brief=True), f"{first.identifier}t{number}")

    told = tabs.together(trace, first, tell)
    return _Told(first.identifier, told.readable, told.payload, told.modules, told.text)


def _tell(trace: Trace, wanted: _Wanted, identifier: str) -> _Told:
    picture = _picture(trace, wanted.show, identifier, judged=not wanted.quiz)
    parts = list(_parts(trace, wanted, picture))
    shown = [part.name for part in parts]
    payload: dict[str, Any] = {"id": identifier, "lang": current_language(), "show": shown, "says": _says()}
    for part in parts:
        payload.update(part.payload)
    readable, text = [part.readable for part in parts], [part.text for part in parts if part.text]
    judged = "check" in wanted.show
    notes = payload["notes"] = _findings(trace, {blame.code for blame in trace.blame} if judged else set())
    if notes:
        place = int(shown[:1] == ["graph"])
        readable.insert(place, "".join(f"<p>{page.safe(note)}</p>" for note in notes))
        text.insert(place, "\n".join(notes))
    modules = tuple(module for part in parts for module in part.modules)
    return _Told(identifier, "".join(readable), payload, modules, "\n\n".join(text))


def _parts(trace: Trace, wanted: _Wanted, picture: draw.Picture | None) -> Iterator[Part]:
    judged = "check" in wanted.show
    for name in wanted.show:
        if name == "graph" and picture is not None:
            yield Part(name, page.static_graph(picture), plain_text.graph_text(trace), picture.payload, picture.modules)
            inspected = panel.part(trace, patient=wanted.patient, asking=wanted.quiz)
            if inspected is not None:
                yield inspected
        elif name == "steps":
            told = stepper.tell(trace, judged=judged, asking=wanted.quiz)
            payload = _steps(told, picture)
            modules = ["stepper", *(["source_lines"] if told.sources else [])]
            if wanted.quiz:
                from ipy_autodiff.views.quiz import questions

                payload["quiz"] = questions.questions(trace)
                modules.append("quiz")
            readable, text = ("", "") if wanted.brief else (page.static_steps(told), plain_text.steps_text(told))
            yield Part(name, readable, text, payload, tuple(modules))
        elif name == "check":
            asked = wanted.live or wanted.patient
            checked = judged_rows.check(trace, passing=not asked, patient=wanted.patient)
            readable, text = page.static_check(checked), plain_text.check_text(checked)
            yield Part(name, readable, text, {"check": _check(checked)}, checked.modules)
        elif name == "sliders":
            yield Part(name)
    if wanted.rules and not wanted.quiz:  # which would give the answers away
        from ipy_autodiff.views.rules.part import part

        yield part(trace)


def _picture(trace: Trace, show: Sequence[str], identifier: str, judged: bool = True) -> draw.Picture | None:
    if "graph" not in show:
        return None
    return draw.draw(trace, f"{identifier}-", judged=judged and "check" in show, roomy="sliders" in show)


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


def _steps(told: stepper.Stepper, picture: draw.Picture | None) -> dict[str, Any]:
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
                **({"code_at": [step.cell, step.backward]} if told.sources else {}),
            }
            for step in told.steps
        ],
        "total": told.total,
        "start": told.start,
        "remarks": told.notes,
        "at": told.at,
        "why": told.why,
        "sources": [
            [source.name, source.file, [[first, "\n".join(lines)] for first, lines in source.parts]]
            for source in told.sources
        ],
        "steps_say": {key: say(f"steps.{key}") for key in ("to-start", "built")},
    }


def _check(checked: judged_rows.Check) -> dict[str, Any]:
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
                "id": row.variable,
            }
            for row in checked.rows
        ],
        "remarks": checked.remarks,
        "blame": [[accusation.sentence, accusation.hint, accusation.function] for accusation in checked.blame],
        "pictures": checked.pictures or None,
        "show_variable": say("pictures.show_variable"),
    }
