"""Draw a comparison with matplotlib: the error against the step size, the two gradients, or where they differ.

A right gradient's error against the step size is a V: truncation on one side, round-off on the other. A wrong one's
ends in a plateau, at the height of the mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ipy_autodiff.gradcheck.measurements import Elements, element_by_element, error_by_step
from ipy_autodiff.messages import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ipy_autodiff.gradcheck.comparison import Comparison, Row

__all__ = ["KINDS", "plot"]

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
    found = _elements(comparison, row)
    places = np.arange(found.numerical.size)
    axes.errorbar(
        places,
        found.numerical.ravel(),
        10 * found.uncertainty.ravel(),
        fmt="o",
        color="#444",
        capsize=4,
        label=say("check.numerical"),
    )
    axes.plot(places, found.backprop.ravel(), "x", color=_COLOURS[row.verdict], label=say("check.backprop"))
    axes.set_xlabel(say("check.element", name=row.name))
    axes.set_xticks(places[:: max(1, places.size // 16)])
    axes.legend()


def _error_against_step(axes: Axes, comparison: Comparison, row: Row) -> None:
    curve = error_by_step(comparison, row)
    errors = np.where(curve.from_backprop > 0, curve.from_backprop, np.nan)
    axes.loglog(curve.steps, errors, "o-", ms=3, color=_COLOURS[row.verdict], label=say("pictures.backprop"))
    if row.verdict == "fail":
        errors = np.where(curve.from_numerical > 0, curve.from_numerical, np.nan)
        axes.loglog(curve.steps, errors, "--", color="#888", label=say("pictures.numerical"))
    if curve.uncertainty > 0:
        axes.axhline(10 * curve.uncertainty, color="#b07d2b", label=say("pictures.bar"))
        axes.legend()
    axes.set_xlabel(say("check.step"))
    axes.set_ylabel(say("check.error", name=curve.name))


def _heat(axes: Axes, comparison: Comparison, row: Row) -> None:
    found = _elements(comparison, row)
    shape = found.numerical.shape
    picture = np.log10(np.maximum(found.over_sigma, 0.1)).reshape(-1, shape[-1] if shape else 1)
    most = float(np.nanmax(picture, initial=0.0))
    image = axes.imshow(picture, cmap="magma_r", vmin=-1, vmax=max(2.0, most), aspect="auto")
    axes.figure.colorbar(image, label=say("check.over-sigma"))
    axes.set_title(f"{row.name} {shape}")


KINDS = {"bars": _bars, "steps": _error_against_step, "heat": _heat}


def _elements(comparison: Comparison, row: Row) -> Elements:
    size = int(np.size(row.variable.data))
    if row.numerical is None and size > _MOST:
        raise ValueError(say("check.plot-large", name=row.name, size=f"{size:,}", most=f"{_MOST:,}"))
    return element_by_element(comparison, row)
