"""Functions and points that are hard for a numerical derivative, by kind, with slopes to fifty digits from mpmath.

Every function is written once and computed twice: in floating point with NumPy, and with mpmath for the truth. ``m``
stands for either: ``lambda m, x: m.exp(x) - 1``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np

__all__ = ["HARD", "Hard", "hard_points"]

Function = Callable[[Any, Any], Any]
Draw = Callable[[np.random.Generator, int], np.ndarray]

_NUMPY = SimpleNamespace(
    **{name: getattr(np, name) for name in ("exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "sqrt", "abs")},
    **{
        name: getattr(np, name) for name in ("log1p", "expm1", "floor", "arctan", "arcsin", "arccos", "arccosh", "cbrt")
    },
    maximum=np.maximum,
    where=np.where,
)
_MPMATH = SimpleNamespace(
    **{name: getattr(mpmath, name) for name in ("exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "sqrt")},
    **{name: getattr(mpmath, name) for name in ("log1p", "expm1", "floor", "cbrt")},
    abs=abs,
    arctan=mpmath.atan,
    arcsin=mpmath.asin,
    arccos=mpmath.acos,
    arccosh=mpmath.acosh,
    maximum=max,
    where=lambda condition, one, other: one if condition else other,
)
_SLOPE_DIGITS = 60


@dataclass(frozen=True)
class Hard:
    """A function of one number, of a kind that is hard, and how to draw points for it."""

    kind: str
    name: str
    of: Function
    draw: Draw
    slope_of: Callable[[Any], Any] | None = None
    """The slope, for mpmath, where a difference of mpmath's own would not do."""

    def f(self, x: Any) -> Any:
        """The function, for NumPy."""
        return self.of(_NUMPY, x)

    def slope(self, x: float) -> float:
        """The true slope of the exact function at this float."""
        with mpmath.workdps(_SLOPE_DIGITS):
            point = mpmath.mpf(x)
            if self.slope_of is not None:
                return float(self.slope_of(point))
            # So near that no edge, kink or pole lies between, and at so many digits that it is exact all the same.
            h = mpmath.mpf(10) ** -400 if point == 0 else abs(point) * mpmath.mpf(10) ** -60
            with mpmath.workdps(400 + 120 if point == 0 else 240):
                return float((self.of(_MPMATH, point + h) - self.of(_MPMATH, point - h)) / (2 * h))


def _near(place: float, side: float = 0.0, least: float = -12, most: float = -1) -> Draw:
    """Points beside a place, at distances of many sizes; ``side`` is +1, -1, or 0 for both."""

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        signs = rng.choice([-1.0, 1.0], count) if side == 0 else np.full(count, side)
        return place + signs * rng.uniform(1, 9, count) * 10.0 ** rng.uniform(least, most, count)

    return draw


def _within(low: float, high: float) -> Draw:
    return lambda rng, count: rng.uniform(low, high, count)


def _sizes(least: float, most: float, signed: bool = False) -> Draw:
    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        drawn = 10.0 ** rng.uniform(least, most, count)
        return drawn * rng.choice([-1.0, 1.0], count) if signed else drawn

    return draw


def _iterated(step: Function, times: int) -> Function:
    def of(m: Any, x: Any) -> Any:
        y = x
        for _ in range(times):
            y = step(m, y)
        return y

    return of


def _newton_root(m: Any, x: Any) -> Any:
    """The cube root of x + 2 by Newton's method, a fixed number of steps."""
    y = 1 + x / 3
    for _ in range(8):
        y = y - (y * y * y - x - 2) / (3 * y * y)
    return y


def _stopped_root(m: Any, x: Any) -> Any:
    """The square root by Newton's method, ended at a change of a millionth: its own slope is slightly another one."""
    y = x / 2 + 1
    for _ in range(60):
        y, last = (y + x / y) / 2, y
        if abs(y - last) < 1e-6:
            break
    return y


def _softmax(j: int, others: tuple[float, ...]) -> Function:
    def of(m: Any, x: Any) -> Any:
        logits = [x, *(0 * x + c for c in others)]
        top = logits[0]
        for logit in logits[1:]:
            top = m.maximum(top, logit)
        powers = [m.exp(logit - top) for logit in logits]
        return powers[j] / sum(powers)

    return of


def _series_bessel(m: Any, x: Any) -> Any:
    """J0 by its power series."""
    total = term = 0 * x + 1
    for k in range(1, 40):
        term = term * (-(x * x) / 4) / (k * k)
        total = total + term
    return total


