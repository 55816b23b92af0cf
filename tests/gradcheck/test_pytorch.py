"""PyTorch gives the gradients of every student engine whose Functions it can identify."""

from __future__ import annotations

import numpy as np
import pytest

from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.gradcheck.references.pytorch import NAME, with_torch
from tests.loop_engine import ENGINE
from tests.student_engines import ENGINES, StudentEngine
from tests.tracing.watched import watch

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("engine", [one for one in ENGINES if one.function_backward], ids=lambda engine: engine.name)
def test_the_reference_agrees_with_calculus_or_says_what_it_does_not_know(engine: StudentEngine) -> None:
    recording, _, _ = watch(engine.source, engine.cells)
    assert recording is not None
    compared = with_torch(compare(recording), recording)
    for row in compared.rows:
        if NAME in row.references and row.name in engine.gradients:
            np.testing.assert_allclose(row.references[NAME], engine.gradients[row.name], rtol=1e-9)
        elif row.name in engine.gradients:
            assert compared.remarks


def test_the_reference_contradicts_a_wrong_backward() -> None:
    recording, _, _ = watch(
        ENGINE.replace("2 * self.input.data * gy", "2 * gy"), ("x = Variable(np.array(3.0))\ny = exp(square(x))",)
    )
    assert recording is not None
    (row,) = with_torch(compare(recording), recording).rows
    assert row.verdict == "fail"
    np.testing.assert_allclose(row.references[NAME], 6 * np.exp(9))


def test_an_operation_that_only_coincides_at_one_point_is_not_taken() -> None:
    source = ENGINE.replace("x ** 2", "np.where(x == 2.0, x ** 2, x ** 5)")
    recording, _, _ = watch(source, ("x = Variable(np.array(2.0))\ny = square(x)",))
    assert recording is not None
    compared = with_torch(compare(recording), recording)
    assert compared.rows[0].references == {}
    assert compared.remarks
