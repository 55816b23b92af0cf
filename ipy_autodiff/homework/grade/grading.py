"""Grade a class: every notebook once, on one machine or many, and never the same one twice.

Whatever runs the chunks is a ``concurrent.futures.Executor``: threads that each talk to a process of their own here, or
a cluster's. Reports are made of the records, so that other marks need no other run.
"""

from __future__ import annotations

import contextlib
import os
import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from ipy_autodiff.homework.grade.marks import Graded, marks_of
from ipy_autodiff.homework.grade.results import Results, key_of
from ipy_autodiff.homework.grade.tasks import (
    Broken,
    Collected,
    Done,
    NoIsolation,
    Reply,
    SheetSource,
    Task,
    TaskSubmission,
)
from ipy_autodiff.homework.grade.worker_pool import (
    SlowError,
    WorkerError,
    ask_worker,
    end_workers,
    grade_chunk,
    prepare_workers,
)
from ipy_autodiff.homework.sandbox.sandbox import Isolation, Limits
from ipy_autodiff.homework.sheet.outcomes import Record
from ipy_autodiff.homework.sheet.sheet_file import Sheet, SheetError, SheetTest
from ipy_autodiff.homework.sheet.submissions import Submission
from ipy_autodiff.messages import current_language, say

__all__ = ["Grading", "IsolationError", "Workers", "executor_for"]

_COLLECTION = 30.0
_LOCAL_CHUNKS = (4, 16)
_ALONE_CHUNK = 64
_ASK = 5.0


class IsolationError(Exception):
    """The machine that grades allows no strong isolation, and no weaker one was named."""


@dataclass(frozen=True)
class Workers:
    """What runs chunks of notebooks."""

    executor: Executor
    size: Callable[[int], int]
    """How many notebooks the next chunk has, when so many are left."""
    ship: bool
    """Whether the workers do not have the files, so that their contents are sent, and records come by the chunk."""
    gone: Callable[[], str] = lambda: ""
    """Why no answer is to be expected any more; empty while one is."""


