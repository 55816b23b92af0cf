"""Draw what a failing test saw: the graph with what is to blame, the comparison, the steps, and what differs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ipy_autodiff.homework.sandbox.wire import GarbledError
from ipy_autodiff.messages import say, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing.diagnosis import GRAPH, Diagnosis
from ipy_autodiff.views.contract import Part, Wanted
from ipy_autodiff.views.registry import VIEWS
from ipy_autodiff.views.text.markup import hidden_until_opened

__all__ = ["stepping_view", "trace_pictures"]


def trace_pictures(packed: dict[str, Any], difference: dict[str, Any] | None, language: str | None = None) -> str:
    """HTML without scripts, in which everything that came from the notebook is escaped; empty for what is no trace."""
    from ipy_autodiff.homework.sandbox.traces import unpacked_trace

    with speaking(language):
        try:
            trace = _told(*unpacked_trace(packed))
        except GarbledError:
            return ""
        if difference is not None:
            return _difference(difference)
        parts = [_graph(trace)]
        if trace.comparison.rows:
            parts.append(_part(trace, "check").readable)
        if trace.steps:
            steps = _part(trace, "steps")
            # The step that is wrong is to be seen at once.
            parts.append(hidden_until_opened(say("homework.steps"), steps.readable, opened=bool(steps.payload["at"])))
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


def _part(trace: Trace, name: str) -> Part:
    part = VIEWS[name].part(trace, Wanted(("graph", "steps", "check"), judged=True))
    assert part is not None
    return part


def _graph(trace: Trace) -> str:
    return f"<figure>{_part(trace, 'graph').readable}</figure>"


def _told(recording: Any, compared: Any, blame: Any) -> Any:
    from ipy_autodiff.gradcheck.comparison import Comparison

    # The test asked for the backward pass: there is no cell that ran it, or failed to.
    trace = Trace(replace(recording, swept_by="cell") if recording.swept_by == "replay" else recording)
    # What another process has computed already; there are no live objects here to compute it again.
    trace.__dict__["comparison"] = compared or Comparison(())
    trace.__dict__["blame"] = blame
    return trace


def _difference(packed: dict[str, Any]) -> str:
    """The merged graph, its missing and extra Functions marked as what is to blame is."""
    from ipy_autodiff.homework.sandbox.traces import unpacked_trace

    try:
        recording, _, _ = unpacked_trace(packed["trace"])
    except (GarbledError, KeyError):
        return ""
    marked = [function for function in recording.graph.functions if function.name.startswith(("+ ", "− "))]
    trace = _told(recording, None, tuple(Diagnosis("structure", GRAPH, function) for function in marked))
    return _graph(trace)
