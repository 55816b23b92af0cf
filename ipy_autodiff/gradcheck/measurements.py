"""Measure what a picture of one row shows: the error against the step size, or each element with its uncertainty.

    curve = error_by_step(comparison, row)
    elements = element_by_element(comparison, row)

Nothing is measured before it is asked for. Both work on copies, and leave nothing behind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.gradcheck.measure.derivative import axis, differentiate
from ipy_autodiff.gradcheck.measure.ladder import Array, Bools, Floats
from ipy_autodiff.gradcheck.measure.program import OverBudget, Program
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.replay import ReplayError

if TYPE_CHECKING:
    from ipy_autodiff.gradcheck.rows import Comparison, Row

__all__ = ["Elements", "ErrorByStep", "NothingToMeasure", "element_by_element", "error_by_step"]

_LONGEST, _SHORTEST = -1, -12
_TINY = float(np.finfo(np.float64).tiny)


class NothingToMeasure(ValueError):  # noqa: N818 - named after what is wrong
    """There is no such picture of this row; its text says so to the reader."""


@dataclass(frozen=True, eq=False)
class ErrorByStep:
    """How far the central difference is off at each step size, for one element of a Variable."""

    name: str
    """The element as a reader would write it: ``x``, or ``x[0, 2]``."""
    element: tuple[int, ...]
    """Its index; empty for a 0-dimensional Variable."""
    steps: Floats
    """Step sizes, the longest first."""
    from_backprop: Floats
    """|central difference - backprop|, one for each step: a V where backprop is right, a plateau where it is wrong.
    NaN where the function is not finite; 0 where the two are equal."""
    from_numerical: Floats
    """|central difference - the best numerical value|: a V in either case."""
    backprop: float
    """NaN where there is none."""
    numerical: float
    uncertainty: float
    """One sigma of ``numerical``."""


@dataclass(frozen=True, eq=False)
class Elements:
    """Backprop and numerical gradient element by element. All arrays have the Variable's shape."""

    name: str
    backprop: Floats
    """NaN where there is none, or none of that shape."""
    numerical: Floats
    """NaN where it was not measured."""
    uncertainty: Floats
    """One sigma of ``numerical``; infinite where it was not measured. Error bars are ten of them long to each side."""

    @property
    def measured(self) -> Bools:
        """Which elements were."""
        return np.asarray(np.isfinite(self.uncertainty))

    @property
    def over_sigma(self) -> Floats:
        """|difference| over its uncertainty: above 10 is wrong, but at kinks. NaN where it was not measured."""
        with np.errstate(all="ignore"):
            over = np.abs(self.backprop - self.numerical) / np.maximum(self.uncertainty, _TINY)
        return np.where(self.measured, over, np.nan)


def error_by_step(
    comparison: Comparison, row: Row, element: tuple[int, ...] | None = None, count: int = 45
) -> ErrorByStep:
    """The central difference's error at ``count`` step sizes, at two runs of the graph each.

    ``element`` is the one whose gradient is looked at; by default the first that is wrong, else the first.
    Raises ``NothingToMeasure`` where there is no such curve: no real data, random draws, an empty Variable.
    """
    with _running(comparison, row) as (_, x, f):
        chosen = element if element is not None else row.wrong[0] if row.wrong else (0,) * x.ndim
        place = int(np.ravel_multi_index(chosen, x.shape)) if x.ndim else 0
        path = axis(f, x, f(x.copy()), place)
        backprop = float(_backprop(row, x).flat[place])
        best = differentiate([path], [backprop])
        steps: Floats = np.logspace(_LONGEST, _SHORTEST, count) * path.scale
        central = np.array([float(np.sum(path.at(h)) - np.sum(path.at(-h))) / (2 * h) for h in steps.tolist()])
    name = f"{row.name}[{', '.join(map(str, chosen))}]" if chosen else row.name
    numerical, sigma = float(best.value[0]), float(best.uncertainty[0])
    return ErrorByStep(
        name, chosen, steps, np.abs(central - backprop), np.abs(central - numerical), backprop, numerical, sigma
    )


def element_by_element(comparison: Comparison, row: Row, most: int = 4_096) -> Elements:
    """Both gradients of a row, element by element.

    What the comparison knows already costs nothing. Of an array that was checked along random directions, up to
    ``most`` elements are measured by themselves, those that are wrong first, the others evenly spread, at 15 runs of
    the graph each.
    Raises ``NothingToMeasure`` where there is nothing to show: no real data, random draws, an empty Variable.
    """
    if row.numerical is not None and row.uncertainty is not None and np.isfinite(row.uncertainty).all():
        if row.numerical.size == 0:
            raise NothingToMeasure(Message("check.nothing-to-measure", name=row.name).text())
        return Elements(row.name, _backprop(row, row.numerical), row.numerical, row.uncertainty)
    with _running(comparison, row) as (_, x, f):
        backprop = _backprop(row, x)
        chosen = _chosen(row, x, most)
        start = f(x.copy())
        found = differentiate([axis(f, x, start, place) for place in chosen.tolist()], backprop.ravel()[chosen])
        numerical, sigma = np.full(x.shape, np.nan), np.full(x.shape, np.inf)
        numerical.flat[chosen], sigma.flat[chosen] = found.value, found.uncertainty
    return Elements(row.name, backprop, numerical, sigma)


def _chosen(row: Row, x: Floats, most: int) -> Array:
    if x.size <= most:
        return np.arange(x.size)
    wrong = [int(np.ravel_multi_index(place, x.shape)) for place in row.wrong][:most]
    spread = np.linspace(0, x.size - 1, max(most - len(wrong), 0)).astype(np.intp)
    return np.unique(np.concatenate([np.asarray(wrong, dtype=np.intp), spread]))


@contextlib.contextmanager
def _running(comparison: Comparison, row: Row) -> Iterator[tuple[Program, Floats, Any]]:
    """The program, the Variable's data and what is differentiated as a function of it."""
    nothing = NothingToMeasure(Message("check.nothing-to-measure", name=row.name).text())
    data = array_of(row.variable.data)
    if comparison.recording is None or data is None or data.dtype.kind not in "fiub" or data.size == 0:
        raise nothing
    program = Program(comparison.recording, np.inf, comparison.recomputed)
    try:
        with program.running():
            if program.random or not program.reaches(row.variable):
                raise nothing
            yield program, data.astype(np.float64), program.function_of(row.variable)
    except (ReplayError, OverBudget, TypeError) as error:
        raise nothing from error


def _backprop(row: Row, like: Array) -> Floats:
    """Backprop's gradient in the Variable's shape; NaN where there is none, or none of that shape."""
    gradient = None if row.backprop is None else np.asarray(row.backprop)
    if gradient is None or gradient.dtype.kind not in "fiub":
        return np.full(like.shape, np.nan)
    if gradient.size == like.size == 1:
        return gradient.astype(np.float64).reshape(like.shape)
    try:
        return np.broadcast_to(gradient.astype(np.float64), like.shape)
    except ValueError:
        return np.full(like.shape, np.nan)
