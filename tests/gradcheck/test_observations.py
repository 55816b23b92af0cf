"""What is seen of one call of a Function, in each floating format: a backward that bends is not taken for a line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.gradcheck.blame.observations import observed
from ipy_autodiff.gradcheck.measure.program import Program

BENDS = {"float64": 1e-6, "float32": 1e-3, "float16": 0.1}


def codes(dtype: str, bend: float) -> set[str]:
    class Square(ad.Function):
        def forward(self, x: Any) -> Any:
            return x * x

        def backward(self, gy: Any) -> Any:
            return (2 * self.inputs[0].data * gy * (1 + bend * np.abs(gy))).astype(dtype)

    recording = ad.trace(Square()(ad.Variable(np.array([1.5, -2.0, 0.75], dtype)))).recording
    program = Program(recording, 1e6)
    with program.running():
        return set(observed(program, recording.graph.functions[0]).codes)


@pytest.mark.parametrize("dtype", BENDS)
def test_a_backward_that_is_not_linear_is_seen_in_every_format(dtype: str) -> None:
    assert "not-linear" in codes(dtype, BENDS[dtype])
    assert "not-linear" not in codes(dtype, 0.0)
