"""Runs a cell on an engine under the Recorder, as the magic does, also where the cell ends with an error."""

from __future__ import annotations

from typing import Any

from ipy_autodiff.tracing import CallLog, Recorder, Recording, record_cell
from tests.student_engines import importable
from tests.tracing.watched import run_cell

__all__ = ["read"]


def read(engine: str, cell: str, namespace: dict[str, Any] | None = None) -> Recording:
    """What the cell did, of an engine that was defined in another one before."""
    names: dict[str, Any] = {"__name__": "__main__"} if namespace is None else namespace
    with importable():
        exec(compile(engine, "<engine>", "exec"), names)
        recorder = Recorder(CallLog(), "<cell>", cell)
        value, failed = None, False
        try:
            value = run_cell(cell, recorder, names)
        except Exception:  # the student's own
            failed = True
        recording = record_cell(recorder, names, cell, value, failed=failed)
    assert recording is not None
    return recording
