"""The derivative is never wrong in either direction: calibrated where the truth is known, and at its limits."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipy_autodiff.gradcheck.measure.derivative import (
    FAIL,
    INCONCLUSIVE,
    PASS,
    Path,
    derivative,
    differentiate,
    walk,
)
from ipy_autodiff.gradcheck.measure.directions import Directions, direction

from .functions_to_differentiate import KNOWN, Known, points
from .hard_functions import hard_points

each_function = pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)


def verdicts(known: Known, x: np.ndarray, factor: float) -> np.ndarray:
    gradient = known.slope(x) * factor
    with np.errstate(all="ignore"):
        return derivative(known.f, x, gradient).judge(gradient)


@each_function
def test_right_gradients_are_never_called_wrong(known: Known) -> None:
    x = points(known, np.random.default_rng(1), 30)
    found = verdicts(known, x, 1.0)
    assert list(x[found == FAIL]) == []


@each_function
@pytest.mark.parametrize("factor", [1.001, 0.999, 1.1, -1.0])
def test_wrong_gradients_never_pass(known: Known, factor: float) -> None:
    x = points(known, np.random.default_rng(2), 8)
    found = verdicts(known, x, factor)
    assert list(x[(found == PASS) & (known.slope(x) != 0)]) == []


def test_few_gradients_are_left_open() -> None:
    rng = np.random.default_rng(3)
    found = np.concatenate([verdicts(known, points(known, rng, 15), 1.0) for known in KNOWN])
    assert found.size > 1000
    assert np.mean(found == INCONCLUSIVE) < 0.03


@each_function
def test_the_error_is_within_its_bounds(known: Known) -> None:
    x = points(known, np.random.default_rng(4), 15)
    found = derivative(known.f, x)
    settled = np.isfinite(found.uncertainty) & ~found.kink
    truth = known.slope(x)
    # The closed form has a rounding error of its own.
    slack = found.unseen + 1e-9 * np.abs(truth)
    assert np.all((np.abs(found.value - truth) <= 10 * found.uncertainty + slack)[settled])


@given(
    st.floats(-20, 20).filter(lambda a: abs(a) > 0.05),
    st.floats(-5, 5),
    st.floats(-3, 3),
    st.integers(0, 5),
)
@settings(max_examples=150, deadline=None)
def test_products_of_a_power_an_exponential_and_a_wave(a: float, b: float, c: float, n: int) -> None:
    def f(x: Any) -> Any:
        return x**n * np.exp(b * x / 10) * np.sin(c * x + 1)

    x = np.array(a)
    slope = (n * x ** (n - 1) * np.exp(b * x / 10) * np.sin(c * x + 1) if n else 0.0) + x**n * np.exp(b * x / 10) * (
        b / 10 * np.sin(c * x + 1) + c * np.cos(c * x + 1)
    )
    assert derivative(f, x, slope).judge(slope) != FAIL
    if abs(slope) > 1e-6:
        assert derivative(f, x, slope * 1.001).judge(slope * 1.001) != PASS


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


KINKS: dict[str, tuple[Callable[[Any], Any], float, list[float], list[float]]] = {
    # a function, a point, gradients that are right, gradients that are wrong
    "abs at 0": (np.abs, 0.0, [-1, -0.5, 0, 1], [5.0, -5.0]),
    "relu at 0": (relu, 0.0, [0, 0.5, 1], [-2.0, 3.0]),
    "hinge at 1": (lambda x: relu(1 - x) * 3, 1.0, [-3, -1, 0], [4.0]),
    "max at a tie": (lambda x: np.maximum(x * x, 2 - x), 1.0, [-1, 0.5, 2], [9.0]),
    "clip at its edge": (lambda x: np.clip(x, -1, 1), 1.0, [0, 1], [-3.0]),
}


@pytest.mark.parametrize("name", KINKS)
def test_at_a_kink_every_slope_between_the_two_is_right(name: str) -> None:
    f, x, right, wrong = KINKS[name]
    for gradient in right:
        found = derivative(f, np.array(x), gradient)
        assert found.judge(gradient) == PASS
        assert found.kink
    for gradient in wrong:
        assert derivative(f, np.array(x), gradient).judge(gradient) == FAIL


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9, 1e-12])
def test_beside_a_kink_only_one_slope_is_right(distance: float) -> None:
    x = np.array(distance)
    assert derivative(np.abs, x, 1.0).judge(1.0) == PASS
    assert derivative(np.abs, x, -1.0).judge(-1.0) == FAIL
    assert derivative(relu, -x, 0.0).judge(0.0) == PASS
    assert derivative(relu, -x, 1.0).judge(1.0) == FAIL


@pytest.mark.parametrize("scale", [1e-30, 5e-6, 1.0, 1e12])
def test_a_backward_that_gives_zero_is_seen_whatever_the_size(scale: float) -> None:
    found = derivative(lambda x: scale * np.tanh(x), np.array(0.3), 0.0)
    assert found.judge(0.0) == FAIL


@pytest.mark.parametrize(
    "f", [np.cos, lambda x: x**2, lambda x: 0 * x + 3, lambda x: relu(x - 1), lambda x: np.sum(np.exp(x) * 0 + 1)]
)
def test_a_gradient_that_is_zero_passes(f: Callable[[Any], Any]) -> None:
    assert derivative(f, np.array(0.0), 0.0).judge(0.0) == PASS


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (np.sqrt, 0.0),
        (np.log, 0.0),
        (lambda x: 1.0 * (x > 0), 0.0),
        (lambda x: (1e16 + x) - 1e16, 1.0),
        (lambda x: np.sin(1e14 * x), 1.0),
        (lambda x: np.exp(x), np.nan),
        (lambda x: np.exp(x), np.inf),
    ],
)
def test_what_cannot_be_known_is_left_open(f: Callable[[Any], Any], x: float) -> None:
    with np.errstate(all="ignore"):
        assert derivative(f, np.array(x), 1.0).judge(1.0) == INCONCLUSIVE


@pytest.mark.parametrize(
    ("f", "slope", "x"),
    [
        (lambda x: np.sin(1e5 * x), lambda x: 1e5 * np.cos(1e5 * x), 1.0),
        (np.sin, np.cos, 1e6),
        (np.exp, np.exp, 1e-20),
        (lambda x: 1 - np.cos(x), np.sin, 1e-7),
        (lambda x: np.log(x), lambda x: 1 / x, 1e-200),
        (lambda x: x**3, lambda x: 3 * x**2, 1e90),
    ],
)
def test_extreme_scales(f: Callable[[Any], Any], slope: Callable[[Any], Any], x: float) -> None:
    gradient = slope(np.float64(x))
    assert derivative(f, np.array(x), gradient).judge(gradient) == PASS
    assert derivative(f, np.array(x), gradient * 1.001).judge(gradient * 1.001) == FAIL


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_is_wrong(wrong: float) -> None:
    assert derivative(np.exp, np.array(1.0), wrong).judge(wrong) == FAIL


def test_arrays_go_element_by_element() -> None:
    x = np.array([[0.5, -1.0], [2.0, 3.0]])
    gradient = np.cos(x)
    gradient[1, 0] *= 1.001
    found = derivative(np.sin, x, gradient)
    np.testing.assert_array_equal(found.judge(gradient), [[PASS, PASS], [FAIL, PASS]])
    np.testing.assert_allclose(found.value, np.cos(x), rtol=1e-9)
    assert found.value.shape == (2, 2)


def test_empty_arrays_have_empty_derivatives() -> None:
    assert derivative(np.exp, np.zeros((0, 3))).value.shape == (0, 3)


def test_data_of_other_kinds_is_taken_as_float64() -> None:
    assert derivative(lambda x: x**2, np.array([1, 2, 3])).judge([2, 4, 6]).tolist() == [PASS] * 3
    seen = set()

    def square(x: Any) -> Any:
        seen.add(x.dtype)
        return x**2

    derivative(square, np.array([1, 2], np.float32))
    assert seen == {np.dtype(np.float64)}


def test_a_float32_function_is_judged_by_float32_round_off() -> None:
    def f(x: Any) -> Any:
        return np.tanh(x.astype(np.float32))

    x = np.array(0.7)
    slope = 1 - np.tanh(x) ** 2
    assert derivative(f, x, slope).judge(slope) != FAIL
    assert derivative(f, x, slope * 1.1).judge(slope * 1.1) == FAIL


def test_complex_data_and_values_are_refused() -> None:
    with pytest.raises(TypeError, match="complex128"):
        derivative(np.exp, np.array(1j))
    with pytest.raises(TypeError, match="complex128"):
        derivative(lambda x: x * 1j, np.array(1.0))


def test_an_element_takes_fourteen_evaluations_and_one_is_shared() -> None:
    calls = itertools.count()

    def f(x: Any) -> Any:
        next(calls)
        return np.sin(x)

    derivative(f, np.array([0.5, 1.5, 2.5]))
    assert next(calls) == 3 * 14 + 1


def test_along_a_direction_ten_thousand_inputs_take_fifteen_evaluations() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=10_000)
    calls = []

    def f(x: Any) -> Any:
        calls.append(0)
        return np.tanh(x) ** 2

    gradient = 2 * np.tanh(x) * (1 - np.tanh(x) ** 2)
    v = direction(x, Directions(), gradient)
    found = differentiate([walk(f, x, v)], [gradient @ v])
    assert found.judge([gradient @ v]) == [PASS]
    assert len(calls) == 15
    assert found.uncertainty[0] < 1e-8 * abs(found.value[0])


def test_directions_have_both_signs_and_no_two_alike() -> None:
    v = direction(np.linspace(-3, 3, 50), Directions())
    assert (v > 0).any()
    assert (v < 0).any()
    assert np.unique(np.abs(v)).size == 50


def test_outputs_that_stand_still_add_no_noise() -> None:
    def f(x: Any) -> Any:
        return np.array([1e15, float(np.sin(x))])

    assert derivative(f, np.array(1.0), np.cos(1.0)).judge(np.cos(1.0)) == PASS


def test_large_values_are_reduced_level_by_level_to_the_same_result() -> None:
    big = np.random.default_rng(0).normal(size=70_000)
    small = differentiate([Path(lambda t: np.sin(big[:10] + t), np.sin(big[:10]))])
    large = differentiate([Path(lambda t: np.sin(big + t), np.sin(big))])
    assert abs(small.value[0] - np.cos(big[:10]).sum()) <= 10 * small.uncertainty[0]
    assert abs(large.value[0] - np.cos(big).sum()) <= 10 * large.uncertainty[0]


def test_hard_points_are_never_judged_falsely() -> None:
    """Some points of each hard kind; ``python -m tests.gradcheck.peers_table`` has the whole calibration."""
    right, left_open = [], 0
    with np.errstate(all="ignore"):
        cases = list(hard_points(np.random.default_rng(11), 3))
        for hard, x, slope in cases:
            verdict = derivative(hard.f, np.array(x), slope).judge(slope)
            if verdict == FAIL:
                right.append((hard.name, x))
            left_open += int(verdict == INCONCLUSIVE)
    assert right == []
    assert left_open <= 0.08 * len(cases)


@pytest.mark.parametrize("factor", [1.001, 1.1, -1.0])
def test_wrong_gradients_at_hard_points_do_not_pass(factor: float) -> None:
    passed = []
    with np.errstate(all="ignore"):
        for hard, x, slope in hard_points(np.random.default_rng(12), 1):
            wrong = slope * factor
            if slope != 0 and derivative(hard.f, np.array(x), wrong).judge(wrong) == PASS:
                passed.append((hard.name, x))
    assert passed == []


@pytest.mark.parametrize(
    ("f", "x", "right"),
    [
        (lambda x: (1 - np.cos(x)) / (x * x), 1e-4, -8.333333327777778e-06),
        (lambda x: (np.sin(x) + 1e14) - 1e14, 0.28185, float(np.cos(0.28185))),
        (lambda x: np.sqrt(x * x + 1) - x, 1.8e8, -1 / (2 * 1.8e8**2)),
    ],
)
def test_round_off_inside_a_function_leaves_the_right_gradient_open_at_worst(
    f: Callable[[Any], Any], x: float, right: float
) -> None:
    assert derivative(f, np.array(x), right).judge(right) != FAIL


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-10])
def test_beside_the_edge_of_a_domain_it_is_decided(distance: float) -> None:
    x = np.array(1 + distance)
    slope = 0.5 / np.sqrt(x - 1)
    with np.errstate(all="ignore"):
        assert derivative(lambda x: np.sqrt(x - 1), x, slope).judge(slope) == PASS
        assert derivative(lambda x: np.sqrt(x - 1), x, 1.001 * slope).judge(1.001 * slope) == FAIL


@pytest.mark.parametrize("distance", [1e-8, -1e-8, 1e-11])
def test_beside_a_kink_the_slope_of_the_other_side_fails(distance: float) -> None:
    x, side = np.array(1 + distance), float(np.sign(distance))
    assert derivative(lambda x: np.abs(x - 1), x, side).judge(side) == PASS
    assert derivative(lambda x: np.abs(x - 1), x, -side).judge(-side) == FAIL
    assert derivative(lambda x: np.maximum(x, x * x), np.array(1 + 1e-8), 1.0).judge(1.0) == FAIL


def test_the_noise_of_a_slope_is_counted_in_the_values_units() -> None:
    """A slope that scatters by 1e-3 between steps of 1e-6 is known to about that, not to a millionth of it."""
    rng = np.random.default_rng(0)
    found = derivative(lambda x: np.sin(x) + 1e-9 * rng.normal(), np.array(1.0))
    assert abs(found.value - np.cos(1.0)) <= 10 * found.uncertainty
    assert 1e-10 < found.uncertainty < 1e-4
