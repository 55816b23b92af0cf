"""What a test is worth and what became of it: the records that all reports are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipy_autodiff.homework.sheet.outcomes import Outcome, Record, Status
from ipy_autodiff.homework.sheet.sheet_file import SheetTest
from ipy_autodiff.homework.sheet.submissions import Submission

__all__ = ["Graded", "TestMark", "marks_of"]


@dataclass(frozen=True)
class TestMark:
    """One test of one submission, with its marks."""

    __test__ = False

    test: SheetTest
    outcome: Outcome

    @property
    def status(self) -> Status:
        """What became of it."""
        return self.outcome.status

    @property
    def score(self) -> float:
        """Its points, or nothing."""
        return self.test.points if self.status == "pass" else 0.0


@dataclass(frozen=True)
class Graded:
    """One submission with its marks."""

    submission: Submission
    record: Record | None
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
        return self.submission.unreadable or (self.record.unreadable if self.record is not None else "")

    @property
    def status(self) -> str:
        """``graded``; ``unreadable``; ``lost`` where the grader itself could not deal with it; ``not-run``."""
        if self.unreadable:
            return "unreadable"
        if self.record is None:
            return "not-run"
        return "lost" if self.record.lost else "graded"


def marks_of(tests: tuple[SheetTest, ...], outcomes: Sequence[Outcome]) -> tuple[TestMark, ...]:
    """A mark for every test of a sheet; one without an outcome was not run."""
    found = {outcome.test: outcome for outcome in outcomes}
    return tuple(TestMark(test, found.get(test.name) or Outcome(test.name, "not-run")) for test in tests)
