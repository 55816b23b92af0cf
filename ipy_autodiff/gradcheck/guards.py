"""Judge gradients without the tiny number by which a loss keeps clear of ``log(0)``, where that is all that differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ipy_autodiff.designs.arrays.guard import unguarded
from ipy_autodiff.designs.arrays.values import call_again
from ipy_autodiff.gradcheck.rows import Comparison, Row
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.graph import FunctionNode, Graph, Recording

__all__ = ["judged_without_guards"]


def judged_without_guards(
    comparison: Comparison, recording: Recording, compare: Callable[[Recording], Comparison]
) -> Comparison:
    """The comparison in which what fails, or is open, passes where it is right of the same loss without its guard."""
    if all(row.verdict == "pass" for row in comparison.rows) and not any(
        check.verdict != "pass" for check in comparison.functions.values()
    ):
        return comparison
    other: dict[FunctionNode, FunctionNode] = {}
    sizes: dict[str, float] = {}
    for function in recording.graph.functions:
        found = unguarded(function.object)
        if found is not None:
            other[function] = replace(function, object=found[0], made=call_again(found[0]))
            sizes[function.name] = found[1]
    if not other:
        return comparison
    functions = tuple(other.get(function, function) for function in recording.graph.functions)
    graph = Graph(recording.graph.variables, functions, recording.graph.findings)
    again = compare(replace(recording, graph=graph))
    reason = Message("check.guard", function=", ".join(sizes), size=f"{max(sizes.values()):g}")
    rows = [
        replace(second, reason=reason) if _is_mended(first, second) else first
        for first, second in zip(comparison.rows, again.rows, strict=True)
    ]
    checks = dict(comparison.functions)
    for function, check in checks.items():
        second_check = again.functions.get(other.get(function, function))
        if second_check is not None and check.verdict != "pass" and second_check.verdict == "pass":
            checks[function] = second_check
    return replace(comparison, rows=tuple(rows), functions=checks)


def _is_mended(first: Row, second: Row) -> bool:
    return first.verdict != "pass" and second.verdict == "pass"
