# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"

"""Averages, medians, quantiles and ranges of Variables, reductions that pass over NaN, and interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.errors import explain
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.variable import Variable, as_variable, peek

__all__ = [
    "average",
    "interp",
    "median",
    "nanmax",
    "nanmean",
    "nanmin",
    "nansum",
    "percentile",
    "polyval",
    "ptp",
    "quantile",
]

_AXES = [Sample(random(2, 3)), Sample(random(2, 3), axis=0), Sample(random(2, 3), axis=-1, keepdims=True)]
_ORDERED = [
    Sample(random(5)),
    Sample(random(2, 4)),
    Sample(random(3, 4), axis=0),
    Sample(random(3, 4), 1, keepdims=True),
]


@operation(np.average, samples=[*_AXES[:2], Sample(random(2, 3), 1, np.array([1.0, 2.0, 5.0]))])
def average(a: Any, axis: Any = None, weights: Any = None) -> Variable:
    """The weighted mean of ``a`` along ``axis``; ``weights`` has the shape of ``a`` or the length of one axis."""
    if weights is None:
        return np.mean(as_variable(a), axis=axis)
    if np.shape(weights) != np.shape(a):
        shape = [1] * np.ndim(a)
        shape[axis] = np.size(weights)
        weights = np.broadcast_to(np.reshape(weights, shape), np.shape(a))
    return as_variable(np.sum(a * weights, axis=axis) / np.sum(weights, axis=axis))


@operation(np.median, samples=_ORDERED)
def median(a: Any, axis: int | None = None, keepdims: bool = False) -> Variable:
    """The median of ``a`` along one axis, or of all its elements."""
    return quantile(a, 0.5, axis, keepdims=keepdims)


@operation(np.percentile, samples=[Sample(random(5), 30), Sample(random(2, 4), [0, 25, 100], 1)])
def percentile(a: Any, q: Any, axis: int | None = None, method: str = "linear", keepdims: bool = False) -> Variable:
    """``quantile`` with ``q`` from 0 to 100."""
    return quantile(a, np.true_divide(q, 100), axis, method, keepdims)


@operation(
    np.quantile, samples=[Sample(random(5), 0.3), Sample(random(2, 4), [0.0, 0.5], 1), Sample(random(2, 3), 0.9)]
)
def quantile(a: Any, q: Any, axis: int | None = None, method: str = "linear", keepdims: bool = False) -> Variable:
    """The value that a share ``q`` of the elements along one axis, or of all, does not exceed.

    Between two elements it is interpolated linearly; the other methods of NumPy have no rule.
    """
    if method != "linear":
        raise explain(TypeError, "no_such_option", name="quantile", option=f"method={method!r}")
    x = as_variable(a)
    ordered = np.sort(x.reshape(-1) if axis is None else np.moveaxis(x, axis, -1))
    places = np.asarray(q) * (ordered.shape[-1] - 1)
    below = np.floor(places).astype(int)
    above = np.minimum(below + 1, ordered.shape[-1] - 1)
    share = (places - below).astype(x.dtype if x.dtype.kind == "f" else float)
    y = ordered[..., below] * (1 - share) + ordered[..., above] * share
    if keepdims:
        shape = [1] * x.ndim if axis is None else [1 if i == axis % x.ndim else n for i, n in enumerate(x.shape)]
        y = y.reshape((*shape, *places.shape))
    return np.moveaxis(y, range(y.ndim - places.ndim, y.ndim), range(places.ndim))


@operation(np.ptp, samples=_AXES)
def ptp(a: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The range of ``a`` along ``axis``: its largest element minus its smallest."""
    x = as_variable(a)
    return np.max(x, axis=axis, keepdims=keepdims) - np.min(x, axis=axis, keepdims=keepdims)


@operation(np.nansum, samples=_AXES)
def nansum(a: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The sum along ``axis`` of the elements that are numbers; the others have the gradient 0."""
    x = as_variable(a)
    return np.sum(np.where(np.isnan(x), 0.0, x), axis=axis, keepdims=keepdims)


@operation(np.nanmean, samples=_AXES)
def nanmean(a: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The mean along ``axis`` of the elements that are numbers."""
    y = nansum(a, axis, keepdims)
    return y / np.sum(~np.isnan(a), axis=axis, keepdims=keepdims, dtype=y.dtype)


@operation(np.nanmax, samples=_AXES)
def nanmax(a: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The largest along ``axis`` of the elements that are numbers."""
    x = as_variable(a)
    return np.max(np.where(np.isnan(x), -np.inf, x), axis=axis, keepdims=keepdims)


@operation(np.nanmin, samples=_AXES)
def nanmin(a: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The smallest along ``axis`` of the elements that are numbers."""
    x = as_variable(a)
    return np.min(np.where(np.isnan(x), np.inf, x), axis=axis, keepdims=keepdims)


_PLACES = np.array([-1.0, 0.0, 0.5, 2.0])


@operation(np.interp, samples=[Sample(random(5), _PLACES, random(4)), Sample(random(2, 3), _PLACES, _PLACES**2)])
def interp(x: Any, xp: Any, fp: Any) -> Variable:
    """At each ``x`` the value of the line through the points ``(xp, fp)``; beyond its ends, the end's value."""
    places = peek(xp)
    x = np.clip(as_variable(x), places[0], places[-1])
    left = np.clip(np.searchsorted(places, peek(x), side="right") - 1, 0, len(places) - 2)
    xp, fp = as_variable(xp), as_variable(fp)
    share = (x - xp[left]) / (xp[left + 1] - xp[left])
    return fp[left] * (1 - share) + fp[left + 1] * share


@operation(np.polyval, samples=[Sample(random(3), random(4)), Sample(random(3), 1.5)])
def polyval(p: Any, x: Any) -> Variable:
    """The polynomial with coefficients ``p``, of the highest power first, at ``x``."""
    p = as_variable(p)
    y: Any = 0.0 * x
    for coefficient in p:
        y = y * x + coefficient
    return as_variable(y)
