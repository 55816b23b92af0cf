"""The ``student`` fixture's questions, asked of a submission in the sandbox: values, traces, graphs, repairs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.homework.sandbox.packed_trace import PackedTrace
from ipy_autodiff.homework.sandbox.sandbox import Limits, Sandbox
from ipy_autodiff.homework.sandbox.traces import packed_trace, unpacked_trace
from ipy_autodiff.homework.sandbox.wire import GarbledError, decoded, encoded
from ipy_autodiff.homework.student.errors import AnswerError, CodeError, GraphDiffersError, MissingError
from ipy_autodiff.homework.student.student import Student
from tests.homework.conftest import ENGINE, RIGHT, SQUARE, write_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox")

EXP = """
class Exp(Function):
    def forward(self, x):
        return np.exp(x)
    def backward(self, gy):
        return np.exp(self.input.data) * gy

def exp(x):
    return Exp()(x)
"""
DIFFERENCES = """
class Variable:
    def __init__(self, data):
        self.data, self.grad, self.f, self.x = data, None, None, None
    def backward(self):
        e = 1e-5
        self.x.grad = (self.f(self.x.data + e) - self.f(self.x.data - e)) / (2 * e)

class Square:
    def forward(self, x):
        return x ** 2

def square(x):
    y = Variable(Square().forward(x.data))
    y.x, y.f = x, Square().forward
    return y
