"""What a test is worth and what became of it: the records that all reports are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ipy_autodiff.homework.sheet.sheet_file import SheetTest
from ipy_autodiff.homework.sheet.submissions import Submission

__all__ = ["Graded", "TestMark", "marks_of"]


@dataclass(frozen=True)
class TestMark:
    """One test of one submission, with its marks."""

    __test__ = False

    test: SheetTest
    status: str
    outcome: dict[str, Any]
    """The record's part about this test; empty where it was not run."""

    @property
    def score(self) -> float:
        """Its points, or nothing."""
        return self.test.points if self.status == "pass" else 0.0


@dataclass(frozen=True)
class Graded:
    """One submission with its marks."""

    submission: Submission
    record: dict[str, Any]
    marks: tuple[TestMark, ...]

    @property
    def score(self) -> float:
        """The sum of its points."""
        return sum(mark.score for mark in self.marks)

    @property
    def most(self) -> float:
        """What can be had."""
        return sum(mark.test.points for mark in self.marks)

    @property
    def unreadable(self) -> str:
        """Why it is no notebook; empty where it is one."""
        return self.submission.unreadable or str(self.record.get("unreadable", ""))

    @property
    def status(self) -> str:
        """``graded``; ``unreadable``; ``lost`` where the grader itself could not deal with it; ``not-run``."""
        if self.unreadable:
            return "unreadable"
        if not self.record:
            return "not-run"
        return "lost" if "lost" in self.record else "graded"


def marks_of(tests: tuple[SheetTest, ...], outcomes: list[dict[str, Any]]) -> tuple[TestMark, ...]:
    """A mark for every test of a sheet, by the outcomes in a record."""
    found = {outcome["test"]: outcome for outcome in outcomes}
    return tuple(
        TestMark(test, str(found.get(test.name, {}).get("status", "not-run")), found.get(test.name, {}))
        for test in tests
    )
