"""Find out whether the cell itself would take another path at other values: it is run aside, and its calls compared.

A recorded graph is one path through the cell; an ``if`` or a loop may choose another once a number has moved. What runs
aside is kept from having effects: it opens no file for writing, starts no program and calls no other machine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import FunctionNode, Recording
from ipy_autodiff.views.explore.controls import Control
from ipy_autodiff.views.explore.rerun import NotRerun, rerun
from ipy_autodiff.views.text.labels import shorten

__all__ = ["Paths"]

_LONGEST = 0.5  # seconds that a cell may take to be run each time that the hand rests
_EFFECTS = ("os.", "shutil.", "socket.", "subprocess.", "sqlite3.", "urllib.", "webbrowser.", "ctypes.", "winreg.")
_HARMLESS = ("os.listdir", "os.scandir", "os.walk", "os.fwalk", "os.getxattr", "os.listxattr", "socket.gethostname")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_refused: ContextVar[list[str] | None] = ContextVar("ipy_autodiff_refused", default=None)


class Paths:
    """The path of a recorded cell, which took ``seconds``; ``namespace`` is the notebook's."""

    def __init__(self, recording: Recording, namespace: Mapping[str, Any] | None, seconds: float) -> None:
        self._recording = recording
        self._namespace = namespace
        self._can_run = namespace is not None and bool(recording.source) and seconds <= _LONGEST
        self._effect = ""

    def remarks(self) -> list[str]:
        """What is to be said beside the sliders: that the cell's own choices are not followed."""
        if self._effect:
            return [say("sliders.has-effects", effect=self._effect)]
        return [] if self._can_run or not self._recording.source else [say("sliders.not-followed")]

    def departure(self, moved: Mapping[Control, float]) -> str:
        """One sentence where the cell, run with these values, would compute something else; else empty."""
        if not self._can_run:
            return ""
        try:
            with _without_effects() as refused:
                again = rerun(self._recording, self._namespace or {}, moved)
        except NotRerun as error:
            if not refused:
                return (
                    say("sliders.would-raise", error=shorten(str(error), 160)) if error.cause else say("sliders.none")
                )
        if refused:
            self._can_run, self._effect = False, refused[0]
            return ""
        return _difference(self._recording.graph.functions, again.graph.functions)


def _difference(recorded: Sequence[FunctionNode], now: Sequence[FunctionNode]) -> str:
    for one, other in zip(recorded, now, strict=False):
        if (one.name, one.line) != (other.name, other.line):
            return say("sliders.other-call", now=_call(other), recorded=_call(one))
    if len(recorded) == len(now):
        return ""
    return say("sliders.other-length", now=len(now), recorded=len(recorded))


def _call(function: FunctionNode) -> str:
    name = shorten(function.name, 30)
    return name if function.line is None else f"{name} ({say('views.line', line=function.line)})"


@contextmanager
def _without_effects() -> Iterator[list[str]]:
    """Refuse what reaches beyond this process, as ``PermissionError``; the list names what was refused."""
    _listen()
    refused: list[str] = []
    token = _refused.set(refused)
    try:
        yield refused
    finally:
        _refused.reset(token)


@cache
def _listen() -> None:
    """Python has no way to take an audit hook away again; outside of ``_without_effects`` this one does nothing."""
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    refused = _refused.get()
    if refused is None:
        return
    if event == "open":
        _, mode, flags = arguments
        effect = bool(set(mode or "") & set("wax+")) or bool((flags or 0) & _WRITING)
    else:
        effect = event.startswith(_EFFECTS) and event not in _HARMLESS
    if effect:
        refused.append(event)
        raise PermissionError(event)
