"""Every operation's gradient, and the gradient of its gradient, agree with its values: nothing is named here."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from ipy_autodiff.engine.registry import OPERATIONS, Registered, Sample
from tests.engine.checking import LAYOUTS, called, cases, check, drawn

CASES = list(cases())
NAMES = [f"{operation.name}{sample}" for operation, sample in CASES]


@pytest.mark.parametrize(("operation", "sample"), CASES, ids=NAMES)
def test_first_and_second_derivative(operation: Registered, sample: Sample) -> None:
    rng = np.random.default_rng(zlib.crc32(f"{operation.name}{sample}".encode()))
    for layout in LAYOUTS.values():
        arrays = drawn(sample, operation.domain, layout, rng)
        check(lambda *points: called(operation, sample, points), arrays, 2, rng)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_declares_or_derives_samples(operation: Registered) -> None:
    assert operation.samples or operation.elementwise


@pytest.mark.parametrize(("operation", "sample"), CASES, ids=NAMES)
def test_the_result_is_what_numpy_computes(operation: Registered, sample: Sample) -> None:
    rng = np.random.default_rng(zlib.crc32(f"{operation.name}{sample}".encode()))
    from ipy_autodiff.engine import Variable

    arrays = drawn(sample, operation.domain, np.asarray, rng)
    given = [array.copy() for array in arrays]
    with np.errstate(all="ignore"):
        results = called(operation, sample, [Variable(array) for array in arrays])
        for y in results:
            assert isinstance(y.data, np.ndarray)
        for array, before in zip(arrays, given, strict=True):
            np.testing.assert_array_equal(array, before)
