"""The sliders as a part of an output: what they move is computed by Python, so they are there while a kernel runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipy_autodiff.limits import HELD_FUNCTIONS
from ipy_autodiff.views.contract import Part, Redraw, Wanted

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["part"]


def part(trace: Trace, wanted: Wanted) -> Part:
    """A place in the page, which the live model fills."""

    def live(model: Any, redraw: Redraw) -> None:
        from ipy_autodiff.views.explore.sliders import Exploration

        asked = tuple(wanted.sliders)
        model.exploration = Exploration(model, trace, redraw, asked, wanted.namespace, wanted.seconds)

    return Part("sliders", live=live if len(trace.graph.functions) <= HELD_FUNCTIONS else None)
