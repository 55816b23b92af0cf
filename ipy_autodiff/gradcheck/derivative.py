"""Differentiate any function of arrays numerically, and know how wrong the answer can be.

    d = derivative(np.exp, np.array([0.0, 1.0]))
    d.value, d.uncertainty, d.judge(gradient)

No step size is right for every function. Here a ladder of steps, each an eighth of the one before, is extrapolated to
step zero (Richardson); where entries of that table agree, and how large round-off is in them, says how far to trust the
best one. A gradient is then one of three things: compatible with the samples, incompatible, or not decided by them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FAIL", "INCONCLUSIVE", "PASS", "Derivative", "Path", "derivative", "differentiate", "direction", "walk"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PASS, FAIL, INCONCLUSIVE = 0, 1, 2

LEVELS = 7
STEPS: Floats = 2.0**-6 * 8.0 ** -np.arange(LEVELS, dtype=np.float64)[:, None]
COVERAGE = 10.0
"""How many uncertainties away a gradient must be to be called wrong: sigma is an estimate, ten of them a bound."""
RESOLUTION = 5e-4
"""A gradient passes only where an error of a thousandth would have shown, with room to spare."""
NEGLIGIBLE = 1e-9
"""A gradient of exactly zero passes where the function would have shown this part of its natural slope."""
UNIT = 2.0**-53
_ROUNDING = 64 * UNIT


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
    """The function's size over the step's: a slope far below this cannot be told from zero."""

    def judge(self, gradient: npt.ArrayLike, noise: npt.ArrayLike = 0.0) -> npt.NDArray[np.int8]:
        """``PASS``, ``FAIL`` or ``INCONCLUSIVE`` for each element of ``gradient``; ``noise`` is its own round-off."""
        g = np.asarray(gradient, dtype=np.float64)
        slack = _ROUNDING * np.abs(g) + COVERAGE * np.asarray(noise, dtype=np.float64)
        with np.errstate(all="ignore"):
            known = np.isfinite(self.uncertainty)
            wrong = known & ~((g >= self.lower - slack) & (g <= self.upper + slack))
            blur = COVERAGE * self.uncertainty + slack
            sharp = blur <= RESOLUTION * np.where(self.kink, np.fmax(abs(self.lower), abs(self.upper)), np.abs(g))
            zero = (g == 0) & (blur <= NEGLIGIBLE * self.natural)
        verdict = np.where(wrong, FAIL, np.where(known & (sharp | zero), PASS, INCONCLUSIVE))
        return verdict.astype(np.int8)

    def reshape(self, shape: tuple[int, ...]) -> Derivative:
        """The same slopes in another shape."""
        return Derivative(*(array.reshape(shape) for array in self._arrays()))

    def at(self, index: Any) -> Derivative:
        """The slopes at an index of any kind that NumPy knows."""
        return Derivative(*(array[index] for array in self._arrays()))

    def replaced(self, index: npt.NDArray[np.intp], other: Derivative, where: Bools) -> Derivative:
        """These slopes, but with ``other``'s at those places of ``index`` that ``where`` chooses."""
        arrays = [array.copy() for array in self._arrays()]
        for array, news in zip(arrays, other._arrays(), strict=True):
            array[index[where]] = news[where]
        return Derivative(*arrays)

    def _arrays(self) -> list[Array]:
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True, eq=False)
class Path:
    """A line through a function's domain: what the function gives at a displacement from the point of interest."""

    at: Callable[[float], Any]
    """The function's value at a displacement, an array of any shape; its elements' sum is what is differentiated."""
    start: Array
    """``at(0.0)``."""
    scale: float = 1.0
    """How far it is sensible to go: steps are this times 2**-6 and less. A power of two, so that they are exact."""


def derivative(f: Callable[[Floats], Any], x: npt.ArrayLike, gradient: npt.ArrayLike | None = None) -> Derivative:
    """The derivative of the sum of ``f(x)``'s elements by each element of ``x``, in float64 whatever ``x`` is.

    It takes 14 evaluations an element and one more; elements that they do not decide take up to 28 more. ``gradient``
    is what the answer will be judged against: no effort is made for digits that do not matter to that.
    Raises what ``f`` raises, and ``TypeError`` where ``x`` or ``f(x)`` is not real.
    """
    point = _real(x).astype(np.float64)
    start = _real(f(point.copy()))
    found = differentiate([Path(at, start, scale) for at, scale in _axes(f, point)], gradient)
    return found.reshape(point.shape)


