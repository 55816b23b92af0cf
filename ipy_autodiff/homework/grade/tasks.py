"""What the command and the processes that run sheets say to each other."""

from __future__ import annotations

from typing import Literal

import msgspec

from ipy_autodiff.homework.sandbox.limits import Limits
from ipy_autodiff.homework.sandbox.process import Isolation
from ipy_autodiff.homework.sheet.outcomes import Record
from ipy_autodiff.homework.sheet.sheet_file import SheetTest

__all__ = ["Broken", "Collected", "Done", "NoIsolation", "Recorded", "Reply", "SheetSource", "Task", "TaskSubmission"]


class SheetSource(msgspec.Struct, forbid_unknown_fields=True):
    """A sheet: where it lies, or the files themselves for a machine that does not have them."""

    path: bytes
    """As the file system has it, in whatever encoding."""
    files: dict[str, str] = {}


class TaskSubmission(msgspec.Struct, forbid_unknown_fields=True):
    """A submission, under the key of its record."""

    key: str
    path: bytes
    content: bytes | None = None


class Task(msgspec.Struct, forbid_unknown_fields=True):
    """What a process is to do with a sheet."""

    do: Literal["prepare", "collect", "grade"]
    sheet: SheetSource
    submissions: list[TaskSubmission]
    limits: Limits
    seed: int
    isolation: Isolation | None = None
    hidden: list[bytes] = []
    """Files and folders that no submission is to see."""
    language: str | None = None


class Recorded(msgspec.Struct, forbid_unknown_fields=True, tag="record"):
    """One submission's tests are over."""

    record: Record


class Collected(msgspec.Struct, forbid_unknown_fields=True, tag="collected"):
    """The tests of the sheet."""

    tests: list[SheetTest]


class Broken(msgspec.Struct, forbid_unknown_fields=True, tag="broken"):
    """The sheet cannot be used: why, in one sentence."""

    reason: str


class NoIsolation(msgspec.Struct, forbid_unknown_fields=True, tag="no-isolation"):
    """No strong isolation works, and no weaker one was named."""

    reason: str


class Done(msgspec.Struct, forbid_unknown_fields=True, tag="done"):
    """The task is over; the records of its submissions, where they were not sent one by one."""

    records: list[Record] = []


Reply = Recorded | Collected | Broken | NoIsolation | Done
