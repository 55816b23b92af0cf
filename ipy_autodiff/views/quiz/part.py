"""The quiz as a part of an output: it asks within the steps, before each of them is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipy_autodiff.messages import say
from ipy_autodiff.views.contract import Part, Wanted
from ipy_autodiff.views.quiz.questions import questions

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["part"]


def part(trace: Trace, wanted: Wanted) -> Part | None:
    """The questions; None where there are no steps to ask about."""
    if "steps" not in wanted.show:
        return None
    asked = {"quiz": questions(trace)}
    return Part("quiz", text=say("quiz.in-text"), payload=asked, modules=("quiz",), within=True)