"""

Ask = Callable[..., Student]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


@contextmanager
def spoken_to(sandbox: Sandbox, folder: Path, *cells: str) -> Iterator[Student]:
    """A student who handed in these cells."""
    with write_notebook(folder / "notebook.ipynb", cells).open("rb") as file:
        attempt = sandbox.attempt(file.fileno(), Limits(seconds=20))
        attempt.run()
        try:
            with attempt.test():
                yield Student(attempt.ask, text=lambda: attempt.text)
        finally:
            attempt.close()


def test_values_and_types(sandbox: Sandbox, tmp_path: Path) -> None:
    with spoken_to(sandbox, tmp_path, *RIGHT, "def word(): return 'word'") as student:
        assert student.value("square(x)", x=np.array(3.0)) == 9.0
        assert student.type("square(x)", x=np.array(3.0)) == "ndarray"
        assert student.type("1.5") == "float"
        assert student.value("word()") == "word"
        assert student.value("a = square(x)\na.data + 1", x=[1.0, 2.0]).tolist() == [2.0, 5.0]
        assert not student.has("a")
        assert student.value("np.float32(1)").dtype == np.float32
        with pytest.raises(MissingError, match="cube"):
            student.value("cube(x)", x=1.0)
        with pytest.raises(CodeError, match="ZeroDivisionError"):
            student.value("1 / 0")
        with pytest.raises(AnswerError):
            student.value("Function()")


def test_gradients_with_and_without_a_seed(sandbox: Sandbox, tmp_path: Path) -> None:
    unseeded = ENGINE.replace(
        "            self.grad = np.ones_like(self.data)\n", "            raise TypeError('no grad')\n"
    )
    for engine, seeded in ((ENGINE, False), (unseeded, True)):
        with spoken_to(sandbox, tmp_path, engine, SQUARE) as student:
            gradients = student.gradients("square(x)", x=np.array([1.0, 2.0]))
            np.testing.assert_array_equal(gradients["x"], [2.0, 4.0])
            assert gradients.seeded is seeded


def test_differences_are_told_from_backprop(sandbox: Sandbox, tmp_path: Path) -> None:
    with spoken_to(sandbox, tmp_path, *RIGHT) as student:
        gradients = student.gradients("square(x)", x=np.array(1.5))
        assert (gradients.forward_calls, gradients.backward_calls) == (1, 2)
        assert gradients["x"] == 3.0
    with spoken_to(sandbox, tmp_path, DIFFERENCES) as student:
        gradients = student.gradients("square(x)", x=np.array(1.5))
        assert gradients.forward_calls == 3
        assert 0 < abs(gradients["x"] - 3.0) < 1e-8


def test_trace_of_right_code(sandbox: Sandbox, tmp_path: Path) -> None:
    with spoken_to(sandbox, tmp_path, *RIGHT, EXP) as student:
        trace = student.trace("square(exp(square(x)))", x=np.array(0.5))
        assert [function.name for function in trace.graph.functions] == ["Square", "Exp", "Square"]
        assert trace.comparison.ok
        assert [row.verdict for row in trace.comparison.rows] == ["pass"]
        assert trace.blame == ()
        assert [step.function.name for step in trace.steps] == ["Square", "Exp", "Square"]
        assert trace.graph.leaves[0].name == "x"
        with pytest.raises(AnswerError, match="float"):
            student.trace("1.5")


def test_a_wrong_gradient_is_judged_outside(sandbox: Sandbox, tmp_path: Path) -> None:
    lying = (
        "from ipy_autodiff.gradcheck import comparison as c\n"
        "from ipy_autodiff.homework.sandbox.inside import answers\n"
        "real = answers.compare\n"
        "import dataclasses\n"
        "def flatter(recording):\n"
        "    rows = real(recording).rows\n"
        "    return c.Comparison(tuple(dataclasses.replace(r, verdict='pass', numerical=r.backprop) for r in rows))\n"
        "answers.Answers._trace.__globals__['compare'] = flatter\n"
    )
    wrong = SQUARE.replace("2 * self.input.data * gy", "self.input.data * gy")
    for cells in ((ENGINE, wrong), (ENGINE, wrong, lying)):
        with spoken_to(sandbox, tmp_path, *cells) as student:
            trace = student.trace("square(square(x))", x=np.array([1.5, 2.0]))
            assert [row.verdict for row in trace.comparison.rows] == ["fail"]
            (row,) = trace.comparison.rows
            assert row.numerical is not None
            np.testing.assert_allclose(row.numerical, 4 * np.array([1.5, 2.0]) ** 3)


def test_each_function_has_its_verdict(sandbox: Sandbox, tmp_path: Path) -> None:
    wrong = SQUARE.replace("2 * self.input.data * gy", "self.input.data * gy")
    with spoken_to(sandbox, tmp_path, ENGINE, wrong, EXP) as student:
        trace = student.trace("square(exp(square(x)))", x=np.array(0.5))
        verdicts = [trace.comparison.functions[function].verdict for function in trace.graph.functions]
        assert verdicts == ["fail", "pass", "fail"]
        assert not trace.comparison.ok


def _reference() -> Any:
    x = ad.Variable(np.array(0.5))
    return ad.square(ad.exp(ad.square(x)))


@pytest.mark.parametrize(
    ("expression", "missing", "extra"),
    [
        ("square(exp(square(x)))", [], []),
        ("square(square(x))", ["Exp"], []),
        ("exp(square(exp(square(x))))", [], ["Exp"]),
        ("exp(exp(square(x)))", ["Square"], ["Exp"]),
        ("square(exp(exp(square(x))))", [], ["Exp"]),
    ],
)
def test_graph_difference(
    sandbox: Sandbox, tmp_path: Path, expression: str, missing: list[str], extra: list[str]
) -> None:
    reference = ad.trace(_reference())
    with spoken_to(sandbox, tmp_path, *RIGHT, EXP) as student:
        trace = student.trace(expression, x=np.array(0.5))
        found = trace.difference(reference)
        assert [function.name for function in found.missing] == missing
        assert [function.name for function in found.extra] == extra
        assert bool(found) == bool(missing or extra)
        if found:
            with pytest.raises(GraphDiffersError) as raised:
                trace.assert_graph(reference)
            merged, _, _ = unpacked_trace(raised.value.packed())
            names = [function.name for function in merged.graph.functions]
            assert sum(name.startswith("− ") for name in names) == len(missing)
            assert sum(name.startswith("+ ") for name in names) == len(extra)


def test_no_numbers_are_no_answer(sandbox: Sandbox, tmp_path: Path) -> None:
    """NumPy's own assertions find an empty array equal to any number."""
    empty = (
        "def square(x):\n    y = Variable(np.zeros(0))\n    def backward(): x.grad = np.zeros(0)\n"
        "    y.backward = backward\n    return y\n"
        "def wide(x):\n    y = Variable(x.data)\n    def backward(): x.grad = np.full((5, 5), 2.0)\n"
        "    y.backward = backward\n    return y"
    )
    with spoken_to(sandbox, tmp_path, ENGINE, empty) as student:
        with pytest.raises(AnswerError, match="empty array"):
            np.testing.assert_allclose(student.value("square(x)", x=2.0), 4.0)
        with pytest.raises(AnswerError, match="empty array"):
            np.testing.assert_allclose(student.gradients("square(x)", x=2.0)["x"], 4.0)
        with pytest.raises(AnswerError, match=r"\(5, 5\)"):
            np.testing.assert_allclose(student.gradients("wide(x)", x=2.0)["x"], 2.0)


