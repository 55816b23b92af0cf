"""``%autodiff_check``'s work: a sheet's public tests on an open notebook, which stays as it is."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ipy_autodiff.homework.notebook import check
from tests.homework.conftest import ENGINE, RIGHT, SQUARE
from tests.views.page_data import data_of


@pytest.fixture
def shell() -> Iterator[Any]:
    config = Config()
    config.HistoryManager.enabled = False
    main = sys.modules["__main__"]
    hooks = sys.displayhook, sys.excepthook
    shell = InteractiveShell(config=config)
    yield shell
    shell.reset()
    sys.modules["__main__"] = main
    sys.displayhook, sys.excepthook = hooks


def _run(shell: Any, *cells: str) -> None:
    for cell in cells:
        shell.run_cell(cell, store_history=True)


def test_right_code_passes_without_the_hidden_tests(shell: Any, sheet: Path) -> None:
    _run(shell, *RIGHT)
    checked = check(shell, str(sheet), language="en")
    assert checked.ok
    assert [mark.test.name for mark in checked.marks] == ["test_value"]
    assert "1 of 1" in str(checked)
    assert "Differentiates" not in checked._repr_html_()


def test_wrong_code_is_explained_in_the_students_language(shell: Any, sheet: Path) -> None:
    _run(shell, ENGINE, SQUARE.replace("x ** 2", "x * 3"))
    checked = check(shell, str(sheet), language="ko")
    assert not checked.ok
    assert "통과하지 못함" in checked._repr_html_()
    assert "Mismatched elements" in str(checked)
    _run(shell, SQUARE)
    assert check(shell, str(sheet)).ok


def test_a_wrong_gradient_is_drawn(shell: Any) -> None:
    _run(shell, "import numpy as np", ENGINE, SQUARE.replace("2 * self.input.data * gy", "2 * gy"), EXP)
    checked = check(shell, "dezero:step09", ["the_gradient_of_a_chain"], language="en")
    html = checked._repr_html_()
    assert 'data-verdict="fail"' in html
    assert html.count('data-autodiff="view"') == 1
    assert data_of(html)["at"] >= 1  # opened at the step that is wrong
    assert "Square" in html


EXP = """
class Exp(Function):
    def forward(self, x):
        return np.exp(x)
    def backward(self, gy):
        return np.exp(self.input.data) * gy
def exp(x):
    return Exp()(x)
"""


def test_the_notebook_stays_as_it_is(shell: Any, sheet: Path) -> None:
    _run(shell, *RIGHT, "v = Variable(np.array(3.0))\nkept = square(v)\nkept.backward()")
    names = dict(shell.user_ns)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    expected = np.random.get_state(legacy=False)["state"]["key"].tolist(), random.getstate()  # noqa: NPY002
    modules, stdout = set(sys.modules), sys.stdout
    check(shell, str(sheet))
    check(shell, "dezero:step10")
    assert shell.user_ns == names
    assert shell.user_ns["v"].grad == 6.0
    assert (np.random.get_state(legacy=False)["state"]["key"].tolist(), random.getstate()) == expected  # noqa: NPY002
    assert sys.stdout is stdout
    assert not [name for name in set(sys.modules) - modules if "squares" in name or "step" in name]


def test_a_sheet_that_changed_is_read_again(shell: Any, sheet: Path) -> None:
    _run(shell, *RIGHT)
    assert check(shell, str(sheet)).ok
    sheet.write_text("def test_cube(student):\n    assert student.has('cube')\n")
    checked = check(shell, str(sheet))
    assert [(mark.test.name, mark.status) for mark in checked.marks] == [("test_cube", "fail")]
    for answer, status in (("1", "pass"), ("0", "fail")):  # as long, and written in the same second
        sheet.write_text(f"def test_cube(student):\n    assert {answer}\n")
        os.utime(sheet, (10**9, 10**9))
        assert [mark.status for mark in check(shell, str(sheet)).marks] == [status]
    assert not list(sheet.parent.glob("__pycache__/*"))


def test_inputs_are_others_every_time(shell: Any, sheet: Path) -> None:
    _run(shell, ENGINE, "def square(x):\n    raise ValueError(repr(x.data.tolist()))")
    said = {str(check(shell, str(sheet), language="en")) for _ in range(3)}
    assert len(said) == 3


def test_the_engine_that_comes_along_is_not_ones_own(shell: Any, sheet: Path) -> None:
    _run(shell, "from ipy_autodiff import Variable, square")
    assert check(shell, str(sheet)).ok
    sheet.write_text(sheet.read_text() + "\npytestmark = pytest.mark.own_engine\n")
    assert [mark.status for mark in check(shell, str(sheet)).marks] == ["missing"]


def test_chosen_tests(shell: Any, sheet: Path) -> None:
    _run(shell, *RIGHT)
    assert len(check(shell, "dezero:step09").marks) == 5
    for name in ("test_functions", "functions"):
        assert [mark.test.name for mark in check(shell, "dezero:step09", [name]).marks] == ["test_functions"]
    with pytest.raises(LookupError, match="gradient"):
        check(shell, str(sheet), ["gradient"], "en")
    with pytest.raises(LookupError, match="nothing"):
        check(shell, "nothing.py")
    sheet.write_text("import nothing_like_it")
    with pytest.raises(LookupError, match="nothing_like_it"):
        check(shell, str(sheet))


def test_prints_are_dropped_and_exits_are_answers(shell: Any, sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(shell, ENGINE, "def square(x):\n    print('noise')\n    raise SystemExit")
    capsys.readouterr()
    checked = check(shell, str(sheet))
    assert [mark.status for mark in checked.marks] == ["error"]
    assert capsys.readouterr().out == ""


def test_not_while_grading(shell: Any, sheet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPY_AUTODIFF_GRADING", "1")
    assert check(shell, str(sheet)).marks == ()


def test_what_comes_from_the_notebook_is_escaped(shell: Any, sheet: Path) -> None:
    _run(shell, ENGINE, "def square(x):\n    raise ValueError('<script>alert(1)</script>')")
    html = check(shell, str(sheet))._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
