"""A Dask scheduler and two workers, as processes on this machine; one worker is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipy_autodiff.homework.command import main
from tests.homework.conftest import RIGHT, read_records, read_rows, write_notebook

pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


def _start_scheduler(file: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "5"}
    environment["DASK_DISTRIBUTED__ADMIN__LARGE_GRAPH_WARNING_THRESHOLD"] = "1GB"
    boot = "from distributed.cli.dask_scheduler import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", boot, "--scheduler-file", str(file), "--host", "127.0.0.1", "--port", "0",
         "--no-dashboard"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=file.parent,
    )  # fmt: skip


def _address(file: Path) -> str:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and not (file.exists() and file.read_text()):
        time.sleep(0.1)
    return str(json.loads(file.read_text())["address"])


def _end(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The scheduler's address, and the processes: two workers of one thread each."""
    file = tmp_path / "scheduler.json"
    scheduler = _start_scheduler(file)
    workers = [_start_worker(file), _start_worker(file)]
    try:
        yield _address(file), workers
    finally:
        _end(*workers, scheduler)


@pytest.mark.filterwarnings("ignore")
def test_every_notebook_has_its_row_once_though_a_worker_is_killed(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path, sheet: Path
) -> None:
    address, workers = cluster
    cells = (*RIGHT, "import time\ntime.sleep(0.1)")
    for n in range(100):
        write_notebook(tmp_path / "in" / f"{n:03}.ipynb", (*cells, f"n = {n}"))
    out = tmp_path / "out"
    results = out / "results.jsonl"
    killed = threading.Event()

    def kill_one() -> None:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and not read_records(results):
            time.sleep(0.05)
        workers[0].send_signal(signal.SIGKILL)
        killed.set()

    killer = threading.Thread(target=kill_one)
    killer.start()
    status = main(
        ["grade", str(sheet), str(tmp_path / "in"), "--out", str(out), "--scheduler", address, "--lang", "en"]
    )
    killer.join()
    assert status == 0
    assert killed.is_set()
    rows = read_rows(out / "grades.csv")
    assert [(row["student_id"], row["score"]) for row in rows] == [(f"{n:03}", "5") for n in range(100)]
    keys = [record["key"] for record in read_records(results)]
    assert len(keys) == len(set(keys)) == 100


def _start_worker(file: Path, code: str = "") -> subprocess.Popen[bytes]:
    boot = code + "from distributed.cli.dask_worker import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", boot, "--scheduler-file", str(file), "--nthreads", "1", "--no-dashboard", "--no-nanny",
         "--local-directory", str(file.with_name("another"))],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=file.parent,
    )  # fmt: skip


WITHOUT = "import sys; sys.modules['ipy_autodiff'] = None\n"
OTHER = (
    "import importlib.metadata as m; v = m.version; "
    "m.version = lambda name: '9.9' if name == 'ipy_autodiff' else v(name)\n"
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("code", "said"), [(WITHOUT, "ModuleNotFoundError"), (OTHER, "9.9")])
def test_workers_that_cannot_grade_are_left_out_and_named(
    tmp_path: Path, sheet: Path, capsys: pytest.CaptureFixture[str], code: str, said: str
) -> None:
    file = tmp_path / "scheduler.json"
    scheduler = _start_scheduler(file)
    workers = [_start_worker(file, code)]
    try:
        address = _address(file)
        paths = [str(write_notebook(tmp_path / "in" / f"{n}.ipynb", (*RIGHT, f"n = {n}"))) for n in range(3)]
        command = ["grade", str(sheet), *paths, "--out", str(tmp_path / "out"), "--scheduler", address, "--lang", "en"]
        assert main(command) == 2
        refused = capsys.readouterr().err
        assert "No worker of the cluster can grade" in refused
        assert said in refused
        workers.append(_start_worker(file))
        deadline = time.monotonic() + 120
        while main(command) != 0:
            assert time.monotonic() < deadline
        assert said in capsys.readouterr().err
        assert [row["score"] for row in read_rows(tmp_path / "out" / "grades.csv")] == ["5"] * 3
    finally:
        _end(*workers, scheduler)


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_dies_leaves_the_others_ungraded_and_named(
    tmp_path: Path, sheet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scheduler.json"
    scheduler = _start_scheduler(file)
    workers = [_start_worker(file)]
    try:
        address = _address(file)
        for n in range(40):
            write_notebook(tmp_path / "in" / f"{n:02}.ipynb", (*RIGHT, f"import time\ntime.sleep(0.1)\nn = {n}"))
        out = tmp_path / "out"

        def kill() -> None:
            deadline = time.monotonic() + 240
            while time.monotonic() < deadline and not read_records(out / "results.jsonl"):
                time.sleep(0.05)
            scheduler.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        command = ["grade", str(sheet), str(tmp_path / "in"), "--out", str(out), "--seed", "3", "--lang", "en"]
        status = main([*command, "--scheduler", address])
        killer.join()
        rows = read_rows(out / "grades.csv")
        left = [row["student_id"] for row in rows if row["status"] != "graded"]
        assert len(rows) == 40
        assert status == 1
        assert left
        assert "Not graded: " + ", ".join(left) in capsys.readouterr().out
        assert all(row["score"] == "5" for row in rows if row["status"] == "graded")
        assert main([*command, "--jobs", "2"]) == 0
        assert [row["score"] for row in read_rows(out / "grades.csv")] == ["5"] * 40
    finally:
        _end(*workers, scheduler)
