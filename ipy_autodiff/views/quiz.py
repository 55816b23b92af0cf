"""Ask for each gradient before it is shown, and say what is behind a wrong answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipy_autodiff.views.trace import Trace

__all__ = ["questions"]


def questions(trace: Trace) -> dict[str, Any]:
    """What the front end asks before each step, with the answers that it knows."""
    return {}
