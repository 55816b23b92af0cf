"""Grade on the workers of a Dask cluster: those that can, and not longer than there are any."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from importlib.metadata import version
from typing import Any

from ipy_autodiff.messages import say

__all__ = ["Cluster", "ClusterError", "connected"]

_CONNECT = 60.0
_WORKERS = 30.0
_PATIENCE = 60.0
_CHUNKS = (20, 100)
# Evaluated by each worker, which may not have this package to find a function in.
_WHAT = (
    "(__import__('importlib.metadata').metadata.version('ipy_autodiff'), "
    "__import__('ipy_autodiff.homework.grade.worker_pool', fromlist=['grade_chunk']).grade_chunk.__name__)"
)


class ClusterError(Exception):
    """The cluster cannot grade; the argument is a sentence for the user."""


class Cluster:
    """A cluster whose workers run chunks."""

    def __init__(self, client: Any, workers: list[str]) -> None:
        self._client = client
        self._workers = workers
        self._alone_since: float | None = None

    def executor(self) -> Executor:
        """Where chunks are submitted: only workers that can grade get one."""
        executor: Executor = self._client.get_executor(pure=False, workers=self._workers, allow_other_workers=False)
        return executor

    def chunk(self, count: int) -> int:
        """How many notebooks a chunk has, of so many."""
        cores = sum(self._client.nthreads(self._workers).values()) or 1
        least, most = _CHUNKS
        return min(most, max(least, -(-count // (4 * cores))))

    def gone(self) -> str:
        """Why no answer is to be expected any more; empty while one is. Asked again and again."""
        try:
            left = set(self._client.scheduler_info()["workers"]) & set(self._workers)
        except Exception as error:
            return str(error) or type(error).__name__
        if self._client.status == "running" and left:
            self._alone_since = None
            return ""
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        return say("homework.cluster-gone") if now - self._alone_since > _PATIENCE else ""


@contextlib.contextmanager
def connected(address: str, tell: Callable[[str], None]) -> Iterator[Cluster]:
    """Connects to a scheduler. ``tell`` is given a sentence on workers that are left out. Raises ``ClusterError``."""
    from distributed import Client

    with _silent_logs():
        try:
            client = Client(address, timeout=_CONNECT, set_as_default=False)
        except Exception as error:
            raise ClusterError(str(error) or type(error).__name__) from None
        try:
            client.wait_for_workers(1, timeout=_WORKERS)
            found = client.run(eval, _WHAT, on_error="return")
            wrong = {worker: _wrong(one) for worker, one in found.items()}
            able = [worker for worker, reason in wrong.items() if not reason]
            unable = "; ".join(f"{worker}: {reason}" for worker, reason in wrong.items() if reason)
            if not able:
                raise ClusterError(say("homework.cluster-unable", reason=unable))
            if unable:
                tell(say("homework.cluster-left-out", reason=unable))
            yield Cluster(client, able)
        except TimeoutError:
            raise ClusterError(say("homework.cluster-empty", seconds=f"{_WORKERS:g}")) from None
        finally:
            with contextlib.suppress(Exception):
                client.close(timeout=5)


def _wrong(found: object) -> str:
    """Why a worker cannot grade; empty where it can."""
    own = version("ipy_autodiff")
    if isinstance(found, BaseException):
        return f"{type(found).__name__}: {found}"
    other = found[0] if isinstance(found, tuple) else None
    return "" if other == own else say("homework.cluster-version", other=other, own=own)


@contextlib.contextmanager
def _silent_logs() -> Iterator[None]:
    """The cluster's library logs a traceback for what is said in one sentence here."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
