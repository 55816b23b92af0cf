"""Hold a comparison of gradients: a row for each Variable, with its verdict, and what was found of the Functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ipy_autodiff.gradcheck.blame.local_result import LocalCheck
from ipy_autodiff.gradcheck.blame.standing import Standing
from ipy_autodiff.gradcheck.measure.ladder import Array, Floats, Rungs
from ipy_autodiff.gradcheck.numbers import spelled, told_apart
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.graph import FunctionNode, Recording, VariableNode

__all__ = ["Comparison", "Row", "Verdict"]

Verdict = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, eq=False)
class Row:
    """One Variable: its gradient by backprop beside the numerical one, and what to make of it."""

    variable: VariableNode
    name: str
    backprop: Array | None
    """What the engine left in its gradient; None where that is nothing."""
    numerical: Array | None
    """The derivative of the sum of the output's elements. NaN where an element was not measured by itself; None where
    none was: a large array is checked along a random direction."""
    uncertainty: Array | None
    """One sigma of ``numerical``; infinite where it was not measured."""
    verdict: Verdict
    reason: Message | None = None
    """Why, where that is not plain from the numbers."""
    references: Mapping[str, Array] = field(default_factory=dict)
    """The same gradient from elsewhere, by the column's heading."""
    wrong: tuple[tuple[int, ...], ...] = ()
    """The elements that are wrong; of a large array, some of them."""
    rungs: Rungs | None = None
    """The central differences at each step size: of each element, in order, or along the direction of ``slopes``."""
    slopes: tuple[float, float, float] | None = None
    """Of a large array, along the last random direction: backprop's slope, the numerical one, its sigma."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """The rows of all Variables that were compared, and what was found of the Functions."""

    rows: tuple[Row, ...]
    functions: Mapping[FunctionNode, LocalCheck] = field(default_factory=dict)
    """Each Function's own backward against its own forward; one that was not checked is missing."""
    remarks: tuple[Message, ...] = ()
    """What was left out, for instance because it would have cost too much."""
    recording: Recording | None = None
    """The run that was compared."""
    recomputed: Mapping[VariableNode, Callable[[Floats], Array]] | None = None
    standing: Mapping[VariableNode, Standing] = field(default_factory=dict)
    """The gradients that are not what one backward pass leaves, and how they came about."""

    @property
    def ok(self) -> bool:
        """Whether some gradient is right and nothing is known to be wrong.

        A row or a Function that fails makes it False. A row that is inconclusive does not, unless all are.
        """
        checks = self.functions.values()
        verdicts = [row.verdict for row in self.rows]
        return "pass" in verdicts and "fail" not in verdicts and not any(check.wrong for check in checks)

    def __str__(self) -> str:
        lines = []
        for row in self.rows:
            numbers = " | ".join(
                told_apart(row.backprop, row.numerical)
                if row.verdict == "fail"
                else (spelled(row.backprop), spelled(row.numerical))
            )
            reason = f"  {row.reason}" if row.reason is not None else ""
            lines.append(f"{_SIGNS[row.verdict]} {row.name}: {numbers}{reason}")
        return "\n".join([*lines, *map(str, self.remarks)])

    def __repr__(self) -> str:
        return str(self)


_SIGNS = {"pass": "✓", "fail": "✗", "inconclusive": "?"}
