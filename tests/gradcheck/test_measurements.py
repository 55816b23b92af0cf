"""What pictures show is measured on demand: curves of errors, and elements with their uncertainties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.gradcheck.measurements import NothingToMeasure, element_by_element, error_by_step


class Wrong(ad.Function):
    def forward(self, x: Any) -> Any:
        return x**2

    def backward(self, gy: Any) -> Any:
        gx = 2 * self.inputs[0].data * gy
        gx[1, 2] *= 1.1
        return gx


def test_the_curve_is_that_of_the_wrong_element() -> None:
    comparison = ad.check_gradients(lambda x: Wrong()(x), np.arange(1.0, 7.0).reshape(2, 3))
    curve = error_by_step(comparison, comparison.rows[0])
    assert (curve.name, curve.element) == ("x[1, 2]", (1, 2))
    assert curve.steps.shape == curve.from_backprop.shape == curve.from_numerical.shape == (45,)
    assert np.all(np.diff(curve.steps) < 0)
    assert curve.backprop == pytest.approx(13.2)
    assert abs(curve.numerical - 12.0) <= 10 * curve.uncertainty
    np.testing.assert_allclose(curve.from_backprop[5:25], 1.2, rtol=1e-3)
    assert np.min(curve.from_numerical) < 1e-8
    assert error_by_step(comparison, comparison.rows[0], (0, 0)).from_backprop.min() < 1e-8


def test_the_curve_of_a_scalar_is_named_after_it() -> None:
    comparison = ad.check_gradients(np.sin, 0.5)
    curve = error_by_step(comparison, comparison.rows[0], count=12)
    assert (curve.name, curve.element, curve.steps.shape) == ("x", (), (12,))


def test_elements_that_are_known_already_are_not_measured_again() -> None:
    comparison = ad.check_gradients(lambda x: Wrong()(x), np.arange(1.0, 7.0).reshape(2, 3))
    row = comparison.rows[0]
    found = element_by_element(comparison, row)
    assert found.numerical is row.numerical
    assert found.measured.all()
    assert np.argwhere(found.over_sigma > 10).tolist() == [[1, 2]]


def test_of_a_large_array_the_wrong_elements_are_among_those_measured() -> None:
    comparison = ad.check_gradients(lambda x: Wrong()(x), np.linspace(1, 2, 2_000).reshape(40, 50))
    row = comparison.rows[0]
    assert row.wrong == ((1, 2),)
    found = element_by_element(comparison, row, most=30)
    assert found.measured.sum() <= 30
    assert found.measured[1, 2]
    assert np.argwhere(found.over_sigma > 10).tolist() == [[1, 2]]
    assert np.isnan(found.numerical[~found.measured]).all()


@pytest.mark.parametrize("data", [np.zeros((0, 3)), np.array([1 + 2j])])
def test_nothing_to_measure_is_an_error_that_says_so(data: Any) -> None:
    comparison = ad.check_gradients(lambda x: x * 1.0, data)
    for measure in (error_by_step, element_by_element):
        with pytest.raises(NothingToMeasure, match="x"):
            measure(comparison, comparison.rows[0])


def test_random_draws_leave_nothing_to_measure() -> None:
    class Noise(ad.Function):
        def forward(self, x: Any) -> Any:
            return x * np.random.default_rng().uniform(1, 2)

        def backward(self, gy: Any) -> Any:
            return gy

    x = ad.Variable(np.array(2.0))
    y = Noise()(x)
    y.backward()
    comparison = ad.trace(y).comparison
    with pytest.raises(NothingToMeasure):
        error_by_step(comparison, comparison.rows[0])
