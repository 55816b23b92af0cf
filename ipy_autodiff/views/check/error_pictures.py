"""Give the front end what its pictures of a comparison show: errors by step size, both gradients, where they differ.

Numbers that the comparison has measured are used, so this costs nothing to speak of; only of a large array that is
wrong are some more elements measured, as many as go into a fifth of a second. The pictures themselves are drawn in the
page, when they are opened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.gradcheck.measurements import Elements, NothingToMeasure
from ipy_autodiff.messages import current_language, say, speaking
from ipy_autodiff.views.text.formatting import number
from ipy_autodiff.views.text.labels import shorten

if TYPE_CHECKING:
    from ipy_autodiff.gradcheck.rows import Row

__all__ = ["answer", "can_be_measured", "pictures"]

_MOST = 12
"""So many Variables have pictures, those first whose gradient is wrong."""
_POINTS = 64
_SIDE = 48
"""A heat map has at most so many rows and columns; elements of a larger array share a cell."""
_BOUND = 10.0
_LEVELS = (1.0, _BOUND, 1e3, 1e6)
"""Where a heat map's colour changes, in uncertainties."""
_LETTERS = "abcdefghi"
_ORDER = {"fail": 0, "inconclusive": 1, "pass": 2}
_PATIENCE = 0.2
"""Seconds for elements that the comparison has not measured one by one, of all arrays together."""
_PATIENCE_WHEN_ASKED = 2.0
_FIRST, _MOST_MEASURED = 8, 1_024

Measure = Callable[["Row", int], Elements]


def pictures(rows: Sequence[Row], measure: Measure | None = None, patient: bool = False) -> dict[str, Any]:
    """What can be drawn of these rows, with a sentence for each picture; empty where that is nothing.

    ``measure(row, most)`` measures up to ``most`` elements one by one. It is used here for arrays that are wrong; the
    others' elements can be asked for, and ``answer`` measures them. Where nobody waits (``patient``) all are measured.
    """
    chosen = sorted(rows, key=lambda row: _ORDER[row.verdict])[:_MOST]
    wanted = chosen if patient else [row for row in chosen if row.verdict == "fail"]
    drawn = _drawn(chosen, wanted, measure, _PATIENCE_WHEN_ASKED if patient else _PATIENCE)
    ask = measure is not None and not patient and any(can_be_measured(row) for row in chosen)
    if not drawn and not ask:
        return {}
    says = {key: say(f"pictures.{key}") for key in ("title", "step", "error", "bar")}
    if ask or len(drawn) > 1:
        says["variable"] = say("views.variable")
    if ask or any("points" in row for row in drawn):
        says |= {key: say(f"views.{key}") for key in ("backprop", "numerical")}
    return {"rows": drawn, "says": says} | ({"ask": say("pictures.ask")} if ask else {})


def answer(view: Any, rows: Sequence[Row], measure: Measure) -> None:
    """Measure element by element, when the page asks for it, what the comparison has not; at most for two seconds."""
    language = current_language()

    def take(_: Any, message: dict[str, Any], buffers: Any = None) -> None:
        if message.get("kind") == "pictures":
            chosen = sorted(rows, key=lambda row: _ORDER[row.verdict])[:_MOST]
            with speaking(language):
                view.send({"pictures": _drawn(chosen, chosen, measure, _PATIENCE_WHEN_ASKED)})

    view.on_msg(take)


def _drawn(
    rows: Sequence[Row], wanted: Sequence[Row], measure: Measure | None, patience: float
) -> list[dict[str, Any]]:
    """Each row's pictures; the elements of those that are wanted are measured, while there is patience."""
    drawn = []
    left = [row for row in wanted if can_be_measured(row)] if measure is not None else []
    for row in rows:
        elements = None
        if measure is not None and row in left:
            started = time.perf_counter()
            elements = _measured(row, measure, started + patience / len(left))
            patience -= time.perf_counter() - started
            left.remove(row)
        if found := _of_row(row, *(elements or _known(row))):
            drawn.append(found)
    return drawn


def can_be_measured(row: Row) -> bool:
    """Whether the row has elements that the comparison has not measured one by one."""
    known = row.uncertainty is not None and bool(np.isfinite(row.uncertainty).all())
    return np.size(row.variable.data) > max(1, len(row.wrong)) and not known and row.backprop is not None


