"""Every student engine is read: its graph, its backward steps with their numbers, and nothing of it is changed."""

from __future__ import annotations

import numpy as np
import pytest

from ipy_autodiff.tracing import Replay
from tests.student_engines import ENGINES, StudentEngine, run

from .watched import watch

engines = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


@engines
def test_graph_is_the_one_that_the_last_cell_built(engine: StudentEngine) -> None:
    recording, _, _ = watch(engine.source, engine.cells)
    assert recording is not None
    assert [function.name for function in recording.graph.functions] == list(engine.functions)
    assert len(recording.graph.variables) == engine.variables
    if engine.functions:
        assert recording.of is not None
        assert recording.of.name == engine.of
        assert {node.name for node in recording.graph.leaves} >= set(engine.gradients)


@engines
def test_steps_carry_the_true_gradients(engine: StudentEngine) -> None:
    recording, _, _ = watch(engine.source, engine.cells)
    assert recording is not None
    if not engine.functions or not engine.function_backward:
        assert recording.steps == ()
        return
    assert {step.function for step in recording.steps} == set(recording.graph.functions)
    assert recording.swept_by == ("cell" if engine.sweeps in ("cell", "by hand") else "replay")
    leaves = {node.name: node for node in recording.graph.leaves}
    for name, gradient in engine.gradients.items():
        np.testing.assert_allclose(recording.gradients[leaves[name]], gradient, rtol=1e-12)


@engines
def test_the_notebook_is_as_a_plain_run_leaves_it(engine: StudentEngine) -> None:
    plain, printed, _ = run(engine.source, engine.cells)
    _, watched, watched_print = watch(engine.source, engine.cells)
    assert watched_print == printed
    assert watched.keys() == plain.keys()
    for name, value in plain.items():
        for attribute in ("data", "grad", "_data", "_grad"):
            before = getattr(value, attribute, None)
            if isinstance(before, np.ndarray | float):
                np.testing.assert_array_equal(before, getattr(watched[name], attribute))
            elif before is None:
                assert getattr(watched[name], attribute, None) is None


@engines
def test_replay_computes_the_recorded_values(engine: StudentEngine) -> None:
    recording, _, _ = watch(engine.source, engine.cells)
    assert recording is not None
    values = Replay(recording.graph).forward()
    for node, value in values.items():
        np.testing.assert_array_equal(value, node.data)


@engines
def test_replay_follows_the_formula(engine: StudentEngine) -> None:
    recording, _namespace, _ = watch(engine.source, engine.cells)
    assert recording is not None
    if not engine.functions:
        return
    rng = np.random.default_rng(0)
    leaves = {node.name: node for node in recording.graph.leaves if node.name in engine.gradients}
    moved = {name: node.data * rng.uniform(0.9, 1.1, node.data.shape) for name, node in leaves.items()}
    values = Replay(recording.graph).forward({leaves[name]: value for name, value in moved.items()})
    expected = eval(engine.formula, {"np": np, **moved})
    assert recording.of is not None
    np.testing.assert_allclose(values[recording.of], expected, rtol=1e-12)
