"""Name the numbers that known misconceptions lead to, so that a wrong answer can be told from a slip.

The codes are those of ``gradcheck.catalogue``, which knows the same misconceptions in a student's ``backward``; their
hints are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Elements", "Guess", "Operand", "Situation", "of_a_gradient", "of_a_sum"]

Elements = npt.NDArray[np.float64]
"""The elements that are asked for, as one row."""
_APART = 0.02
"""Numbers closer to the correct one than this, relatively, count as equal to it."""


@dataclass(frozen=True)
class Guess:
    """A misconception, what it leads to, and the values of its sentence's placeholders."""

    code: str
    numbers: Elements
    blanks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operand:
    """Another input of the same call: its elements, the true gradient for it, and its power in the one asked for."""

    name: str
    x: Elements
    gradient: Elements
    power: float | None


@dataclass(frozen=True)
class Situation:
    """One call of a ``backward`` and one of its inputs, at the elements that are asked for."""

    truth: Elements
    """The gradient for this input."""
    plain: Elements
    """The same for a gradient of ones."""
    x: Elements
    output: Elements | None
    """The output's elements, where each belongs to one element of the input."""
    gy: Elements | None
    """The gradient that came in, where each of its elements belongs to one of the input."""
    power: float | None = None
    """The power of the input that the gradient grows with; 0 where it has no effect, None where it is not a power."""
    others: tuple[Operand, ...] = ()
    """The other operands, where the Function is elementwise."""
    at_output: Elements | None = None
    """The gradient as it would be if the input had the output's value."""
    lone_share: Elements | None = None
    """One element of ``gy``, where the input's element was used for several."""
    shares: int = 1
    """For how many elements of the output each element of the input was used."""
    many_in: int = 1
    """How many elements of the input went into each of the output."""
    transposed: tuple[Elements, ...] = ()
    """Products of matrices in which a transpose is missing or too many."""


def of_a_gradient(about: Situation) -> list[Guess]:
    """The misconceptions about what goes out to an input, the likelier first, each with other numbers."""
    with np.errstate(all="ignore"):
        return _distinct(_guesses(about), about.truth)


def of_a_sum(before: Elements, share: Elements) -> list[Guess]:
    """The misconceptions about a gradient to which a share is added."""
    guesses = (Guess("overwritten", share), Guess("not-added", before), Guess("multiplied", before * share))
    return _distinct(iter(guesses), before + share)


def _guesses(about: Situation) -> Iterator[Guess]:
    truth, x, y, gy = about.truth, about.x, about.output, about.gy
    yield Guess("sign", -truth)
    for product in about.transposed:
        yield Guess("transpose-missing", product)
    if about.lone_share is not None and about.shares > 1:
        yield Guess("unbroadcast-missing", about.lone_share)
        yield Guess("unbroadcast-mean", truth / about.shares)
    yield Guess("missing-gy", about.plain)
    if gy is not None:
        yield Guess("local-derivative-missing", gy)
    for other in about.others:
        yield Guess("operands-swapped", other.gradient)
        if other.power:
            without = truth / other.x**other.power
            yield Guess("own-operand", without * x**other.power, {"operand": other.name})
            yield Guess("operand-missing", without, {"operand": other.name})
    if about.power:
        yield Guess("input-missing", truth / x**about.power)
    if about.at_output is not None:
        yield Guess("output-for-input", about.at_output)
    if y is not None and gy is not None:
        yield from _formulas(x, y, gy)
    if gy is not None:
        yield Guess("gy-twice", truth * gy)
    if about.many_in > 1:
        for factor in (about.many_in, 1 / about.many_in):
            yield Guess("mean-factor", truth * factor, {"factor": f"{factor:.6g}"})
    for factor in (0.5, 2.0):
        yield Guess("factor", truth * factor, {"factor": f"{factor:g}"})
    for other in about.others:
        if other.power == 0:
            yield Guess("input-extra", truth * other.x, {"input": other.name})
        elif other.power:
            yield Guess("operand-missing", truth * other.x, {"operand": other.name})
    if about.power == 0:
        yield Guess("input-extra", truth * x)
    elif about.power:
        yield Guess("wrong-power", truth * x)
        yield Guess("wrong-power", truth / x)
    if y is not None:
        yield Guess("value", y)
        yield Guess("input-value", x)


Formula = Callable[[Any, Any], Any]
_MIXED_UP: tuple[tuple[Callable[[Any], Any], tuple[tuple[str, Formula], ...]], ...] = (
    (np.exp, (("output-for-input", lambda x, y: np.exp(y)), ("input-for-output", lambda x, y: x))),
    (np.tanh, (("tanh-not-squared", lambda x, y: 1 - y), ("input-for-output", lambda x, y: 1 - x**2))),
    (
        lambda x: 1 / (1 + np.exp(-x)),
        (
            ("input-for-output", lambda x, y: x * (1 - x)),
            ("sigmoid-formula", lambda x, y: y * (1 + y)),
            ("sigmoid-formula", lambda x, y: 1 - y),
            ("sigmoid-formula", lambda x, y: y),
            ("sigmoid-formula", lambda x, y: 1 - y**2),
        ),
    ),
    (np.cos, (("cos-formula", lambda x, y: np.cos(x)), ("cos-formula", lambda x, y: np.sin(x)))),
    (np.sin, (("sin-formula", lambda x, y: np.sin(x)), ("sin-formula", lambda x, y: -np.cos(x)))),
    (np.log, (("log-formula", lambda x, y: np.log(x)),)),
)
"""Functions, and slopes that are often taken for theirs."""


def _formulas(x: Elements, y: Elements, gy: Elements) -> Iterator[Guess]:
    for function, slopes in _MIXED_UP:
        if np.allclose(function(x), y, rtol=1e-9, atol=0):
            for code, slope in slopes:
                yield Guess(code, gy * slope(x, y))


def _distinct(guesses: Iterator[Guess], truth: Elements) -> list[Guess]:
    """Those with finite numbers that are neither the correct ones nor those of an earlier one."""
    kept: list[Guess] = []
    taken: Sequence[Elements] = [truth]
    for guess in guesses:
        if guess.numbers.shape == truth.shape and np.isfinite(guess.numbers).all():
            if not any(_close(guess.numbers, other) for other in taken):
                kept.append(guess)
            taken = [truth, *(one.numbers for one in kept)]
    return kept


def _close(a: Elements, b: Elements) -> bool:
    return bool(np.all(np.abs(a - b) <= _APART * np.maximum(np.abs(b), 1e-9)))
