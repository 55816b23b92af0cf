"""Walk along a path through a function's domain on a ladder of steps, and read its slope off the samples.

Each step is an eighth of the one before. Central differences are extrapolated to step zero (Richardson), and the entry
of that table with the least bound on its error is kept. Formulas work on arrays of shape (levels, paths).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ipy_autodiff.gradcheck.tolerances import BESIDE, HOPELESS, REDUCED_TOGETHER, UNLIKE

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

LEVELS = 7
STEPS: Floats = 207 / 256 * 2.0**-6 * 8.0 ** -np.arange(LEVELS, dtype=np.float64)[:, None]
"""Of eight significant bits: few enough that x + h is exact, enough that round-off does not repeat itself."""
UNIT = 2.0**-53
_SHORTEST: Places = np.concatenate([np.arange(m, LEVELS) for m in (1, 2, 3)])
"""For each entry of Richardson's table, the level of the shortest step that it is made of."""


@dataclass(frozen=True, eq=False)
class Path:
    """A line through a function's domain: what the function gives at a displacement from the point of interest."""

    at: Callable[[float], Any]
    """The function's value at a displacement, an array of any shape; its elements' sum is what is differentiated."""
    start: Array
    """``at(0.0)``."""
    scale: float = 1.0
    """How far it is sensible to go: steps are this times 2**-6 and less. A power of two, so that they are exact."""
    blur: Floats | None = None
    """The values' round-off where it is more than their last bits, as one sigma."""
    long: Callable[[float], Any] | None = None
    """The same as ``at`` in long double, where that can be tried; see ``long_double``."""


class Samples(NamedTuple):
    """Differences of the paths' values, each (levels, paths), their round-off, and the values' size."""

    central: Floats
    """f(h) - f(-h)."""
    right: Floats
    """f(h) - f(0)."""
    left: Floats
    """f(0) - f(-h)."""
    floor: Floats
    """What the last bits of f(h) and f(-h) are worth."""
    size: Floats

    @property
    def still(self) -> Bools:
        """Which paths' values stand still, to the last bit, on the three shortest steps."""
        still: Bools = np.all((self.right[-3:] == 0) & (self.left[-3:] == 0), axis=0)
        return still

    @property
    def lost(self) -> Bools:
        """Which paths' values move as far on short steps as on long ones: a jump, a pole, or too fast for them."""
        moves = np.fmax(np.abs(self.right), np.abs(self.left))
        most = 0.1 * np.fmax.reduce(moves)
        lost: Bools = np.any((moves[[3, -1]] > most) & (moves[[3, -1]] > 30 * self.floor[[3, -1]]), axis=0)
        return lost


class Rungs(NamedTuple):
    """The central differences that a slope was read off: what a picture of the error against the step size shows."""

    steps: Floats
    """(levels, paths), the longest first, in units of the paths' displacement."""
    slopes: Floats
    """(levels, paths)."""
    chosen: Places
    """For each path, the level of the shortest step that the kept entry was made of."""


class Slope(NamedTuple):
    """What one ladder says of each path."""

    value: Floats
    uncertainty: Floats
    left: Floats
    """At a kink, the slope to the left; elsewhere the value."""
    right: Floats
    kink: Bools
    still: Bools
    size: Floats
    moved: Floats
    """How far the function moves at most."""
    infinite: Places
    """How many steps, from the longest on, lead to where the function is not finite."""
    rungs: Rungs


