"""Put a trace into one output that lives three times: live, saved, and where no script may run.

The output is HTML in all three. A widget's view would show ``model not found`` when JupyterLab opens the notebook anew,
so the widget is a model alone (``widget``), which finds the HTML in the page while the kernel runs. Saved and
exported, the same HTML goes on without it; where scripts may not run, its readable part is left. A terminal takes the
plain text.
"""

from __future__ import annotations

import logging
import math
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ipy_autodiff.messages import current_language, say, speaking
from ipy_autodiff.views.contract import Part, Redraw, View, Wanted
from ipy_autodiff.views.graph.draw import draw
from ipy_autodiff.views.output import page
from ipy_autodiff.views.output.png import png
from ipy_autodiff.views.registry import DEFAULT, VIEWS, chosen
from ipy_autodiff.views.text.labels import shorten
from ipy_autodiff.views.text.markup import paragraphs

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace
    from ipy_autodiff.views.explore.controls import Asked
    from ipy_autodiff.views.output.widget import LiveView

__all__ = ["html_page", "mime_bundle", "static_bundle"]


def mime_bundle(
    trace: Trace,
    show: Sequence[str] = DEFAULT,
    *,
    live: bool = True,
    sliders: Sequence[Asked] = (),
    namespace: Mapping[str, Any] | None = None,
    seconds: float = math.inf,
    remarks: Sequence[str] = (),
) -> tuple[dict[str, Any], Callable[[], LiveView] | None]:
    """What ``display(..., raw=True)`` takes, and what opens the output's model where it is ``live``.

    The model is not needed to read the output, so it may be opened once the output is seen; it is opened once.

    ``show`` names the views in their order, ``sliders`` the ranges that were asked for; ``namespace`` is the
    notebook's, for running the cell again, which took ``seconds``; ``remarks`` are said beneath the graph.
    The language is the one in force.
    """
    more = {
        "live": live,
        "sliders": tuple(sliders),
        "namespace": namespace,
        "seconds": seconds,
        "remarks": tuple(remarks),
    }
    wanted = _wanted(trace, show, **more)
    output = _output(trace, wanted)
    identifier = page.numbered(output.identifier) if live else output.identifier
    data = {"text/plain": output.text, "text/html": output.html(identifier)}
    if not live:
        return data, None
    language = current_language()

    @cache
    def opened() -> LiveView:
        from ipy_autodiff.views.output.widget import open_view

        model = open_view(identifier, len(output.payload.get("steps", ())), output.payload.get("at", 0))
        redraw = _redraw(wanted)
        with speaking(language):
            for tie in output.ties:
                tie(model, redraw)
        return model

    return data, opened


def static_bundle(trace: Trace, show: Sequence[str] = DEFAULT, remarks: Sequence[str] = ()) -> dict[str, Any]:
    """The same without scripts, for exports to Markdown; with the extra ``png`` the graph as an image, for LaTeX."""
    output = _output(trace, _wanted(trace, show, remarks=tuple(remarks), patient=True))
    data = {"text/plain": output.text, "text/html": page.readable_alone(output.identifier, output.readable)}
    with suppress(ImportError, RuntimeError):
        data["image/png"] = b64encode(png(draw(trace).svg)).decode()
    return data


def html_page(trace: Trace, show: Sequence[str] = DEFAULT, title: str = "autodiff") -> str:
    """The trace as one HTML file that works offline."""
    output = _output(trace, _wanted(trace, show, patient=True))
    return page.standalone(title, output.html(output.identifier))


def _wanted(trace: Trace, show: Sequence[str], **more: Any) -> Wanted:
    wanted = Wanted(tuple(dict.fromkeys(show)), **more)
    return replace(wanted, judged="check" in wanted.show and not wanted.asking and _can_be_judged(trace))


def _can_be_judged(trace: Trace) -> bool:
    """Whether the comparison can be had; where it fails, its own part says so, and no other."""
    try:
        return trace.comparison is not None and trace.blame is not None
    except Exception:
        _log()
        return False


_NAMES = 12  # of what is left out


@dataclass(frozen=True)
class Output:
    """All parts together, before they are written as one text."""

    readable: str
    text: str
    payload: dict[str, Any]
    modules: tuple[str, ...]
    ties: tuple[Callable[[Any, Redraw], None], ...] = ()
    """What ties parts to the live model."""

    @property
    def identifier(self) -> str:
        """What identifies this content, in whichever kernel."""
        return page.identifier(self.readable, self.payload)

    def html(self, identifier: str) -> str:
        """As a notebook stores it."""
        return page.fragment(identifier, self.readable, self.payload, self.modules)


