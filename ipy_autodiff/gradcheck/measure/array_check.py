"""Check a gradient with respect to one array: element by element, or, where it is large, along random directions.

Where a direction says that the gradient is wrong, its support is halved until an element is found that is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ipy_autodiff.gradcheck.measure.derivative import FAIL, INCONCLUSIVE, PASS, axis, differentiate, sure_slope, walk
from ipy_autodiff.gradcheck.measure.directions import Directions, direction
from ipy_autodiff.gradcheck.measure.ladder import STEPS, UNIT, Bools, Floats, Places, Rungs, real
from ipy_autodiff.gradcheck.measure.long_double import OverBudget
from ipy_autodiff.gradcheck.tolerances import CLEAR, CLOSE, COVERAGE, EXCUSED, KINKS_ONE_BY_ONE, MOST_NAMED

__all__ = ["ArrayCheck", "check_array", "still_wrong"]


@dataclass(eq=False)
class ArrayCheck:
    """What is known of one array's gradient. Arrays have the array's shape."""

    verdict: int
    value: Floats
    """The numerical gradient; NaN where it was not measured."""
    uncertainty: Floats
    """One sigma of it; infinite where it was not measured."""
    kink: bool = False
    """Whether some element sits on a kink."""
    vanishes: bool = False
    """Whether both gradients are zero up to round-off."""
    slopes: tuple[float, float, float] | None = None
    """Along the last random direction: backprop's slope, the numerical one, its sigma. None for a small array."""
    rungs: Rungs | None = None
    """What was measured step by step: of each element, in order, or along the direction of ``slopes``."""
    wrong: list[tuple[int, ...]] = field(default_factory=list)
    """Elements that are wrong for sure; of a large array the first that were found."""

    def take(self, expected: float, slope: float, sigma: float, v: Floats, rungs: Rungs | None = None) -> None:
        """Note what was measured along a direction; of a single element, that is its gradient."""
        if v.size == 1:
            self.value.flat[0], self.uncertainty.flat[0] = slope / v.item(), sigma / abs(v.item())
        else:
            self.slopes, self.rungs = (expected, slope, sigma), rungs


def check_array(
    f: Callable[[Floats], Any],
    x: Floats,
    gradient: Floats,
    *,
    single: bool,
    noise: Floats | float = 0.0,
    blur: Floats | None = None,
    suspects: Sequence[tuple[int, ...]] = (),
    most: int = MOST_NAMED,
    seed: int = 0,
) -> ArrayCheck:
    """Compare ``gradient`` with the derivative of the sum of ``f(x)``'s elements.

    ``single`` asks for each element by itself, at 14 evaluations each; otherwise the array is checked as a whole, at 5
    where it is plainly right, else at up to 47, and up to 8 more for each halving where it is wrong. ``noise`` is the
    round-off of each of the gradient's elements, ``blur`` that of ``f(x)``'s beyond their last bits, as one sigma.
    ``suspects`` are elements that were found wrong before: where one of the first still is, that is enough. ``most``
    wrong elements of a large array are looked for; where ``f`` raises ``OverBudget`` meanwhile, it is left open which
    they are.
    """
    checker = _Checker(f, x, gradient, np.broadcast_to(noise, x.shape), blur, Directions(seed), most)
    if suspects:
        chosen = suspects[:MOST_NAMED]
        checker.singly(np.array([np.ravel_multi_index(index, x.shape) for index in chosen], dtype=np.intp))
    if single and not checker.found.wrong:
        checker.singly(np.arange(x.size))
    elif not checker.found.wrong:
        checker.together()
    return checker.found


def still_wrong(
    found: ArrayCheck,
    f: Callable[[Floats], Any],
    x: Floats,
    gradient: Floats,
    noise: Floats,
    blur: Floats | None,
    **how: Any,
) -> ArrayCheck:
    """A check that found something wrong, now that it is known how far round-off can put it out.

    ``noise``, ``blur`` and ``how`` are as in ``check_array``. What was measured is kept where it is wrong all the same.
    """
    again = check_array(f, x, gradient, noise=noise, blur=blur, suspects=found.wrong, **how)
    return found if again.verdict == FAIL and found.wrong else again


_GRAVITY = {PASS: 1, INCONCLUSIVE: 2, FAIL: 3}


