"""What goes wrong in a cell gets a clear message, and nothing is lost: each row of the issue's list."""

from __future__ import annotations

import time

import pytest

from tests.kernel import Kernel
from tests.loop_engine import ENGINE

BROKEN = "could not show"


def shown(kernel: Kernel, cell: str, engine: str = ENGINE) -> str:
    """The text of a cell that runs without an error and whose views are shown."""
    kernel.run(engine)
    ran = kernel.run("%%autodiff\n" + cell)
    assert ran.error is None, ran.traceback
    assert BROKEN not in ran.text, ran.text
    return ran.text


def test_an_exception_half_way_shows_the_graph_so_far_then_the_error(kernel: Kernel) -> None:
    kernel.run(ENGINE)
    ran = kernel.run("%%autodiff\nx = Variable(np.array(3.0))\ny = square(x)\n1 / 0\nz = square(y)")
    assert ran.error == "ZeroDivisionError: division by zero"
    assert "Square" in ran.text
    assert BROKEN not in ran.text


COMPUTING = ["a = 1 + 1", "print('x')", "for i in range(3):\n    a = i", "import math\na = math.pi"]


@pytest.mark.parametrize("cell", COMPUTING)
def test_no_variable(kernel: Kernel, cell: str) -> None:
    assert "no Variable" in shown(kernel, cell)


SETTING_UP = [
    "import numpy as np",
    "class Empty:\n    data = 3",
    "import random\nimport sys\nrandom.seed(0)\nsys.path.append('..')\n%config Application.log_level = 30",
    "import sys\nif '__file__' in globals():\n    import os\n    sys.path.append(os.curdir)",
    "rate, steps = 0.1, 100\ndef f(x):\n    return x * 2",
    "try:\n    import numpy as xp\nexcept ImportError:\n    xp = None",
    "'A text.'",
]


@pytest.mark.parametrize("cell", SETTING_UP)
def test_a_cell_that_sets_up_gets_no_box(kernel: Kernel, cell: str) -> None:
    assert shown(kernel, cell) == ""
    assert "no Variable" in kernel.run("%%autodiff named\n" + cell).text


def test_nothing_to_differentiate(kernel: Kernel) -> None:
    text = shown(kernel, "x = Variable(np.array(3.0))\nx")
    assert "x" in text


def test_top_level_await_is_named(kernel: Kernel) -> None:
    ran = kernel.run("%%autodiff\nimport asyncio\nawait asyncio.sleep(0)")
    assert "await" in ran.stderr + (ran.error or "")
    assert kernel.run("'asyncio' in globals()").value == "False"


@pytest.mark.parametrize("value", ["np.nan", "np.inf", "-np.inf", "[1.0, np.nan]", "1e308", "1e-320"])
def test_numbers_that_are_not_finite(kernel: Kernel, value: str) -> None:
    assert "Square" in shown(kernel, f"x = Variable(np.array({value}))\ny = square(x)\ny.backward()")


@pytest.mark.parametrize(
    "data",
    [
        "np.array([])",
        "np.zeros((0, 3))",
        "np.array(3)",
        "np.arange(4)",
        "np.array(True)",
        "np.array(1 + 2j)",
        "np.array([1, 'a', None], dtype=object)[:1]",
        "np.array(3.0, dtype=np.float32)",
        "np.array(3.0, dtype=np.float16)",
        "np.array([3.0, 4.0], dtype='>f8')",
        "np.ma.array([1.0, 2.0], mask=[0, 1])",
    ],
)
def test_arrays_of_every_kind(kernel: Kernel, data: str) -> None:
    assert "Square" in shown(kernel, f"x = Variable({data})\ny = square(x)")


def test_ten_million_elements(kernel: Kernel) -> None:
    text = shown(kernel, "x = Variable(np.ones(10_000_000))\ny = square(x)\ny.backward()")
    assert "10000000" in text.replace(",", "").replace("_", "")
    assert len(text) < 5000


@pytest.mark.parametrize("data", ["3.0", "None", "'text'", "[1.0, 2.0]", "Variable(np.array(1.0))", "{}", "print"])
def test_data_that_is_no_array(kernel: Kernel, data: str) -> None:
    ran = kernel.run(ENGINE)
    ran = kernel.run(f"%%autodiff\nx = Variable({data})\ny = square(x)")
    assert BROKEN not in ran.text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("pass", ["backward"]),
        ("self.input", ["None"]),
        ("return None", ["backward"]),
        ("return gy, gy", ["Square"]),
        ("return np.ones((2, 2))", ["Square"]),
        ("return 'text'", ["Square"]),
        ("raise ValueError('not <b>yet</b>')", ["ValueError: not <b>yet</b>"]),
        ("return 2 * self.input * gy", ["TypeError"]),
        ("return self.wrong * gy", ["AttributeError"]),
        ("raise SystemExit", []),
    ],
)
def test_backward_that_returns_or_raises_something_else(kernel: Kernel, body: str, words: list[str]) -> None:
    engine = ENGINE.replace("return 2 * self.input.data * gy", body)
    assert engine != ENGINE
    text = shown(kernel, "x = Variable(np.array([3.0, 4.0]))\ny = square(x)", engine)
    for word in words:
        assert word in text


