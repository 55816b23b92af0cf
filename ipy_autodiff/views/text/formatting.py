"""Write a number or an array as short text, so that people can compare two of them at a glance."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import class_name
from ipy_autodiff.messages import say
from ipy_autodiff.views.text.labels import clean, columns, shorten

__all__ = ["block", "inline", "number", "spell_type", "summary"]

_SMALL = 24
_MOST_ELEMENTS = 48
_LINE = 80
_short = reprlib.Repr()
_short.maxother = _short.maxstring = 200


def number(value: Any, digits: int = 5) -> str:
    """One number with ``digits`` significant digits: ``3.2974``, ``1e-5``, ``nan``; else the repr."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.item() if value.size == 1 else value
    if isinstance(value, float):
        return _tidy(f"{value:.{digits}g}")
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**9 else _tidy(f"{value:.{digits}g}") if abs(value) < 10**300 else "int"
    if isinstance(value, complex):
        sign = "" if str(value.imag).startswith(("-", "n")) else "+"
        return f"{number(value.real, digits)}{sign}{number(value.imag, digits)}j"
    return shorten(_repr(value), _SMALL)


def inline(value: Any, digits: int = 5, most: int = _SMALL) -> str:
    """A value on one line of at most ``most`` columns: a number, a small array's elements, else its range."""
    if value is None:
        return "None"
    if not isinstance(value, np.ndarray | np.generic):
        return number(value, digits)
    if value.ndim == 0:
        return number(value, digits)
    if value.size <= 12:
        text = _elements(value.tolist(), digits)
        if columns(text) <= most:
            return text
    return summary(np.asarray(value))


def summary(array: np.ndarray[Any, Any]) -> str:
    """An array's range, as ``-1.2 … 3.4`` or ``all 1``; its shape where it has none."""
    if array.size == 0:
        return "[]"
    if array.dtype.kind not in "biuf":
        return spell_type(array)
    low, high = array.min(), array.max()
    return say("views.all_equal", value=number(low)) if low == high else f"{number(low, 3)} … {number(high, 3)}"


def spell_type(value: Any) -> str:
    """What kind of data it is: ``float64 (3, 4)``, ``float64``, or the class's name if it is not an array."""
    if isinstance(value, np.ndarray | np.generic):
        return f"{value.dtype} {value.shape}" if value.ndim else str(value.dtype)
    return clean(class_name(value))


def block(value: Any, digits: int = 4) -> str:
    """A value on as many lines as it takes: an array's elements in columns, the middle of a large one left out.

    A single number gets one more digit than the elements of an array.
    """
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return inline(value, digits + 1, most=60)
    if value.dtype.kind not in "biufc":
        return shorten(_repr(value), 60)
    if value.size > _MOST_ELEMENTS:
        return np.array2string(
            value, precision=digits - 1, threshold=_MOST_ELEMENTS, edgeitems=2, max_line_width=_LINE, separator=" "
        )
    wide = max((len(number(element, digits)) for element in value.flat), default=0)
    as_text = {"all": lambda element: number(element, digits).rjust(wide)}
    return np.array2string(value, formatter=as_text, max_line_width=_LINE, separator=" ")  # type: ignore[arg-type]


def _elements(items: Any, digits: int) -> str:
    if isinstance(items, list):
        return f"[{' '.join(_elements(item, digits) for item in items)}]"
    return number(items, digits)


def _tidy(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def _repr(value: Any) -> str:
    """The object's repr, cut; the class's name where the repr says no more than where in memory it is, or fails."""
    try:
        text = clean(_short.repr(value))
    except Exception:  # a student's own __repr__ may raise anything
        text = ""
    return clean(class_name(value)) if not text or " at 0x" in text else text
