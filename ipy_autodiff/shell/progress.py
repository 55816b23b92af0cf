"""Say that an output is being prepared, and how far a long check is, in the place where the output will stand."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from ipy_autodiff.messages import say
from ipy_autodiff.shell.showing import show, update
from ipy_autodiff.views.output.notice import notice_bundle

__all__ = ["Progress"]

_PATIENCE = 2.0  # seconds without a word


class Progress:
    """Called with how much is done of how much; within its context, it speaks up by itself after a while.

    ``wanted`` is false where a line that changes cannot be shown.
    """

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self._said = ""
        self._handle: Any = None
        self._lock = threading.Lock()
        self._ended = False
        self._timer: threading.Timer | None = None

    def __enter__(self) -> None:
        if self.wanted:
            here = contextvars.copy_context()  # whose output it is, and the language
            self._timer = threading.Timer(_PATIENCE, lambda: here.run(self._begin))
            self._timer.daemon = True
            self._timer.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with self._lock:
            if self._handle is not None and not self._ended:
                self._put({"text/plain": "", "text/html": ""})  # it came to nothing
            self._ended = True
        if self._timer is not None:
            self._timer.cancel()

    def __call__(self, done: int, whole: int) -> None:
        """Show it, if it is not what is shown already. A check calls this only once it has taken a while."""
        if self.wanted:
            self._say(say("magic.checking", percent=round(100 * done / max(1, whole))))

    def _begin(self) -> None:
        if not self._said:
            self._say(say("magic.drawing"))

    def _say(self, text: str) -> None:
        with self._lock:
            if text == self._said or self._ended:
                return
            self._said = text
            self._put(notice_bundle(text))

    def _put(self, bundle: Mapping[str, Any]) -> None:
        if self._handle is None:
            self._handle = show(bundle, raw=True, display_id=True)
        else:
            update(self._handle, bundle, raw=True)

    def end(self, bundle: Mapping[str, Any]) -> None:
        """Show what it came to."""
        with self._lock:
            self._ended = True
            if self._handle is None:
                show(bundle, raw=True)
            else:
                update(self._handle, bundle, raw=True)
