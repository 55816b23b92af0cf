"""Differentiate any function of arrays numerically, and know how wrong the answer can be.

    d = derivative(np.exp, np.array([0.0, 1.0]))
    d.value, d.uncertainty, d.judge(gradient)

No step size is right for every function, so a ladder of them is extrapolated to zero; see ``ladder``. A gradient is
then one of three things: compatible with the samples, incompatible with them, or not decided by them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from ipy_autodiff.gradcheck.measure.ladder import STEPS, UNIT, Array, Bools, Floats, Path, Places, Rungs, climb, real

__all__ = [
    "CLOSE",
    "FAIL",
    "INCONCLUSIVE",
    "PASS",
    "Derivative",
    "Path",
    "derivative",
    "differentiate",
    "sure_slope",
    "walk",
]

PASS, FAIL, INCONCLUSIVE = 0, 1, 2

COVERAGE = 10.0
"""How many uncertainties away a gradient must be to be called wrong: sigma is an estimate, ten of them a bound."""
RESOLUTION = 5e-4
"""A gradient passes only where an error of a thousandth would have shown, with room to spare."""
CLOSE = 2e-9
"""A slope that agrees so well with what is expected, of what it is made of, does so for no other reason."""
NEGLIGIBLE = 1e-9
"""A gradient of exactly zero passes where the function would have shown this part of its natural slope."""
_OTHER_STEPS = 41 / 64
"""What steps are multiplied by to see whether they meet the same slope."""
ROUNDING = 2.0**-30
"""How far, relatively, a right gradient may be off by its own round-off; a cast to float32 is fifty times worse."""


@dataclass(frozen=True, eq=False)
class Derivative:
    """Slopes of a function, each with bounds. All arrays have one shape."""

    value: Floats
    """The best estimate; NaN where no sample is finite."""
    uncertainty: Floats
    """One sigma: truncation and round-off of the estimate together; infinite where there is no estimate."""
    lower: Floats
    """The least slope that the samples allow: ten sigma below the value, or below the smaller slope at a kink."""
    upper: Floats
    kink: Bools
    """Where the slopes to the left and to the right differ: every slope between them is a subgradient."""
    flat: Bools
    """Where the function stands still, to the last bit, on the shortest steps."""
    natural: Floats
    """The function's size, over the argument's or one: a slope far below this cannot be told from zero."""
    unseen: Floats
    """A slope that leaves no trace over the longest step, if numbers of order one are at work inside the function."""
    rungs: Rungs | None = field(default=None, kw_only=True)
    """What the first ladder measured; None for a part of the slopes."""

    def judge(self, gradient: npt.ArrayLike, noise: npt.ArrayLike = 0.0) -> npt.NDArray[np.int8]:
        """``PASS``, ``FAIL`` or ``INCONCLUSIVE`` for each element of ``gradient``; ``noise`` is its own round-off."""
        g = np.asarray(gradient, dtype=np.float64)
        slack = ROUNDING * np.where(np.isfinite(g), np.abs(g), 0.0) + COVERAGE * np.asarray(noise, dtype=np.float64)
        with np.errstate(all="ignore"):
            known = np.isfinite(self.uncertainty)
            within = (g >= self.lower - slack) & (g <= self.upper + slack)
            wrong = ~within & ~(np.abs(g - self.value) <= self.unseen)
            # Where kinks of several operations meet, their subgradients may add up to one beyond both slopes.
            apart = np.where(self.kink, self.upper - self.lower, 0.0)
            wrong &= (g < self.lower - apart) | (g > self.upper + apart) | ~np.isfinite(g)
            blur = COVERAGE * (self.uncertainty + np.asarray(noise, dtype=np.float64))
            sharp = blur <= RESOLUTION * np.where(self.kink, np.fmax(abs(self.lower), abs(self.upper)), np.abs(g))
            zero = (g == 0) & (blur <= NEGLIGIBLE * self.natural)
        verdict = np.where(known & wrong, FAIL, np.where(known & within & (sharp | zero), PASS, INCONCLUSIVE))
        return verdict.astype(np.int8)

    def reshape(self, shape: tuple[int, ...]) -> Derivative:
        """The same slopes in another shape."""
        return Derivative(*(array.reshape(shape) for array in self._arrays()))

    def at(self, index: Any) -> Derivative:
        """The slopes at an index of any kind that NumPy knows."""
        return Derivative(*(array[index] for array in self._arrays()))

    def put(self, places: Places, other: Derivative, where: Bools) -> None:
        """Write ``other``'s slopes to those of the places that ``where`` chooses."""
        for array, news in zip(self._arrays(), other._arrays(), strict=True):
            array[places[where]] = news[where]

    def forget(self, places: Places) -> None:
        """Leave nothing known at these places."""
        self.uncertainty[places] = np.inf

    def _arrays(self) -> list[Array]:
        return [getattr(self, one.name) for one in fields(self) if one.name != "rungs"]


