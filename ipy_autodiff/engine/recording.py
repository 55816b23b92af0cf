"""Compute without recording a graph: ``with no_grad(): ...``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["is_recording", "no_grad"]


class Pauses:
    """How many ``no_grad`` blocks are open anywhere: while there is none, nobody need look at the context."""

    __slots__ = ("anywhere",)

    def __init__(self) -> None:
        self.anywhere = 0


pauses = Pauses()
_paused: ContextVar[bool] = ContextVar("ipy_autodiff_no_grad", default=False)


def is_recording() -> bool:
    """Whether operations on Variables are recorded here and now, in this thread and task."""
    return not (pauses.anywhere and _paused.get())


@contextmanager
def no_grad() -> Iterator[None]:
    """Within this context operations compute values only: the results have no creator.

    It holds for this thread (and asynchronous task) alone, may be nested, and may decorate a function.
    """
    token = _paused.set(True)
    pauses.anywhere += 1
    try:
        yield
    finally:
        pauses.anywhere -= 1
        _paused.reset(token)


class Reading:
    """Counts how often anybody read a Variable's array out of the graph."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


reading = Reading()
