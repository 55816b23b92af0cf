"""The graph as a part of an output: a picture that can be stepped through, and for a terminal a list of calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ipy_autodiff.messages import say
from ipy_autodiff.views.contract import Part, Wanted
from ipy_autodiff.views.graph.draw import draw
from ipy_autodiff.views.graph.folding import fold
from ipy_autodiff.views.text.formatting import inline, spell_type
from ipy_autodiff.views.text.gradient_timeline import timeline
from ipy_autodiff.views.text.labels import shorten, shorten_middle
from ipy_autodiff.views.text.markup import image
from ipy_autodiff.views.text.table import aligned

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace
    from ipy_autodiff.tracing.graph import VariableNode

__all__ = ["part"]

_MOST_NAMED = 6


def part(trace: Trace, wanted: Wanted) -> Part:
    """The picture, which without scripts is an image. What is drawn ``around`` each Function is for the steps."""
    picture = draw(trace, judged=wanted.judged, roomy="sliders" in wanted.show)
    payload = {**picture.payload, "around": picture.around}
    if wanted.whole:
        payload["svg"] = picture.svg
    return Part(
        "graph",
        image(picture.svg, picture.summary, "graph"),
        _text(trace, gradients=not wanted.asking),
        payload,
        picture.modules,
    )


def _text(trace: Trace, gradients: bool) -> str:
    """One line for each Variable, after those that it was computed from."""
    folded = fold(trace.graph)
    left = timeline(trace.recording)

    def row(variable: VariableNode, by: str, line: str) -> tuple[str, ...]:
        kind = "" if variable.shape == () else spell_type(variable.data)
        data = " ".join(filter(None, (kind, inline(variable.data))))
        return shorten_middle(variable.name, 24), by, data, f"grad {left.final(variable.id)}" if gradients else "", line

    def rows() -> Iterator[tuple[str, ...]]:
        made = {variable for function in folded.functions for variable in function.outputs}
        for variable in folded.variables:
            if variable not in made:
                yield row(variable, say(f"views.{variable.role}"), "")
        for index, function in enumerate(folded.functions):
            if folded.hidden_functions and index == len(folded.functions) // 2:
                yield "…", say("views.folded_functions", n=folded.hidden_functions), "", "", ""
            inputs = ", ".join(shorten_middle(variable.name, 16) for variable in function.inputs[:_MOST_NAMED])
            inputs += ", …" if len(function.inputs) > _MOST_NAMED else ""
            line = "" if function.line is None else say("views.line", line=function.line)
            for variable in function.outputs[:_MOST_NAMED]:
                yield row(variable, f"{shorten(function.name, 24)}({inputs})", line)

    heading = say("views.graph", variables=len(trace.graph.variables), functions=len(trace.graph.functions))
    return "\n".join((heading, *aligned(list(rows()))))
