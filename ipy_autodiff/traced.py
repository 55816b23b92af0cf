"""A Trace: one run's graph, backward steps, comparison and blame, as every view takes it.

The module is not called ``trace`` because importing it would then replace the function ``ipy_autodiff.trace``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from ipy_autodiff.tracing import Graph, Recording, Step

if TYPE_CHECKING:
    from ipy_autodiff.gradcheck.rows import Comparison
    from ipy_autodiff.tracing.diagnosis import Diagnosis
    from ipy_autodiff.tracing.graph import HistoryEntry

__all__ = ["Trace"]


class Trace:
    """What was seen of one run. Arrays are copies, taken when it ran: they do not change as the notebook goes on.

    ``beside`` names a reference whose gradients stand in the comparison too: "torch", "complex", or none. ``progress``
    is told how far the comparison is, while it is computed. ``error`` is what the run ended with, if it did.
    """

    def __init__(
        self,
        recording: Recording,
        beside: str = "",
        progress: Callable[[int, int], None] | None = None,
        error: BaseException | None = None,
    ) -> None:
        self.recording = recording
        self._beside = beside
        self._progress = progress
        self._error = error

    @property
    def graph(self) -> Graph:
        """The Variables and Functions, as ``.variables`` and ``.functions``."""
        return self.recording.graph

    @property
    def steps(self) -> tuple[Step, ...]:
        """One for each call of a Function's ``backward``, in order."""
        return self.recording.steps

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """One entry for each backward pass of the cell from the same place of its code; about 500 of more of them."""
        return self.recording.history

    @property
    def findings(self) -> tuple[Diagnosis, ...]:
        """What the tracer noticed by itself, mistakes and remarks."""
        return tuple(self.recording.findings)

    @cached_property
    def comparison(self) -> Comparison:
        """Backprop's gradients beside numerical ones, with verdicts; computed when it is first asked for."""
        from ipy_autodiff.gradcheck.comparison import compare

        compared = compare(self.recording, progress=self._progress)
        if self._beside == "torch":
            from ipy_autodiff.gradcheck.references.pytorch import with_torch

            compared = with_torch(compared, self.recording)
        elif self._beside == "complex":
            from ipy_autodiff.gradcheck.references.complex_step import with_complex_step

            compared = with_complex_step(compared)
        return compared

    @cached_property
    def blame(self) -> tuple[Diagnosis, ...]:
        """What is to blame for wrong gradients, most likely first; empty when all is right."""
        from ipy_autodiff.gradcheck.blame.find_blame import find_blame

        error, self._error = self._error, None  # it keeps the run's frames alive
        return tuple(find_blame(self.recording, self.comparison, error=error))

    def __repr__(self) -> str:
        of = self.recording.of
        return (
            f"<Trace of {of.name if of else 'nothing'}: {len(self.graph.variables)} Variables, "
            f"{len(self.graph.functions)} Functions, {len(self.steps)} steps>"
        )
