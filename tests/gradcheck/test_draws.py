"""Random numbers that Functions draw can be drawn again, wherever their generator is found."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from ipy_autodiff.gradcheck.measure.draws import Draws

GENERATOR = np.random.default_rng(0)
OLD_GENERATOR = np.random.RandomState(0)


def helper() -> float:
    return float(GENERATOR.normal())


def through_two_helpers() -> float:
    return helper()


class Dropout:
    def __init__(self) -> None:
        self.rng = random.Random(0)

    def forward(self, x: float) -> float:
        return x * self.rng.random()


def by_closure() -> Callable[[], float]:
    rng = np.random.default_rng(1)
    return lambda: float(rng.random())


HELD = Dropout()
DRAWING: dict[str, tuple[object, Callable[[], float]]] = {
    "NumPy's own": (lambda: None, lambda: float(np.random.rand())),  # noqa: NPY002 - students draw from it
    "Python's own": (lambda: None, random.random),
    "a global generator": (lambda: GENERATOR, lambda: float(GENERATOR.normal())),
    "an old generator": (lambda: OLD_GENERATOR, lambda: float(OLD_GENERATOR.rand())),
    "through a helper": (lambda: helper(), helper),
    "through two helpers": (lambda: through_two_helpers(), through_two_helpers),
    "held by an object": (HELD, lambda: HELD.forward(1.0)),
    "held by a closure": ((closure := by_closure()), closure),
}


@pytest.mark.parametrize("name", DRAWING)
def test_draws_are_started_over_and_put_back(name: str) -> None:
    function, draw = DRAWING[name]
    draws = Draws((function,))
    assert draws.drawn_by(draw)
    assert not draws.drawn_by(lambda: None)
    expected = None
    with draws.repeated():
        first = [draw(), draw()]
        assert draws.notice()
        draws.start_over()
        assert [draw(), draw()] == first
        expected = first
    assert [draw(), draw()] == expected, "what was drawn before is not put back"


def test_generators_that_are_made_anew_are_known() -> None:
    assert Draws((lambda: np.random.default_rng(),)).makes_generators
    assert not Draws((helper,)).makes_generators
