"""The quiz at the prompt of a terminal: it asks, judges and helps as a page does."""

from __future__ import annotations

import math
import os
import pty
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from ipy_autodiff.messages import speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.views.quiz.prompt import ask, calculate, judge
from ipy_autodiff.views.quiz.questions import questions
from tests.tracing.watched import watch

CELL = "x = Variable(np.array(3.0))\na = square(x)\ny = exp(a / 4)\ny.backward()"


def answered(*answers: str, cell: str = CELL) -> list[str]:
    recording, _, _ = watch("import numpy as np\nfrom ipy_autodiff import *", (cell,))
    assert recording is not None
    said: list[str] = []
    given: Iterator[str] = iter(answers)

    def read(prompt: str) -> str:
        said.append(prompt)
        try:
            return next(given)
        except StopIteration:
            raise EOFError from None

    with speaking("en"):
        ask(questions(Trace(recording)), read, said.append)
    return said


def test_right_answers_are_counted() -> None:
    said = answered("9.4877", "gy/4", "2*x*gy")
    assert [line for line in said if line.startswith("✓")] == [
        "✓ Right: gx = 9.48774", "✓ Right: gx = 2.37193", "✓ Right: gx = 14.2316"
    ]  # fmt: skip
    assert said[-1].endswith("Right at the first attempt: 3 of 3")


def test_wrong_answers_are_explained_hints_given_and_answers_shown() -> None:
    said = answered("nonsense", "-9.4877", "", "", "")
    assert any("not a number" in line for line in said)
    assert any("The size is right, the sign is not" in line for line in said)
    assert any("The chain rule" in line for line in said)
    assert any(line.startswith("The answer: gx = 9.48774") for line in said)


def test_no_gradient_is_said_before_it_is_asked() -> None:
    assert not any("14.23" in line or "9.48774" in line.partition("output")[0] for line in answered())


@pytest.mark.parametrize(
    ("text", "value"),
    [("1/3", 1 / 3), ("2*x^2", 18.0), ("-np.exp(0)", -1.0), ("x.data * pi", 3 * math.pi), ("math.sqrt(4)", 2.0)],
)
def test_formulas(text: str, value: float) -> None:
    assert calculate(text, {"x": 3.0}) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "x.__class__", "()", "9**9**9**9", "1/0", "(" * 150, "z", "'a'", "[1][0]", "1 if 1 else 2"],
)
def test_nothing_else_is_evaluated(text: str) -> None:
    assert math.isnan(calculate(text, {"x": 3.0}))


def test_several_numbers() -> None:
    question = {"truth": [1.0, 2.0], "tiny": 1e-9, "known": [{"numbers": [2.0, 1.0], "hint": 5}], "names": {}}
    assert judge(question, "[1, 2]") == ("right", None)
    assert judge(question, "1 2") == ("right", None)
    assert judge(question, "2 1") == ("known", 5)
    assert judge(question, "1") == ("count", None)
    assert judge(question, "3 3") == ("wrong", None)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_ipython_asks_and_then_shows(tmp_path: Path) -> None:
    script = tmp_path / "cell.ipy"
    script.write_text("%%autodiff --quiz --lang en\nx = Variable(np.array(3.0))\ny = square(x)\ny.backward()\n")
    ours, theirs = pty.openpty()
    environment = {"IPYTHONDIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "", "TERM": "dumb"}
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "--ext=ipy_autodiff", str(script)]
    with Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True) as process:
        os.close(theirs)
        shown, until, sent = b"", time.monotonic() + 60, False
        while time.monotonic() < until:
            try:
                shown += os.read(ours, 4096)
            except OSError:
                break
            if b"goes out to x" in shown and not sent:
                before, sent = shown, True
                os.write(ours, b"6\n")
        process.kill()
    os.close(ours)
    assert sent
    assert b"grad 6" not in before
    assert "✓ Right: gx = 6".encode() in shown
    assert b"agrees" in shown
