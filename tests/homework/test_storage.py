"""What is kept and where: folders that cannot be written, records that were edited or cut, graders that are killed."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ipy_autodiff.homework.command import main
from ipy_autodiff.homework.grade.results import BusyError, Results
from ipy_autodiff.homework.sheet.outcomes import Record
from tests.homework.conftest import RIGHT, Row, read_records, read_rows, wait_until_gone, write_notebook

Grade = Callable[..., list[Row]]
ALONE = ("--jobs", "1", "--timeout", "20", "--seed", "3")


@pytest.fixture
def class_(tmp_path: Path) -> list[Path]:
    return [write_notebook(tmp_path / "in" / f"{n}.ipynb", (*RIGHT, f"n = {n}")) for n in range(3)]


def _file(out: Path) -> None:
    out.write_text("")


def _file_for_feedback(out: Path) -> None:
    out.mkdir()
    (out / "feedback").write_text("")


def _folder(name: str) -> Callable[[Path], None]:
    return lambda out: (out / name).mkdir(parents=True)


REFUSED = {
    "a file": _file,
    "a file where pages go": _file_for_feedback,
    "a folder for grades": _folder("grades.csv"),
    "a folder for records": _folder("results.jsonl"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_folder_that_cannot_be_written_is_said_before_anything_is_run(
    class_: list[Path], tmp_path: Path, sheet: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    REFUSED[name](out)
    command = ["grade", str(sheet), *map(str, class_), "--out", str(out), "--lang", "en", *ALONE]
    assert main(command) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert said[0].startswith("Grading could not start")


def test_a_page_that_cannot_be_written_costs_no_other(
    class_: list[Path], grade: Grade, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out" / "feedback" / "1.html").mkdir(parents=True)
    rows = grade(*class_, options=ALONE, status=1)
    assert [row["score"] for row in rows] == ["5"] * 3
    assert "1.html" in capsys.readouterr().err
    pages = tmp_path / "out" / "feedback"
    assert (pages / "0.html").is_file()
    assert (pages / "2.html").is_file()
    (pages / "1.html").rmdir()
    assert grade(*class_, options=ALONE) == rows
    assert not list(pages.glob("*.new"))


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on the size of files")
def test_a_full_disk_stops_and_the_same_command_goes_on(class_: list[Path], tmp_path: Path, sheet: Path) -> None:
    command = [sys.executable, "-m", "ipy_autodiff.homework.command", "grade", str(sheet), *map(str, class_)]
    command += ["--out", str(tmp_path / "out"), "--lang", "en", *ALONE]
    full = subprocess.run(["bash", "-c", 'ulimit -f 1; exec "$@"', "-", *command], capture_output=True, text=True)
    assert full.returncode == 1, full.stderr
    assert "Traceback" not in full.stderr
    assert "results.jsonl" in full.stderr or "html" in full.stderr
    left = (tmp_path / "out" / "results.jsonl").read_bytes()
    assert left.endswith(b"\n")
    after = subprocess.run(command, capture_output=True, text=True)
    assert after.returncode == 0, after.stderr
    assert (tmp_path / "out" / "results.jsonl").read_bytes().startswith(left)
    assert [row["score"] for row in read_rows(tmp_path / "out" / "grades.csv")] == ["5"] * 3


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut at the end": lambda content: content[:-100],
    "cut in the middle": lambda content: content[: len(content) // 2 - 100] + content[len(content) // 2 :],
    "no line at all": lambda _content: b"",
    "random bytes": lambda content: content + random.Random(1).randbytes(5000),
    "zeros": lambda content: content + bytes(5000),
    "a deep line": lambda content: content + b'{"key": ' + b"[" * 100_000,
    "an endless seed": lambda content: b'{"seed": 1e999}\n' + content,
    "a huge seed": lambda content: b'{"seed": ' + b"9" * 5000 + b"}\n" + content,
    "another version's": lambda content: content.replace(b'"cells"', b'"other_cells"'),
    "Windows' line ends": lambda content: content.replace(b"\n", b"\r\n"),
    "a mark of an editor": lambda content: b"\xef\xbb\xbf" + content,
    "everything twice": lambda content: content + content,
    "a status that there is not": lambda content: content.replace(b'"pass"', b'"best"'),
    "lines in another order": lambda content: b"".join(reversed(content.splitlines(keepends=True))),
}


def test_records_that_were_edited_are_made_anew(class_: list[Path], grade: Grade, tmp_path: Path) -> None:
    rows = [(row["student_id"], row["score"], row["status"]) for row in grade(*class_, options=ALONE)]
    results = tmp_path / "out" / "results.jsonl"
    content = results.read_bytes()
    for name, damage in DAMAGES.items():
        results.write_bytes(damage(content))
        again = grade(*class_, options=ALONE)
        assert [(row["student_id"], row["score"], row["status"]) for row in again] == rows, name
        once = results.read_bytes()
        grade(*class_, options=ALONE)
        assert results.read_bytes() == once, name


def test_a_disk_without_locks_is_no_other_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refused(_number: int, _kind: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "flock", refused)
        with Results(tmp_path / "results.jsonl") as results:
            results.add([Record("a")])
            assert results.get("a") == Record("a")
    with Results(tmp_path / "results.jsonl"), pytest.raises(BusyError):
        Results(tmp_path / "results.jsonl")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_at_any_moment_the_same_command_gives_the_same_marks(tmp_path: Path, sheet: Path) -> None:
    for n in range(12):
        cells = (*RIGHT, f"n = {n}") if n % 3 else (RIGHT[0], f"n = {n}")
        write_notebook(tmp_path / "in" / f"{n:02}.ipynb", cells)
    command = [sys.executable, "-m", "ipy_autodiff.homework.command", "grade", str(sheet), str(tmp_path / "in")]
    command += ["--out", str(tmp_path / "out"), "--jobs", "2", "--seed", "3"]
    results = tmp_path / "out" / "results.jsonl"
    token = f"{os.getpid()}-{time.monotonic_ns()}"
    environment = {**os.environ, "GRADED_BY": token}
    chance = random.Random(11)
    for _ in range(6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.05, 4))
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert subprocess.run(command, capture_output=True, env=environment).returncode == 0
    rows = read_rows(tmp_path / "out" / "grades.csv")
    assert [row["score"] for row in rows] == ["0" if n % 3 == 0 else "5" for n in range(12)]
    keys = [record["key"] for record in read_records(results)]
    assert len(keys) == len(set(keys)) == 12
    wait_until_gone(token)
