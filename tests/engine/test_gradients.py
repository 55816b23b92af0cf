"""Every operation's gradient, and the gradient of its gradient, agree with its values: nothing is named here."""

from __future__ import annotations

import warnings
import zlib

import numpy as np
import pytest

import ipy_autodiff.engine
from ipy_autodiff.engine import Variable
from ipy_autodiff.engine.registry import OPERATIONS, Registered, Sample
from tests.engine.checking import LAYOUTS, arguments, called, cases, check, drawn

CASES = list(cases())
NAMES = [f"{operation.name}{sample}" for operation, sample in CASES]
_SIZED = [(case, drawn(case[1], case[0].domain, np.asarray, np.random.default_rng(0))) for case in CASES]
LARGEST = {case[0].name: case[1] for case, _ in sorted(_SIZED, key=lambda one: sum(array.size for array in one[1]))}
"""Of each operation the case with the most elements, in which every layout goes to second order."""


@pytest.mark.parametrize(("operation", "sample"), CASES, ids=NAMES)
def test_first_and_second_derivative(operation: Registered, sample: Sample) -> None:
    rng = np.random.default_rng(zlib.crc32(f"{operation.name}{sample}".encode()))
    for name, layout in LAYOUTS.items():
        arrays = drawn(sample, operation.domain, layout, rng)
        order = 2 if name == "C order" or LARGEST[operation.name] is sample else 1
        check(lambda *points: called(operation, sample, points), arrays, order, rng)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_declares_or_derives_samples(operation: Registered) -> None:
    assert operation.samples or operation.elementwise


@pytest.mark.parametrize(("operation", "sample"), CASES, ids=NAMES)
def test_numpys_own_function_gives_the_same_on_variables_as_on_arrays(operation: Registered, sample: Sample) -> None:
    rng = np.random.default_rng(0)
    arrays = drawn(sample, operation.domain, np.asarray, rng)
    before = [array.copy() for array in arrays]
    for function in operation.numpy or (operation.function,):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer releases of NumPy deprecate some
            found = function(*arguments(operation, sample, [Variable(array) for array in arrays]), **sample.kwargs)
            expected = function(*arguments(operation, sample, arrays), **sample.kwargs)
        several = isinstance(expected, tuple | list)
        for y, value in zip(found if several else [found], expected if several else [expected], strict=True):
            if isinstance(value, Variable):  # a function of the engine's own makes Variables of arrays too
                value = value.data
            data = y.data if isinstance(y, Variable) else y
            assert isinstance(y, Variable) or function is np.linalg.slogdet
            assert np.shape(data) == np.shape(value)
            np.testing.assert_allclose(data, value, rtol=1e-12, atol=1e-12)
    for array, original in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, original)


def keeps_precision(operation: Registered, sample: Sample) -> bool:
    """Whether all operands are the Variables: a constant array of double precision makes the result double."""
    constants = [value for value in (*sample.args, *sample.kwargs.values()) if isinstance(value, np.ndarray)]
    return not constants and operation.prepare is None and operation.name not in ("array", "linspace")


SINGLE = [case for case in CASES if keeps_precision(*case)]


@pytest.mark.parametrize(
    ("operation", "sample"), SINGLE, ids=[f"{operation.name}{sample}" for operation, sample in SINGLE]
)
def test_single_precision_stays_single(operation: Registered, sample: Sample) -> None:
    rng = np.random.default_rng(0)
    doubles = drawn(sample, operation.domain, np.asarray, rng)
    found = []
    for arrays in (doubles, [array.astype(np.float32) for array in doubles]):
        points = [Variable(array) for array in arrays]
        with np.errstate(all="ignore"):
            results = called(operation, sample, points)
            total = sum((np.sum(y) for y in results[1:]), start=np.sum(results[0]))
            if total.creator is not None:
                total.backward()
        found.append([point.grad for point in points])
        if np.lib.NumpyVersion(np.__version__) >= "2.0.0":  # before, numbers made single 0-d arrays double
            assert all(y.dtype == arrays[0].dtype for y in results) or operation.name == "astype"
    for g, h in zip(*found, strict=True):
        if g is not None:
            assert h.dtype == np.float32
            np.testing.assert_allclose(h, g, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_is_offered(operation: Registered) -> None:
    assert operation.numpy or getattr(ipy_autodiff.engine, operation.name) is operation.function
    assert operation.function.__doc__
