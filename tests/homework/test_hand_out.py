"""What students get: nothing of a hidden test, the rest letter by letter, and blanks where the solutions stood."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ipy_autodiff.homework.command import main
from ipy_autodiff.homework.sheet.blank_notebook import MarkError, blank_notebook
from ipy_autodiff.homework.sheet.public_sheet import public_sheet
from tests.homework.conftest import ENGINE, RIGHT, SQUARE, Row, write_notebook

SHEET = '''\
"""A sheet."""  # with a comment

import numpy as np
import pytest
from pytest import mark


FACTOR = 4  # both use it
SECRET = {"answer": 42}


def expected(x):
    return SECRET["answer"] * x


@pytest.fixture
def trap():
    return expected(1)


@pytest.fixture(autouse=True)
def always():
    return SECRET_FREE


SECRET_FREE = 'kept'


# About the first.
@pytest.mark.points(2)
def test_shown(student):
    """제곱."""
    assert student.value("x", x=FACTOR) == FACTOR


# What nobody is to read: 42.
# In two lines.
@pytest.mark.points(3)
@pytest.mark.hidden
def test_hidden(student, trap):
    assert student.value("x", x=FACTOR) == trap == expected(1)


@mark.hidden
def test_hidden_too(student):
    assert 1


class TestMixed:
    # secretly
    @pytest.mark.hidden
    def test_inside(self, student):
        assert 42

    def test_beside(self, student):
        assert 1


class TestAllHidden:
    @pytest.mark.hidden
    def test_inside(self, student):
        assert 42


@pytest.mark.hidden
class TestHiddenClass:
    def test_any(self):
        assert 42


@pytest.mark.parametrize("n", [1, pytest.param(42, marks=pytest.mark.hidden), 3,
                               pytest.param(43, marks=[pytest.mark.hidden])])
def test_parameters(student, n):
    assert n
'''
PUBLIC = '''\
"""A sheet."""  # with a comment

import numpy as np
import pytest
from pytest import mark


FACTOR = 4  # both use it


@pytest.fixture(autouse=True)
def always():
    return SECRET_FREE


SECRET_FREE = 'kept'


# About the first.
@pytest.mark.points(2)
def test_shown(student):
    """제곱."""
    assert student.value("x", x=FACTOR) == FACTOR


class TestMixed:

    def test_beside(self, student):
        assert 1


@pytest.mark.parametrize("n", [1, 3])
def test_parameters(student, n):
    assert n
'''


def test_hidden_tests_go_with_what_only_they_use() -> None:
    public = public_sheet(SHEET)
    assert public.source == PUBLIC
    assert public.tests == 3
    assert {"test_hidden", "test_hidden_too", "expected", "SECRET", "trap"} <= set(public.left_out)
    assert public_sheet(public.source).source == PUBLIC


def test_a_module_that_is_hidden_has_no_tests_left() -> None:
    text = "import pytest\n\npytestmark = [pytest.mark.hidden]\n\n\ndef test_a(student):\n    assert 42\n"
    assert "42" not in public_sheet(text).source


def test_command_writes_sheet_and_notebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "sheet.py"
    sheet.write_text(SHEET, encoding="utf-8")
    cells = (
        (
            "class Square(Function):\n    def forward(self, x):\n        ### BEGIN SOLUTION\n        return x ** 2\n"
            "        ### END SOLUTION\n\n    def backward(self, gy):\n        # BEGIN SOLUTION\n        return gy\n"
            "        # END SOLUTION"
        ),
        "assert square(2) == 4\n### BEGIN HIDDEN TESTS\nassert square(42)\n### END HIDDEN TESTS",
    )
    notebook = write_notebook(tmp_path / "hw.ipynb", cells)
    content = json.loads(notebook.read_text())
    content["cells"][0] |= {
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "42"}],
        "execution_count": 1,
    }
    notebook.write_text(json.dumps(content))
    out = tmp_path / "for students"
    assert main(["hand-out", str(sheet), str(notebook), "--out", str(out), "--lang", "ko"]) == 0
    assert (out / "sheet.py").read_text(encoding="utf-8") == PUBLIC
    first, second = json.loads((out / "hw.ipynb").read_text(encoding="utf-8"))["cells"]
    assert "".join(first["source"]) == (
        "class Square(Function):\n    def forward(self, x):\n        ...  # 여기를 채우세요\n\n"
        "    def backward(self, gy):\n        ...  # 여기를 채우세요"
    )
    assert (first["outputs"], first["execution_count"]) == ([], None)
    assert "".join(second["source"]) == "assert square(2) == 4"
    assert "42" not in (out / "hw.ipynb").read_text() + (out / "sheet.py").read_text()
    assert sorted(path.name for path in out.iterdir()) == ["hw.ipynb", "sheet.py"]
    assert "빈칸 수: 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "import pytest\nsecret = pytest.mark.hidden\n@secret\ndef test_a(student): assert 42\n",
        "import pytest\ndef test_a(student): assert 42\ntest_a.pytestmark = [pytest.mark.hidden]\n",
    ],
)
def test_what_is_hidden_by_other_means_is_not_handed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    sheet = tmp_path / "sheet.py"
    sheet.write_text(text)
    assert main(["hand-out", str(sheet), "--out", str(tmp_path / "out"), "--lang", "en"]) == 2
    assert "test_a" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_the_tests_share_goes_along(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "conftest.py").write_text("import pytest\n\n@pytest.fixture\ndef base():\n    return 3.0\n")
    (tmp_path / "sheet.py").write_text("def test_a(student, base):\n    assert student.value('x', x=base) == base\n")
    assert main(["hand-out", str(tmp_path / "sheet.py"), "--out", str(tmp_path / "out"), "--lang", "en"]) == 0
    assert (tmp_path / "out" / "conftest.py").read_text() == (tmp_path / "conftest.py").read_text()
    assert "conftest.py: copied as it is" in capsys.readouterr().out


def test_the_sheet_of_the_documentation(grade: Callable[..., list[Row]], tmp_path: Path) -> None:
    """As it stands there: it grades, and hands out without its hidden test."""
    described = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sheet = tmp_path / "sheet.py"
    sheet.write_text(
        described.partition("## Homework")[2].partition("```python\n")[2].partition("```")[0], encoding="utf-8"
    )
    exp = SQUARE.partition("def square")[0].replace("Square", "Exp").replace("x ** 2", "np.exp(x)")
    right_exp = exp.replace("2 * self", "np.exp(self").replace("data *", "data) *")
    right = write_notebook(tmp_path / "a.ipynb", (*RIGHT, right_exp))
    wrong = write_notebook(tmp_path / "b.ipynb", (*RIGHT, exp))
    sign = write_notebook(tmp_path / "c.ipynb", (ENGINE, SQUARE.replace("return 2 *", "return -2 *"), right_exp))
    marks = [(row["score"], row["max_score"]) for row in grade(right, wrong, sign, using=sheet)]
    assert marks == [("5", "5"), ("2", "5"), ("2", "5")]
    public = public_sheet(sheet.read_text(encoding="utf-8"))
    assert (public.tests, public.left_out) == (1, ("test_gradient",))


def test_originals_are_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "sheet.py"
    sheet.write_text(SHEET)
    assert main(["hand-out", str(sheet), "--out", str(tmp_path)]) == 2
    assert sheet.read_text() == SHEET


def test_marks_need_partners_and_solution_cells_none() -> None:
    def notebook(source: str, **metadata: object) -> bytes:
        return json.dumps({"cells": [{"cell_type": "code", "source": source, "metadata": metadata}]}).encode()

    for source in ("### BEGIN SOLUTION\n1", "### END SOLUTION", "### BEGIN SOLUTION\n### END HIDDEN TESTS"):
        with pytest.raises(MarkError):
            blank_notebook(notebook(source), "...")
    content, blanks = blank_notebook(notebook("answer = 42", nbgrader={"solution": True, "grade": False}), "...")
    assert (json.loads(content)["cells"][0]["source"], blanks) == ("...", 1)
