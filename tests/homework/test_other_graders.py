"""``assert_gradients`` in the test cells of other graders: an exception that says why is all that they need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import ipy_autodiff as ad
from ipy_autodiff.homework.sheet.blank_notebook import blank_notebook
from tests.homework.conftest import ENGINE, SQUARE, write_notebook

WRONG = SQUARE.replace("2 * self.input.data * gy", "2 * gy")


@pytest.mark.filterwarnings("ignore")
def test_nbgraders_test_cells(tmp_path: Path) -> None:
    """As nbgrader runs them: in order, going on after errors; a cell has its points if it did not raise."""
    tested = "import ipy_autodiff as ad\nad.assert_gradients(square, np.array([1.0, 2.0]))"
    path = write_notebook(tmp_path / "ps1.ipynb", (ENGINE, WRONG, tested, SQUARE, tested))
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(notebook.cells):
        grade = number in (2, 4)
        cell.metadata["nbgrader"] = {"schema_version": 3, "grade": grade, "solution": not grade, "locked": grade,
                                     "grade_id": f"cell-{number}", "task": False, "points": 2.0}  # fmt: skip
    NotebookClient(notebook, allow_errors=True, kernel_name="python3", timeout=120).execute()
    assert notebook.cells[4].outputs == []
    (error,) = notebook.cells[2].outputs
    assert error.ename == "AssertionError"
    assert "Square.backward" in error.evalue
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    assert blank_notebook(path.read_bytes(), "...")[1] == 3


def test_otters_test_functions() -> None:
    """They live in a file of their own, and are given the student's names as arguments."""
    students: dict[str, Any] = {}
    exec(ENGINE + WRONG, students)

    def test(square: Any) -> None:
        ad.assert_gradients(lambda x: square(square(x)), np.array(0.5), variable=students["Variable"])
        ad.assert_gradients(square, np.array(3.0))

    with pytest.raises(AssertionError, match=r"Square\.backward"):
        test(students["square"])
    exec(SQUARE, students)
    test(students["square"])
