"""Large arrays are checked as a whole, and the elements that are wrong are found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.gradcheck.measure.array_check import check_array
from ipy_autodiff.gradcheck.measure.derivative import FAIL, INCONCLUSIVE, PASS
from ipy_autodiff.gradcheck.measure.long_double import OverBudget
from ipy_autodiff.tracing import record_variables


class Counted:
    """A function that counts its calls."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f
        self.calls = 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return self.f(x)


def tanh_squared(x: Any) -> Any:
    return np.tanh(x) ** 2


def slope(x: Any) -> Any:
    return 2 * np.tanh(x) * (1 - np.tanh(x) ** 2)


def test_ten_thousand_right_elements_take_one_direction() -> None:
    x = np.random.default_rng(0).normal(size=10_000)
    f = Counted(tanh_squared)
    found = check_array(f, x, slope(x), single=False)
    assert found.verdict == PASS
    assert f.calls == 5
    assert found.slopes is not None


@pytest.mark.parametrize("seed", range(12))
def test_one_element_of_ten_thousand_that_is_wrong_by_a_thousandth_is_named(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=10_000)
    gradient = slope(x)
    place = int(rng.choice(np.flatnonzero(np.abs(gradient) > 0.05)))
    gradient[place] *= 1.001
    f = Counted(tanh_squared)
    found = check_array(f, x, gradient, single=False)
    assert found.verdict == FAIL
    assert found.wrong == [(place,)]
    assert f.calls < 700
    assert found.value[place] == pytest.approx(slope(x)[place])
    assert np.isnan(found.value).sum() == 9_999


def test_opposite_errors_do_not_cancel() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        x = rng.normal(size=500)
        gradient = slope(x)
        first, second = rng.choice(500, 2, replace=False)
        gradient[first] += 0.01
        gradient[second] -= 0.01
        assert check_array(tanh_squared, x, gradient, single=False).verdict == FAIL


def test_several_wrong_elements_are_named_by_their_places() -> None:
    x = np.random.default_rng(2).normal(size=(40, 50))
    gradient = slope(x)
    wrong = [(3, 4), (17, 0), (39, 49)]
    for place in wrong:
        gradient[place] += 0.1
    found = check_array(tanh_squared, x, gradient, single=False)
    assert sorted(found.wrong) == wrong


def test_kinks_at_many_elements_are_no_mistake() -> None:
    rng = np.random.default_rng(3)
    w = rng.normal(size=3000)
    x = np.where(rng.random(3000) < 0.4, 0.0, rng.normal(size=3000))
    for at_zero in (0.0, 1.0):
        gradient = w * np.where(x > 0, 1.0, np.where(x == 0, at_zero, 0.0))
        found = check_array(lambda x: w * np.maximum(x, 0), x, gradient, single=False)
        assert found.verdict == PASS


def test_kinks_do_not_hide_a_wrong_element() -> None:
    rng = np.random.default_rng(4)
    w = rng.normal(size=3000)
    x = np.where(rng.random(3000) < 0.4, 0.0, rng.normal(size=3000))
    gradient = w * (x > 0)
    place = int(np.flatnonzero(x > 0)[100])
    gradient[place] *= -1
    found = check_array(lambda x: w * np.maximum(x, 0), x, gradient, single=False)
    assert found.wrong == [(place,)]


def test_a_gradient_that_is_not_finite_is_wrong_there() -> None:
    x = np.linspace(1, 2, 100)
    gradient = slope(x)
    gradient[42] = np.nan
    found = check_array(tanh_squared, x, gradient, single=False)
    assert (found.verdict, found.wrong) == (FAIL, [(42,)])


def test_single_elements_and_whole_arrays_agree() -> None:
    rng = np.random.default_rng(5)
    for factor, verdict in ((1.0, PASS), (1.001, FAIL)):
        x = rng.normal(size=(3, 4))
        for single in (True, False):
            assert check_array(tanh_squared, x, slope(x) * factor, single=single).verdict == verdict


def test_a_small_element_among_large_ones_is_known_well_enough() -> None:
    x = np.array([1.0, 20.0])
    found = check_array(np.tanh, x, 1 - np.tanh(x) ** 2, single=True)
    assert found.verdict == PASS


def test_a_gradient_that_is_zero_but_for_round_off_passes() -> None:
    x = np.array([0.1, 1.2, -0.7])
    e = np.exp(x)
    y = e / e.sum()
    gradient = y * (1 - y.sum())
    found = check_array(lambda x: np.exp(x) / np.exp(x).sum(), x, gradient, single=True)
    assert found.verdict == PASS


def test_empty_arrays_pass() -> None:
    assert check_array(np.exp, np.zeros((0, 2)), np.zeros((0, 2)), single=True).verdict == PASS


def test_noise_of_the_gradient_leaves_it_open() -> None:
    x = np.array(0.5)
    assert check_array(np.sin, x, np.cos(x) + 1e-6, single=True).verdict != PASS
    assert check_array(np.sin, x, np.cos(x) + 1e-4, single=True).verdict == FAIL
    assert check_array(np.sin, x, np.cos(x) + 1e-4, single=True, noise=1e-3).verdict == INCONCLUSIVE


def test_a_large_wrong_array_fails_though_the_budget_ends_before_its_elements_are_found() -> None:
    x = np.random.default_rng(0).normal(size=100_000)
    left = iter(range(60))

    def f(x: Any) -> Any:
        if next(left, None) is None:
            raise OverBudget
        return tanh_squared(x)

    found = check_array(f, x, 1.01 * slope(x), single=False)
    assert found.verdict == FAIL
    assert found.wrong == []


def test_a_wrong_element_of_a_thousand_costs_little() -> None:
    x = np.random.default_rng(0).normal(size=1000)
    gradient = slope(x)
    gradient[123] *= 1.001
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(0)
        return tanh_squared(x)

    found = check_array(f, x, gradient, single=False)
    assert found.wrong == [(123,)]
    assert len(calls) < 500


@pytest.mark.parametrize(
    ("size", "wrong", "most"), [(10, 1, 450), (10, 10, 1_000), (1_000, 1, 600), (1_000, 10, 1_200)]
)
def test_a_wrong_element_is_found_and_blamed_at_few_runs(size: int, wrong: int, most: int) -> None:
    calls = []

    class Slope(ad.Function):
        def forward(self, x: Any) -> Any:
            calls.append(1)
            return np.tanh(x)

        def backward(self, gy: Any) -> Any:
            gx = np.array(gy * (1 - np.tanh(self.inputs[0].data) ** 2))
            gx.flat[:: size // wrong] *= 1.01
            return gx

    class Wave(ad.Function):
        def forward(self, x: Any) -> Any:
            calls.append(1)
            return np.sin(x)

        def backward(self, gy: Any) -> Any:
            return gy * np.cos(self.inputs[0].data)

    class Squares(ad.Function):
        def forward(self, x: Any) -> Any:
            calls.append(1)
            return np.asarray(np.sum(x * x))

        def backward(self, gy: Any) -> Any:
            return gy * 2 * self.inputs[0].data

    x = ad.Variable(np.random.default_rng(3).normal(size=size))
    recording = record_variables([Squares()(Slope()(Wave()(x)))], {"x": x})
    calls.clear()
    compared = compare(recording)
    assert [blame.where for blame in find_blame(recording, compared)] == ["Slope"]
    assert [row.verdict for row in compared.rows] == ["fail"]
    assert len(calls) / 3 <= most
