"""The submissions of one pytest run: opened one after another, and what became of each test of each."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from ipy_autodiff.homework.sandbox.attempt import Ran
from ipy_autodiff.homework.sandbox.packed_trace import PackedMessage, packed_message
from ipy_autodiff.homework.sandbox.protocol import Answer, Question, clean
from ipy_autodiff.homework.sandbox.sandbox import DeadError, Limits, Sandbox, SandboxError
from ipy_autodiff.homework.sandbox.text.cells import UnreadableError
from ipy_autodiff.homework.sandbox.text.notebook_text import NotebookText
from ipy_autodiff.homework.sandbox.text.suspicions import Suspicion
from ipy_autodiff.homework.sandbox.traces import TooLargeError
from ipy_autodiff.homework.sheet.outcomes import Outcome
from ipy_autodiff.homework.sheet.submissions import Submission, found, opened
from ipy_autodiff.homework.student.errors import (
    AnswerError,
    CodeError,
    DiedError,
    GraphDiffersError,
    MissingError,
)
from ipy_autodiff.homework.student.student import Student
from ipy_autodiff.messages import Message

__all__ = ["Examination", "Session", "session_of", "test_name"]

_DETAIL = 6000
_FOLDERS = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?(?:[\\/][^\s\\/:'\"<>|]+)+[\\/]([^\s\\/:'\"<>|]+\.py)")


class Asked(Protocol):
    """What answers questions: an ``Attempt``, or the notebook that is open."""

    ran: Ran

    @property
    def text(self) -> NotebookText: ...
    def ask(self, question: Question) -> Answer: ...
    def test(self) -> AbstractContextManager[None]: ...
    def suspicions(self) -> list[Suspicion]: ...


@dataclass
class Examination:
    """One submission while its tests run, and after."""

    submission: Submission
    attempt: Asked | None
    unreadable: str = ""
    seed: int = 0
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    speaking: Student | None = None
    """Who is spoken to in the test that runs."""
    failed: str = ""
    """Why the sandbox could not run it, which is nobody's fault who handed something in."""
    begun: float = field(default_factory=time.monotonic)

    @property
    def ran(self) -> Ran:
        """What became of its cells."""
        return Ran(unreadable=self.unreadable) if self.attempt is None else self.attempt.ran

    def suspicions(self) -> list[Suspicion]:
        """What a person is to look at."""
        return [] if self.attempt is None else self.attempt.suspicions()

    @contextlib.contextmanager
    def student(self, test: str) -> Iterator[Student]:
        """Speaks to the submission for one test. Raises ``NoNotebookError`` for one that is not a notebook."""
        if self.attempt is None or self.ran.unreadable:
            raise NoNotebookError(self.ran.unreadable)
        attempt = self.attempt

        def ask(question: Question) -> Answer:
            try:
                return attempt.ask(question)
            except DeadError as death:
                raise DiedError(death.kind) from None

        with attempt.test():
            self.speaking = Student(ask, _seed_of(self.seed, test), lambda: attempt.ran.excuse, lambda: attempt.text)
            yield self.speaking
        self.speaking = None


class NoNotebookError(AnswerError):
    """The submission is no notebook."""

    def __init__(self, reason: str) -> None:
        super().__init__(Message(f"homework.unreadable-{reason}"))


class Session:
    """The submissions of one run, the sandbox that they run in, and their outcomes by submission."""

    def __init__(self, submissions: Sequence[Submission], sandbox: Sandbox | None, limits: Limits, seed: int) -> None:
        self.submissions = list(submissions)
        self.identifiers = [_ascii(submission.name) for submission in submissions]
        self.sandbox = sandbox
        self.examinations: dict[str, Examination] = {}
        self.over: Callable[[Examination], None] = lambda _examination: None
        """Is given each submission when all its tests are over."""
        self.limits = limits
        self._seed = seed

    @contextlib.contextmanager
    def examined(self, submission: Submission) -> Iterator[Examination]:
        """Runs the submission, and ends all that it started when its tests are over."""
        examination = Examination(submission, None, seed=self._seed)
        if submission.name in self.examinations:  # a sheet whose own fixtures put its tests into another order
            examination.outcomes = self.examinations[submission.name].outcomes
        self.examinations[submission.name] = examination
        with contextlib.ExitStack() as stack:
            try:
                notebook = stack.enter_context(opened(submission, self.limits.notebook))
            except UnreadableError as reason:
                examination.unreadable = str(reason)
            else:
                assert self.sandbox is not None  # a session that only collects examines nothing
                attempt = self.sandbox.attempt(notebook, self.limits)
                examination.attempt = attempt
                stack.callback(attempt.close)
                with contextlib.suppress(DeadError):  # the tests find it dead, each by itself
                    attempt.run()
            yield examination

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
        elif isinstance(call.excinfo.value, SandboxError):
            self.examinations[submission.name].failed = str(call.excinfo.value) or "no sandbox"
            outcomes[name] = _outcome(name, call.excinfo.value, _detail(item, report))
        elif name not in outcomes or outcomes[name].status == "pass":
            outcomes[name] = outcome = _outcome(name, call.excinfo.value, _detail(item, report))
            outcome.seconds = report.duration
            speaking = self.examinations[submission.name].speaking
            if speaking is not None and report.when == "call":
                # Of a hidden test too: reports leave it out as long as it is hidden.
                outcome.trace = speaking.picture()
                if isinstance(call.excinfo.value, GraphDiffersError):
                    with contextlib.suppress(TooLargeError):
                        outcome.difference = call.excinfo.value.packed()

    def finished(self, item: pytest.Item) -> None:
        """The tests of this one's submission are over."""
        submission = _submission_of(item)
        if submission is not None and submission.name in self.examinations:
            self.over(self.examinations[submission.name])

    def identifier_of(self, item: pytest.Item) -> str:
        """How pytest names the submission of a test; empty for a test that speaks to none."""
        submission = _submission_of(item)
        return "" if submission is None else _ascii(submission.name)

    def close(self) -> None:
        """Ends the sandbox."""
        if self.sandbox is not None:
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
    if not submission:
        return item
    for whole, rest in ((f"[{submission}]", ""), (f"[{submission}-", "["), (f"-{submission}]", "]")):
        if whole in item:
            return item.replace(whole, rest, 1)
    return item


def _detail(item: pytest.Item, report: pytest.TestReport) -> str:
    """What pytest says, with the sheet's name for its path."""
    text = report.longreprtext
    for path in (str(item.path), os.path.relpath(item.path)):
        text = text.replace(path, item.path.name)
    return clean(_FOLDERS.sub(r"\1", text)[-_DETAIL:], _DETAIL)


def _outcome(name: str, error: BaseException, detail: str) -> Outcome:
    reason: PackedMessage | None = packed_message(error.message) if isinstance(error, AnswerError) else None
    match error:
        case NoNotebookError():
            return Outcome(name, "not-run", reason)
        case MissingError(because=because):
            return Outcome(name, because or "missing", reason)
        case DiedError(kind=kind):
            return Outcome(name, kind, reason)
        case CodeError(traceback=trace):
            return Outcome(name, "error", reason, traceback=clean(trace, 4000))
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