def direction(x: Floats, rng: np.random.Generator, gradient: Floats | None = None) -> Floats:
    """A random direction for a projection of ``x``: signs at random, each element's length in keeping with the element.

    Lengths differ, so that opposite errors do not cancel. Of several directions it is one that ``gradient`` is not
    nearly orthogonal to, so that the projected slope is no small difference of large numbers.
    """
    for _ in range(16):
        v = np.copysign(rng.uniform(0.5, 1.5, x.shape), rng.uniform(-1, 1, x.shape)) * np.maximum(np.abs(x), 0.1)
        v = v.astype(np.float32).astype(np.float64)  # short, so that x + t v is exact for every step t
        if gradient is None or abs(np.vdot(gradient, v)) >= np.linalg.norm((gradient * v).ravel()):
            break
    return v


def walk(f: Callable[[Floats], Any], x: Floats, v: Floats, start: Any = None) -> Path:
    """The path from ``x`` along the direction ``v``."""
    return Path(lambda t: f(x + t * v), _real(f(x.copy()) if start is None else start))


def differentiate(paths: Sequence[Path], expected: npt.ArrayLike | None = None) -> Derivative:
    """The slope of each path at its start; the array's length is the number of paths.

    Where a ladder of steps leaves it open whether ``expected`` is right, a finer and a coarser one are tried; and none
    is called wrong before the finer one has confirmed it.
    """
    found = _estimate(paths, np.array([path.scale for path in paths]))
    wanted = found.value if expected is None else np.asarray(expected, dtype=np.float64).ravel()
    for rescaled, better in ((_finer, _nearer), (_coarser, _wider)):
        verdict = found.judge(wanted)
        doubtful = np.flatnonzero((verdict == INCONCLUSIVE) | ((verdict == FAIL) & (found.flat | (better is _nearer))))
        if doubtful.size == 0:
            break
        again = [paths[i] for i in doubtful.tolist()]
        other = _estimate(again, np.array([rescaled(path.scale) for path in again]))
        found = found.replaced(doubtful, other, better(found.at(doubtful), other))
    return found


def _finer(scale: float) -> float:
    return scale * 2.0**-20


def _coarser(scale: float) -> float:
    return 1.0 if scale < 0.125 else scale * 2.0**10


def _nearer(old: Derivative, new: Derivative) -> Bools:
    """Where a finer ladder knows better: it is nearer to the limit, so it overrules wherever it contradicts."""
    with np.errstate(all="ignore"):
        apart = np.abs(new.value - old.value) > COVERAGE * (new.uncertainty + old.uncertainty)
        return ~new.kink & ~new.flat & np.where(old.kink, _resolved(new), apart | (new.uncertainty < old.uncertainty))


def _wider(old: Derivative, new: Derivative) -> Bools:
    """Where a coarser ladder knows better: it must agree, unless the first was too short to see the function move."""
    with np.errstate(all="ignore"):
        agrees = np.abs(new.value - old.value) <= COVERAGE * (new.uncertainty + old.uncertainty)
        gains = agrees & (new.uncertainty < old.uncertainty)
        return ~new.kink & ~new.flat & np.where(old.flat, _resolved(new), gains)


def _resolved(found: Derivative) -> Bools:
    resolved: Bools = COVERAGE * found.uncertainty <= RESOLUTION * np.abs(found.value)
    return resolved


def _real(values: Any) -> Array:
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"only real numbers can be differentiated numerically, not {array.dtype}")
    return array


def _axes(f: Callable[[Floats], Any], x: Floats) -> Iterator[tuple[Callable[[float], Any], float]]:
    flat = x.ravel()
    for i, (size, exponent) in enumerate(zip(flat, np.frexp(flat)[1], strict=True)):

        def at(t: float, i: int = i) -> Any:
            moved = flat.copy()
            moved[i] += t
            return f(moved.reshape(x.shape))

        yield at, 2.0 ** max(float(exponent) - 1, -1000.0) if size != 0 and np.isfinite(size) else 1.0


@dataclass(frozen=True, eq=False)
class _Samples:
    """Differences of the paths' values, f(h) - f(-h), f(h) - f(0) and f(0) - f(-h), and their round-off."""

    central: Floats
    right: Floats
    left: Floats
    floor: Floats
    size: Floats


def _sample(paths: Sequence[Path], steps: Floats) -> _Samples:
    table = np.empty((4, LEVELS, len(paths)))
    sizes = np.empty(len(paths))
    with np.errstate(all="ignore"):
        for i, path in enumerate(paths):
            start = np.asarray(path.start, dtype=np.float64)
            sizes[i] = np.sum(np.abs(start))
            together = LEVELS if start.size <= 1 << 16 else 1
            moved = np.zeros((1, start.size), dtype=np.bool_)
            for k in range(0, LEVELS, together):
                levels = slice(k, k + together)
                plus, unit = _values(path, steps[levels, i])
                minus, _ = _values(path, -steps[levels, i])
                table[:, levels, i], moved = _differences(start.reshape(1, -1), plus, minus, unit, moved)
    return _Samples(table[0], table[1], table[2], table[3], sizes)