def test_repairs_last_for_their_questions(sandbox: Sandbox, tmp_path: Path) -> None:
    wrong = SQUARE.replace("x ** 2", "x * 3")
    with spoken_to(sandbox, tmp_path, ENGINE, wrong, "def fourth(x):\n    return square(square(x))") as student:
        repaired = student.repaired(SQUARE)
        assert repaired.value("fourth(x)", x=2.0) == 16.0
        assert student.value("fourth(x)", x=2.0) == 18.0
        assert "x * 3" in repaired.source("Square")


def test_cells_by_nbgraders_names(sandbox: Sandbox, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "nbgrader.ipynb", RIGHT, nbgrader={"grade_id": "cell-square", "solution": True})
    with path.open("rb") as file:
        attempt = sandbox.attempt(file.fileno(), Limits(seconds=20))
        attempt.run()
        with attempt.test():
            assert "class Variable" in Student(attempt.ask, text=lambda: attempt.text).cell("cell-square")
            with pytest.raises(MissingError):
                Student(attempt.ask, text=lambda: attempt.text).cell("another")
        attempt.close()


def test_a_packed_trace_comes_back_and_garbage_does_not() -> None:
    trace = ad.trace(_reference())
    packed = packed_trace(trace.recording, trace.comparison, trace.blame)
    recording, comparison, _ = unpacked_trace(packed)
    assert comparison is not None
    assert [f.name for f in recording.graph.functions] == [f.name for f in trace.graph.functions]
    assert [len(f.inputs) for f in recording.graph.functions] == [1, 1, 1]
    assert [row.verdict for row in comparison.rows] == [row.verdict for row in trace.comparison.rows]
    assert [(f.name, comparison.functions[f].verdict) for f in recording.graph.functions] == [
        ("Square", "pass"), ("Exp", "pass"), ("Square", "pass")
    ]  # fmt: skip
    assert decoded(encoded(packed), PackedTrace) == packed
    for name in PackedTrace.__struct_fields__:
        for value in (1, "x", [1], [None], {"a": 1}, [{"id": "v0"}]):
            broken = {**msgspec.to_builtins(packed), name: value}
            if (name, value) in (("of", 1), ("wrt", [1]), ("source", "x")):
                continue  # as good as any other
            with pytest.raises(GarbledError):
                decoded(msgspec.json.encode(broken), PackedTrace)


def test_magics_and_assert_gradients_run_in_a_submission(sandbox: Sandbox, tmp_path: Path) -> None:
    cells = (
        *RIGHT,
        "%load_ext ipy_autodiff",
        "%%autodiff seen\nx = Variable(np.array(1.5))\ny = square(square(x))\ny.backward()",
        "%autodiff_check dezero:step09",
        "import ipy_autodiff as ad\nad.assert_gradients(square, np.array([1.0, 2.0]))\nchecked = 1",
        SQUARE.replace("2 * self.input.data * gy", "self.input.data * gy"),
        "ad.assert_gradients(square, np.array([1.0, 2.0]))",
    )
    with write_notebook(tmp_path / "magics.ipynb", cells).open("rb") as file:
        attempt = sandbox.attempt(file.fileno(), Limits(seconds=40))
        attempt.run()
        assert {number: kind for number, (kind, _) in attempt.ran.errors.items()} == {len(cells) - 1: "AssertionError"}
        with attempt.test():
            student = Student(attempt.ask, text=lambda: attempt.text)
            assert student.value("x.grad") == 4 * 1.5**3
            assert student.value("checked") == 1
            assert "Square" in student.source("Square")
        attempt.close()
