"""The verdict as a part of an output; once a slider moves, it follows the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipy_autodiff.messages import say
from ipy_autodiff.views.check.judged_rows import summary
from ipy_autodiff.views.contract import Part, Wanted
from ipy_autodiff.views.text.markup import hidden_until_opened, safe

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["part"]


def part(trace: Trace, wanted: Wanted) -> Part | None:
    """The verdict; None where no comparison is shown, or where the reader is asked first."""
    if not wanted.verdict_apart or not wanted.judged or not (trace.graph.functions or trace.comparison.rows):
        return None
    whole = summary(trace)
    readable, text = f"<b>{safe(whole.line)}</b>", whole.line
    for accusation in whole.blame[:1]:
        readable += f" {safe(accusation.sentence)}"
        readable += hidden_until_opened(say("views.hint"), safe(accusation.hint))
        text += f"\n  {accusation.sentence}\n    {accusation.hint}"
    return Part("verdict", f'<div data-autodiff="verdict">{readable}</div>', text, {"verdict": whole.payload()})
