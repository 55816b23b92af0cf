"""The submissions of one pytest run: opened one after another, and what became of each test of each."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pytest

from ipy_autodiff.homework.sandbox import DeadError, Limits, Sandbox, SandboxError
from ipy_autodiff.homework.sandbox.attempt import Attempt, Ran
from ipy_autodiff.homework.sandbox.cells import Unreadable
from ipy_autodiff.homework.student import AnswerError, CodeError, DiedError, MissingError, Student
from ipy_autodiff.homework.submissions import Submission, found, opened
from ipy_autodiff.messages import Message

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["STATUSES", "Examination", "Outcome", "Session", "Status", "session_of", "test_name"]

Status = Literal["pass", "fail", "error", "timeout", "out-of-memory", "killed", "missing", "not-run"]
STATUSES: tuple[Status, ...] = ("pass", "fail", "error", "timeout", "out-of-memory", "killed", "missing", "not-run")

_DETAIL = 6000


@dataclass
class Outcome:
    """What became of one test of one submission."""

    test: str
    status: Status
    reason: tuple[str, dict[str, Any]] | None = None
    """One sentence for the student: its identifier in the catalogue, and its blanks; None where the detail says all."""
    detail: str = ""
    """What pytest says, with the sheet's line."""
    traceback: str = ""
    """Where the student's own code raised."""
    sheet_error: bool = False
    """Whether it was the sheet itself that failed."""
    seconds: float = 0.0


@dataclass
class Examination:
    """One submission while its tests run, and after."""

    submission: Submission
    attempt: Attempt | None
    unreadable: str = ""
    seed: int = 0
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def ran(self) -> Ran:
        """What became of its cells."""
        return Ran(unreadable=self.unreadable) if self.attempt is None else self.attempt.ran

    @contextlib.contextmanager
    def student(self, test: str) -> Iterator[Student]:
        """Speaks to the submission for one test. Raises ``UnreadableError`` for one that is no notebook."""
        if self.attempt is None or self.ran.unreadable:
            raise UnreadableError(self.ran.unreadable)
        attempt = self.attempt

        def ask(question: dict[str, Any]) -> dict[str, Any]:
            try:
                return attempt.ask(question)
            except DeadError as death:
                raise DiedError(death.kind) from None

        with attempt.test():
            yield Student(ask, _seed_of(self.seed, test), lambda: attempt.ran.excuse)


class UnreadableError(AnswerError):
    """The submission is no notebook."""

    def __init__(self, reason: str) -> None:
        super().__init__(Message(f"homework.unreadable-{reason}"))


class Session:
    """The submissions of one run, the sandbox that they run in, and their outcomes by submission."""

    def __init__(self, submissions: Sequence[Submission], sandbox: Sandbox, limits: Limits, seed: int) -> None:
        self.submissions = list(submissions)
        self.identifiers = [_ascii(submission.name) for submission in submissions]
        self.sandbox = sandbox
        self.examinations: dict[str, Examination] = {}
        self._limits = limits
        self._seed = seed

    @contextlib.contextmanager
    def examined(self, submission: Submission) -> Iterator[Examination]:
        """Runs the submission, and ends all that it started when its tests are over."""
        begun = time.monotonic()
        examination = Examination(submission, None, seed=self._seed)
        self.examinations[submission.name] = examination
        with contextlib.ExitStack() as stack:
            try:
                notebook = stack.enter_context(opened(submission, self._limits.notebook))
            except Unreadable as reason:
                examination.unreadable = str(reason)
            else:
                attempt = self.sandbox.attempt(notebook, self._limits)
                examination.attempt = attempt
                stack.callback(attempt.close)
                with contextlib.suppress(DeadError):  # the tests find it dead, each by itself
                    attempt.run()
            yield examination
        examination.seconds = time.monotonic() - begun

    def note(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        """Keeps what became of a test."""
        submission = _submission_of(item)
        if submission is None or submission.name not in self.examinations:
            return
        outcomes = self.examinations[submission.name].outcomes
        name = test_name(item.name, _ascii(submission.name))
        if call.excinfo is None:
            if report.when == "call":
                outcomes[name] = Outcome(name, "pass", seconds=report.duration)
        elif name not in outcomes or outcomes[name].status == "pass":
            outcomes[name] = outcome = _outcome(name, call.excinfo.value, report)
            outcome.seconds = report.duration

    def close(self) -> None:
        """Ends the sandbox."""
        self.sandbox.close()


def session_of(config: pytest.Config) -> Session:
    """The session that pytest's own command line asks for."""
    options = config.option
    defaults = Limits()
    limits = Limits(
        seconds=options.submission_seconds or defaults.seconds, memory=options.submission_memory or defaults.memory
    )
    if not options.submission:
        raise pytest.UsageError(Message("homework.no-submission").text())
    try:
        sandbox = Sandbox(options.submission_isolation)
    except SandboxError as error:
        raise pytest.UsageError(Message("homework.no-isolation", reason=str(error)).text()) from None
    return Session(found(options.submission, limits.notebook), sandbox, limits, options.submission_seed)


def test_name(item: str, submission: str) -> str:
    """A test's name without the submission that it ran for."""
    for whole, rest in ((f"[{submission}]", ""), (f"[{submission}-", "["), (f"-{submission}]", "]")):
        if whole in item:
            return item.replace(whole, rest, 1)
    return item


def _outcome(name: str, error: BaseException, report: pytest.TestReport) -> Outcome:
    reason = (error.message.identifier, dict(error.message.blanks)) if isinstance(error, AnswerError) else None
    detail = report.longreprtext[-_DETAIL:]
    match error:
        case UnreadableError():
            return Outcome(name, "not-run", reason)
        case MissingError(because=because):
            return Outcome(name, because or "missing", reason)
        case DiedError(kind=kind):
            return Outcome(name, kind, reason)
        case CodeError(traceback=trace):
            return Outcome(name, "error", reason, traceback=trace)
        case AnswerError():
            return Outcome(name, "fail", reason)
        case AssertionError() | pytest.fail.Exception():
            return Outcome(name, "fail", detail=detail)
        case pytest.skip.Exception():
            return Outcome(name, "not-run", detail=detail)
        case SandboxError():
            return Outcome(name, "killed", detail=detail)
    return Outcome(name, "error", detail=detail, sheet_error=True)


def _submission_of(item: pytest.Item) -> Submission | None:
    callspec = getattr(item, "callspec", None)
    parameter = None if callspec is None else callspec.params.get("autodiff_submission")
    return parameter if isinstance(parameter, Submission) else None


def _seed_of(seed: int, test: str) -> int:
    """A seed for one test's inputs: other tests, other inputs; other submissions, the same."""
    return int.from_bytes(hashlib.sha256(f"{seed} {test}".encode()).digest()[:6], "big")


def _ascii(name: str) -> str:
    """A name as pytest shows it among the parameters."""
    return name.encode("ascii", "backslashreplace").decode("ascii").replace("[", "(").replace("]", ")")
