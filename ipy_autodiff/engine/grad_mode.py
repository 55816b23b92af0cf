"""Compute without recording a graph: ``with no_grad(): ...``."""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from threading import Lock
from typing import Any

__all__ = ["is_recording", "no_grad"]


class Pauses:
    """How many ``no_grad`` blocks are open anywhere: while there is none, nobody need look at the context."""

    __slots__ = ("anywhere",)

    def __init__(self) -> None:
        self.anywhere = 0


class Reading:
    """How often anybody took a Variable's array out of the graph."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


pauses = Pauses()
reading = Reading()
_counting = Lock()
_paused: ContextVar[bool] = ContextVar("ipy_autodiff_no_grad", default=False)


def is_recording() -> bool:
    """Whether operations on Variables are recorded here and now, in this thread and task."""
    return not (pauses.anywhere and _paused.get())


class no_grad(ContextDecorator):  # noqa: N801 - it reads as a statement: with no_grad()
    """Within this context operations compute values only: the results have no creator.

    It holds for this thread (and asynchronous task) alone, may be nested, and may decorate a function.
    """

    def __init__(self) -> None:
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(_paused.set(True))
        with _counting:
            pauses.anywhere += 1

    def __exit__(self, *exception: Any) -> None:
        with _counting:
            pauses.anywhere -= 1
        _paused.reset(self._tokens.pop())