HARD: tuple[Hard, ...] = (
    # special functions
    Hard("special", "Bessel series", _series_bessel, _within(-8, 8)),
    Hard("special", "softplus", lambda m, x: m.log1p(m.exp(x)), _within(-20, 20)),
    Hard("special", "Gudermann", lambda m, x: 2 * m.arctan(m.tanh(x / 2)), _within(-6, 6)),
    Hard("special", "x tanh", lambda m, x: x * m.tanh(m.log1p(m.exp(x))), _within(-10, 10)),
    Hard("special", "arccosh", lambda m, x: m.arccosh(x), _within(1.2, 50)),
    Hard("special", "Stirling", lambda m, x: x * m.log(x) - x + m.log(x) / 2 + 1 / (12 * x), _sizes(-1, 4)),
    Hard("special", "Fermi", lambda m, x: 1 / (m.exp(x / 0.07) + 1), _within(-1, 1)),
    Hard("special", "Debye", lambda m, x: x / m.expm1(x), _sizes(-3, 1.5)),
    # implicit
    Hard("implicit", "cube root by Newton", _newton_root, _within(0.1, 20)),
    Hard("implicit", "root ended early", _stopped_root, _sizes(-1, 2), lambda x: 1 / (2 * mpmath.sqrt(x))),
    Hard("implicit", "Kepler", lambda m, x: _iterated(lambda m, e: x + 0.3 * m.sin(e), 60)(m, x), _within(0.1, 6)),
    # deep
    Hard("deep", "sine of sine 30", _iterated(lambda m, y: m.sin(y), 30), _within(0.2, 3)),
    Hard("deep", "logistic map 20", _iterated(lambda m, y: 3.9 * y * (1 - y), 20), _within(0.05, 0.95)),
    Hard("deep", "square root 20", _iterated(lambda m, y: m.sqrt(y), 20), _sizes(-3, 6)),
    Hard("deep", "tanh 40", _iterated(lambda m, y: m.tanh(1.1 * y), 40), _within(0.1, 2)),
    Hard("deep", "log1p 25", _iterated(lambda m, y: m.log1p(y), 25), _sizes(-2, 3)),
    Hard("deep", "damped 40", _iterated(lambda m, y: 0.7 * y + 0.1 * m.cos(y), 40), _within(-3, 3)),
    # multiple roots
    Hard("multiple roots", "(x - 1)^5", lambda m, x: (x - 1) ** 5, _near(1, 0, -4, 0)),
    Hard("multiple roots", "(x - 2)^9", lambda m, x: (x - 2) ** 9, _near(2, 0, -3, 0)),
    Hard("multiple roots", "(x - 1)^3 written out", lambda m, x: x * x * x - 3 * x * x + 3 * x - 1, _near(1, 0, -3, 0)),
    # scales
    Hard("scales", "1e-13 sin", lambda m, x: 1e-13 * m.sin(x), _within(-3, 3)),
    Hard("scales", "1e-30 sin", lambda m, x: 1e-30 * m.sin(x), _within(-3, 3)),
    Hard("scales", "1e-250 exp", lambda m, x: 1e-250 * m.exp(x), _within(-3, 3)),
    Hard("scales", "1e200 tanh", lambda m, x: 1e200 * m.tanh(x), _within(-3, 3)),
    Hard("scales", "x²", lambda m, x: x * x, _sizes(-120, 120, signed=True)),
    Hard("scales", "1 / x", lambda m, x: 1 / x, _sizes(-100, 100, signed=True)),
    Hard("scales", "square root", lambda m, x: m.sqrt(x), _sizes(-200, 200)),
    Hard("scales", "1 + 1e-9 sin", lambda m, x: 1 + 1e-9 * m.sin(x), _within(-3, 3)),
    # edges of a domain
    Hard("edges", "sqrt(x - 1)", lambda m, x: m.sqrt(x - 1), _near(1, 1)),
    Hard("edges", "log(1 - x)", lambda m, x: m.log(1 - x), _near(1, -1)),
    Hard("edges", "arcsin", lambda m, x: m.arcsin(x), _near(1, -1, -10)),
    Hard("edges", "(1 - x²)^1.5", lambda m, x: m.sqrt(1 - x * x) * (1 - x * x), _near(-1, 1, -9)),
    Hard("edges", "log1p", lambda m, x: m.log1p(x), _near(-1, 1)),
    Hard("edges", "x log x - 3", lambda m, x: (x - 3) * m.log(x - 3), _near(3, 1)),
    Hard("edges", "sqrt at 1e5", lambda m, x: m.sqrt(x - 1e5), _near(1e5, 1, -6, 3)),
    # oscillation
    Hard("oscillation", "sin 1e5 x", lambda m, x: m.sin(1e5 * x), _within(-3, 3)),
    Hard("oscillation", "sin 1e9 x", lambda m, x: m.sin(1e9 * x), _within(-3, 3)),
    Hard("oscillation", "sin 1 / x", lambda m, x: m.sin(1 / x), _sizes(-5, 0)),
    Hard("oscillation", "x + small wave", lambda m, x: x + 1e-4 * m.sin(1e5 * x), _within(-3, 3)),
    Hard("oscillation", "wave packet", lambda m, x: m.exp(-x * x) * m.cos(800 * x), _within(-2, 2)),
    # cancellation
    Hard("cancellation", "(1 - cos x) / x²", lambda m, x: (1 - m.cos(x)) / (x * x), _sizes(-5, 0, signed=True)),
    Hard("cancellation", "1e14 added", lambda m, x: (m.sin(x) + 1e14) - 1e14, _within(-3, 3)),
    Hard("cancellation", "1e8 added", lambda m, x: (m.sin(x) + 1e8) - 1e8, _within(-3, 3)),
    Hard("cancellation", "sqrt(x² + 1) - x", lambda m, x: m.sqrt(x * x + 1) - x, _sizes(0, 9)),
    Hard("cancellation", "(exp x - 1 - x) / x", lambda m, x: (m.exp(x) - 1 - x) / x, _sizes(-8, 0, signed=True)),
    Hard("cancellation", "log(1 + x)", lambda m, x: m.log(1 + x), _sizes(-13, 0)),
    Hard("cancellation", "variance", lambda m, x: (x * x + 9e6) / 2 - ((x + 3000) / 2) ** 2, _near(3000, 0, -1, 2)),
    Hard("cancellation", "tan - sin", lambda m, x: m.tan(x) - m.sin(x), _sizes(-5, 0, signed=True)),
    # softmax
    Hard("softmax", "own", _softmax(0, (0.0, 1.0, 2.0)), _within(-40, 40)),
    Hard("softmax", "other", _softmax(1, (5.0, -3.0, 30.0)), _within(-60, 60)),
    Hard("softmax", "cross entropy", lambda m, x: m.log(1 + m.exp(x - 3) + m.exp(-x)) - x, _within(-30, 30)),
    # norms
    Hard("norms", "norm", lambda m, x: m.sqrt(x * x + 9 + 16), _sizes(-12, 6, signed=True)),
    Hard("norms", "norm of a tiny one", lambda m, x: m.sqrt(x * x + 1e-24), _sizes(-16, 0, signed=True)),
    Hard("norms", "normalized", lambda m, x: x / m.sqrt(x * x + 1), _sizes(-6, 5, signed=True)),
    # poles
    Hard("poles", "1 / (x - 2)", lambda m, x: 1 / (x - 2), _near(2, 0, -9)),
    Hard("poles", "tan", lambda m, x: m.tan(x), _near(float(np.pi / 2), 0, -7)),
    Hard("poles", "1 / (x - 1)²", lambda m, x: 1 / ((x - 1) * (x - 1)), _near(1, 0, -6)),
    # beside a kink
    Hard("beside a kink", "|x - 1|", lambda m, x: m.abs(x - 1), _near(1, 0, -14)),
    Hard("beside a kink", "max(x, x²)", lambda m, x: m.maximum(x, x * x), _near(1, 0, -14)),
    Hard("beside a kink", "leaky at 2", lambda m, x: m.where(x > 2, x - 2, 0.01 * (x - 2)), _near(2, 0, -13)),
    Hard("beside a kink", "hinge", lambda m, x: m.maximum(0 * x, 1 - 3 * (x - 0.5)), _near(5 / 6, 0, -14)),
    Hard("beside a kink", "Huber", lambda m, x: m.where(m.abs(x) < 1, x * x / 2, m.abs(x) - 0.5), _near(1, 0, -12)),
    Hard("beside a kink", "|sin|", lambda m, x: m.abs(m.sin(x)), _near(float(np.pi), 0, -12)),
)


def hard_points(rng: np.random.Generator, count: int) -> Iterator[tuple[Hard, float, float]]:
    """``count`` points of each function with the true slope there, where both are finite."""
    for hard in HARD:
        for x in hard.draw(rng, count).tolist():
            slope = hard.slope(x)
            with np.errstate(all="ignore"):
                if np.isfinite(slope) and np.isfinite(hard.f(np.array(x))):
                    yield hard, x, slope
