"""Draw what a failing test saw: the graph with what is to blame, the comparison, the steps, and what differs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ipy_autodiff.homework.sandbox.wire import GarbledError
from ipy_autodiff.messages import Message, say, speaking

__all__ = ["stepping_view", "trace_pictures"]


def trace_pictures(packed: dict[str, Any], difference: dict[str, Any] | None, language: str | None = None) -> str:
    """HTML without scripts, in which everything that came from the notebook is escaped; empty for what is no trace."""
    from ipy_autodiff.homework.sandbox.traces import unpacked_trace
    from ipy_autodiff.views.check import judged_rows
    from ipy_autodiff.views.graph import draw
    from ipy_autodiff.views.output import page
    from ipy_autodiff.views.steps import stepper

    with speaking(language):
        try:
            trace = _told(*unpacked_trace(packed))
        except GarbledError:
            return ""
        if difference is not None:
            return _difference(difference)
        parts = [f"<figure>{page.static_graph(draw.draw(trace))}</figure>"]
        if trace.comparison.rows:
            parts.append(page.static_check(judged_rows.check(trace)))
        told = stepper.tell(trace, judged=True)
        if told.steps:
            steps = page.static_steps(told)
            opened = " open" if told.at else ""  # the step that is wrong is to be seen at once
            parts.append(f"<details{opened}><summary>{page.safe(say('homework.steps'))}</summary>{steps}</details>")
        return "".join(parts)


def stepping_view(packed: dict[str, Any], language: str | None = None) -> str:
    """The same with a stepper that can be worked, for a place where scripts may run."""
    from ipy_autodiff.homework.sandbox.traces import unpacked_trace
    from ipy_autodiff.views.output.bundle import mime_bundle

    with speaking(language):
        try:
            trace = _told(*unpacked_trace(packed))
        except GarbledError:
            return ""
        return str(mime_bundle(trace, ("graph", "steps", "check"), live=False)[0]["text/html"])


def _told(recording: Any, compared: Any, blame: Any) -> Any:
    from ipy_autodiff.gradcheck.comparison import Comparison
    from ipy_autodiff.traced import Trace

    # The test asked for the backward pass: there is no cell that ran it, or failed to.
    trace = Trace(replace(recording, swept_by="cell") if recording.swept_by == "replay" else recording)
    # What another process has computed already; there are no live objects here to compute it again.
    trace.__dict__["comparison"] = compared or Comparison(())
    trace.__dict__["blame"] = blame
    return trace


def _difference(packed: dict[str, Any]) -> str:
    """The merged graph, its missing and extra Functions marked as what is to blame is."""
    from ipy_autodiff.gradcheck.blame.find_blame import Blame
    from ipy_autodiff.homework.sandbox.traces import unpacked_trace
    from ipy_autodiff.views.graph import draw
    from ipy_autodiff.views.output import page

    try:
        recording, _, _ = unpacked_trace(packed["trace"])
    except (GarbledError, KeyError):
        return ""
    message = Message("homework.graph-computed-again")
    marked = [function for function in recording.graph.functions if function.name.startswith(("+ ", "− "))]
    trace = _told(
        recording, None, tuple(Blame("graph", function, "structure", message, message) for function in marked)
    )
    return f"<figure>{page.static_graph(draw.draw(trace))}</figure>"