def _output(trace: Trace, wanted: Wanted) -> Output:
    with speaking(current_language()):  # so that the locale is asked once, not for every sentence
        output = _together(trace, wanted)
        if not trace.recording.derivatives or wanted.asking:  # whose y′ would give the answers away
            return output
        return _with_tabs(trace, wanted, output)


def _with_tabs(trace: Trace, wanted: Wanted, first: Output) -> Output:
    from ipy_autodiff.views.output import tabs

    def tell(other: Trace, steps: bool) -> Output:
        left_out = ("sliders", "rules") if steps else ("sliders", "rules", "steps")
        show = tuple(view for view in wanted.show if view not in left_out)
        brief = replace(_wanted(other, show), brief=True)
        return _together(other, brief)

    both = tabs.together(trace, first, tell)
    return replace(first, readable=both.readable, text=both.text, payload=both.payload, modules=both.modules)


def _together(trace: Trace, wanted: Wanted) -> Output:
    parts = list(_parts(trace, wanted))
    placed = [part for part in parts if not part.within]
    payload: dict[str, Any] = {"lang": current_language(), "says": _says()}
    payload["show"] = [part.name for part in placed]
    for part in parts:
        payload.update(part.payload)
    around: Mapping[str, list[str]] = payload.pop("around", {})
    for step in payload.get("steps", ()):
        step["active"] = around.get(step.pop("function"), [])
    kept = [part.name for part in placed if not part.drawn]
    if kept:
        payload["kept"] = kept
    readable, text = [part.readable for part in parts], [part.text for part in parts if part.text]
    notes = payload["notes"] = _findings(trace, wanted)
    if notes:
        place = sum(name in ("graph", "verdict") for name in payload["show"][:2])
        readable.insert(place, paragraphs(notes))
        text.insert(place, "\n".join(notes))
    modules = tuple(module for part in parts for module in part.modules)
    ties = tuple(part.live for part in parts if part.live is not None)
    return Output("".join(readable), "\n\n".join(text), payload, modules, ties)


def _parts(trace: Trace, wanted: Wanted) -> Iterator[Part]:
    for view in chosen(wanted.show):
        part = _part(view, trace, wanted)
        if part is not None:
            yield part


def _part(view: View, trace: Trace, wanted: Wanted) -> Part | None:
    """The view's part; where it cannot be had, what says so in its place."""
    try:
        part = view.part(trace, wanted)
    except Exception as error:
        _log()
        text = say("views.failed", view=view.name, error=shorten(f"{type(error).__name__}: {error}", 200))
        part = Part(view.name, paragraphs([text]), text, drawn=False)
    if part is None or part.drawn:
        return part
    return replace(part, readable=f'<div data-part="{part.name}">{part.readable}</div>')


def _log() -> None:
    logging.getLogger("ipy_autodiff").debug("a view failed", exc_info=True)


def _redraw(wanted: Wanted) -> Redraw:
    passing = replace(wanted, live=False)

    def whole(trace: Trace) -> dict[str, Any]:
        judged = _wanted(trace, wanted.show).judged
        return _together(trace, replace(passing, judged=judged, whole=True)).payload

    def check(trace: Trace) -> dict[str, Any]:
        part = VIEWS["check"].part(trace, passing)
        return {} if part is None else dict(part.payload["check"])

    return Redraw(whole, check if "check" in wanted.show else None)


def _says() -> dict[str, str]:
    keys = ("to_step", "first", "previous", "next", "last", "play", "pause", "stepper", "place", "overview", "hint")
    return {key: say(f"views.{key}") for key in keys}


def _findings(trace: Trace, wanted: Wanted) -> list[str]:
    """What the tracer noticed, except what the comparison blames in its own words."""
    judged = "check" in wanted.show and _can_be_judged(trace)
    blamed = {blame.code for blame in trace.blame} if judged else set()
    findings = trace.recording.findings or trace.graph.findings
    said = (
        ("⚠ " if finding.mistake else "") + shorten(finding.sentence, 600)
        for finding in findings
        if finding.code not in blamed
    )
    return list(dict.fromkeys((*said, *_left_out(trace), *wanted.remarks)))


def _left_out(trace: Trace) -> list[str]:
    """What the cell made and the graph does not have, in one line."""
    names, of = trace.recording.left_out, trace.recording.of
    if not names or of is None:
        return []
    shown = ", ".join(names[:_NAMES]) + (" …" if len(names) > _NAMES else "")
    return [say("views.left_out_of_graph", of=shorten(of.name, 60), names=shorten(shown, 300))]