def _of_row(row: Row, backprop: Any, numerical: Any, sigma: Any) -> dict[str, Any]:
    over = np.abs(_apart(backprop, numerical, sigma))
    measured = bool(np.isfinite(numerical).any())
    worst = int(np.nanargmax(np.where(np.isfinite(over), over, -1.0))) if measured else 0
    found: dict[str, Any] = {}
    if (steps := _steps(row, backprop, numerical, sigma, worst)) is not None:
        found["steps"] = steps
    if numerical.size > 1 and np.isfinite(over).any():  # two single numbers stand in the table already
        found["points"] = _points(row, backprop, numerical, sigma, worst)
        found["heat"] = _heat(row, _apart(backprop, numerical, sigma), worst)
    return {"name": shorten(row.name, 24), "verdict": row.verdict, **found} if found else {}


def _measured(row: Row, measure: Measure, ends: float) -> tuple[Any, Any, Any] | None:
    """Backprop, numerical gradient and uncertainty of as many elements as there is time for."""
    most, started = _FIRST, time.perf_counter()
    try:
        while True:
            found = measure(row, most)
            now = time.perf_counter()
            more = min(_MOST_MEASURED, int(most * (ends - now) / (now - started)))
            if more < 2 * most or most >= found.numerical.size:
                return found.backprop, found.numerical, found.uncertainty
            most, started = more, now
    except NothingToMeasure:
        return None


def _known(row: Row) -> tuple[Any, Any, Any]:
    """Backprop, numerical and uncertainty in the Variable's shape; NaN where something was not measured.

    A gradient in less than float64 is only as good as its own digits.
    """
    nothing = np.full(np.shape(row.variable.data), np.nan)
    numerical = nothing if row.numerical is None else np.asarray(row.numerical, dtype=np.float64)
    sigma = np.broadcast_to(nothing if row.uncertainty is None else np.asarray(row.uncertainty), numerical.shape)
    given = None if row.backprop is None else np.asarray(row.backprop)
    if given is None or given.dtype.kind not in "fiub" or given.size != numerical.size:
        return np.full(numerical.shape, np.nan), numerical, sigma
    short = max(_last_digit(given), _last_digit(np.asarray(row.variable.data)))
    if short:
        sigma = sigma + 64 * short * np.abs(given).max(initial=0.0)
    return given.astype(np.float64).reshape(numerical.shape), numerical, sigma


def _last_digit(array: Any) -> float:
    short = array.dtype.kind == "f" and array.dtype.itemsize < 8
    return float(np.finfo(array.dtype).eps) / 2 if short else 0.0


def _apart(backprop: Any, numerical: Any, sigma: Any) -> Any:
    """The difference in uncertainties, with its sign; NaN where there is none."""
    with np.errstate(all="ignore"):
        over = (backprop - numerical) / np.maximum(sigma, np.finfo(np.float64).tiny)
    return np.where(np.isfinite(sigma), over, np.nan)


def _steps(row: Row, backprop: Any, numerical: Any, sigma: Any, worst: int) -> dict[str, Any] | None:
    """The central differences' errors for the element that is furthest off, or along the last random direction."""
    rungs = row.rungs
    if rungs is None or numerical.size == 0:
        return None
    name = shorten(row.name, 24)
    if rungs.slopes.shape[1] == numerical.size and row.slopes is None:
        column, name = worst, _place(row, worst, numerical.shape)
        truth, given, blur = (float(one.flat[worst]) for one in (numerical, backprop, sigma))
    elif row.slopes is not None:
        column, name = 0, say("pictures.along", name=name)
        given, truth, blur = row.slopes
    else:
        return None
    if not (math.isfinite(truth) and math.isfinite(blur)):
        return None
    steps, slopes = rungs.steps[:, column], rungs.slopes[:, column]
    errors = slopes - truth
    wrong = row.verdict == "fail" and math.isfinite(given)
    seen = np.abs(errors if wrong or not math.isfinite(given) else slopes - given)
    usable = np.isfinite(seen)
    if not usable.any():
        return None
    if not seen[usable].any():
        said = say("pictures.steps-exact", name=name)
    else:
        best = int(np.argmin(np.where(usable, seen, np.inf)))
        blanks = {"name": name, "error": number(float(seen[best]), 2), "step": number(float(steps[best]), 2)}
        plateau = number(abs(given - truth), 3)
        said = say("pictures.steps-wrong", plateau=plateau, **blanks) if wrong else say("pictures.steps", **blanks)
    return {
        "caption": said,
        "first_step": _short(float(steps[0]), 4),
        "errors": [_short(error) for error in errors.tolist()],
        "difference": _short(given - truth),
        "uncertainty": _short(blur),
        "chosen": int(rungs.chosen[column]),
    }


