"""Keep what became of each submission in a file that only grows, and find it again: ``results.jsonl``.

A line is keyed by the hash of submission, sheet, seed and the number of the format, which is raised when the grader
judges differently or keeps other things: a new version that does neither makes nobody run a class again. Names and
marks are not in it: they may change without the code being run again. A line that cannot be read, because it was cut
short, edited or is of another format, is passed over, and its submission is graded again.

The seed stands in a line of its own. It is drawn when nobody gives one: a student who knew it could compute the inputs
of the tests that are known, and learn the answers by heart.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ipy_autodiff.homework.sandbox.wire import GarbledError, decoded, encoded
from ipy_autodiff.homework.sheet.outcomes import Record

__all__ = ["FORMAT", "BusyError", "Results", "StorageError", "key_of"]

FORMAT = 2
"""Raise it when records of the same submission would be other ones."""


class _Seed(msgspec.Struct, forbid_unknown_fields=True):
    """The line with the seed."""

    seed: int


class BusyError(Exception):
    """Another command is writing this file."""


class StorageError(OSError):
    """A record could not be kept: the disk is full, say. What was kept before can be read."""


def key_of(submission: str, sheet: str, seed: int) -> str:
    """The key of one submission's record; the arguments are the digests."""
    return hashlib.sha256(json.dumps([submission, sheet, FORMAT, seed]).encode()).hexdigest()


class Results:
    """The records in a file, by key. Use it in ``with``. Raises ``BusyError``.

    Of each record only its place is kept in memory: ten thousand with their graphs would be too much.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = path.open("ab", buffering=0)
        try:
            _lock(self._written.fileno())
        except BlockingIOError:
            self._written.close()
            raise BusyError(str(path)) from None
        self._read = path.open("rb")
        self._places: dict[str, int] = {}
        self._seed: int | None = None
        self._end = 0
        last = b"\n"
        for line in self._read:
            last, start = line, self._end
            self._end += len(line)
            try:
                if line.startswith(b'{"seed"'):
                    self._seed = decoded(line, _Seed).seed
                else:
                    self._places[decoded(line, Record).key] = start
            except GarbledError:
                continue
        if not last.endswith(b"\n"):
            self._append([b""])

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self._written.close()
        self._read.close()

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def get(self, key: str) -> Record | None:
        """The record, or None."""
        if key not in self._places:
            return None
        self._read.seek(self._places[key])
        record: Record = decoded(self._read.readline(), Record)
        return record

    def seed(self, given: int | None = None) -> int:
        """The seed of the tests' inputs: the one that is given, or else the file's first one, or else a new one."""
        if self._seed is None:
            self._seed = secrets.randbelow(2**32) if given is None else given
            self._append([encoded(_Seed(self._seed))])
        return self._seed if given is None else given

    def add(self, records: Iterable[Record]) -> None:
        """Keeps records: on the disk when this returns. One that is there already is not. Raises ``StorageError``."""
        new = {record.key: encoded(record) for record in records if record.key not in self._places}
        self._places |= dict(zip(new, self._append(list(new.values())), strict=True))

    def _append(self, lines: list[bytes]) -> list[int]:
        """Writes lines, and returns where each begins. Where that fails nothing of them is left."""
        places = []
        end = self._end
        for line in lines:
            places.append(end)
            end += len(line) + 1
        content = memoryview(b"".join(line + b"\n" for line in lines))
        try:
            while content:
                content = content[self._written.write(content) :]
            os.fsync(self._written.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._written.truncate(self._end)
            raise StorageError(error.errno, error.strerror, str(self._path)) from None
        self._end = end
        return places


def _lock(number: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: two commands at a time are the user's to avoid
        return
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # a network disk without locks
        return
