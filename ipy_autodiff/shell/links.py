"""Link outputs to Python when nobody waits: not while the cell runs, and not while one cell follows another."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

__all__ = ["Links"]

_PAUSE = 0.2  # seconds


class Links:
    """Views that are still to be opened, in the order of their outputs."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], Any]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, open_view: Callable[[], Any]) -> None:
        """Open this view when no other has been added for a moment; at once where no loop runs."""
        self._waiting.append(open_view)
        try:
            self._next(asyncio.get_running_loop(), _PAUSE)
        except RuntimeError:
            while self._waiting:
                self._open()

    def _next(self, loop: asyncio.AbstractEventLoop, pause: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(pause, self._open_one, loop)

    def _open_one(self, loop: asyncio.AbstractEventLoop) -> None:
        self._open()
        if self._waiting:  # between them a cell may begin
            self._next(loop, 0.0)

    def _open(self) -> None:
        try:
            self._waiting.popleft()()
        except Exception:
            logging.getLogger("ipy_autodiff").debug("a view could not be opened", exc_info=True)
