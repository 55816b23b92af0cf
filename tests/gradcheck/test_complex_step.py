"""The complex step bears reference where it can, and says nothing where it cannot."""

from __future__ import annotations

from typing import Any

import numpy as np

import ipy_autodiff as ad
from ipy_autodiff.gradcheck.references.complex_step import NAME, with_complex_step

from .planted import ENGINE
from .watching import watched


def reference(f: Any, x: Any) -> Any:
    (row,) = with_complex_step(ad.check_gradients(f, x)).rows
    return row.references.get(NAME)


def test_it_is_right_to_the_last_digits() -> None:
    x = np.array([0.3, 1.5, -2.0])
    found = reference(lambda x: ad.exp(ad.sin(x)), x)
    np.testing.assert_allclose(found, np.exp(np.sin(x)) * np.cos(x), rtol=1e-15)


def test_it_is_the_truth_beside_a_wrong_gradient() -> None:
    found = watched(
        ENGINE.replace("dy * np.cos(self.a)", "dy * self.a"), "x = Tensor(0.5)\ny = Sine()(x)\ny.backward()"
    )
    (row,) = with_complex_step(found.comparison).rows
    assert row.verdict == "fail"
    np.testing.assert_allclose(row.references[NAME], np.cos(0.5), rtol=1e-15)


def test_what_is_not_analytic_has_no_such_reference() -> None:
    assert reference(ad.absolute, np.array([-2.0, 3.0])) is None
    assert reference(ad.square, np.array([1, 2])) is None
    assert reference(ad.tanh, np.linspace(1, 2, 100)) is None
    assert reference(ad.exp, np.zeros(0)) is None
