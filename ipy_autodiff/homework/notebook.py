"""Check a notebook as it stands by a sheet's public tests: what ``%autodiff_check`` calls.

The notebook's own objects are asked, not copies, and stay as they are: names that a test assigns live as long as its
question, what the code prints is dropped, and the global random state is put back.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ipy_autodiff.homework.grade.feedback import article_of, reason_of
from ipy_autodiff.homework.grade.marks import TestMark, marks_of
from ipy_autodiff.homework.sandbox.attempt import Ran
from ipy_autodiff.homework.sandbox.inside.answers import Answers
from ipy_autodiff.homework.sandbox.protocol import Answer, Question
from ipy_autodiff.homework.sandbox.sandbox import Limits
from ipy_autodiff.homework.sandbox.text.notebook_text import NotebookText
from ipy_autodiff.homework.sandbox.text.suspicions import Suspicion
from ipy_autodiff.homework.sheet.outcomes import Outcome
from ipy_autodiff.homework.sheet.pytest_run import run_sheet
from ipy_autodiff.homework.sheet.session import Examination, Session
from ipy_autodiff.homework.sheet.sheet_file import SheetError, SheetTest, find_sheet
from ipy_autodiff.homework.sheet.submissions import Submission
from ipy_autodiff.messages import current_language, say, speaking

__all__ = ["Checked", "check"]

_NAME = "notebook"


@dataclass(frozen=True)
class Checked:
    """What became of the tests: shown by a notebook as HTML, elsewhere as text."""

    marks: tuple[TestMark, ...]
    language: str
    remark: str = ""
    """What is to be said instead, where nothing was run."""

    @property
    def ok(self) -> bool:
        """Whether there were tests and all passed."""
        return bool(self.marks) and all(mark.status == "pass" for mark in self.marks)

    def _repr_html_(self) -> str:
        with speaking(self.language):
            drawn = next((mark for mark in self.marks if mark.status != "pass" and mark.outcome.trace), None)
            articles = [article_of(mark, self.language, inline=True, stepping=mark is drawn) for mark in self.marks]
            return f'<div data-autodiff="homework"><p><b>{escape(self._heading())}</b></p>{"".join(articles)}</div>'

    def __str__(self) -> str:
        lines = [self._heading()]
        for mark in self.marks:
            symbol = "✓" if mark.status == "pass" else "✗"
            lines.append(f"{symbol} {mark.test.title(self.language)}")
            if mark.status != "pass":
                said = (reason_of(mark, self.language), mark.outcome.detail, mark.outcome.traceback)
                lines += [f"    {line}" for text in said if text for line in text.splitlines()]
        return "\n".join(lines)

    __repr__ = __str__

    def _heading(self) -> str:
        passed = sum(mark.status == "pass" for mark in self.marks)
        return self.remark or say("homework.passed", language=self.language, passed=passed, all=len(self.marks))


def check(shell: Any, sheet: str, tests: Sequence[str] = (), language: str | None = None) -> Checked:
    """Runs the sheet's public tests, or those of the named ones, on the shell's namespace.

    A test may be named without ``test_``, and one that has parameters without them. Raises ``LookupError`` with a
    sentence for the user for a sheet or a test that there is not.
    """
    with speaking(language):
        language = language or current_language()
        if os.environ.get("IPY_AUTODIFF_GRADING"):  # the notebook is being graded, and the sheet is not here
            return Checked((), language, say("homework.while-grading"))
        try:
            path = find_sheet(sheet).path
        except SheetError as error:
            raise LookupError(say("homework.no-sheet", reason=str(error))) from None
        session = _NotebookSession(shell)
        run = run_sheet(path, session, chosen=lambda test: not test.hidden and _chosen(test, tests))
        if run.broken:
            raise LookupError(say("homework.no-sheet", reason=run.broken))
        if not run.tests:
            raise LookupError(say("homework.no-test", tests=", ".join(tests)))
        return Checked(marks_of(tuple(run.tests), session.outcomes()), language)


def _chosen(test: SheetTest, names: Sequence[str]) -> bool:
    plain = test.name.partition("[")[0]
    known = {test.name, plain, plain.removeprefix("test_")}
    return not names or any(name in known for name in names)


class _NotebookSession(Session):
    """A session of one submission: the notebook that is open."""

    def __init__(self, shell: Any) -> None:
        # Other inputs every time: who learns some by heart has learned nothing for when it is graded.
        super().__init__([Submission(_NAME, "")], None, Limits(), secrets.randbelow(2**32))
        self._shell = shell

    @contextlib.contextmanager
    def examined(self, submission: Submission) -> Iterator[Examination]:
        """The notebook's namespace, for all its tests."""
        names = self._shell.user_ns
        if not self.limits.engine:
            names = {name: value for name, value in names.items() if not _of_the_engine(value)}
        answers = Answers(names)
        self.examinations[submission.name] = examination = Examination(
            submission, _OpenNotebook(answers, self._cells), seed=self._seed
        )
        with _as_it_was():
            yield examination

    def outcomes(self) -> list[Outcome]:
        """As a record has them."""
        return [outcome for one in self.examinations.values() for outcome in one.outcomes.values()]

    def _cells(self) -> NotebookText:
        return NotebookText([(source, "") for source in self._shell.history_manager.input_hist_raw])


class _OpenNotebook:
    """Stands where an ``Attempt`` stands for a submission."""

    def __init__(self, answers: Answers, text: Callable[[], NotebookText]) -> None:
        self._answers = answers
        self._text = text
        self.ran = Ran()

    @property
    def text(self) -> NotebookText:
        """What was run."""
        return self._text()

    def suspicions(self) -> list[Suspicion]:
        """None: nobody is graded here."""
        return []

    def ask(self, question: Question) -> Answer:
        """The answer, without what the code prints."""
        np.random.seed(question.seed)  # noqa: NPY002 - what students use
        random.seed(question.seed)
        nothing = io.StringIO()
        with contextlib.redirect_stdout(nothing), contextlib.redirect_stderr(nothing):
            return self._answers(question)

    @contextlib.contextmanager
    def test(self) -> Iterator[None]:
        """Nothing to open: one test's questions are like another's."""
        yield


def _of_the_engine(value: object) -> bool:
    """Whether it is the engine's that comes along: nothing that the student wrote."""
    module = getattr(value, "__module__", None)
    return isinstance(module, str) and f"{module}.".startswith("ipy_autodiff.engine.")


@contextlib.contextmanager
def _as_it_was() -> Iterator[None]:
    numbers, plain = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        np.random.set_state(numbers)  # noqa: NPY002
        random.setstate(plain)