RECURSIVE = (
    ENGINE[: ENGINE.index("    def backward(self):")]
    + """
    def backward(self):
        f = self.creator
        if f is not None:
            f.input.grad = f.backward(f.output.grad)
            f.input.backward()
"""
    + ENGINE[ENGINE.index("class Function") :]
)


def test_backward_that_recurses_too_deep(kernel: Kernel) -> None:
    kernel.run(RECURSIVE)
    chain = "x = Variable(np.array(1.0))\ny = x\nfor _ in range(2000):\n    y = square(y)\n"
    ran = kernel.run("%%autodiff\n" + chain, timeout=120)
    assert ran.error is None
    assert "recursion" in ran.text
    ran = kernel.run("%%autodiff\n" + chain + "y.grad = np.array(1.0)\ny.backward()", timeout=120)
    assert (ran.error or "").startswith("RecursionError")
    assert kernel.run("1 + 1").value == "2"


def test_one_instance_called_twice_is_named(kernel: Kernel) -> None:
    cell = "s = Square()\nx = Variable(np.array(3.0))\ny = s(s(x))"
    assert "called twice" in shown(kernel, cell)
    assert "called twice" in kernel.run("%autodiff y").text
    kernel.run(cell)
    text = kernel.run("%autodiff y").text
    assert BROKEN not in text
    assert "contains a cycle" in text


def test_interrupting_a_cell_that_never_ends(kernel: Kernel) -> None:
    kernel.run(ENGINE)
    request = kernel.start("%%autodiff\nx = Variable(np.array(1.0))\nwhile True:\n    y = square(x)")
    time.sleep(2)
    kernel.interrupt()
    ran = kernel.finish(request)
    assert (ran.error or "").startswith("KeyboardInterrupt")
    assert "Square" in ran.text
    assert kernel.run("x.data").value == "array(1.)"


HOSTILE = "<script>alert(1)</script>\"'&\n</svg>--><img src=x onerror=alert(2)>"


@pytest.mark.parametrize("place", ["class", "own name", "repr", "key", "error", "docstring"])
def test_hostile_text_is_shown_as_text(kernel: Kernel, place: str) -> None:
    engine = ENGINE
    cell = "x = Variable(np.array(3.0))\ny = square(x)"
    if place == "class":
        cell = f"Evil = type({HOSTILE!r}, (Square,), {{}})\nx = Variable(np.array(3.0))\ny = Evil()(x)"
    elif place == "own name":
        cell += f"\nx.name = {HOSTILE!r}\nz = square(x)\ndel x"
    elif place == "repr":
        cell = f"class Odd:\n    def __repr__(self):\n        return {HOSTILE!r}\nx = Variable(Odd())\nx"
    elif place == "key":
        cell = f"d = {{{HOSTILE!r}: Variable(np.array(3.0))}}\ny = square(d[{HOSTILE!r}])"
    elif place == "error":
        engine = ENGINE.replace("return 2 * self.input.data * gy", f"raise ValueError({HOSTILE!r})")
    else:
        cell = f"y = square(Variable(np.array(3.0)))  # {HOSTILE.splitlines()[0]}"
    kernel.run(engine)
    ran = kernel.run("%%autodiff\n" + cell)
    assert ran.error is None, ran.traceback
    assert BROKEN not in ran.text, ran.text
    assert "<script>alert" not in ran.html
    assert "<img src=x" not in ran.html


def test_a_class_that_cannot_be_watched_is_named_and_the_cell_runs_as_a_plain_one(kernel: Kernel) -> None:
    kernel.run(ENGINE)
    kernel.run(
        "class Kind(type):\n    def __hash__(cls): raise RuntimeError('no')\n"
        "class Twice(Function, metaclass=Kind):\n    def forward(self, x): return x + x\n"
        "    def backward(self, gy): return gy * 2\n"
    )
    cell = "x = Variable(np.array(3.0))\ny = Twice()(x)\ny.backward()\nprint(x.grad)"
    plain, ran = kernel.run(cell), kernel.run("%%autodiff\n" + cell)
    assert ran.plain == plain.plain
    assert BROKEN in ran.text
    assert "nothing was changed" in ran.text
