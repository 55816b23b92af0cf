"""Right gradients that round-off has spoilt are not called wrong, and gradients that are wrong by a thousandth are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.gradcheck.measure.program import Program
from ipy_autodiff.gradcheck.measure.round_off import round_off
from ipy_autodiff.gradcheck.rows import Row
from ipy_autodiff.tracing import Recording
from ipy_autodiff.tracing.recording import record_variables

# Functions in which nearly equal numbers are subtracted, or whose argument has lost its last digits.
DELICATE: dict[str, tuple[Callable[[Any], Any], float]] = {
    "(sqrt(1 + x) - 1) / x": (lambda x: (np.sqrt(1 + x) - 1) / x, 4e-12),
    "(1 - cos x) / x²": (lambda x: (1 - np.cos(x)) / x**2, 3e-7),
    "ln(1 + x) / x": (lambda x: np.log(1 + x) / x, 7e-11),
    "x - sin x": (lambda x: x - np.sin(x), 2e-6),
    "x / x": (lambda x: np.exp(x / x - np.sin(x) + x), 6.6e-11),
    "(x + 1)² - x² - 2x": (lambda x: (x + 1) ** 2 - x**2 - 2 * x, 1e9 + 0.3),
    "ln of a sigmoid far out": (lambda x: np.sqrt(50 * ad.sigmoid(np.log(x))), 7.6e-14),
    "sin far out": (np.sin, 1.68e13),
    "tan far out": (lambda x: np.tan(1 / x), 2.2e-12),
    "1 + x - 1": (lambda x: (1.0 + x) - 1.0, 3e-11),
    "polynomial at its triple root": (lambda x: ((x - 3) * x + 3) * x - 1, 1 + 1e-7),
}


def recording(f: Callable[[Any], Any], data: Any) -> Recording:
    x = ad.Variable(np.asarray(data))
    y = f(x)
    y.backward()
    return record_variables([x, y], {"x": x, "y": y})


def row(recording: Recording) -> Row:
    return compare(recording).rows[0]


@pytest.mark.parametrize("name", DELICATE)
def test_a_right_gradient_is_never_called_wrong(name: str) -> None:
    f, at = DELICATE[name]
    rng = np.random.default_rng(3)
    for point in at * (1 + np.concatenate([[0.0], rng.uniform(-0.3, 0.3, 4)])):
        seen = recording(f, point)
        compared = compare(seen)
        assert compared.rows[0].verdict != "fail", point
        assert find_blame(seen, compared) == ()


@pytest.mark.parametrize("name", DELICATE)
def test_a_gradient_that_is_wrong_by_a_thousandth_does_not_pass(name: str) -> None:
    f, at = DELICATE[name]
    for point in at * np.linspace(0.9, 1.1, 4):
        seen = recording(f, point)
        x = seen.wrt[0]
        if np.any(seen.gradients[x]):
            wrong = replace(seen, gradients={**seen.gradients, x: 1.001 * seen.gradients[x]})
            assert row(wrong).verdict != "pass", point


def test_a_gradient_in_float32_that_lost_digits_is_not_called_wrong() -> None:
    assert row(recording(lambda x: ad.sigmoid(x + x), np.float32(4.0))).verdict != "fail"
    assert row(recording(lambda x: x / x - np.sin(x), np.float32(-0.0045525404))).verdict != "fail"
    assert row(recording(lambda x: np.exp(-(x**4)) ** 2.0 + x, np.float32(3.0))).verdict == "pass"


def test_round_off_is_that_of_numbers_that_cancel() -> None:
    for f, at, sigma in ((np.sin, 0.5, 1e-16), (lambda x: (x + 1e6) * (x + 1e6) - x * x, 0.5, 1e-10)):
        program = Program(recording(f, at), np.inf)
        with program.running():
            found = round_off(program)
        (x,) = program.recording.wrt
        assert 0.1 * sigma < float(found.gradients[x]) < 10 * sigma


def test_kinks_of_a_few_elements_are_judged_one_by_one() -> None:
    x = np.concatenate([np.linspace(-1, 1, 19), [0.0]])
    seen = recording(np.abs, x)
    assert row(seen).verdict == "pass"
    node = seen.wrt[0]
    wrong = seen.gradients[node].copy()
    wrong[3] *= 1.001
    found = row(replace(seen, gradients={**seen.gradients, node: wrong}))
    assert (found.verdict, found.wrong) == ("fail", ((3,),))
