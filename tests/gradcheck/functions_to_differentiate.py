"""Functions with derivatives in closed form, and points that are hard for a numerical derivative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Known:
    """A function of one array, element by element, its derivative, and where both are defined."""

    name: str
    f: Callable[[Any], Any]
    slope: Callable[[Any], Any]
    low: float = -np.inf
    high: float = np.inf


def _bessel(n: int) -> Callable[[Any], Any]:
    """The Bessel function of integer order, as the integral that defines it."""
    t = (np.arange(400) + 0.5) * np.pi / 400
    return lambda x: np.mean(np.cos(n * t - np.multiply.outer(x, np.sin(t))), axis=-1)


KNOWN = (
    Known("x e^-x", lambda x: x * np.exp(-x), lambda x: (1 - x) * np.exp(-x), -20, 20),
    Known("ln(1 + x²)", lambda x: np.log1p(x * x), lambda x: 2 * x / (1 + x * x)),
    Known("x / (1 + |x|)", lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    Known("arctan", np.arctan, lambda x: 1 / (1 + x * x)),
    Known("arcsinh", np.arcsinh, lambda x: 1 / np.hypot(1, x)),
    Known("swish", lambda x: x / (1 + np.exp(-x)), lambda x: _swish(x), -30, 30),
    Known("gelu", lambda x: 0.5 * x * (1 + np.tanh(0.8 * (x + 0.045 * x**3))), lambda x: _gelu(x), -5, 5),
    Known("cube root", np.cbrt, lambda x: 1 / (3 * np.cbrt(x) ** 2), 1e-9, 1e9),
    Known("x ln x", lambda x: x * np.log(x), lambda x: np.log(x) + 1, 1e-6, 1e6),
    Known("x^x", lambda x: x**x, lambda x: x**x * (np.log(x) + 1), 1e-3, 20),
    Known("Bessel J0", _bessel(0), lambda x: -_bessel(1)(x), -30, 30),
    Known("sin of a square", lambda x: np.sin(x * x), lambda x: 2 * x * np.cos(x * x), -30, 30),
    Known("chirp", lambda x: np.sin(300 * x), lambda x: 300 * np.cos(300 * x), -10, 10),
    Known("Lorentz line", lambda x: 1 / (1 + 400 * x * x), lambda x: -800 * x / (1 + 400 * x * x) ** 2),
    Known("Chebyshev T9", lambda x: np.cos(9 * np.arccos(x)), lambda x: _chebyshev_slope(x), -0.98, 0.98),
    Known("(x - 1)^5 written out", lambda x: np.polyval(_FIFTH, x), lambda x: 5 * (x - 1) ** 4, -4, 4),
    Known("mish", lambda x: x * np.tanh(np.logaddexp(0, x)), lambda x: _mish(x), -15, 30),
    Known("tan", np.tan, lambda x: 1 + np.tan(x) ** 2, -1.5, 1.5),
    Known("Planck", lambda x: x**3 / np.expm1(x), lambda x: _planck(x), 1e-2, 60),
    Known("after a large number", lambda x: (1e5 + np.sin(x)) - 1e5, np.cos, -50, 50),
)

_FIFTH: Any = np.poly(np.ones(5))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _swish(x: Any) -> Any:
    s = _sigmoid(x)
    return s + x * s * (1 - s)


def _gelu(x: Any) -> Any:
    t = np.tanh(0.8 * (x + 0.045 * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * 0.8 * (1 + 0.135 * x * x)


def _chebyshev_slope(x: Any) -> Any:
    return 9 * np.sin(9 * np.arccos(x)) / np.sqrt(1 - x * x)


def _mish(x: Any) -> Any:
    t = np.tanh(np.logaddexp(0, x))
    return t + x * (1 - t * t) * _sigmoid(x)


def _planck(x: Any) -> Any:
    return (3 * x**2 * np.expm1(x) - x**3 * np.exp(x)) / np.expm1(x) ** 2


def points(known: Known, rng: np.random.Generator, count: int) -> np.ndarray:
    """Points of the function's domain, over many orders of size, integers and near integers among them."""
    low, high = max(known.low, -1e6), min(known.high, 1e6)
    drawn = np.concatenate(
        [
            rng.uniform(max(low, -5), min(high, 5), count),
            rng.normal(size=count) * np.exp(2 * rng.normal(size=count)),
            np.rint(rng.normal(size=count) * 3),
            np.rint(rng.normal(size=count)) + 1e-7 * rng.normal(size=count),
            rng.normal(size=count) * 10.0 ** rng.uniform(-5, 0, count),
        ]
    )
    return np.asarray(drawn[(drawn > low) & (drawn < high) & (drawn != 0)])
