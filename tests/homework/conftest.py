"""Notebooks written for a test, a sheet about squaring, and the command run on them."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ipy_autodiff.homework.command import main

ENGINE = """
import numpy as np

class Variable:
    def __init__(self, data):
        if not isinstance(data, np.ndarray):
            raise TypeError("not an ndarray")
        self.data, self.grad, self.creator = data, None, None
    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        functions = [self.creator]
        while functions:
            f = functions.pop()
            f.input.grad = f.backward(f.output.grad)
            if f.input.creator is not None:
                functions.append(f.input.creator)

class Function:
    def __call__(self, input):
        output = Variable(np.asarray(self.forward(input.data)))
        output.creator, self.input, self.output = self, input, output
        return output
"""
SQUARE = """
class Square(Function):
    def forward(self, x):
        return x ** 2
    def backward(self, gy):
        return 2 * self.input.data * gy

def square(x):
    return Square()(x)
"""
RIGHT = (ENGINE, SQUARE)

SHEET = '''
"""A sheet about squaring."""
import numpy as np
import pytest

SECRET = "the sheet's own secret"

@pytest.mark.points(2)
def test_value(student):
    """Squares numbers."""
    x = student.rng.normal(size=(2, 3))
    np.testing.assert_allclose(student.value("square(x)", x=x), x ** 2)

@pytest.mark.points(3)
@pytest.mark.hidden
def test_gradient(student):
    """Differentiates."""
    x = student.rng.normal(size=4)
    np.testing.assert_allclose(student.gradients("square(square(x))", x=x)["x"], 4 * x ** 3)
'''


def write_notebook(path: Path, cells: Sequence[str], **metadata: object) -> Path:
    """A notebook of these code cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = [
        {
            "cell_type": "code",
            "metadata": metadata,
            "execution_count": None,
            "outputs": [],
            "source": textwrap.dedent(cell).strip().splitlines(keepends=True),
        }
        for cell in cells
    ]
    path.write_text(
        json.dumps({"cells": written, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}), encoding="utf-8"
    )
    return path


Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    """A CSV file's rows by column."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records in ``results.jsonl``, without its other lines."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.startswith('{"key"') and line.endswith("}")]


def wait_until_gone(token: str) -> None:
    """Waits until no process has ``token`` among its arguments or in its environment; fails after a minute."""
    deadline = time.monotonic() + 60
    while left := [process for process in _processes() if token in process]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def _processes() -> Iterator[str]:
    """Arguments and environment of every other process that may be looked at."""
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(os.getpid()):
            with contextlib.suppress(OSError):
                content = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
                yield content.decode(errors="replace")


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "sheets" / "squares.py"
    path.parent.mkdir()
    path.write_text(SHEET, encoding="utf-8")
    return path


@pytest.fixture
def grade(tmp_path: Path, sheet: Path) -> Callable[..., list[Row]]:
    """Runs ``ipy-autodiff grade`` on notebooks and reads ``grades.csv`` back."""

    def run(
        *notebooks: Path,
        options: Sequence[str] = ("--jobs", "1", "--timeout", "20"),
        using: Path = sheet,
        status: int = 0,
    ) -> list[Row]:
        out = tmp_path / "out"
        ended = main(["grade", str(using), *map(str, notebooks), "--out", str(out), "--lang", "en", *options])
        assert ended == status
        return read_rows(out / "grades.csv")

    return run
