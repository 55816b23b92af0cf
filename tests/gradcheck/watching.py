"""Run a student's cells under the recorder, errors and all, and compare and blame as the magic does."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.gradcheck.rows import Comparison
from ipy_autodiff.tracing import CallLog, Recorder, Recording, record_cell
from ipy_autodiff.tracing.diagnosis import Diagnosis
from tests.student_engines import importable
from tests.tracing.watched import run_cell


@dataclass(frozen=True, eq=False)
class Watched:
    recording: Recording
    namespace: dict[str, Any]
    comparison: Comparison
    blame: tuple[Diagnosis, ...]
    error: Exception | None

    @property
    def codes(self) -> list[str]:
        return [blame.code for blame in self.blame]

    @property
    def verdicts(self) -> dict[str, str]:
        return {row.name: row.verdict for row in self.comparison.rows}


def watched(source: str, *cells: str, of: str | None = None) -> Watched:
    """The last cell's comparison and blame."""
    recording, namespace, error = recorded(source, cells, of)
    assert recording is not None
    comparison = compare(recording)
    return Watched(recording, namespace, comparison, find_blame(recording, comparison), error)


def recorded(
    source: str, cells: Sequence[str], of: str | None = None
) -> tuple[Recording | None, dict[str, Any], Exception | None]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    log = CallLog()
    recording, error = None, None
    with importable(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        for number, cell in enumerate((source, *cells)):
            recorder = Recorder(log, f"<cell {number}>", cell)
            value = None
            try:
                value = run_cell(cell, recorder, namespace)
            except Exception as raised:
                error = raised
            recording = record_cell(recorder, namespace, cell, value, namespace.get(of) if of else None)
    return recording, namespace, error
