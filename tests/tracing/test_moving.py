"""A run is moved to other leaf values, whatever engine built it, and the notebook stays as it is."""

from __future__ import annotations

import numpy as np
import pytest

from ipy_autodiff.tracing.moving import Mover
from tests.student_engines import ENGINES, StudentEngine

from .watched import watch


@pytest.mark.parametrize("engine", [one for one in ENGINES if one.functions], ids=lambda engine: engine.name)
def test_values_and_gradients_follow_the_formula(engine: StudentEngine) -> None:
    recording, namespace, _ = watch(engine.source, engine.cells)
    assert recording is not None
    before = {
        name: np.array(getattr(value, "data", 0)) for name, value in namespace.items() if name in engine.gradients
    }
    rng = np.random.default_rng(1)
    leaves = {node.name: node for node in recording.graph.leaves if node.name in engine.gradients}
    data = {name: np.asarray(node.data * rng.uniform(0.9, 1.1, node.data.shape)) for name, node in leaves.items()}
    moved = Mover(recording).moved({leaves[name]: value for name, value in data.items()})
    assert moved.of is not None
    np.testing.assert_allclose(moved.of.data, eval(engine.formula, {"np": np, **data}), rtol=1e-12)
    assert [step.function.id for step in moved.steps] == [step.function.id for step in recording.steps]
    if engine.function_backward:
        for name in engine.gradients:
            slope = central(engine.formula, data, name)
            gradient = moved.gradients[next(node for node in moved.graph.leaves if node.name == name)]
            np.testing.assert_allclose(gradient, slope, rtol=1e-5, atol=1e-6)
    for name, value in before.items():
        np.testing.assert_array_equal(namespace[name].data, value)


def central(formula: str, data: dict[str, np.ndarray], name: str) -> np.ndarray:
    slope = np.zeros(data[name].shape)
    for place in np.ndindex(data[name].shape):
        sums = []
        for h in (1e-6, -1e-6):
            moved = {key: value.copy() for key, value in data.items()}
            moved[name][place] += h
            sums.append(np.sum(eval(formula, {"np": np, **moved})))
        slope[place] = (sums[0] - sums[1]) / 2e-6
    return slope
