"""Run sheets on submissions in a process of its own: what ``workers`` starts, and talks to by lines of JSON.

The process exists because pytest can run only one session at a time, and because a sheet that crashes must take no more
than a chunk of notebooks with it. Submissions run one level further down, in the sandbox.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING, Any

from ipy_autodiff.homework.grade.tasks import Broken, Collected, Done, NoIsolation, Recorded, Reply, Task
from ipy_autodiff.homework.sandbox.protocol import clean
from ipy_autodiff.homework.sandbox.sandbox import Isolation, Limits, Sandbox, SandboxError
from ipy_autodiff.homework.sandbox.wire import decoded, encoded
from ipy_autodiff.homework.sheet.outcomes import Record
from ipy_autodiff.homework.sheet.submissions import Submission
from ipy_autodiff.messages import say, speaking

if TYPE_CHECKING:
    from ipy_autodiff.homework.sheet.session import Examination

__all__ = ["main"]

_GRACE = 3.0


def main() -> None:
    """Answers each line of standard input with one of standard output, until the input closes."""
    tasks = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    if hasattr(select, "poll"):
        threading.Thread(target=_end_with_the_parent, args=(tasks,), daemon=True).start()
    sandboxes = _Sandboxes()
    try:
        for line in tasks:
            task: Task = decoded(line, Task)
            reply = _reply(task, sandboxes, lambda record: _tell(answers, Recorded(record)))
            if task.do != "prepare":
                _tell(answers, reply)
            gc.collect()  # pytest leaves cycles, and the collector comes by itself only when there are many
    finally:
        sandboxes.close()
        answers.close()
    os._exit(0)  # what a sheet has imported need not be taken down


def _tell(answers: IO[bytes], reply: Reply) -> None:
    answers.write(encoded(reply) + b"\n")
    answers.flush()


def _reply(task: Task, sandboxes: _Sandboxes, note: Callable[[Record], None]) -> Reply:
    with contextlib.ExitStack() as stack:
        stack.enter_context(speaking(task.language))
        path = Path(os.fsdecode(task.sheet.path))
        hidden: list[str | Path] = [path.parent, *map(os.fsdecode, task.hidden)]
        if task.sheet.files:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ipy-autodiff-sheet-"))
            path, hidden = Path(folder, path.name), []
            for name, text in task.sheet.files.items():
                Path(folder, name).write_text(text, encoding="utf-8")
        try:
            sandbox = sandboxes.like(task.isolation, hidden)
        except SandboxError as error:
            if task.do == "grade":
                return NoIsolation(str(error))
        # Imported only now: while pytest is, the sandbox starts beside it.
        from ipy_autodiff.homework.sheet import pytest_run

        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        if task.do == "prepare":
            return Done()
        if task.do == "collect":
            return _collected(path, pytest_run)
        return _graded(task, path, sandbox, pytest_run, note)


def _collected(path: Path, pytest_run: ModuleType) -> Reply:
    """The sheet's tests with their marks, or what is wrong with it."""
    session = pytest_run.Session([Submission("one", "one")], None, Limits(), 0)
    run = pytest_run.run_sheet(path, session, collect_only=True)
    if not run.broken and not run.tests:
        return Broken(say("homework.sheet-no-tests"))
    return Broken(run.broken) if run.broken else Collected(run.tests)


def _graded(task: Task, path: Path, sandbox: Sandbox, pytest_run: ModuleType, note: Callable[[Record], None]) -> Reply:
    """Gives a record to ``note`` for each of the task's submissions, as soon as its tests are over."""
    try:
        sandbox.wait()
    except SandboxError as error:
        return NoIsolation(str(error))
    submissions = [Submission(one.key, os.fsdecode(one.path), one.content) for one in task.submissions]
    session = pytest_run.Session(submissions, sandbox, task.limits, task.seed)
    session.over = lambda examination: note(_record(examination, sandbox))
    run = pytest_run.run_sheet(path, session)
    return Broken(run.broken) if run.broken else Done()


class _Sandboxes:
    """One sandbox, as long as the tasks want the same."""

    def __init__(self) -> None:
        self._wanted: tuple[Any, ...] | None = None
        self._sandbox: Sandbox | None = None

    def like(self, isolation: Isolation | None, hidden: Sequence[str | Path]) -> Sandbox:
        wanted = (isolation, *map(str, hidden))
        if self._sandbox is None or wanted != self._wanted:
            self.close()
            self._sandbox, self._wanted = Sandbox(isolation, hidden), wanted
        return self._sandbox

    def close(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None


def _record(examination: Examination, sandbox: Sandbox) -> Record:
    """All that reports are made of."""
    if examination.failed:
        return Record(examination.submission.name, lost=clean(examination.failed, 1000))
    ran = examination.ran
    return Record(
        key=examination.submission.name,
        isolation=sandbox.isolation,
        as_root=sandbox.as_root,
        seconds=round(time.monotonic() - examination.begun, 3),
        cells=ran.cells,
        unreadable=ran.unreadable,
        errors=[(number, kind, text) for number, (kind, text) in sorted(ran.errors.items())[:50]],
        deaths=sorted(ran.deaths.items()),
        stale=ran.stale[:50],
        output=ran.output[-4000:],
        suspicions=examination.suspicions(),
        tests=list(examination.outcomes.values()),
    )


def _end_with_the_parent(tasks: IO[bytes]) -> None:
    """Ends this process soon after nobody can send it anything any more, in the middle of a test too."""
    poll = select.poll()
    poll.register(tasks, 0)
    poll.poll()
    time.sleep(_GRACE)
    os._exit(1)


if __name__ == "__main__":
    main()
