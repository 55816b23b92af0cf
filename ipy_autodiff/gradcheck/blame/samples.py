"""Try a wrong ``backward`` at a few points near the run's own, so that an explanation has to hold at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.gradcheck.measure.derivative import axis, differentiate, walk
from ipy_autodiff.gradcheck.measure.directions import Directions, direction
from ipy_autodiff.gradcheck.measure.ladder import Array, Floats
from ipy_autodiff.gradcheck.measure.probe import Probe, copies, probe
from ipy_autodiff.gradcheck.measure.program import Program
from ipy_autodiff.gradcheck.tolerances import COVERAGE, EXPLAINED, POINTS, WHOLE_JACOBIAN
from ipy_autodiff.tracing.graph import FunctionNode
from ipy_autodiff.tracing.replay import ReplayError

__all__ = ["Sample", "samples"]


class Sample:
    """One input of a Function at one point: ``x`` and the gradient ``g`` for it, the output ``y`` and its ``w``."""

    def __init__(self, program: Program, found: Probe, place: int) -> None:
        self.program = program
        self.probe = found
        self.place = place
        self.x = np.asarray(found.xs[place], dtype=np.float64)
        self.y = found.ys[0]
        self.w = found.gys[0]
        self.gxs = [array_of(gx) for gx in found.gxs] + [None] * (len(found.xs) - len(found.gxs))
        got = self.gxs[place]
        self.g: Floats | None = None if got is None or got.dtype.kind not in "fiub" else got.astype(np.float64)

    def agrees(self, gradient: Array | None) -> bool:
        """Whether this, in place of ``g``, would be the correct gradient."""
        if gradient is None or gradient.shape != self.x.shape or not np.isfinite(gradient).all():
            return False
        return all(self._close(gradient, v, slope, sigma) for v, slope, sigma in self.slopes)

    def agrees_at(self, x: Array, gradient: Array | None) -> bool:
        """Whether this would be the correct gradient if the input were another one."""
        if gradient is None or x.shape != self.x.shape or gradient.shape != x.shape:
            return False
        try:
            return all(self._close(gradient, v, slope, sigma) for v, slope, sigma in self._slopes_at(x))
        except ReplayError:
            return False

    def factor(self, gradient: Array) -> float:
        """What this would have to be multiplied by to be correct along one direction."""
        v, slope, _ = self.slopes[0]
        return (
            float(slope / np.vdot(gradient, v)) if gradient.shape == self.x.shape and np.vdot(gradient, v) else np.nan
        )

    @cached_property
    def slopes(self) -> list[tuple[Floats, float, float]]:
        """Two random directions, and the true slope and its sigma along each."""
        return self._slopes_at(self.x)

    @cached_property
    def jacobian(self) -> Floats | None:
        """How each output element depends on each input element; None where they are many. Good to eight digits."""
        if self.x.size > WHOLE_JACOBIAN or sum(y.size for y in self.probe.ys) > WHOLE_JACOBIAN:
            return None
        columns = []
        for place in range(self.x.size):
            h = 1e-6 * max(1.0, abs(float(self.x.flat[place])))
            ends = []
            for sign in (1, -1):
                moved = self.x.copy()
                moved.flat[place] += sign * h
                ends.append(np.concatenate([y.ravel() for y in self._forward(moved)]))
            columns.append((ends[0] - ends[1]) / (2 * h))
        return np.stack(columns, axis=1)

    @cached_property
    def truth(self) -> Floats | None:
        """The true gradient, where there are few elements."""
        if self.jacobian is None:
            return None
        w = np.concatenate([gy.ravel() for gy in self.probe.gys])
        return np.asarray(w @ self.jacobian).reshape(self.x.shape)

    def true_element(self, gys: Sequence[Array], index: tuple[int, ...]) -> float:
        """One element of the true gradient for these gradients of the outputs."""

        def f(x: Floats) -> Array:
            return np.concatenate([(y * gy).ravel() for y, gy in zip(self._forward(x), gys, strict=True)])

        flat = int(np.ravel_multi_index(index, self.x.shape)) if index else 0
        return float(differentiate([axis(f, self.x, f(self.x), flat)]).value[0])

    def answer(self, gys: Sequence[Array]) -> Array | None:
        """What ``backward`` gives for this input and these gradients of the outputs."""
        self.program.start_over()
        try:
            gxs = self.program.replay.vjp(self.probe.function, copies(self.probe.xs), copies(gys))
        except ReplayError:
            return None
        return array_of(gxs[self.place]) if self.place < len(gxs) else None

    def _forward(self, x: Array) -> tuple[Array, ...]:
        xs = [*self.probe.xs[: self.place], x, *self.probe.xs[self.place + 1 :]]
        self.program.start_over()
        return self.program.replay.apply(self.probe.function, copies(xs))

    def _slopes_at(self, x: Floats) -> list[tuple[Floats, float, float]]:
        def f(moved: Floats) -> Array:
            return np.concatenate(
                [(y * gy).ravel() for y, gy in zip(self._forward(moved), self.probe.gys, strict=True)]
            )

        drawn = Directions(x.size)
        directions = [direction(x, drawn) for _ in range(2 if x.size > 1 else 1)]
        found = differentiate([walk(f, x, v) for v in directions])
        return list(zip(directions, found.value.tolist(), found.uncertainty.tolist(), strict=True))

    def _close(self, gradient: Array, v: Floats, slope: float, sigma: float) -> bool:
        slack = COVERAGE * sigma + EXPLAINED * float(np.linalg.norm((gradient * v).ravel()))
        return bool(abs(float(np.vdot(gradient, v)) - slope) <= slack)


def samples(program: Program, function: FunctionNode, xs: Sequence[Any], place: int) -> list[Sample]:
    """The Function at the run's own point and at others near it; points outside of its domain are left out."""
    rng = np.random.default_rng(7)
    found = []
    for number in range(POINTS):
        moved = [_moved(x, rng) for x in xs] if number else list(xs)
        try:
            sample = Sample(program, probe(program, function, moved, seed=number), place)
            if sample.slopes and np.isfinite([slope for _, slope, _ in sample.slopes]).all():
                found.append(sample)
        except (ReplayError, TypeError, IndexError):
            continue
    return found


def _moved(x: Any, rng: np.random.Generator) -> Any:
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        return x
    return x * (1 + 0.25 * rng.uniform(-1, 1, x.shape)) + np.where(x == 0, 0.1 * rng.uniform(-1, 1, x.shape), 0.0)
