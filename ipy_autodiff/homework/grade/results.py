"""Keep what became of each submission in a file that only grows, and find it again: ``results.jsonl``.

A line is keyed by the hash of submission, sheet, version and seed. Names and marks are not in it: they may change
without the code being run again. A line that was cut short when the command was killed is passed over.

The seed stands in a line of its own. It is drawn when nobody gives one: a student who knew it could compute the inputs
of the tests that are known, and learn the answers by heart.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ipy_autodiff

__all__ = ["BusyError", "Results", "key_of"]


class BusyError(Exception):
    """Another command is writing this file."""


def key_of(submission: str, sheet: str, seed: int) -> str:
    """The key of one submission's record; the arguments are the digests."""
    return hashlib.sha256(json.dumps([submission, sheet, ipy_autodiff.__version__, seed]).encode()).hexdigest()


class Results:
    """The records in a file, by key. Use it in ``with``. Raises ``BusyError``.

    Of each record only its place is kept in memory: ten thousand with their graphs would be too much.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+b")
        try:
            _lock(self._file.fileno())
        except OSError:
            self._file.close()
            raise BusyError(str(path)) from None
        self._file.seek(0)
        self._places: dict[str, int] = {}
        self._seed: int | None = None
        self._end = 0
        last = b"\n"
        for line in self._file:
            last, start = line, self._end
            self._end += len(line)
            try:
                record = json.loads(line)
                if "seed" in record:
                    self._seed = int(record["seed"])
                else:
                    self._places[record["key"]] = start
            except (ValueError, KeyError, TypeError):
                continue
        if not last.endswith(b"\n"):
            self._append(b"")

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def get(self, key: str) -> dict[str, Any] | None:
        """The record, or None."""
        if key not in self._places:
            return None
        self._file.seek(self._places[key])
        record: dict[str, Any] = json.loads(self._file.readline())
        return record

    def seed(self, given: int | None = None) -> int:
        """The seed of the tests' inputs: the one that is given, or else the file's first one, or else a new one."""
        if self._seed is None:
            self._seed = secrets.randbelow(2**32) if given is None else given
            self._append(json.dumps({"seed": self._seed}).encode())
            self._file.flush()
        return self._seed if given is None else given

    def add(self, records: Iterable[dict[str, Any]]) -> None:
        """Keeps records, each with its ``key``: on the disk when this returns. One that is there already is not."""
        for record in records:
            if record["key"] not in self._places:
                self._places[record["key"]] = self._end
                self._append(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace"))
        self._file.flush()
        os.fsync(self._file.fileno())

    def _append(self, line: bytes) -> None:
        self._end += self._file.write(line + b"\n")


def _lock(number: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: two commands at a time are the user's to avoid
        return
    fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
