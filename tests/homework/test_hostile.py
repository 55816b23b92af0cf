"""Hostile and broken submissions: each gets its row and the right marks, and no other row suffers."""

from __future__ import annotations

import pytest

from ipy_autodiff.homework.command import main
from tests.homework.conftest import SHEET, Row, read_rows, write_notebook
from tests.homework.hostile_notebooks import NOTEBOOKS

pytestmark = pytest.mark.skipif("sys.platform != 'linux'")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """All of them graded by one command, as a class would be."""
    folder = tmp_path_factory.mktemp("hostile")
    sheet = folder / "sheets" / "squares.py"
    sheet.parent.mkdir()
    sheet.write_text(SHEET, encoding="utf-8")
    paths = [
        write_notebook(folder / "in" / f"{number:02} {name.replace('/', '_')}.ipynb", cells)
        for number, (name, (cells, _)) in enumerate(NOTEBOOKS.items())
    ]
    status = main(
        [
            "grade",
            str(sheet),
            *map(str, paths),
            "--out",
            str(folder / "out"),
            "--jobs",
            "2",
            "--timeout",
            "10",
            "--memory",
            "300",
        ]
    )
    assert status == 0
    return dict(zip(NOTEBOOKS, read_rows(folder / "out" / "grades.csv"), strict=True))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_gets_what_it_deserves(rows: dict[str, Row], name: str) -> None:
    row = rows[name]
    assert (row["test_value"], row["test_gradient"]) == NOTEBOOKS[name][1], row
    points = 2 * (row["test_value"] == "pass") + 3 * (row["test_gradient"] == "pass")
    assert float(row["score"]) == points