@dataclass(eq=False)
class _Checker:
    """One array's check: what is asked, and what was found so far."""

    f: Callable[[Floats], Any]
    x: Floats
    gradient: Floats
    noise: Floats
    blur: Floats | None
    directions: Directions
    most: int

    def __post_init__(self) -> None:
        self.start = real(self.f(self.x.copy()))
        if self.blur is not None and self.blur.size != self.start.size:
            self.blur = None
        self.found = ArrayCheck(INCONCLUSIVE, np.full(self.x.shape, np.nan), np.full(self.x.shape, np.inf))

    def singly(self, chosen: Places) -> None:
        """Check these elements, by their flat indices, each by itself."""
        x, found = self.x, self.found
        g, noise = self.gradient.ravel()[chosen], self.noise.ravel()[chosen]
        slopes = differentiate([axis(self.f, x, self.start, int(index), self.blur) for index in chosen], g, noise)
        verdicts = slopes.judge(g, noise)
        # An element whose bounds are far below the largest one's size is known as well as it matters.
        matters = np.abs(g).max(initial=0.0)
        with np.errstate(invalid="ignore"):
            settled = (g >= slopes.lower) & (g <= slopes.upper) & (10 * slopes.uncertainty <= 1e-6 * matters)
        verdicts = np.where((verdicts == INCONCLUSIVE) & settled, PASS, verdicts)
        found.value.flat[chosen] = slopes.value
        found.uncertainty.flat[chosen] = slopes.uncertainty
        found.kink |= bool(slopes.kink.any())
        if g.size == x.size:
            found.rungs = slopes.rungs
        if x.size > 1 and g.size == x.size:
            nothing = (np.abs(g) <= 64 * UNIT * slopes.natural) & (slopes.judge(np.zeros_like(g)) == PASS)
            found.vanishes = bool(nothing.all()) and not bool((verdicts == PASS).all())
            verdicts = np.where(found.vanishes, PASS, verdicts)
        found.wrong += [self._index(place) for place in chosen[verdicts == FAIL]]
        found.verdict = max(
            (PASS, INCONCLUSIVE, FAIL), key=lambda code: _GRAVITY[code] * bool((verdicts == code).any())
        )

    def together(self) -> None:
        """Check the array along random directions; where that says that it is wrong, find out where."""
        x, found = self.x, self.found
        infinite = np.flatnonzero(~np.isfinite(self.gradient))
        if infinite.size:
            self.singly(infinite[:MOST_NAMED])
            return
        support = np.ones(x.size, dtype=np.bool_)
        zero = x.ravel() == 0
        for _ in range(EXCUSED):
            if not support.any():
                break
            found.verdict = self._along(support, found)
            if found.kink and x.size <= KINKS_ONE_BY_ONE:
                # Each kink allows a range of slopes, and many of them together a wide one.
                self.singly(np.arange(x.size))
                return
            if found.kink and (support & zero).any():
                # Most kinks sit at zero: one by one they do not.
                support &= ~zero
                self.singly(np.flatnonzero(zero)[:EXCUSED])
            elif found.verdict == FAIL:
                try:
                    at = self._first_wrong(support)
                    self.singly(at)
                except OverBudget:
                    found.verdict = FAIL
                    return
                support[at] = False
            else:
                break
            if len(found.wrong) >= self.most:
                break
        if found.wrong:
            found.verdict = FAIL
        elif found.verdict == FAIL:
            found.verdict = INCONCLUSIVE

    def _direction(self, support: Bools) -> Floats:
        """A random direction in which only the support moves."""
        x, gradient = self.x, self.gradient
        if support.all():
            return direction(x, self.directions, gradient)
        v = direction(x, self.directions, np.where(support, gradient.ravel(), 0.0).reshape(x.shape))
        return np.asarray(v * support.reshape(x.shape))

    def _along(self, support: Bools, found: ArrayCheck) -> int:
        """The verdict along one random direction in which only the support moves."""
        f, x, gradient = self.f, self.x, self.gradient
        v = self._direction(support)
        slope, noise = float(np.vdot(gradient, v)), 0.0
        if self.noise.any():
            noise = float(np.linalg.norm((self.noise * v).ravel()))
        else:
            size = float(np.linalg.norm((gradient * v).ravel()))
            sure = sure_slope(lambda t: f(x + t * v), slope, size, start=self.start)
            if sure is not None:
                found.take(slope, sure, CLOSE * size / COVERAGE, v)
                return PASS
        measured = differentiate([walk(f, x, v, self.start, blur=self.blur)], [slope], noise, hair=0.0)
        verdict = int(measured.judge(slope, noise)[0])
        if verdict == INCONCLUSIVE and measured.lower[0] <= slope <= measured.upper[0]:
            # Small because terms cancel: it is enough that an error of a thousandth in one of them would have shown.
            typical = float(np.linalg.norm((gradient * v).ravel())) / max(np.sqrt(support.sum()), 1.0)
            verdict = PASS if 10 * (measured.uncertainty[0] + noise) <= 5e-4 * typical else INCONCLUSIVE
        found.take(slope, float(measured.value[0]), float(measured.uncertainty[0]), v, measured.rungs)
        found.kink |= bool(measured.kink[0])
        return verdict

    def _first_wrong(self, support: Bools) -> Places:
        """The flat index of an element within the support that is wrong, found by halving."""
        places = np.flatnonzero(support)
        while places.size > 1:
            halves = places[: places.size // 2], places[places.size // 2 :]
            places = halves[0]
            off = self._off(halves[0])
            if off == 0 or (off < CLEAR and off < self._off(halves[1])):
                places = halves[1]
        return places

    def _off(self, places: Places) -> float:
        """How far off the slope is where only these elements move, in units of what it is made of; 0 where it is right.

        Two steps are enough to compare two halves when one is known to be wrong.
        """
        half = np.zeros(self.x.size, dtype=np.bool_)
        half[places] = True
        v = self._direction(half)
        slope = float(np.vdot(self.gradient, v))
        size = float(np.linalg.norm((self.gradient * v).ravel()))
        if sure_slope(lambda t: self.f(self.x + t * v), slope, size) is not None:
            return 0.0
        h = float(STEPS[2, 0])
        central = float(np.sum(real(self.f(self.x + h * v))) - np.sum(real(self.f(self.x - h * v)))) / (2 * h)
        return abs(central - slope) / (size or 1.0)

    def _index(self, place: int) -> tuple[int, ...]:
        return tuple(int(i) for i in np.unravel_index(place, self.x.shape))
