"""Grade twenty small notebooks and run them in bare nbclient, side by side; grade a thousand and watch the memory.

    python -m tests.homework.benchmark_grading [--thousand]

Prints seconds and ratios; read the ratios. Takes about a minute, with ``--thousand`` two.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from ipy_autodiff.homework.command import main as command
from tests.homework.conftest import RIGHT, SHEET, write_notebook


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--thousand", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sheet = folder / "sheet.py"
        sheet.write_text(SHEET)
        _throughput(folder, sheet)
        if options.thousand:
            _memory(folder, sheet)


def _throughput(folder: Path, sheet: Path) -> None:
    notebooks = [write_notebook(folder / "in" / f"{n:02}.ipynb", (*RIGHT, f"n = {n}\nprint(n)")) for n in range(20)]
    bare, one, two = [], [], []
    for turn in range(3):
        bare.append(_seconds(partial(_nbclient, notebooks)))
        one.append(_seconds(partial(_grade, sheet, notebooks, folder / f"one{turn}", 1)))
        two.append(_seconds(partial(_grade, sheet, notebooks, folder / f"two{turn}", 2)))
    print(f"20 notebooks: nbclient {_shown(bare)}, graded by one worker {_shown(one)}, by two {_shown(two)}")
    print(f"one worker against nbclient: {statistics.median(b / o for b, o in zip(bare, one, strict=True)):.1f} times")
    many = [write_notebook(folder / "many" / f"{n:03}.ipynb", (*RIGHT, f"n = {n}\nprint(n)")) for n in range(400)]
    pairs = [
        (
            _seconds(partial(_grade, sheet, many, folder / f"many-one{turn}", 1)),
            _seconds(partial(_grade, sheet, many, folder / f"many-two{turn}", 2)),
        )
        for turn in range(3)
    ]
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"400 notebooks, two workers against one: {ratio:.2f} times ({_shown([a for a, _ in pairs])} by one)")


def _memory(folder: Path, sheet: Path) -> None:
    for n in range(1000):
        write_notebook(folder / "thousand" / f"{n:04}.ipynb", (*RIGHT, f"n = {n}\nprint(n)"))
    process = subprocess.Popen(
        [sys.executable, "-m", "ipy_autodiff.homework.command", "grade", str(sheet), str(folder / "thousand"),
         "--out", str(folder / "out"), "--jobs", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    samples = []
    while process.poll() is None:
        samples.append(_tree(process.pid))
        time.sleep(0.25)
    tenth = max(1, len(samples) // 10)
    early, late = (int(statistics.median(part)) for part in (samples[tenth : 2 * tenth], samples[-2 * tenth : -tenth]))
    print(f"1,000 notebooks: {early >> 20} MB after a tenth, {late >> 20} MB near the end, {len(samples) / 4:.0f} s")


def _tree(process: int) -> int:
    """Bytes that a process and its children's long-lived processes hold."""
    total = 0
    pending = [process]
    while pending:
        number = pending.pop()
        with contextlib.suppress(OSError, IndexError):
            total += int(Path(f"/proc/{number}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            for thread in Path(f"/proc/{number}/task").iterdir():
                pending += [int(child) for child in (thread / "children").read_text().split()]
    return total


def _nbclient(notebooks: list[Path]) -> None:
    for path in notebooks:
        NotebookClient(nbformat.read(path, as_version=4), kernel_name="python3").execute()


def _grade(sheet: Path, notebooks: list[Path], out: Path, jobs: int) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = command(["grade", str(sheet), *map(str, notebooks), "--out", str(out), "--jobs", str(jobs)])
    assert status == 0


def _seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _shown(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s"


if __name__ == "__main__":
    main()