def climb(paths: Sequence[Path], scales: Floats) -> Slope:
    """The slope of each path at its start, from steps in proportion to its scale: 14 evaluations a path."""
    steps = STEPS * scales
    with np.errstate(all="ignore"):
        seen = _sample(paths, steps)
        slope = seen.central / (2 * steps)
        quantum = _quantum(seen)
        noise = _noise(slope, seen, steps, quantum)
        noisy = noise / steps + 2 * UNIT * np.abs(slope)
        value, sigma, best = _extrapolate(slope, noisy, 64.0, _reach(slope, seen, steps, quantum))
        bent = np.abs(seen.right[1] - seen.left[1]) / steps[1] * (scales / steps[1])
        sigma = sigma + 4 * UNIT * bent  # what the last bit of x itself is worth
        moves = np.fmax.reduce(np.fmax(np.abs(seen.right), np.abs(seen.left)))
        hopeless = (noise[-1] > HOPELESS * moves) & (noise[-1] > HOPELESS**2 * seen.size[-1]) & ~seen.still
        value, sigma = np.where(seen.lost, np.nan, value), np.where(seen.lost | hopeless, np.inf, sigma)
        (left, s, _), (right, t, _) = (
            _extrapolate(side / steps, 2 * noise / steps, 8.0) for side in (seen.left, seen.right)
        )
        gap = np.abs(right - left)
        kink = ~seen.lost & (gap > 10 * (s + t)) & (gap > 1e-9 * np.abs(value))
        # A kink's two slopes go on to both sides; those between two jumps of round-off do not.
        for side, found in ((seen.left, left), (seen.right, right)):
            kink &= np.abs(side[BESIDE] / steps[BESIDE] - found) <= 0.5 * gap
        left, right, sigma = np.where(kink, (left, right, np.fmax(s, t)), (value, value, sigma))
        rungs = Rungs(steps, slope, _SHORTEST[best])
        finite = np.isfinite(seen.central) & np.isfinite(seen.right)
        infinite = np.where(finite.any(axis=0), np.argmax(finite, axis=0), LEVELS)
        return Slope(value, sigma, left, right, kink, seen.still, seen.size[-1], moves, infinite, rungs)


