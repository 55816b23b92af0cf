"""Submissions that take too much: time, memory, processes, disk. Tried inside small limits, the mildest first."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.homework.conftest import ENGINE, RIGHT, SQUARE, Row, wait_until_gone, write_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")

Grade = Callable[..., list[Row]]
SMALL = ("--jobs", "1", "--timeout", "4", "--memory", "150")

GREEDY: dict[str, tuple[tuple[str, ...], tuple[str, str]]] = {
    "a list that grows": (
        (*RIGHT, "hoard = []\nwhile True:\n    hoard.append(bytearray(1_000_000))"),
        ("pass", "pass"),
    ),
    "100 GB at once": ((*RIGHT, "np.ones(100_000_000_000 // 8)"), ("pass", "pass")),
    "100 GB in the answer": (
        (ENGINE, SQUARE.replace("return x ** 2", "return np.ones(100_000_000_000 // 8)")),
        ("out-of-memory", "out-of-memory"),
    ),
    "names behind an allocation": (
        (ENGINE, "np.ones(100_000_000_000 // 8)\n" + SQUARE),
        ("out-of-memory", "out-of-memory"),
    ),
    "shared memory in children": (
        (
            *RIGHT,
            (
                "import mmap, os, time\n"
                "for _ in range(6):\n    if os.fork() == 0:\n        m = mmap.mmap(-1, 60_000_000)\n"
                "        m.write(bytes(60_000_000))\n        break\ntime.sleep(60)"
            ),
        ),
        ("pass", "pass"),
    ),
    "threads without end": (
        (*RIGHT, "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(60,)).start()"),
        ("pass", "pass"),
    ),
    "a fork bomb": (
        (*RIGHT, "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"),
        ("pass", "pass"),
    ),
    "fills its disk": (
        (*RIGHT, "n = 0\nwhile True:\n    n += 1\n    open(f'/homework/{n}', 'wb').write(bytes(10_000_000))"),
        ("pass", "pass"),
    ),
    "fills shared memory": (
        (*RIGHT, "for n in range(40):\n    open(f'/dev/shm/{n}', 'wb').write(bytes(10_000_000))"),
        ("pass", "pass"),
    ),
    "memory files": (
        (*RIGHT, "import os\nfor n in range(100):\n    os.write(os.memfd_create('x'), bytes(10_000_000))"),
        ("pass", "pass"),
    ),
    "loops for ever": ((*RIGHT, "while True: pass"), ("pass", "pass")),
    "loops for ever in the answer": (
        (ENGINE, SQUARE.replace("return x ** 2", "\n        while True: pass")),
        ("timeout", "timeout"),
    ),
    "sleeps": ((*RIGHT, "import time; time.sleep(1000)"), ("pass", "pass")),
    "loops and does not listen": (
        (
            *RIGHT,
            (
                "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
                "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass"
            ),
        ),
        ("pass", "pass"),
    ),
    "names behind a loop": ((ENGINE, "while True: pass\n" + SQUARE), ("timeout", "timeout")),
    "never lets go": (
        (ENGINE, "import os\nwhile True:\n    if os.fork() == 0:\n        continue\n    while True: pass", SQUARE),
        ("pass", "pass"),
    ),
}


@pytest.mark.parametrize("name", GREEDY)
def test_gets_the_marks_from_before(grade: Grade, tmp_path: Path, name: str) -> None:
    cells, statuses = GREEDY[name]
    innocent = write_notebook(tmp_path / "in" / "innocent.ipynb", RIGHT)
    row, other = grade(write_notebook(tmp_path / "in" / "greedy.ipynb", cells), innocent, options=SMALL)
    assert (row["test_value"], row["test_gradient"]) == statuses
    assert other["score"] == "5"
    assert float(row["seconds"]) < 60  # it ends; how soon is not for a busy machine to say


def test_leaves_nothing_behind(grade: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = str(100_000 + secrets.randbelow(10**9))
    monkeypatch.setenv("GRADED_BY", seconds)
    cell = f"import subprocess as s\nfor _ in '123': s.Popen(['/bin/sleep', '{seconds}'], start_new_session=True)"
    temporary = set(Path("/tmp").glob("left"))
    grade(write_notebook(tmp_path / "leaves.ipynb", (*RIGHT, cell, "open('/tmp/left', 'w').write('x')")))
    wait_until_gone(seconds)
    assert set(Path("/tmp").glob("left")) == temporary


def test_a_library_that_finds_no_room_is_no_missing_class(grade: Grade, tmp_path: Path) -> None:
    text = "libcusparse.so.12: failed to map segment from shared object"
    row = grade(write_notebook(tmp_path / "a.ipynb", (f"raise ImportError({text!r})\n" + ENGINE + SQUARE,)))[0]
    assert (row["test_value"], row["test_gradient"]) == ("out-of-memory", "out-of-memory")
    assert "an earlier cell ran out of memory" in (tmp_path / "out" / "feedback" / "a.html").read_text(encoding="utf-8")
