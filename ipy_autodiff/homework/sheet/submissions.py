"""Name the notebooks of a class, and open them without being led elsewhere: no links, no devices, no endless files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from ipy_autodiff.homework.sandbox.text.cells import UnreadableError

__all__ = ["Submission", "found", "opened"]

_BYTES = 200  # of the 255 that a file name may have: a suffix and a number come behind it
_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$", re.IGNORECASE)


@dataclass(frozen=True)
class Submission:
    """One notebook: under which name it is reported, and where it lies, or what it contains."""

    name: str
    path: str
    content: bytes | None = None
    """For another machine, which does not have the file."""
    unreadable: str = ""
    """Why there is nothing to grade: the end of an identifier in the catalogue."""
    digest: str = ""
    """SHA-256 of its bytes; of its path where it could not be read."""


def found(paths: Iterable[str | Path], most: int) -> list[Submission]:
    """The submissions at these paths, each named after its file, by its folders too where names meet.

    A folder stands for the notebooks in it. A path twice is one submission. ``most``: bytes of one file.
    """
    files = list(dict.fromkeys(file for path in paths for file in _files(Path(path))))
    submissions = []
    for file, name in zip(files, _names(files), strict=True):
        try:
            with opened(Submission(name, str(file)), most) as number, os.fdopen(os.dup(number), "rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
        except UnreadableError as reason:
            digest = hashlib.sha256(str(file).encode(errors="surrogateescape")).hexdigest()
            submissions.append(Submission(name, str(file), unreadable=str(reason), digest=digest))
        else:
            submissions.append(Submission(name, str(file), digest=digest))
    return submissions


@contextlib.contextmanager
def opened(submission: Submission, most: int) -> Iterator[int]:
    """A file descriptor that reads the notebook. Raises ``UnreadableError``."""
    if submission.unreadable:
        raise UnreadableError(submission.unreadable)
    if submission.content is not None:
        with TemporaryFile() as file:
            file.write(submission.content)
            file.flush()
            yield file.fileno()
        return
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        number = os.open(submission.path, flags)
    except OSError:
        link = Path(submission.path).is_symlink()
        raise UnreadableError("link" if link else "file") from None
    try:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("file")
        if status.st_size > most:
            raise UnreadableError("large")
        yield number
    finally:
        os.close(number)


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.ipynb")) if path.is_dir() and not path.is_symlink() else [path]


def _names(files: Sequence[Path]) -> list[str]:
    """As few of the last parts of each path as tell it from the others, safe as file names on every system.

    Two spellings of one name, in capitals or not, in composed letters or not, are one name.
    """
    parts = [tuple(map(_composed, (*file.parent.absolute().parts[1:], file.stem))) for file in files]
    lengths = [1] * len(files)
    while True:
        keys = [tuple(word.casefold() for word in part[-length:]) for part, length in zip(parts, lengths, strict=True)]
        others: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        for key, part in zip(keys, parts, strict=True):
            others.setdefault(key, set()).add(tuple(word.casefold() for word in part))
        meeting = [n for n, key in enumerate(keys) if len(others[key]) > 1 and lengths[n] < len(parts[n])]
        if not meeting:
            break
        for n in meeting:
            lengths[n] += 1
    return _numbered([_safe("-".join(part[-length:])) for part, length in zip(parts, lengths, strict=True)])


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _numbered(names: Sequence[str]) -> list[str]:
    """The names, with a number behind one that was given already."""
    given: list[str] = []
    taken: set[str] = set()
    counts: Counter[str] = Counter()
    for name in names:
        free = name
        while free.casefold() in taken:
            counts[name.casefold()] += 1
            free = f"{name}-{counts[name.casefold()] + 1}"
        taken.add(free.casefold())
        given.append(free)
    return given


def _safe(name: str) -> str:
    """Letters, digits, blanks and ``-_.()+@,`` as they are, anything else as ``_``.

    So are a dot or a dash at the start, and a dot or a blank at the end. Of a long name the end is kept.
    """
    kept = "".join(letter if letter.isalnum() or letter in " -_.()+@," else "_" for letter in name)
    while len(kept.encode()) > _BYTES:
        kept = kept[1:]
    kept = kept or "_"
    if kept[0] in ". -":
        kept = "_" + kept[1:]
    if kept[-1] in ". ":
        kept = kept[:-1] + "_"
    reserved = _RESERVED.fullmatch(kept.partition(".")[0].rstrip())
    return f"_{kept}" if reserved else kept
