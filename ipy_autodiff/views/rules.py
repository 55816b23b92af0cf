"""Sweep one graph by the rules of the book's stages, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipy_autodiff.views.part import Part

if TYPE_CHECKING:
    from ipy_autodiff.views.trace import Trace

__all__ = ["part"]


def part(trace: Trace) -> Part:
    """The part of the page that shows what each rule makes of the graph."""
    return Part("rules")
