"""The pictures of a comparison show its numbers, and say what is missing where they cannot be drawn."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.gradcheck.comparison import Comparison

matplotlib = pytest.importorskip("matplotlib")


class Wrong(ad.Function):
    def forward(self, x: Any) -> Any:
        return x**2

    def backward(self, gy: Any) -> Any:
        return 2.2 * self.inputs[0].data * gy


def right_and_wrong() -> tuple[Comparison, Comparison]:
    x = np.array([[0.5, 1.0, 2.0], [3.0, -1.0, 4.0]])
    return ad.check_gradients(np.sin, x), ad.check_gradients(lambda x: Wrong()(x), x)


def test_bars_stand_at_the_two_gradients() -> None:
    right, _ = right_and_wrong()
    (axes,) = right.plot("bars").axes
    shown = [line for line in axes.lines if len(line.get_ydata()) == 6]
    for line in shown[:2]:
        np.testing.assert_allclose(line.get_ydata(), np.cos([0.5, 1.0, 2.0, 3.0, -1.0, 4.0]), rtol=1e-6)


def test_the_error_is_a_v_when_right_and_a_plateau_when_wrong() -> None:
    right, wrong = right_and_wrong()
    (axes,) = right.plot("steps").axes
    errors = np.asarray(axes.lines[0].get_ydata())
    assert np.nanmin(errors) < 1e-8
    assert errors[0] > 1e3 * np.nanmin(errors)
    (axes,) = wrong.plot("steps").axes
    plateau = np.asarray(axes.lines[0].get_ydata())[5:30]
    np.testing.assert_allclose(plateau, plateau[0], rtol=0.05)
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_the_heat_map_has_the_arrays_shape() -> None:
    _, wrong = right_and_wrong()
    image = wrong.plot("heat").axes[0].images[0].get_array()
    assert image.shape == (2, 3)
    assert image.min() > 3


def test_large_arrays_are_measured_for_the_picture() -> None:
    comparison = ad.check_gradients(np.tanh, np.linspace(-2, 2, 60).reshape(6, 10))
    assert comparison.rows[0].numerical is None
    image = comparison.plot("heat").axes[0].images[0].get_array()
    assert image.shape == (6, 10)
    assert image.max() <= 1


def test_the_worst_variable_is_drawn_unless_another_is_named() -> None:
    comparison = ad.check_gradients(lambda a, b: Wrong()(a) + ad.sin(b), 0.5, 0.5)
    assert comparison.plot("steps").axes[0].get_ylabel().endswith(" a")
    assert comparison.plot("steps", "b").axes[0].get_ylabel().endswith(" b")


def test_what_cannot_be_drawn_is_said() -> None:
    comparison = ad.check_gradients(np.sin, 0.5)
    with pytest.raises(ValueError, match="pie"):
        comparison.plot("pie")
    with pytest.raises(ValueError, match="nobody"):
        comparison.plot("bars", "nobody")
    with pytest.raises(ValueError, match="10,000"):
        ad.check_gradients(np.sin, np.ones(10_000)).plot("bars")


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        ad.check_gradients(np.sin, 0.5).plot()
