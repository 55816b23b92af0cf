"""Draw what a failing test saw: the graph with what is to blame, the comparison, the steps, and what differs.

What is drawn comes from a submission, so drawing is limited in time and size; what goes beyond has no picture.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType

from ipy_autodiff.gradcheck.rows import Comparison
from ipy_autodiff.homework.sandbox.packed_trace import PackedTrace
from ipy_autodiff.homework.sandbox.traces import unpacked_trace
from ipy_autodiff.messages import say, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing.diagnosis import GRAPH, Diagnosis
from ipy_autodiff.views.contract import Part, Wanted
from ipy_autodiff.views.output.bundle import mime_bundle
from ipy_autodiff.views.registry import VIEWS
from ipy_autodiff.views.text.markup import hidden_until_opened

__all__ = ["SECONDS", "stepping_view", "trace_pictures"]

SECONDS = 1.5
"""Processor time of one picture. Only where the system has interval timers, and in the main thread."""
_SIZE = 400_000
"""Characters of one picture."""


class _TooSlowError(BaseException):
    """A picture takes too long. Not an ``Exception``: code that draws may catch those."""


def trace_pictures(packed: PackedTrace, difference: PackedTrace | None, language: str | None = None) -> str:
    """HTML without scripts, in which everything that came from the notebook is escaped.

    A sentence instead for what cannot be drawn within the limits.
    """
    return _within_limits(lambda: _pictures(packed, difference), language)


def stepping_view(packed: PackedTrace, language: str | None = None) -> str:
    """The same with a stepper that can be worked, for a place where scripts may run."""
    return _within_limits(lambda: _stepping(packed), language)


def _within_limits(draw: Callable[[], str], language: str | None) -> str:
    with speaking(language):
        try:
            with _alarm(SECONDS):
                drawn = draw()
        except (Exception, _TooSlowError):
            drawn = ""
        if drawn and len(drawn) <= _SIZE:
            return drawn
        return f"<p>{say('homework.no-picture')}</p>"


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _TooSlowError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _pictures(packed: PackedTrace, difference: PackedTrace | None) -> str:
    if difference is not None:
        return _difference(difference)
    trace = _rebuilt(packed)
    parts = [_graph(trace)]
    if trace.comparison.rows:
        parts.append(_part(trace, "check", ("check",)).readable)  # the verdict and what is to blame come with it
    if trace.steps:
        steps = _part(trace, "steps")
        # The step that is wrong is to be seen at once.
        parts.append(hidden_until_opened(say("homework.steps"), steps.readable, opened=bool(steps.payload["at"])))
    return "".join(parts)


def _stepping(packed: PackedTrace) -> str:
    return str(mime_bundle(_rebuilt(packed), ("graph", "steps", "check"), live=False)[0]["text/html"])


def _part(trace: Trace, name: str, beside: tuple[str, ...] = ("graph", "steps", "check")) -> Part:
    part = VIEWS[name].part(trace, Wanted(beside, judged=True))
    assert part is not None
    return part


def _graph(trace: Trace) -> str:
    return f"<figure>{_part(trace, 'graph').readable}</figure>"


def _difference(packed: PackedTrace) -> str:
    """The merged graph, its missing and extra Functions marked as what is to blame is."""
    trace = _rebuilt(packed)
    marked = [function for function in trace.graph.functions if function.name.startswith(("+ ", "− "))]
    trace.__dict__["blame"] = tuple(Diagnosis("structure", GRAPH, function) for function in marked)
    return _graph(trace)


def _rebuilt(packed: PackedTrace) -> Trace:
    recording, compared, blame = unpacked_trace(packed)
    # The test asked for the backward pass: there is no cell that ran it, or failed to.
    trace = Trace(replace(recording, swept_by="cell") if recording.swept_by == "replay" else recording)
    # What another process has computed already; there are no live objects here to compute it again.
    trace.__dict__["comparison"] = compared or Comparison(())
    trace.__dict__["blame"] = blame
    return trace
