"""Look into a Variable: its value and gradient as numbers or heat maps, and what its gradient was gathered from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipy_autodiff.views.part import Part

if TYPE_CHECKING:
    from ipy_autodiff.views.trace import Trace

__all__ = ["part"]


def part(trace: Trace) -> Part | None:
    """The part of the page that shows one Variable, or None where there is nothing to look into."""
    return None
