"""Draw a comparison with matplotlib: the error against the step size, the two gradients, or where they differ.

A right gradient's error against the step size is a V: truncation on one side, round-off on the other. A wrong one's
ends in a plateau, at the height of the mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.gradcheck.array_check import axis
from ipy_autodiff.gradcheck.derivative import differentiate
from ipy_autodiff.gradcheck.ladder import Array, Floats
from ipy_autodiff.gradcheck.program import Program
from ipy_autodiff.messages import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ipy_autodiff.gradcheck.comparison import Comparison, Row

__all__ = ["KINDS", "plot"]

_STEPS: Floats = np.logspace(-1, -12, 45)
_MOST = 4_096
"""So many elements are measured one by one for a heat map or bars."""
_COLOURS = {"pass": "#2a7f3f", "fail": "#b3261e", "inconclusive": "#6b6b6b"}


def plot(comparison: Comparison, kind: str, name: str | None = None) -> Figure:
    """A figure of one kind for one Variable, by default the worst one; see ``Comparison.plot``."""
    if kind not in KINDS:
        raise ValueError(say("check.plot-kind", kind=kind, known=", ".join(KINDS)))
    row = _chosen(comparison, name)
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(say("check.plot-needs-matplotlib")) from error
    figure = Figure(figsize=(6.0, 3.8), layout="constrained")
    KINDS[kind](figure.add_subplot(), comparison, row)
    return figure


def _chosen(comparison: Comparison, name: str | None) -> Row:
    rows = [row for row in comparison.rows if name in (None, row.name)]
    known = ", ".join(row.name for row in comparison.rows)
    if not rows:
        raise ValueError(say("check.plot-name", name=str(name), known=known))
    order = {"fail": 0, "inconclusive": 1, "pass": 2}
    return min(rows, key=lambda row: order[row.verdict])


def _bars(axes: Axes, comparison: Comparison, row: Row) -> None:
    value, sigma = _measured(comparison, row)
    backprop = _backprop(row, value)
    places = np.arange(value.size)
    axes.errorbar(
        places, value.ravel(), 10 * sigma.ravel(), fmt="o", color="#444", capsize=4, label=say("check.numerical")
    )
    axes.plot(places, backprop.ravel(), "x", color=_COLOURS[row.verdict], label=say("check.backprop"))
    axes.set_xlabel(say("check.element", name=row.name))
    axes.set_xticks(places[:: max(1, value.size // 16)])
    axes.legend()


def _error_against_step(axes: Axes, comparison: Comparison, row: Row) -> None:
    program, x, f = _function(comparison, row)
    with program.running():
        start = f(x.copy())
        place = int(np.ravel_multi_index(row.wrong[0], x.shape)) if row.wrong and x.shape else 0
        path = axis(f, x, start, place)
        gradient = float(_backprop(row, x).flat[place])
        best = differentiate([path], [gradient])
        steps = _STEPS * path.scale
        central = [float(np.sum(path.at(h)) - np.sum(path.at(-h))) / (2 * h) for h in steps.tolist()]
    errors = np.abs(np.asarray(central) - gradient)
    axes.loglog(
        steps,
        np.where(errors > 0, errors, np.nan),
        "o-",
        ms=3,
        color=_COLOURS[row.verdict],
        label=say("check.backprop"),
    )
    errors = np.abs(np.asarray(central) - best.value[0])
    if row.verdict == "fail":
        axes.loglog(steps, np.where(errors > 0, errors, np.nan), "--", color="#888", label=say("check.numerical"))
        axes.legend()
    axes.set_xlabel(say("check.step"))
    axes.set_ylabel(say("check.error", name=_place(row, place, x)))


def _heat(axes: Axes, comparison: Comparison, row: Row) -> None:
    value, sigma = _measured(comparison, row)
    off = np.abs(_backprop(row, value) - value) / np.maximum(sigma, np.finfo(np.float64).tiny)
    picture = np.log10(np.maximum(off, 0.1)).reshape(-1, value.shape[-1] if value.ndim else 1)
    image = axes.imshow(picture, cmap="magma_r", vmin=-1, vmax=max(2.0, float(picture.max(initial=0.0))), aspect="auto")
    axes.figure.colorbar(image, label=say("check.over-sigma"))
    axes.set_title(f"{row.name} {value.shape}")


KINDS = {"bars": _bars, "steps": _error_against_step, "heat": _heat}


def _function(comparison: Comparison, row: Row) -> tuple[Program, Floats, Any]:
    if comparison.recording is None:
        raise ValueError(say("check.plot-nothing", name=row.name))
    program = Program(comparison.recording, np.inf, comparison.reference)
    return program, np.asarray(row.variable.data, dtype=np.float64), program.function_of(row.variable)


def _measured(comparison: Comparison, row: Row) -> tuple[Floats, Floats]:
    """The numerical gradient, each element by itself, and its sigmas."""
    if row.numerical is not None and row.uncertainty is not None and np.isfinite(row.uncertainty).all():
        return row.numerical, row.uncertainty
    program, x, f = _function(comparison, row)
    if x.size > _MOST:
        raise ValueError(say("check.plot-large", name=row.name, size=f"{x.size:,}", most=f"{_MOST:,}"))
    with program.running():
        start = f(x.copy())
        found = differentiate([axis(f, x, start, place) for place in range(x.size)], _backprop(row, x))
    return found.value.reshape(x.shape), found.uncertainty.reshape(x.shape)


def _backprop(row: Row, like: Array) -> Floats:
    """Backprop's gradient in the Variable's shape; NaN where there is none, or none of that shape."""
    if row.backprop is None:
        return np.full(like.shape, np.nan)
    gradient = np.asarray(row.backprop, dtype=np.float64)
    try:
        return np.broadcast_to(gradient, like.shape)
    except ValueError:
        return np.full(like.shape, np.nan)


def _place(row: Row, place: int, x: Array) -> str:
    index = np.unravel_index(place, x.shape) if x.ndim else ()
    return f"{row.name}[{', '.join(str(int(i)) for i in index)}]" if index else row.name
