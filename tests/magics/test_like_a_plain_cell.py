"""A ``%%autodiff`` cell prints, returns, raises and leaves behind what the plain cell does."""

from __future__ import annotations

import re

import pytest

from tests.kernel import Kernel, Ran
from tests.loop_engine import ENGINE

CELLS = {
    "statements": "x = Variable(np.array(3.0))\ny = square(x)",
    "last expression": "y = square(Variable(np.array(3.0)))\ny.backward()\ny.creator.input.grad",
    "silenced": "square(Variable(np.array(3.0))).data;",
    "silenced with a comment": "square(Variable(np.array(3.0))).data;  # quiet",
    "prints": "print('가나다')\nprint(square(Variable(np.array(3.0))).data)",
    "writes to stderr": "import sys\nprint('warning', file=sys.stderr)\nsquare(Variable(np.array(1.0))).data",
    "None": "None",
    "only a comment": "# nothing here",
    "line magic": "%env HOME\nx = Variable(np.array(1.0))",
    "shell": "!echo hello\ny = square(Variable(np.array(1.0)))",
    "help": "y = square(Variable(np.array(2.0)))\nint?",
    "raises": "x = Variable(np.array(3.0))\ny = square(x)\n\n1 / 0\nprint('never')",
    "raises deep": "def f(v):\n    return square(v).data['a']\n\nf(Variable(np.array(3.0)))",
    "raises in forward": "square(Variable('text'))",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('no') from error",
    "own exception": "class Mine(Exception):\n    __slots__ = ()\nraise Mine('text')",
    "type error": "raise TypeError(\"<class 'float'>은(는) 지원하지 않습니다.\")",
    "assertion": "assert square(Variable(np.array(2.0))).data == 5, 'not five'",
    "name error": "y = squared(3)",
    "syntax error": "x = (1,\ny = 2",
    "syntax error in the middle": "x = 1\nfor in y:\n    pass",
    "bad indent": "x = 1\n  y = 2",
    "return outside": "x = 1\nreturn x",
    "exit": "raise SystemExit(3)",
    "system assertion": "raise KeyboardInterrupt",
    "recursion": "def f(n):\n    return f(n + 1)\nf(0)",
    "redefines": "class Square(Exp):\n    pass\nsquare(Variable(np.array(2.0))).data",
    "globals": "counter = 0\ndef count():\n    global counter\n    counter += 1\ncount(); counter",
    "future": "from __future__ import annotations\nx: int = 1\nx",
    "display": "from IPython.display import display\ndisplay(5)\n7",
    "walrus": "(n := 10)",
    "assign then show": "x = square(Variable(np.array(2.0)))\nx.data",
}


def comparable(ran: Ran, lines_above: int = 0) -> tuple[str | None, ...]:
    """What the cell left, without addresses; a syntax error's line is counted from the code's first."""

    def normal(text: str | None) -> str | None:
        if text is None:
            return None
        text = re.sub(r"0x[0-9a-f]+", "0x", text)
        return re.sub(r"\(\d+\.py, line (\d+)\)", lambda found: f"line {int(found[1]) - lines_above}", text)

    return tuple(normal(text) for text in ran.plain)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
def test_output_value_and_error_are_those_of_the_plain_cell(kernel: Kernel, cell: str) -> None:
    kernel.run(ENGINE)
    kernel.run("__import__('warnings').simplefilter('always');")
    plain = kernel.run(cell)
    names = kernel.run("sorted(name for name in dir() if not name.startswith('_'))").value
    kernel.run("%reset -f -s")
    kernel.run("%reload_ext ipy_autodiff")
    kernel.run(ENGINE)
    ran = kernel.run("%%autodiff\n" + cell)
    assert comparable(ran, lines_above=1) == comparable(plain)
    assert ran.status == plain.status
    assert kernel.run("sorted(name for name in dir() if not name.startswith('_'))").value == names
    plain_displays = [shown["text/plain"] for shown in plain.displays]
    assert [shown["text/plain"] for shown in ran.displays][: len(plain_displays)] == plain_displays


@pytest.mark.parametrize("name", [name for name in CELLS if "rais" in name or name in ("chained", "name error")])
def test_traceback_is_the_plain_one_counted_from_the_magic(kernel: Kernel, name: str) -> None:
    kernel.run(ENGINE)
    plain = kernel.run("#\n" + CELLS[name]).traceback
    ran = kernel.run("%%autodiff\n" + CELLS[name]).traceback

    def normal(text: str) -> list[str]:
        text = re.sub(r"0x[0-9a-f]+", "0x", re.sub(r"In\[\d+\]", "In[]", text))
        return [line.rstrip("# ") for line in text.splitlines()]

    assert normal(ran) == normal(plain)
    assert "run_cell_magic" not in ran


def test_lines_count_from_the_top_of_the_cell(kernel: Kernel) -> None:
    kernel.run(ENGINE)
    ran = kernel.run("%%autodiff\nx = Variable(np.array(3.0))\n\n1 / 0")
    assert "line 4" in ran.traceback
    assert "----> 4 1 / 0" in ran.traceback


def test_gradients_are_left_alone(kernel: Kernel) -> None:
    kernel.run(ENGINE)
    kernel.run("%%autodiff\nx = Variable(np.array(3.0))\ny = square(x)")
    assert kernel.run("x.grad, y.grad, y.creator.input is x").value == "(None, None, True)"
    kernel.run("x.grad = np.array(7.0)")
    kernel.run("%autodiff y")
    assert kernel.run("float(x.grad), y.grad").value == "(7.0, None)"


def test_cell_runs_once(kernel: Kernel) -> None:
    kernel.run(ENGINE + "\ncounter = []")
    kernel.run("%%autodiff\ncounter.append(1)\ny = square(Variable(np.array(3.0)))")
    assert kernel.run("len(counter)").value == "1"


def test_out_and_underscore_hold_the_value(kernel: Kernel) -> None:
    kernel.run(ENGINE)
    kernel.run("%%autodiff\nsquare(Variable(np.array(3.0))).data")
    assert kernel.run("_").value == "array(9.)"


def test_last_expr_or_assign_is_honoured(kernel: Kernel) -> None:
    kernel.run("%config InteractiveShell.ast_node_interactivity = 'last_expr_or_assign'")
    try:
        assert kernel.run("%%autodiff\nx = 5").value == "5"
    finally:
        kernel.run("%config InteractiveShell.ast_node_interactivity = 'last_expr'")


def test_no_variable_outlives_the_notebook(kernel: Kernel) -> None:
    kernel.run(ENGINE)
    kernel.run("%%autodiff\nx = Variable(np.array(3.0))\ny = square(x)")
    kernel.run("import asyncio, gc, weakref\ngone = weakref.ref(x)\ndel x, y")
    for _ in range(100):  # the output is linked to Python when no cell follows
        kernel.run("await asyncio.sleep(0.1)\ngc.collect();")
        if kernel.run("gone() is None").value == "True":
            return
    raise AssertionError("x lives")
