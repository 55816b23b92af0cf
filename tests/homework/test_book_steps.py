"""The sheets of the book's steps: the solutions get full marks, the blanks none for what is to be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.homework.conftest import Row

Grade = Callable[..., list[Row]]
NOTEBOOKS = Path(__file__).parents[2] / "demo_notebooks" / "homework"
STEPS = [f"step{number:02}" for number in range(1, 11)]


@pytest.mark.parametrize("step", STEPS)
def test_solution_gets_all_and_blanks_get_little(grade: Grade, step: str) -> None:
    paths = [NOTEBOOKS / folder / f"{step}.ipynb" for folder in ("solutions", "en", "ko")]
    solution, english, korean = grade(*paths, using=f"dezero:{step}")
    assert solution["score"] == solution["max_score"], solution
    for row in (english, korean):
        assert float(row["score"]) <= 0.35 * float(row["max_score"]), row