@dataclass
class Grading:
    """One sheet and the class's submissions."""

    sheet: Sheet
    submissions: Sequence[Submission]
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    isolation: Isolation | None = None
    hidden: Sequence[str] = ()
    """Folders that no submission is to see."""
    tests: tuple[SheetTest, ...] = ()

    def prepare(self) -> None:
        """Makes the processes that were started on this machine ready for what follows."""
        prepare_workers(self._task([], ship=False))

    def collect(self) -> None:
        """Reads the sheet's tests and their marks. Raises ``SheetError`` with what pytest says."""
        task = msgspec.structs.replace(self._task([], ship=False), do="collect")
        self.sheet.digest  # noqa: B018 - what is no Python is said in one sentence
        try:
            reply = ask_worker(task, _COLLECTION)
        except SlowError:
            raise SheetError(say("homework.sheet-slow", seconds=f"{_COLLECTION:g}")) from None
        except WorkerError:
            raise SheetError(say("homework.sheet-exit")) from None
        if not isinstance(reply, Collected):
            raise SheetError(reply.reason if isinstance(reply, Broken) else "?")
        self.tests = tuple(reply.tests)

    def run(
        self,
        results: Results,
        workers: Workers,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        """Grades what ``results`` does not have yet, and keeps each record as soon as it is there.

        Raises ``IsolationError``.
        """
        executor, ship = workers.executor, workers.ship
        digest = self.sheet.digest
        waiting: dict[str, Submission] = {}
        for submission in self.submissions:
            key = key_of(submission.digest, digest, self.seed)
            if not submission.unreadable and key not in results:
                waiting.setdefault(key, submission)
        count = len(self.submissions)
        progress(count - len(waiting), count)
        news: queue.SimpleQueue[Record | Future[Reply]] = queue.SimpleQueue()
        futures: dict[Future[Reply], list[str]] = {}
        for part in _parts(list(waiting.items()), workers.size):
            # Within a chunk a submission goes by its key: names are for reports.
            task = self._task(part, ship=ship)
            future = executor.submit(grade_chunk, task) if ship else executor.submit(grade_chunk, task, news.put)
            futures[future] = [key for key, _ in part]
            future.add_done_callback(news.put)
        try:
            while futures and not workers.gone():
                records: list[Record] = []
                for one in _all_of(news, workers.gone):
                    records += self._records(one, futures.pop(one)) if isinstance(one, Future) else [one]
                results.add(record for record in records if not record.lost)
                for record in records:
                    waiting.pop(record.key, None)
                progress(count - len(waiting), count)
        finally:
            for future in futures:
                future.cancel()

    def graded(self, results: Results) -> Iterator[Graded]:
        """Every submission with its marks, in order; one without a record has none."""
        digest = self.sheet.digest
        for submission in self.submissions:
            record = results.get(key_of(submission.digest, digest, self.seed))
            yield Graded(submission, record, marks_of(self.tests, [] if record is None else record.tests))

    def _task(self, part: Sequence[tuple[str, Submission]], *, ship: bool) -> Task:
        sheet = SheetSource(os.fsencode(self.sheet.path))
        if ship:
            files = (self.sheet.path, self.sheet.path.with_name("conftest.py"))
            sheet.files = {path.name: path.read_text(encoding="utf-8") for path in files if path.exists()}
        return Task(
            do="grade",
            sheet=sheet,
            submissions=[
                TaskSubmission(key, os.fsencode(submission.path), Path(submission.path).read_bytes() if ship else None)
                for key, submission in part
            ],
            limits=self.limits,
            seed=self.seed,
            isolation=self.isolation,
            hidden=[] if ship else list(map(os.fsencode, self.hidden)),
            language=current_language(),
        )

    @staticmethod
    def _records(future: Future[Reply], keys: Sequence[str]) -> list[Record]:
        try:
            reply = future.result()
        except Exception as error:
            return [Record(key, lost=(str(error) or type(error).__name__)[:1000]) for key in keys]
        match reply:
            case NoIsolation(reason=reason):
                raise IsolationError(reason)
            case Broken(reason=reason):
                raise SheetError(reason)
            case Done(records=records):
                return records
        return [Record(key, lost="no answer") for key in keys]


@contextlib.contextmanager
def executor_for(
    jobs: int, scheduler: str | None, count: int, tell: Callable[[str], None] = lambda _sentence: None
) -> Iterator[Workers]:
    """What runs the chunks of so many notebooks.

    With ``scheduler``, a Dask cluster's address, its workers do; else ``jobs`` processes on this machine. ``tell`` is
    given a sentence on what does not stop the work. Raises ``ClusterError``.
    """
    if scheduler is None:
        pool = ThreadPoolExecutor(jobs, thread_name_prefix="grade")
        try:
            yield Workers(pool, lambda left: _local_chunk(left, jobs), ship=False)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            end_workers()
            pool.shutdown(wait=True)
        return
    from ipy_autodiff.homework.grade.cluster import connected

    with connected(scheduler, tell) as cluster:
        size = cluster.chunk(count)
        executor = cluster.executor()
        try:
            yield Workers(executor, lambda _left: size, ship=True, gone=cluster.gone)
        finally:
            with contextlib.suppress(Exception):  # the scheduler may be gone
                executor.shutdown(wait=False)


def _local_chunk(left: int, jobs: int) -> int:
    """Smaller and smaller, so that all have work until the end."""
    least, most = _LOCAL_CHUNKS
    return _ALONE_CHUNK if jobs == 1 else min(most, max(least, -(-left // (2 * jobs))))


def _parts(
    items: Sequence[tuple[str, Submission]], size: Callable[[int], int]
) -> Iterator[Sequence[tuple[str, Submission]]]:
    start = 0
    while start < len(items):
        end = start + size(len(items) - start)
        yield items[start:end]
        start = end


def _all_of(news: queue.SimpleQueue[Any], gone: Callable[[], str]) -> Iterator[Any]:
    """What there is; at least one, unless nobody is left to say anything."""
    while not gone():
        with contextlib.suppress(queue.Empty):
            yield news.get(timeout=_ASK)
            break
    with contextlib.suppress(queue.Empty):
        while True:
            yield news.get_nowait()
