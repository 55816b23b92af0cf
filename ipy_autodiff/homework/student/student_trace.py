"""The Trace of what a student wrote, seen from outside: its gradients are compared here, by asking for values only.

A sheet that brings a graph of its own can ask whether the student's has the same structure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.gradcheck.measure.derivative import FAIL, INCONCLUSIVE, Derivative, derivative
from ipy_autodiff.gradcheck.rows import Comparison, Row, Verdict
from ipy_autodiff.homework.student.errors import GraphDiffersError
from ipy_autodiff.homework.student.graph_difference import GraphDifference, difference
from ipy_autodiff.messages import Message
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing.graph import Array, Graph, Recording

if TYPE_CHECKING:
    from ipy_autodiff.tracing.diagnosis import Diagnosis

__all__ = ["StudentTrace"]

_ELEMENTS = 64


class StudentTrace(Trace):
    """A ``Trace`` without live objects.

    ``comparison`` judges the inputs' gradients against derivatives of ``value``, which asks for the expression's data
    at other inputs. Rows of other leaves, of inputs with more than 64 elements, and what is known of each Function by
    itself, are what the sandbox says.
    """

    def __init__(
        self,
        recording: Recording,
        comparison: Comparison | None,
        blame: tuple[Diagnosis, ...],
        inputs: Mapping[str, Array],
        value: Callable[[Mapping[str, Array]], Array],
    ) -> None:
        super().__init__(recording)
        self._told = comparison
        self._blame = blame
        self._inputs = inputs
        self._value = value

    @cached_property
    def comparison(self) -> Comparison:
        """Backprop's gradients beside numerical ones, with verdicts that are formed here."""
        if self._told is None:
            return Comparison(())
        return replace(self._told, rows=tuple(self._judged(row) for row in self._told.rows))

    @cached_property
    def blame(self) -> tuple[Diagnosis, ...]:
        """What is to blame for wrong gradients, most likely first; empty when all is right."""
        return () if self.comparison.ok and all(row.verdict == "pass" for row in self.comparison.rows) else self._blame

    def difference(self, reference: Trace | Graph) -> GraphDifference:
        """How the graph's structure differs from a reference's; false where it does not."""
        of = reference.recording.of if isinstance(reference, Trace) else None
        graph = reference.graph if isinstance(reference, Trace) else reference
        return difference(self.graph, graph, self.recording.of, of)

    def assert_graph(self, reference: Trace | Graph) -> None:
        """An ``AssertionError`` where the structure is not the reference's, drawn as a difference in the feedback.

        The reference is a trace of the sheet's own: ``ipy_autodiff.trace(y)``.
        """
        if found := self.difference(reference):
            raise GraphDiffersError(found)

    def _judged(self, row: Row) -> Row:
        x = self._inputs.get(row.name)
        if x is None or row.variable.role != "leaf" or x.dtype.kind not in "biuf" or x.size > _ELEMENTS:
            return row

        def moved(array: Any) -> Array:
            return self._value({**self._inputs, row.name: np.asarray(array)})

        gradient = row.backprop
        fits = gradient is not None and gradient.shape == x.shape and gradient.dtype.kind in "biuf"
        try:
            numerical = derivative(moved, x, gradient if fits else None)
        except (AssertionError, TypeError, ValueError):  # an answer that is not a number, at one of the inputs
            return replace(row, verdict="fail" if row.verdict == "fail" else "inconclusive")
        if gradient is None or not fits:
            return replace(row, numerical=numerical.value, uncertainty=numerical.uncertainty, verdict="fail")
        return _verdict(row, gradient, numerical)


def _verdict(row: Row, gradient: Array, numerical: Derivative) -> Row:
    judged = numerical.judge(gradient)
    verdict: Verdict = "pass"
    reason = None
    if (judged == FAIL).any():
        verdict = "fail"
    elif (judged == INCONCLUSIVE).any():
        verdict, reason = "inconclusive", Message("check.undecided")
    elif numerical.kink.any():
        reason = Message("check.kink", name=row.name)
    return replace(row, numerical=numerical.value, uncertainty=numerical.uncertainty, verdict=verdict, reason=reason)
