"""Each mistake of the classroom is found, blamed on its place by its code, and nothing is blamed without one."""

from __future__ import annotations

import pytest

from .classroom import CLEAN, MISTAKES, Clean, Mistake
from .classroom_engine import ENGINE
from .watching import watched


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_found_where_it_is(mistake: Mistake) -> None:
    found = watched(mistake.source, mistake.cell, of="y")
    assert [(blame.where, blame.code) for blame in found.blame][:1] in [
        [(mistake.where, code)] for code in mistake.codes
    ]
    assert len(found.blame) == 1


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_without_the_mistake_nothing_is_blamed(mistake: Mistake) -> None:
    found = watched(ENGINE, mistake.cell, of="y")
    assert found.blame == ()
    assert "fail" not in found.verdicts.values()


@pytest.mark.parametrize("clean", CLEAN, ids=lambda clean: clean.name)
def test_a_program_without_a_mistake_is_not_blamed(clean: Clean) -> None:
    source = Mistake(clean.name, "", (), clean.edits, clean.cell).source
    found = watched(source, clean.cell, of="y")
    assert found.error is None
    assert found.blame == ()
    assert "fail" not in found.verdicts.values()
    assert not any(check.wrong for check in found.comparison.functions.values())