def derivative(f: Callable[[Floats], Any], x: npt.ArrayLike, gradient: npt.ArrayLike | None = None) -> Derivative:
    """The derivative of the sum of ``f(x)``'s elements by each element of ``x``, in float64 whatever ``x`` is.

    It takes 14 evaluations an element and one more; elements that they do not decide take up to 28 more. ``gradient``
    is what the answer will be judged against: no effort is made for digits that do not matter to that.
    Raises what ``f`` raises, and ``TypeError`` where ``x`` or ``f(x)`` is not real.
    """
    point = real(x).astype(np.float64)
    start = real(f(point.copy()))
    found = differentiate([Path(at, start, scale) for at, scale in _axes(f, point)], gradient)
    return found.reshape(point.shape)


def walk(
    f: Callable[[Floats], Any],
    x: Floats,
    v: Floats,
    start: Any = None,
    scale: float = 1.0,
    blur: Floats | None = None,
) -> Path:
    """The path from ``x`` along the direction ``v``."""
    return Path(lambda t: f(x + t * v), real(f(x.copy()) if start is None else start), scale, blur)


def sure_slope(
    at: Callable[[float], Any],
    expected: float,
    size: float,
    *,
    scale: float = 1.0,
    start: Array | None = None,
    weights: Array | None = None,
) -> float | None:
    """A path's slope, from 4 evaluations, where it is as expected beyond doubt; None says nothing.

    ``at`` and ``start`` are as in ``Path``; ``weights`` are what the values count, each one by default. ``size`` is
    what the slope is made of: one that is a small difference of large terms is known less well. With ``start`` given,
    a path that has a kink there is not settled.
    """
    if not (isfinite(expected) and isfinite(size) and size > 0):
        return None
    slopes, gaps = [], []
    for h in (STEPS[1:3, 0] * scale).tolist():
        plus, minus = real(at(h)), real(at(-h))
        if plus.dtype.kind == "f" and plus.dtype.itemsize < 8:
            return None
        central = _total(plus - minus, weights)
        slopes.append(central / (2 * h))
        if start is not None:
            gaps.append(abs(2 * _total(plus - start, weights) - central) / h)
    slope = (64 * slopes[1] - slopes[0]) / 63
    if gaps and not gaps[1] <= 0.25 * gaps[0] + 1e-9 * size:
        return None
    sure = abs(slope - slopes[1]) <= 1e-4 * size and abs(slope - expected) <= CLOSE * size
    return slope if sure else None


def _total(values: Array, weights: Array | None) -> float:
    return float(values.sum() if weights is None else np.vdot(weights, values))


def differentiate(
    paths: Sequence[Path], expected: npt.ArrayLike | None = None, noise: npt.ArrayLike = 0.0
) -> Derivative:
    """The slope of each path at its start; the array's length is the number of paths.

    Where a ladder of steps leaves it open whether ``expected`` is right, a finer one is tried, and near zero, where
    the first was a very fine one, a coarser one. Nothing is called wrong before one with other steps has confirmed it.
    ``noise`` is the round-off of ``expected``.
    """
    scales = np.array([path.scale for path in paths])
    found = _climb(paths, scales)
    wanted = found.value if expected is None else np.asarray(expected, dtype=np.float64).ravel()
    noise = np.broadcast_to(np.asarray(noise, dtype=np.float64), wanted.shape)
    doubtful = np.flatnonzero(found.judge(wanted, noise) != PASS)
    if doubtful.size:
        other = _climb([paths[i] for i in doubtful.tolist()], scales[doubtful] * 2.0**-20)
        _take_nearer(found, doubtful, other)
    doubtful = np.flatnonzero((scales < 0.125) & ((found.judge(wanted, noise) != PASS) | found.flat))
    if doubtful.size:
        other = _climb([paths[i] for i in doubtful.tolist()], np.ones(doubtful.size))
        _take_wider(found, doubtful, other, wanted[doubtful])
    wrong = np.flatnonzero(found.judge(wanted, noise) == FAIL)
    if wrong.size:
        other = _climb([paths[i] for i in wrong.tolist()], scales[wrong] * _OTHER_STEPS)
        usable = np.isfinite(other.uncertainty) & ~other.flat
        found.forget(wrong[usable & _beyond(found.at(wrong), other)])
    return found


def _take_nearer(found: Derivative, places: Places, new: Derivative) -> None:
    """Take from a finer ladder what it knows better; where it contradicts, nothing is known."""
    old = found.at(places)
    usable = ~new.flat & np.isfinite(new.uncertainty)
    sharper = np.where(new.kink, ~_resolved(old), new.uncertainty < old.uncertainty)
    found.put(places, new, usable & np.where(old.kink, ~new.kink & _resolved(new), sharper))
    found.forget(places[usable & ~old.kink & ~new.kink & _apart(old, new)])


def _take_wider(found: Derivative, places: Places, new: Derivative, wanted: Floats) -> None:
    """Take from a coarser ladder what it knows better: a finer one can be too short to see the function move."""
    old = found.at(places)
    usable = ~new.kink & np.isfinite(new.uncertainty)
    # Where fine steps are lost, coarse ones are too, though they may not show it.
    gains = ~new.flat & np.isfinite(old.value) & ~_apart(old, new) & (new.uncertainty < old.uncertainty)
    agrees = ~new.flat & (new.judge(wanted) == PASS) & (wanted != 0)
    found.put(places, new, usable & (old.flat | gains | agrees))


def _apart(old: Derivative, new: Derivative) -> Bools:
    with np.errstate(all="ignore"):
        apart: Bools = np.abs(new.value - old.value) > COVERAGE * (new.uncertainty + old.uncertainty)
        return apart


def _beyond(old: Derivative, new: Derivative) -> Bools:
    """Whether two ladders' bounds, kinks allowed for, have nothing in common."""
    with np.errstate(all="ignore"):
        beyond: Bools = (new.lower > old.upper) | (new.upper < old.lower)
        return beyond


def _resolved(found: Derivative) -> Bools:
    resolved: Bools = COVERAGE * found.uncertainty <= RESOLUTION * np.abs(found.value)
    return resolved


def _climb(paths: Sequence[Path], scales: Floats) -> Derivative:
    found = climb(paths, scales)
    margin = COVERAGE * found.uncertainty
    with np.errstate(all="ignore"):
        lower = np.fmin(found.left, found.right) - margin
        upper = np.fmax(found.left, found.right) + margin
        natural = np.fmax(found.size, 1.0) / np.maximum(scales, 1.0)
        unseen = 16 * UNIT * np.fmax(found.size, 1.0) / (STEPS[0] * scales)
    kinds = found.kink, found.still
    return Derivative(found.value, found.uncertainty, lower, upper, *kinds, natural, unseen, rungs=found.rungs)


def _axes(f: Callable[[Floats], Any], x: Floats) -> Iterator[tuple[Callable[[float], Any], float]]:
    flat = x.ravel()
    for i, (size, exponent) in enumerate(zip(flat, np.frexp(flat)[1], strict=True)):

        def at(t: float, i: int = i) -> Any:
            moved = flat.copy()
            moved[i] += t
            return f(moved.reshape(x.shape))

        yield at, 2.0 ** max(float(exponent) - 1, -1000.0) if size != 0 and np.isfinite(size) else 1.0
