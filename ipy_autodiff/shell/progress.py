"""Say how far a long check is, in the very place of the output where its result will stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from IPython.display import display

from ipy_autodiff.messages import say
from ipy_autodiff.views.output.notice import notice_bundle

__all__ = ["Progress"]


class Progress:
    """Called with how much is done of how much. ``wanted`` is false where a line that changes cannot be shown."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._said = ""
        self._handle: Any = None

    def __call__(self, done: int, whole: int) -> None:
        """Show it, if it is not what is shown already. A check calls this only once it has taken a while."""
        text = say("magic.checking", percent=round(100 * done / max(1, whole)))
        if not self._wanted or text == self._said:
            return
        self._said = text
        if self._handle is None:
            self._handle = display(notice_bundle(text), raw=True, display_id=True)
        else:
            self._handle.update(notice_bundle(text), raw=True)

    def end(self, bundle: Mapping[str, Any]) -> None:
        """Show what it came to."""
        if self._handle is None:
            display(bundle, raw=True)
        else:
            self._handle.update(bundle, raw=True)
