"""Engines of other designs are read, clean when right; a mistake is found in the operator that has it."""

from __future__ import annotations

import pytest

from ipy_autodiff.designs.reading import attributes_of
from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from tests.designs.other_engines import ENGINES, Engine
from tests.designs.reading import read


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_right_engine_is_clean_and_stays_as_it_was(engine: Engine) -> None:
    recording = read(engine.text, engine.cell)
    values = [node.object for node in recording.graph.variables]
    before = [attributes_of(value) for value in values]
    comparison = compare(recording)
    assert comparison.ok, str(comparison)
    assert {row.verdict for row in comparison.rows} == {"pass"}
    assert not find_blame(recording, comparison)
    assert recording.swept_by == "cell"
    assert recording.graph.functions
    after = [attributes_of(value) for value in values]
    assert all(old[name] is new[name] for old, new in zip(before, after, strict=True) for name in old)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_the_operator_with_the_mistake_is_named(engine: Engine) -> None:
    assert engine.text.count(engine.right) == 1
    recording = read(engine.text.replace(engine.right, engine.wrong), engine.cell)
    comparison = compare(recording)
    assert not comparison.ok
    places = {blame.where.lower() for blame in find_blame(recording, comparison)}
    assert len(places) == 1
    assert engine.where in places.pop()
