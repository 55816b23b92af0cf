"""What became of a submission: of each test of the sheet, and of the notebook's cells. Reports are made of these."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ipy_autodiff.homework.sandbox.packed_trace import PackedMessage, PackedTrace
from ipy_autodiff.homework.sandbox.process import Death, Isolation
from ipy_autodiff.homework.sandbox.text.suspicions import Suspicion

__all__ = ["Outcome", "Record", "Status"]

Status = Literal["pass", "fail", "error", "timeout", "out-of-memory", "killed", "missing", "not-run"]
Index = Annotated[int, Meta(ge=0, le=1_000_000)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
Name = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=6000)]


class Outcome(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What became of one test of one submission."""

    test: Annotated[str, Meta(max_length=1000)]
    status: Status
    reason: PackedMessage | None = None
    """One sentence for the student; None where the detail says all."""
    detail: Text = ""
    """What pytest says, with the sheet's line."""
    traceback: Text = ""
    """Where the student's own code raised."""
    trace: PackedTrace | None = None
    """The trace of the gradient that the test asked for last, to be drawn."""
    difference: PackedTrace | None = None
    """How the graph differs from the sheet's, to be drawn."""
    sheet_error: bool = False
    """Whether it was the sheet itself that failed."""
    seconds: Seconds = 0.0


class Record(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """All that is kept of one submission. It goes by its key: names are for reports, and may change."""

    key: Name
    lost: Annotated[str, Meta(max_length=1000)] = ""
    """Why the grader could not deal with it, which is nobody's fault who handed something in."""
    isolation: Isolation | None = None
    as_root: bool = False
    """Whether the notebook's code ran as root."""
    seconds: Seconds = 0.0
    cells: Index = 0
    unreadable: Name = ""
    """Why the file is no notebook: the end of an identifier in the catalogue."""
    errors: list[tuple[Index, Name, Text]] = []
    """The exceptions that cells ended with: cell, class, text."""
    deaths: list[tuple[Index, Death]] = []
    """The cells that ended the process, and how."""
    stale: list[Index] = []
    """Cells whose stored output is not what they put out."""
    output: Annotated[str, Meta(max_length=4000)] = ""
    suspicions: list[Suspicion] = []
    """What a person is to look at."""
    tests: list[Outcome] = []
