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
from typing import Any

import pytest

from ipy_autodiff.homework.command import main
from tests.homework.conftest import RIGHT, read_records, read_rows, write_notebook

pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The scheduler's address, and the processes: two workers of one thread each."""
    file = tmp_path / "scheduler.json"
    environment = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "5"}
    environment["DASK_DISTRIBUTED__ADMIN__LARGE_GRAPH_WARNING_THRESHOLD"] = "1GB"
    common: dict[str, Any] = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "env": environment,
        "cwd": tmp_path,
    }
    scheduler_code = "from distributed.cli.dask_scheduler import main; main()"
    worker_code = "from distributed.cli.dask_worker import main; main()"
    scheduler = subprocess.Popen(
        [
            sys.executable,
            "-c",
            scheduler_code,
            "--scheduler-file",
            str(file),
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
        ],
        **common,
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", worker_code, "--scheduler-file", str(file), "--nthreads", "1",
             "--no-dashboard", "--no-nanny", "--local-directory", str(tmp_path / f"worker{n}")],
            **common,
        )
        for n in range(2)
    ]  # fmt: skip
    try:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            if file.exists() and file.read_text():
                break
            time.sleep(0.1)
        yield json.loads(file.read_text())["address"], workers
    finally:
        for process in (*workers, scheduler):
            process.terminate()
        for process in (*workers, scheduler):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


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
