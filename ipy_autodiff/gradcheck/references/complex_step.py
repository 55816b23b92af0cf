"""Differentiate by a complex step: a reference without truncation or cancellation, where all operations are analytic.

For an analytic f, f(x + ih) = f(x) + ih f'(x) + O(h²), so the imaginary part over a tiny h is the derivative to the
last digits (Squire and Trapp, 1998). A function that takes no complex numbers, or is not analytic, has none.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.gradcheck.measure.ladder import Floats
from ipy_autodiff.gradcheck.measure.program import Program
from ipy_autodiff.gradcheck.rows import Comparison, Row
from ipy_autodiff.gradcheck.tolerances import COVERAGE, SINGLE
from ipy_autodiff.tracing.replay import ReplayError

__all__ = ["NAME", "with_complex_step"]

NAME = "complex step"
"""The reference's name in ``Row.references``."""

_STEP = 2.0**-100


def with_complex_step(comparison: Comparison) -> Comparison:
    """The comparison with the complex step's gradient in ``references`` of the rows that have one.

    Rows of up to 16 elements are asked, at one evaluation an element.
    """
    if comparison.recording is None:
        return comparison
    program = Program(comparison.recording, np.inf, comparison.recomputed)
    with program.running():
        rows = [(row, _gradient(program, row)) for row in comparison.rows]
    with_references = [row if g is None else replace(row, references={**row.references, NAME: g}) for row, g in rows]
    return replace(comparison, rows=tuple(with_references))


def _gradient(program: Program, row: Row) -> Floats | None:
    data = array_of(row.variable.data)
    if data is None or data.dtype.kind != "f" or not 0 < data.size <= SINGLE or row.numerical is None:
        return None
    x = data.astype(np.complex128)
    gradient = np.empty(data.shape)
    f = program.function_of(row.variable)
    try:
        for place in range(x.size):
            moved = x.copy()
            moved.flat[place] += 1j * _STEP
            value = np.sum(f(moved))  # type: ignore[arg-type]
            if not np.iscomplexobj(value):
                return None
            gradient.flat[place] = value.imag / _STEP
    except (ReplayError, TypeError, ValueError):
        return None
    with np.errstate(invalid="ignore"):
        slack = COVERAGE * np.asarray(row.uncertainty) + 1e-9 * np.abs(gradient)
        analytic = np.abs(gradient - row.numerical) <= slack  # by the Cauchy-Riemann equations it would be equal
    return gradient if bool(np.all(analytic)) else None
