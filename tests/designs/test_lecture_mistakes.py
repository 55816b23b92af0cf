"""Each mistake that is made when the lecture's engine is typed along is found, and placed at its operator."""

from __future__ import annotations

import pytest

from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from tests.designs.closure_engine import CELL, ENGINE, MISTAKES, Mistake
from tests.designs.reading import read

_SPELLINGS: tuple[dict[str, str], ...] = (
    {},
    {"_backward": "backward_fn", "_prev": "parents", "self.data": "self.value", ".data": ".value"},
    {"_backward": "grad_fn", "_prev": "children_", "_op": "op_name"},
)


@pytest.mark.parametrize("spelling", _SPELLINGS)
def test_a_right_engine_is_clean_however_it_is_spelled(spelling: dict[str, str]) -> None:
    recording = read(_spelled(ENGINE, spelling), CELL)
    comparison = compare(recording)
    assert comparison.ok, str(comparison)
    assert not find_blame(recording, comparison)
    assert [function.name for function in recording.graph.functions][-3:] == ["*", "+", "+"]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_found_where_it_is(mistake: Mistake) -> None:
    assert ENGINE.count(mistake.right) == 1
    recording = read(ENGINE.replace(mistake.right, mistake.wrong), CELL)
    comparison = compare(recording)
    assert not comparison.ok
    assert {blame.where for blame in find_blame(recording, comparison)} == {mistake.where}


@pytest.mark.parametrize("mistake", MISTAKES[::3], ids=lambda mistake: mistake.name)
def test_it_is_found_under_other_names(mistake: Mistake) -> None:
    text = _spelled(ENGINE.replace(mistake.right, mistake.wrong), _SPELLINGS[1])
    recording = read(text, CELL)
    comparison = compare(recording)
    assert not comparison.ok
    assert {blame.where for blame in find_blame(recording, comparison)} == {mistake.where}


def _spelled(text: str, spelling: dict[str, str]) -> str:
    for old, new in spelling.items():
        text = text.replace(old, new)
    return text
