"""The planted mistakes are as they say: each leaves its wrong gradient, and not the true one."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

from .mistake import Mistake
from .mistakes import MISTAKES
from .notebook import run
from .test_engines import difference_quotient

each_mistake = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)


def test_each_has_a_name_of_its_own() -> None:
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES)


@each_mistake
def test_it_leaves_the_gradient_that_it_names(mistake: Mistake) -> None:
    left = gradients_left(mistake)
    assert left.keys() == mistake.gradients.keys()
    for name, gradient in left.items():
        expected: Any = mistake.wrong[name]
        if expected is None:
            assert gradient is None
        else:
            assert np.shape(gradient) == expected.shape
            np.testing.assert_allclose(gradient, expected, rtol=1e-15 if mistake.name == "float32_cast" else 1e-13)


@each_mistake
def test_the_gradient_is_wrong(mistake: Mistake) -> None:
    assert any(
        wrong is None
        or wrong.shape != mistake.gradients[name].shape
        or not np.array_equal(wrong, mistake.gradients[name])
        for name, wrong in mistake.wrong.items()
    )


@each_mistake
def test_the_true_gradient_is_what_comes_without_the_mistake(mistake: Mistake) -> None:
    namespace: dict[str, Any] = {}
    with contextlib.suppress(Exception):
        run(mistake.repaired or mistake.source, mistake.cells, namespace)
    if mistake.repaired:
        for name, true in mistake.gradients.items():
            np.testing.assert_allclose(namespace[name].grad, true, rtol=1e-13)
        return
    assert mistake.formula
    leaves = {name: np.asarray(namespace[name].data) for name in mistake.gradients}
    if mistake.name == "data_changed_before_backward":
        leaves["x"] = leaves["x"] + 0.5
    for name, true in mistake.gradients.items():
        np.testing.assert_allclose(true, difference_quotient(mistake.formula, leaves, name), rtol=1e-8, atol=1e-10)


@each_mistake
def test_what_it_blames_exists(mistake: Mistake) -> None:
    namespace, _, _ = run(mistake.source, ())
    for where in (mistake.where, *mistake.or_where):
        assert where in ("engine", "graph") or hasattr(namespace[where], "forward")


def gradients_left(mistake: Mistake) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    error = None
    try:
        run(mistake.source, mistake.cells, namespace)
    except Exception as raised:
        error = type(raised).__name__
    assert error == mistake.error
    return {name: getattr(namespace[name], "grad", None) for name in mistake.gradients}