def real(values: Any) -> Array:
    """The values as an array of real numbers; raises ``TypeError`` where they are none."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"only real numbers can be differentiated numerically, not {array.dtype}")
    return array


def _sample(paths: Sequence[Path], steps: Floats) -> Samples:
    table = np.empty((5, LEVELS, len(paths)))
    for i, path in enumerate(paths):
        reduced = _together if np.size(path.start) <= REDUCED_TOGETHER else _one_by_one
        table[:, :, i] = reduced(path, steps[:, i])
    return Samples(*table)


def _together(path: Path, steps: Floats) -> Floats:
    """The differences of a path with few values, reduced in one go.

    They are summed over the values only in the end: those that stand still add neither slope nor round-off.
    """
    start = _precise(np.asarray(path.start)).reshape(1, -1)
    values = [_value(path, t) for t in (*steps.tolist(), *(-steps).tolist())]
    unit = values[0][1]
    both = np.stack([value for value, _ in values])
    plus, minus = both[:LEVELS], both[LEVELS:]
    moved = np.logical_or.accumulate((plus != start) | (minus != start), axis=0)
    size = np.maximum(np.abs(plus), np.abs(minus))
    counted = np.where(moved.any(axis=1, keepdims=True), moved, True)
    floor = 2 * unit * np.sum(size, axis=1, where=counted)
    if path.blur is not None:
        floor = floor + 2 * np.sum(np.where(counted, path.blur.reshape(1, -1), 0.0), axis=1)
    sums = [np.sum(difference, axis=1) for difference in (plus - minus, plus - start, start - minus, size)]
    return np.stack([*sums[:3], floor, sums[3]]).astype(np.float64)


def _one_by_one(path: Path, steps: Floats) -> Floats:
    """The same of a path with many values, in as few passes over them, and as little memory, as will do."""
    start = _precise(np.asarray(path.start)).ravel()
    size = counted = float(np.abs(start).sum())
    rows = []
    for k, h in enumerate(steps.tolist()):
        (plus, unit), (minus, _) = _value(path, h), _value(path, -h)
        if k == 0:
            moved = (plus != start) | (minus != start)
            counted = float(np.abs(start).sum(where=moved)) if moved.any() else size
            blur = 0.0 if path.blur is None else 2 * float(path.blur.ravel().sum(where=moved))
        central, right = float((plus - minus).sum()), float((plus - start).sum())
        move = max(abs(right), abs(central))
        rows.append((central, right, central - right, 2 * unit * (counted + move) + blur, size + move))
    return np.array(rows).T


def _value(path: Path, displacement: float) -> tuple[Floats, float]:
    """The values in a row, and the unit round-off of their dtype."""
    value = real(path.at(displacement))
    return _precise(value).ravel(), unit_of(value.dtype)


def unit_of(dtype: np.dtype[Any]) -> float:
    """The unit round-off of numbers of a dtype; where it holds integers or booleans, that of float64."""
    return float(np.finfo(dtype).eps) / 2 if dtype.kind == "f" else UNIT


def _precise(values: Array) -> Array:
    """The values in float64 at least."""
    return values if values.dtype == np.longdouble else values.astype(np.float64, copy=False)


def _noise(slope: Floats, seen: Samples, steps: Floats, quantum: Floats) -> Floats:
    """How far each sample can be off: its last bits, or what the shortest steps show, or half a quantum."""
    # What is left of truncation after one extrapolation is not taken for round-off.
    better = slope.copy()
    better[1:] = (64 * slope[1:] - slope[:-1]) / 63
    pairs = [(k, j) for k, most in ((LEVELS - 2, 2), (LEVELS - 1, 3)) for j in range(1, most + 1)]
    shown = [np.abs(better[k] - better[k - j]) * 2 * steps[k] for k, j in pairs]
    return np.fmax(seen.floor, np.fmax(np.fmax.reduce(shown), quantum))


def _quantum(seen: Samples) -> Floats:
    """Half the lowest bit that moves: large where a large number was added inside the function, and taken off again."""
    jumps = np.abs(np.concatenate([seen.right, seen.left]))
    mantissa, exponent = np.frexp(np.where(np.isfinite(jumps), jumps, 0.0))
    bits = np.ldexp(mantissa, 53).astype(np.int64)
    lowest = np.ldexp((bits & -bits).astype(np.float64), exponent - 53)
    half = np.min(np.where(bits > 0, lowest, np.inf), axis=0) / 2
    least = np.min(np.where(jumps > 0, jumps, np.inf), axis=0)
    both = np.any((seen.right != 0) & (seen.left != 0), axis=0)  # one side alone is a kink nearby, not a quantum
    # What stands still on short steps and moves on long ones jumps by as much as it moves first.
    return np.where(both & np.isfinite(half), np.where(seen.still, np.fmax(2 * half, least), half), 0.0)


def _reach(slope: Floats, seen: Samples, steps: Floats, quantum: Floats) -> tuple[Floats, Floats]:
    """How far from the two shortest steps' slopes an entry can be, if it is of the same function as they are."""
    longer, shorter = (np.abs(slope[k] - slope[k - 1]) * 2 * steps[k] for k in (LEVELS - 2, LEVELS - 1))
    # Round-off shows in both alike. Where only the longer of the two steps is off, it is too long for the function.
    jitter = np.where(longer > UNLIKE * shorter, shorter, np.fmax(longer, shorter))
    least = np.fmax(jitter, np.fmax(seen.floor[-1], quantum))
    return slope[-2:], 30 * least / (2 * steps[-2:])


def _extrapolate(
    slope: Floats, noise: Floats, base: float, ends: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Floats, Places]:
    """Richardson's table to the fourth column; from it the entry with the least error bound, that bound, and its index.

    ``base`` is the factor by which a step takes down the leading error: 8 for one-sided slopes, 64 for central ones.
    Entries out of reach of both ``ends`` are left out: long steps can agree with each other on a wrong slope.
    """
    values, bounds = [], []
    for m in (1, 2, 3):
        factor = base**m
        finer = (factor * slope[1:] - slope[:-1]) / (factor - 1)
        noise = (factor * noise[1:] + noise[:-1]) / (factor - 1)
        truncation = np.maximum(np.abs(finer - slope[1:]), np.abs(finer - slope[:-1]))
        values.append(finer)
        bounds.append(truncation + noise)
        slope = finer
    value, bound = np.concatenate(values), np.concatenate(bounds)
    usable = np.isfinite(value) & np.isfinite(bound)
    if ends is not None:
        usable &= ~np.all(np.abs(value[:, None] - ends[0]) > ends[1], axis=1)
    bound = np.where(usable, bound, np.inf)
    best = np.argmin(bound, axis=0)[None]
    sigma = np.take_along_axis(bound, best, 0)[0]
    return np.where(np.isfinite(sigma), np.take_along_axis(value, best, 0)[0], np.nan), sigma, best[0]
