"""Display something on every stream: ``show(bundle, raw=True)``. What a stream cannot encode is written alike."""

from __future__ import annotations

from typing import Any

from IPython.display import DisplayHandle, display

from ipy_autodiff.messages.streams import degrading

__all__ = ["show", "update"]


def show(shown: Any, **options: Any) -> DisplayHandle | None:
    """``display``."""
    with degrading():
        handle: DisplayHandle | None = display(shown, **options)
        return handle


def update(handle: DisplayHandle, shown: Any, **options: Any) -> None:
    """``handle.update``."""
    with degrading():
        handle.update(shown, **options)
