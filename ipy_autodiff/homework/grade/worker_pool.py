"""Grade a chunk of notebooks in a process that lives on for the next chunk: what an executor's workers are sent.

The same function runs in a thread of the command and in a worker of a cluster. It keeps no state but the processes that
wait for work. Imports little as it is loaded, so that these processes can start before anything else does.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from ipy_autodiff.homework.grade.tasks import Reply, Task
    from ipy_autodiff.homework.sheet.outcomes import Record

__all__ = [
    "SlowError",
    "WorkerError",
    "ask_worker",
    "end_workers",
    "grade_chunk",
    "prepare_workers",
    "start_workers",
]

_idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
_all: set[_Worker] = set()
_started: list[_Worker] = []
_PATIENCE = 120.0


class WorkerError(Exception):
    """The process that runs a sheet ended or did not answer."""


class SlowError(WorkerError):
    """The process did not answer in time."""


def grade_chunk(task: Task, note: Callable[[Record], object] = lambda _record: None) -> Reply:
    """Grades the task's submissions; when it is ``Done`` there is a record for each, whatever happens.

    ``note`` is given each record as soon as it is there. Where the process that runs the sheet ends over a chunk, or
    leaves some out, the notebook that it was at is tried alone and the others go on without it; one that fails alone
    has a record without tests, marked ``lost``.
    """
    from msgspec.structs import replace

    from ipy_autodiff.homework.grade.tasks import Done
    from ipy_autodiff.homework.sheet.outcomes import Record

    found: dict[str, Record] = {}

    def keep(record: Record) -> None:
        found[record.key] = record
        note(record)

    why = "not reached"
    try:
        reply = ask_worker(task, _PATIENCE + 2 * (task.limits.seconds + 5), keep)
    except WorkerError as error:
        reply, why = Done(), str(error)
    if not isinstance(reply, Done):
        return reply
    left = [one for one in task.submissions if one.key not in found]
    if left and len(task.submissions) == 1:
        keep(Record(left[0].key, lost=why[:1000]))
        left = []
    for part in (left[:1], left[1:]):
        if part:
            inner = grade_chunk(replace(task, submissions=part), keep)
            if not isinstance(inner, Done):
                return inner
    return Done([found[one.key] for one in task.submissions])


def ask_worker(
    task: Task, patience: float = _PATIENCE, note: Callable[[Record], object] = lambda _record: None
) -> Reply:
    """One task's answer, from a process that waits or a new one, after the records that it gave to ``note``.

    ``patience``: seconds to wait for the next of them. Raises ``WorkerError``; the process is ended then.
    """
    worker = _waiting_worker()
    try:
        answer = worker.ask(task, patience, note)
    except BaseException:
        worker.end()
        _all.discard(worker)
        raise
    if worker in _all:  # not ended from another thread meanwhile
        _idle.put(worker)
    return answer


def start_workers(count: int) -> None:
    """Starts processes that ``prepare_workers`` will tell what they are for."""
    for _ in range(count):
        worker = _Worker()
        _all.add(worker)
        _started.append(worker)


def prepare_workers(task: Task) -> None:
    """Makes those that were started ready for tasks like this one (its sheet, isolation and hidden folders)."""
    from msgspec.structs import replace

    while _started:
        worker = _started.pop()
        worker.tell(replace(task, do="prepare"))
        _idle.put(worker)


def _waiting_worker() -> _Worker:
    while True:
        try:
            worker = _idle.get_nowait()
        except queue.Empty:
            break
        if worker in _all:
            return worker
    worker = _Worker()
    _all.add(worker)
    return worker


@atexit.register
def end_workers() -> None:
    """Ends all the processes, those at work too."""
    _started.clear()
    while not _idle.empty():
        _idle.get()
    ending = [_all.pop() for _ in range(len(_all))]
    for worker in ending:
        worker.finish()
    for worker in ending:
        worker.end()


class _Worker:
    """A process that runs ``worker.main``."""

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parents[3])
        boot = f"import gc, sys; gc.disable(); sys.path.insert(0, {root!r}); import ipy_autodiff; "
        boot += "sys.path.append(sys.path.pop(0)); from ipy_autodiff.homework.grade.worker_process import main; main()"
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "OPENBLAS_NUM_THREADS": "1"}
        environment.pop("PYTEST_ADDOPTS", None)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", boot],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def tell(self, task: Task) -> None:
        """Sends a task. Raises ``WorkerError`` where nobody reads it."""
        from ipy_autodiff.homework.sandbox.wire import encoded

        tasks, _ = self._pipes()
        try:
            tasks.write(encoded(task) + b"\n")
            tasks.flush()
        except (OSError, ValueError) as error:  # it has ended, or was ended from another thread
            raise WorkerError(str(error)) from None

    def ask(self, task: Task, patience: float, note: Callable[[Record], object]) -> Reply:
        """Raises ``WorkerError`` where no answer comes."""
        from ipy_autodiff.homework.grade.tasks import Recorded, Reply
        from ipy_autodiff.homework.sandbox.wire import GarbledError, decoded

        self.tell(task)
        while True:
            try:
                line = self._lines.get(timeout=patience)
            except queue.Empty:
                raise SlowError("no answer in time") from None
            if not line:
                raise WorkerError(f"ended with {self._process.wait()}")
            try:
                reply: Reply = decoded(line, Reply)
            except GarbledError as error:
                raise WorkerError(str(error)) from None
            if not isinstance(reply, Recorded):
                return reply
            note(reply.record)

    def _read(self) -> None:
        """Reads answers as they come: not every system can wait for a pipe with a time limit."""
        _, answers = self._pipes()
        with answers:
            for line in answers:
                self._lines.put(line)
        self._lines.put(b"")

    def finish(self) -> None:
        """Closes its input, which ends it and what it has started, soon."""
        tasks, _ = self._pipes()
        with contextlib.suppress(OSError):
            tasks.close()

    def end(self) -> None:
        """Waits until it has ended; kills it where it does not."""
        self.finish()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout
