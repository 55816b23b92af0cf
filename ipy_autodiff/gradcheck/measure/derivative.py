"""Differentiate any function of arrays numerically, and know how wrong the answer can be.

    d = derivative(np.exp, np.array([0.0, 1.0]))
    d.value, d.uncertainty, d.judge(gradient)

No step size is right for every function, so a ladder of them is extrapolated to zero; see ``ladder``. A gradient is
then one of three things: compatible with the samples, incompatible with them, or not decided by them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from math import frexp, inf, isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from ipy_autodiff.gradcheck.measure.ladder import STEPS, UNIT, Array, Bools, Floats, Path, Places, Rungs, climb, real
from ipy_autodiff.gradcheck.measure.long_double import (
    LongDoubleFailed,
    long_double,
    long_from,
    round_off_inside,
    stands_still,
)
from ipy_autodiff.gradcheck.tolerances import (
    CLOSE,
    CONFIRMED,
    COVERAGE,
    EDGES,
    HAIR,
    INSIDE,
    NEGLIGIBLE,
    OTHER_STEPS,
    RESOLUTION,
    ROUNDING,
)

__all__ = [
    "CLOSE",
    "FAIL",
    "INCONCLUSIVE",
    "PASS",
    "Derivative",
    "Path",
    "axis",
    "derivative",
    "differentiate",
    "scale_of",
    "sure_slope",
    "walk",
]

PASS, FAIL, INCONCLUSIVE = 0, 1, 2


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
    """A slope that leaves no trace over the longest step, if numbers of order one, or as large as the argument, are at
    work inside the function; zero where the function was seen to move clearly."""
    size: Floats
    """The function's size."""
    moved: Floats
    """How far it moves at most on the steps."""
    noise: Floats
    """What a gradient may be off by round-off inside the function, as one sigma; zero where that is not known."""
    rungs: Rungs | None = field(default=None, kw_only=True)
    """What the first ladder measured; None for a part of the slopes."""
    hair: float = field(default=HAIR, kw_only=True)
    """By which part of its size a gradient must be off to be wrong."""

    def judge(self, gradient: npt.ArrayLike, noise: npt.ArrayLike = 0.0) -> npt.NDArray[np.int8]:
        """``PASS``, ``FAIL`` or ``INCONCLUSIVE`` for each element of ``gradient``; ``noise`` is its own round-off.

        Nothing that is off by less than ``hair`` is called wrong.
        """
        g = np.asarray(gradient, dtype=np.float64)
        noise = np.asarray(noise, dtype=np.float64) + self.noise
        slack = ROUNDING * np.where(np.isfinite(g), np.abs(g), 0.0) + COVERAGE * noise
        with np.errstate(all="ignore"):
            known = np.isfinite(self.uncertainty)
            within = (g >= self.lower - slack) & (g <= self.upper + slack)
            wrong = ~within & ~(np.abs(g - self.value) <= self.unseen + self.hair * np.abs(self.value))
            # Where kinks of several operations meet, their subgradients may add up to one beyond both slopes.
            apart = np.where(self.kink, self.upper - self.lower, 0.0)
            wrong &= (g < self.lower - apart) | (g > self.upper + apart) | ~np.isfinite(g)
            blur = COVERAGE * (self.uncertainty + noise)
            sharp = blur <= RESOLUTION * np.where(self.kink, np.fmax(abs(self.lower), abs(self.upper)), np.abs(g))
            zero = (g == 0) & (blur <= NEGLIGIBLE * self.natural)
        verdict = np.where(known & wrong, FAIL, np.where(known & within & (sharp | zero), PASS, INCONCLUSIVE))
        return verdict.astype(np.int8)

    def reshape(self, shape: tuple[int, ...]) -> Derivative:
        """The same slopes in another shape."""
        return Derivative(*(array.reshape(shape) for array in self._arrays()), hair=self.hair)

    def at(self, index: Any) -> Derivative:
        """The slopes at an index of any kind that NumPy knows."""
        return Derivative(*(array[index] for array in self._arrays()), hair=self.hair)

    def put(self, places: Places, other: Derivative, where: Bools | None = None) -> None:
        """Write ``other``'s slopes to those of the places that ``where`` chooses, by default all."""
        where = np.ones(len(places), dtype=np.bool_) if where is None else where
        for array, news in zip(self._arrays(), other._arrays(), strict=True):
            array[places[where]] = news[where]

    def forget(self, places: Places) -> None:
        """Leave nothing known at these places."""
        self.uncertainty[places] = np.inf

    def _arrays(self) -> list[Array]:
        return [getattr(self, one.name) for one in fields(self) if one.name not in ("rungs", "hair")]


def derivative(f: Callable[[Floats], Any], x: npt.ArrayLike, gradient: npt.ArrayLike | None = None) -> Derivative:
    """The derivative of the sum of ``f(x)``'s elements by each element of ``x``, in float64 whatever ``x`` is.

    It takes 14 evaluations an element and one more; elements that they do not decide take up to 28 more. ``gradient``
    is what the answer will be judged against: no effort is made for digits that do not matter to that.
    Raises what ``f`` raises, and ``TypeError`` where ``x`` or ``f(x)`` is not real.
    """
    point = real(x).astype(np.float64)
    start = real(f(point.copy()))
    paths = [axis(f, point, start, index) for index in range(point.size)]
    return differentiate(paths, gradient).reshape(point.shape)


def axis(f: Callable[[Floats], Any], x: Floats, start: Array, index: int, blur: Floats | None = None) -> Path:
    """The path along which only the element with this flat index moves."""

    def from_(x: Array) -> Callable[[float], Any]:
        def at(t: float) -> Any:
            moved = x.copy()
            moved.flat[index] += t
            return f(moved)

        return at

    return Path(from_(x), start, scale_of(float(x.flat[index])), blur, long_from(x, from_))


def scale_of(x: float) -> float:
    """How far it is sensible to go from a number: the power of two within it, and one from zero."""
    size = abs(x)
    return max(2.0 ** (frexp(size)[1] - 1), 2.0**-1000) if 0 < size < inf else 1.0


def walk(
    f: Callable[[Floats], Any],
    x: Floats,
    v: Floats,
    start: Any = None,
    scale: float = 1.0,
    blur: Floats | None = None,
) -> Path:
    """The path from ``x`` along the direction ``v``."""

    def from_(x: Array) -> Callable[[float], Any]:
        return lambda t: f(x + t * v)

    return Path(from_(x), real(f(x.copy()) if start is None else start), scale, blur, long_from(x, from_))


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
    paths: Sequence[Path],
    expected: npt.ArrayLike | None = None,
    noise: npt.ArrayLike = 0.0,
    hair: float = HAIR,
) -> Derivative:
    """The slope of each path at its start; the array's length is the number of paths.

    Where a ladder of steps leaves it open whether ``expected`` is right, a finer one is tried, and near zero, where
    the first was a very fine one, a coarser one. Nothing is called wrong before one with other steps has confirmed it,
    nor before long double has, where the path can be walked so. ``noise`` is the round-off of ``expected``, and
    ``hair`` by which part of its size that must be off to be called wrong.
    """
    found = _differentiate(paths, expected, noise, hair)
    if expected is not None:
        _settle(found, paths, np.asarray(expected, dtype=np.float64).ravel(), noise)
    return found


def _differentiate(
    paths: Sequence[Path], expected: npt.ArrayLike | None, noise: npt.ArrayLike, hair: float
) -> Derivative:
    scales = np.array([path.scale for path in paths])
    found, infinite = _climb(paths, scales)
    found = replace(found, hair=hair)
    edge = beyond = np.flatnonzero(infinite)
    infinite = infinite[edge]
    for _ in range(EDGES):
        if not beyond.size:
            break
        # Beside an edge of the domain it starts anew, from the longest step that is finite on both sides.
        scales[beyond] *= 8.0 ** -infinite.astype(np.float64)
        other, infinite = _climb([paths[i] for i in beyond.tolist()], scales[beyond])
        found.put(beyond, other)
        beyond, infinite = beyond[infinite > 0], infinite[infinite > 0]
    wanted = found.value if expected is None else np.asarray(expected, dtype=np.float64).ravel()
    noise = np.broadcast_to(np.asarray(noise, dtype=np.float64), wanted.shape)
    doubtful = np.flatnonzero((found.judge(wanted, noise) != PASS) | found.kink)
    if doubtful.size:
        other, _ = _climb([paths[i] for i in doubtful.tolist()], scales[doubtful] * 2.0**-20)
        _take_nearer(found, doubtful, other)
    for i in np.flatnonzero(found.kink).tolist():
        _take_nearer(found, np.array([i]), _nearest(paths[i], scales[[i]]))
    doubtful = np.flatnonzero((scales < 0.125) & ((found.judge(wanted, noise) != PASS) | found.flat))
    doubtful = np.setdiff1d(doubtful, edge)
    if doubtful.size:
        other, _ = _climb([paths[i] for i in doubtful.tolist()], np.ones(doubtful.size))
        _take_wider(found, doubtful, other, wanted[doubtful])
    wrong = np.flatnonzero(found.judge(wanted, noise) == FAIL)
    if wrong.size:
        other, _ = _climb([paths[i] for i in wrong.tolist()], scales[wrong] * OTHER_STEPS)
        usable = np.isfinite(other.uncertainty) & ~other.flat
        found.forget(wrong[usable & _beyond(found.at(wrong), other)])
    return found


def _nearest(path: Path, scale: Floats) -> Derivative:
    """The slope on steps so short that float64 can hardly make them."""
    longer = long_double(path)
    if longer is not None:
        with suppress(LongDoubleFailed):
            return _climb([longer], scale * 2.0**-30)[0]
    return _climb([path], scale * (2.0**-30 if path.start.dtype == np.longdouble else 2.0**-26))[0]


def _settle(found: Derivative, paths: Sequence[Path], wanted: Floats, noise: npt.ArrayLike) -> None:
    """Ask long double where float64 leaves it open, calls it wrong, or sees nothing move."""
    noise = np.broadcast_to(np.asarray(noise, dtype=np.float64), wanted.shape)
    verdicts = found.judge(wanted, noise)
    confirmed = 0
    for i in np.flatnonzero((verdicts != PASS) | (wanted == 0)).tolist():
        if verdicts[i] == FAIL and confirmed >= CONFIRMED:
            continue
        path = long_double(paths[i])
        if path is None or not np.isfinite(wanted[i]) or (found.flat[i] and stands_still(path)):
            continue
        place = np.array([i])
        try:
            if verdicts[i] == FAIL and _says_the_same(found, place, path, wanted):
                confirmed += 1
                continue
            own = noise[place] + round_off_inside(paths[i], path) * abs(wanted[i])
            longer = _differentiate([path], wanted[place], own, found.hair)
        except LongDoubleFailed:
            continue
        verdict = int(longer.judge(wanted[place], own)[0])
        if verdict == FAIL and abs(wanted[i] - longer.value[0]) <= found.unseen[i]:
            verdict = INCONCLUSIVE
        if verdict == INCONCLUSIVE and verdicts[i] == FAIL == longer.judge(wanted[place], noise[place])[0]:
            continue  # both call it wrong, and only round-off that the gradient may not have speaks for it
        if verdict == PASS or (verdict == FAIL and verdicts[i] != PASS) or (verdict == FAIL and wanted[i] == 0):
            longer.noise[:] = own
            found.put(place, longer, np.array([True]))
        elif verdicts[i] == FAIL:
            found.forget(place)
            confirmed = -len(paths)  # so none is believed unasked


def _says_the_same(found: Derivative, place: Places, path: Path, wanted: Floats) -> bool:
    """Whether one ladder in long double alone calls it wrong too, and measures the same slope."""
    longer, _ = _climb([path], np.array([path.scale]))
    wrong = longer.judge(wanted[place])[0] == FAIL and not bool(longer.kink[0] or longer.flat[0])
    return wrong and bool(_resolved(longer)[0]) and not bool(_apart(found.at(place), longer)[0])


def _take_nearer(found: Derivative, places: Places, new: Derivative) -> None:
    """Take from a finer ladder what it knows better; where it contradicts, nothing is known."""
    old = found.at(places)
    usable = ~new.flat & np.isfinite(new.uncertainty)
    # What the function moves on so short steps may be round-off inside of it, unless longer ones show the same slope.
    large = new.moved > INSIDE * new.size
    alike = np.isfinite(old.uncertainty) & ~_apart(old, new)
    sharper = np.where(new.kink, ~_resolved(old), (new.uncertainty < old.uncertainty) & (large | alike))
    found.put(places, new, usable & ~old.kink & sharper)
    found.put(places, new, old.kink & ~new.kink & _one_side(old, new))
    found.forget(places[usable & ~old.kink & ~new.kink & _apart(old, new)])


def _one_side(old: Derivative, new: Derivative) -> Bools:
    """Whether a finer ladder sees but one of the two slopes of a kink that is near, and that one clearly."""
    with np.errstate(all="ignore"):
        margin = COVERAGE * old.uncertainty
        sides = old.lower + margin, old.upper - margin
        slack = COVERAGE * new.uncertainty + 1e-3 * np.abs(sides[1] - sides[0])
        near = (np.abs(new.value - sides[0]) <= slack) | (np.abs(new.value - sides[1]) <= slack)
        clear = np.where(new.flat, (new.value == 0) & (new.uncertainty == 0), _resolved(new))
        seen: Bools = near & clear
        return seen


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


def _climb(paths: Sequence[Path], scales: Floats) -> tuple[Derivative, Places]:
    """What one ladder says, and how many of its steps, from the longest on, lead to where nothing is finite."""
    found = climb(paths, scales)
    margin = COVERAGE * found.uncertainty
    with np.errstate(all="ignore"):
        lower = np.fmin(found.left, found.right) - margin
        upper = np.fmax(found.left, found.right) + margin
        natural = np.fmax(found.size, 1.0) / np.maximum(scales, 1.0)
        # What has been seen clearly was not lost in larger numbers.
        clear = (margin <= RESOLUTION * np.abs(found.value)) & ~found.still
        inside = np.fmax(np.fmax(found.size, 1.0), scales)
        unseen = np.where(clear, 0.0, 16 * UNIT * inside / (STEPS[0] * scales))
    kinds = found.kink, found.still
    slopes = Derivative(
        found.value, found.uncertainty, lower, upper, *kinds, natural, unseen, found.size, found.moved,
        np.zeros(len(paths)), rungs=found.rungs,
    )  # fmt: skip
    return slopes, found.infinite