def _points(row: Row, backprop: Any, numerical: Any, sigma: Any, worst: int) -> dict[str, Any]:
    with np.errstate(invalid="ignore"):
        known = np.flatnonzero(np.isfinite(numerical) & np.isfinite(backprop) & np.isfinite(sigma))
    if known.size > _POINTS:  # half of them right, and half of them wrong, where there are so many
        wrong = np.abs(_apart(backprop, numerical, sigma)).ravel()[known] > _BOUND
        known = np.unique(np.concatenate([[worst], _spread(known[wrong]), _spread(known[~wrong])]))
    difference = abs(float(backprop.flat[worst] - numerical.flat[worst]))
    over = difference / max(float(sigma.flat[worst]), 1e-300)
    apart = {"difference": number(difference, 2), "sigmas": _many(over)}
    place = _place(row, worst, numerical.shape)
    found: dict[str, Any] = {
        "caption": say("pictures.points", name=shorten(row.name, 24), n=known.size, place=place, **apart)
    }
    for name, values, digits in (("numerical", numerical, 6), ("backprop", backprop, 6), ("uncertainty", sigma, 2)):
        found[name] = [_short(value, digits) for value in values.ravel()[known].tolist()]
    return found


def _spread(places: Any) -> Any:
    most = _POINTS // 2
    return places if places.size <= most else places[np.linspace(0, places.size - 1, most).astype(int)]


def _heat(row: Row, apart: Any, worst: int) -> dict[str, Any]:
    """A letter for each cell: ``e`` means no difference, outwards they grow, below and above; a dot is not measured."""
    shape = apart.shape
    table = _pooled(apart.reshape(-1, shape[-1] if shape else 1))
    with np.errstate(invalid="ignore"):
        level = np.searchsorted(_LEVELS, np.abs(table)) * np.where(table < 0, -1, 1) + len(_LEVELS)
    letters = np.where(np.isnan(table), ".", np.array(list(_LETTERS))[level])
    name, sigmas = shorten(row.name, 24), _many(abs(float(apart.flat[worst])))
    said = say("pictures.heat", name=name, shape=str(shape), sigmas=sigmas, place=_place(row, worst, shape))
    measured = int(np.isfinite(apart).sum())
    if measured < apart.size:
        said = say("pictures.some", said=said, n=f"{measured:,}", all=f"{apart.size:,}")
    return {"caption": said, "cells": ["".join(line) for line in letters.tolist()]}


def _pooled(table: Any) -> Any:
    """The table with at most ``_SIDE`` rows and columns: of elements that share a cell the one that is furthest off."""
    for axis in (0, 1):
        if table.shape[axis] > _SIDE:
            parts = np.array_split(table, _SIDE, axis=axis)
            table = np.stack([_furthest(part, axis) for part in parts], axis=axis)
    return table


def _furthest(part: Any, axis: int) -> Any:
    index = np.argmax(np.where(np.isnan(part), -1.0, np.abs(part)), axis=axis, keepdims=True)
    return np.take_along_axis(part, index, axis).squeeze(axis)


def _place(row: Row, index: int, shape: tuple[int, ...]) -> str:
    """An element as people write it: ``x``, or ``x[0, 2]``."""
    name = shorten(row.name, 24)
    return f"{name}[{', '.join(str(int(i)) for i in np.unravel_index(index, shape))}]" if shape else name


def _many(sigmas: float) -> str:
    return number(sigmas, 2) if sigmas < 1e9 else "> 1e9"


def _short(value: float, digits: int = 3) -> float | None:
    """The value rounded to significant digits, as JSON takes it."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
