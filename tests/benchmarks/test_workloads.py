"""What is timed is the same computation: every engine's gradients are those that NumPy gives by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.bench_training import PARAMETERS, steps_of
from tests.benchmarks.workloads import ENGINES

CASES = [(engine, workload) for engine, workloads in ENGINES.items() for workload in workloads if engine != "numpy"]


@pytest.mark.parametrize(("engine", "workload"), CASES)
def test_gradients_are_those_by_hand(engine: str, workload: str) -> None:
    found, expected = ENGINES[engine][workload](), ENGINES["numpy"][workload]()
    several = isinstance(expected, tuple)
    for g, h in zip(found if several else [found], expected if several else [expected], strict=True):
        np.testing.assert_allclose(np.asarray(g), h, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("program", PARAMETERS)
def test_training_steps_lead_every_engine_to_the_same_parameters(program: str) -> None:
    assert "ours" in steps_of(program)