def _values(path: Path, displacements: Floats) -> tuple[Floats, float]:
    values = [_real(path.at(float(t))) for t in displacements]
    kind = values[0].dtype
    unit = float(np.finfo(kind).eps) / 2 if kind.kind == "f" else UNIT
    return np.stack(values).reshape(len(values), -1).astype(np.float64), max(unit, UNIT)


def _differences(start: Floats, plus: Floats, minus: Floats, unit: float, moved: Bools) -> tuple[Floats, Bools]:
    """The four differences, summed over the outputs only now: outputs that stand still add neither slope nor noise."""
    moved = np.logical_or.accumulate(moved[-1:] | (plus != start) | (minus != start), axis=0)
    size = np.maximum(np.abs(plus), np.abs(minus))
    counted = np.where(moved.any(axis=1, keepdims=True), moved, True)
    floor = 2 * unit * np.sum(size, axis=1, where=counted)
    return np.stack([np.sum(d, axis=1) for d in (plus - minus, plus - start, start - minus)] + [floor]), moved


def _estimate(paths: Sequence[Path], scale: Floats) -> Derivative:
    steps = STEPS * scale
    seen = _sample(paths, steps)
    with np.errstate(all="ignore"):
        slope = seen.central / (2 * steps)
        noise = _noise(slope, seen, steps)
        value, sigma = _extrapolate(slope, noise / steps + 2 * UNIT * np.abs(slope), 64.0)
        kink = _kinks(seen, noise, steps)
        lower, upper = value - COVERAGE * sigma, value + COVERAGE * sigma
        if kink.any():
            sides = [_extrapolate(side / steps, 2 * noise / steps, 8.0) for side in (seen.left, seen.right)]
            (a, s), (b, t) = sides
            lower = np.where(kink, np.fmin(a - COVERAGE * s, b - COVERAGE * t), lower)
            upper = np.where(kink, np.fmax(a + COVERAGE * s, b + COVERAGE * t), upper)
            sigma = np.where(kink, np.fmax(s, t), sigma)
        return Derivative(value, sigma, lower, upper, kink, _still(seen), seen.size / scale)


def _noise(slope: Floats, seen: _Samples, steps: Floats) -> Floats:
    """How far each sample can be off: its last bits, or what the smallest steps show, if that is more."""
    shown = [np.abs(slope[k] - slope[k - j]) * 2 * steps[k] for k in (LEVELS - 2, LEVELS - 1) for j in (1, 2, 3)]
    noise = np.fmax(seen.floor, np.fmax.reduce(shown))
    # A function that stands still on short steps and moves both ways on long ones goes by quanta: one is its noise.
    both = np.any((seen.right != 0) & (seen.left != 0), axis=0)
    jumps = np.abs(np.concatenate([seen.right, seen.left]))
    quantum = np.min(np.where(jumps > 0, jumps, np.inf), axis=0)
    return np.where(_still(seen) & both, np.fmax(noise, quantum), noise)


def _still(seen: _Samples) -> Bools:
    still: Bools = np.all((seen.right[-3:] == 0) & (seen.left[-3:] == 0), axis=0)
    return still


def _extrapolate(slope: Floats, noise: Floats, base: float) -> tuple[Floats, Floats]:
    """Richardson's table to the fourth column, and from it the entry with the least error bound, with that bound.

    ``base`` is the factor by which a step takes down the leading error: 8 for one-sided slopes, 64 for central ones.
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
    bound = np.where(np.isfinite(value) & np.isfinite(bound), bound, np.inf)
    best = np.argmin(bound, axis=0)[None]
    sigma = np.take_along_axis(bound, best, 0)[0]
    return np.where(np.isfinite(sigma), np.take_along_axis(value, best, 0)[0], np.nan), sigma


def _kinks(seen: _Samples, noise: Floats, steps: Floats) -> Bools:
    """Where the one-sided slopes stay apart as steps shrink; a smooth function's gap shrinks to an eighth."""
    gap = np.abs(seen.right - seen.left) / steps
    hidden = 3 * 2 * noise / steps
    seen_at = gap > hidden
    last = LEVELS - 1 - np.argmax(seen_at[::-1], axis=0)
    column = np.arange(gap.shape[1])
    ratio = gap[1:] / gap[:-1]
    stays = np.ones(gap.shape[1], dtype=np.bool_)
    for j in range(3):
        row = np.maximum(last - 1 - j, 0)
        stays &= (ratio[row, column] > 0.7) & (ratio[row, column] < 2) & seen_at[row + 1, column]
    # A gap that closes where it could still be seen belongs to a kink beside x, not at x.
    after = np.minimum(last + 1, LEVELS - 1)
    closes = (last < LEVELS - 1) & (0.7 * gap[last, column] > hidden[after, column])
    found: Bools = seen_at.any(axis=0) & (last >= 3) & stays & ~closes
    return found
