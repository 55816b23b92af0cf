"""Say the whole trace in plain text, for a terminal: the graph as a list of calls, the steps, and the comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ipy_autodiff.messages import say
from ipy_autodiff.views.check.judged_rows import Check
from ipy_autodiff.views.graph.folding import fold
from ipy_autodiff.views.steps.stepper import Stepper
from ipy_autodiff.views.text.formatting import inline, spell_type
from ipy_autodiff.views.text.gradient_timeline import timeline
from ipy_autodiff.views.text.labels import SYMBOLS, columns, pad, shorten

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace
    from ipy_autodiff.tracing.graph import VariableNode

__all__ = ["check_text", "graph_text", "steps_text"]

_MOST_STEPS = 40


def graph_text(trace: Trace) -> str:
    """The graph: one line a Variable, each after what it was computed from."""
    folded = fold(trace.graph)
    gradients = timeline(trace.recording)

    def row(variable: VariableNode, by: str, line: str) -> tuple[str, ...]:
        kind = "" if variable.shape == () else spell_type(variable.data)
        return (
            shorten(variable.name, 24),
            by,
            " ".join(filter(None, (kind, inline(variable.data)))),
            f"grad {gradients.final(variable.id)}",
            line,
        )

    rows: list[tuple[str, ...]] = []
    made = {variable for function in folded.functions for variable in function.outputs}
    rows += [row(variable, say(f"views.{variable.role}"), "") for variable in folded.variables if variable not in made]
    half = len(folded.functions) // 2
    for index, function in enumerate(folded.functions):
        if folded.hidden_functions and index == half:
            rows.append(("…", say("views.folded_functions", n=folded.hidden_functions), "", "", ""))
        inputs = ", ".join(shorten(variable.name, 16) for variable in function.inputs[:6])
        inputs += ", …" if len(function.inputs) > 6 else ""
        call = f"{shorten(function.name, 24)}({inputs})"
        line = "" if function.line is None else say("views.line", line=function.line)
        rows += [row(variable, call, line) for variable in function.outputs[:6]]
    heading = say("views.graph", variables=len(trace.graph.variables), functions=len(trace.graph.functions))
    return "\n".join((heading, *_columns(rows)))


def steps_text(stepper: Stepper) -> str:
    """The steps, one after the other, and the remarks about them."""
    text = []
    if stepper.steps:
        text.append(say("steps.heading", n=stepper.total))
    left = len(stepper.steps) - _MOST_STEPS
    for step in stepper.steps[:_MOST_STEPS]:
        where = f"   {step.where}: {step.code}" if step.where else ""
        text.append(f"  {step.number}. {step.title}{where}")
        wide = max((columns(line.label) for line in step.lines), default=0)
        for line in step.lines:
            first, *rest = line.text.split("\n")
            text.append(f"   {'!' if line.warn else ' '} {pad(line.label, wide)}  {first}")
            text += [" " * (wide + 7) + other for other in rest]
        ran = stepper.ran(step)
        if ran is not None:
            text.append(f"     {ran[0]}: {ran[1]}")
    if left > 0:
        text.append(f"  … {left}")
    return "\n".join((*text, *stepper.notes))


def check_text(check: Check) -> str:
    """The table of the comparison, and what is to blame."""
    text = [f"{SYMBOLS[check.verdict]} {check.heading}"]
    for accusation in check.blame:
        text += [f"  {accusation.sentence}", f"    {accusation.hint}"]
    text += [f"  {remark}" for remark in check.remarks]
    if check.rows:
        head = ("", *check.columns)
        rows = [(SYMBOLS[row.verdict], *row.cells, row.verdict_text) for row in check.rows]
        heading, *lines = _columns([head, *rows], right=range(2, len(check.columns)))
        text.append(heading)
        for row, line in zip(check.rows, lines, strict=True):
            text += [line, f"       {row.reason}"] if row.reason else [line]
    return "\n".join(text)


def _columns(rows: Sequence[tuple[str, ...]], right: Sequence[int] = ()) -> Iterator[str]:
    if not rows:
        return
    wide = [max(columns(row[index]) for row in rows) for index in range(len(rows[0]))]
    for row in rows:
        cells = [pad(cell, wide[index], right=index in right) for index, cell in enumerate(row)]
        yield ("  " + "  ".join(cells)).rstrip()
