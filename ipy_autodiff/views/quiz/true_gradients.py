"""Measure what is true of one call of a Function: the gradient that should go out, and what it depends on.

All of it is taken from the Function's own ``forward``, run again with other numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.gradcheck.measure.derivative import derivative
from ipy_autodiff.gradcheck.measure.program import Program
from ipy_autodiff.tracing.graph import Array, FunctionNode, Step, VariableNode
from ipy_autodiff.views.quiz.misconceptions import Elements, Operand, Situation
from ipy_autodiff.views.text.labels import shorten

__all__ = ["VISIBLE", "Asked", "can_be_answered", "in_float64", "places_of", "situation_of", "truth_of"]

VISIBLE = 48
"""Arrays of up to so many elements are shown in full."""
_WHOLE = 4
"""Gradients of up to so many elements are asked for whole; of larger ones, one element."""
_NAME = 24
_SURE = 1e-4


@dataclass(frozen=True)
class Asked:
    """Some elements of one input of a call."""

    step: Step
    place: int
    """Of the input among the Function's inputs."""
    xs: tuple[Any, ...]
    """All inputs, in float64 where they are floats."""
    gys: tuple[Array, ...]
    flats: tuple[int, ...]
    """The elements' flat indices."""

    @property
    def function(self) -> FunctionNode:
        """The Function that was called."""
        return self.step.function

    @property
    def variable(self) -> VariableNode:
        """The input whose gradient is asked for."""
        return self.function.inputs[self.place]

    @property
    def x(self) -> Array:
        """The input's data."""
        return np.asarray(self.xs[self.place], dtype=np.float64)

    @property
    def whole(self) -> bool:
        """Whether all elements are asked for."""
        return len(self.flats) == self.x.size

    @property
    def element(self) -> str:
        """The index of the one element, as ``[1, 2]``; empty where all are asked for."""
        if self.whole:
            return ""
        return f"[{', '.join(str(int(i)) for i in np.unravel_index(self.flats[0], self.x.shape))}]"

    def take(self, array: Any) -> Elements:
        """The elements that are asked for, of an array of the input's shape."""
        return np.asarray(array, dtype=np.float64).ravel()[list(self.flats)]


def in_float64(array: Array) -> Array:
    """Floats in float64; integers as they are, which a Function may index with."""
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def places_of(xs: Sequence[Array], place: int, got: Array | None) -> tuple[int, ...]:
    """Which elements to ask for: all of a few, else the one with the largest gradient, which is least likely zero."""
    x = xs[place]
    if x.size <= _WHOLE:
        return tuple(range(x.size))
    if got is None or got.shape != x.shape or got.dtype.kind not in "biuf" or not np.isfinite(got).all():
        return (0,)
    return (int(np.argmax(np.abs(got))),)


def _vjp(program: Program, asked: Asked, gys: Sequence[Array], x: Array | None = None) -> tuple[Elements, Elements]:
    """The true gradient of the elements that are asked for, by the Function's own ``forward``; and its sigma.

    Sigma is infinite at a kink, where there is no one gradient.
    """
    base = asked.x if x is None else x
    flats = list(asked.flats)

    def f(elements: Elements) -> Array:
        program.spend(program.price(asked.function))
        moved = base.copy()
        moved.ravel()[flats] = elements
        xs = [moved if place == asked.place else _copied(other) for place, other in enumerate(asked.xs)]
        ys = program.replay.apply(asked.function, xs)
        return np.concatenate([np.ravel(y * gy) for y, gy in zip(ys, gys, strict=True)])

    with np.errstate(all="ignore"):
        found = derivative(f, base.ravel()[flats])
    return found.value, np.where(found.kink, np.inf, found.uncertainty)


def _copied(array: Any) -> Any:
    return array.copy() if isinstance(array, np.ndarray) else array


def truth_of(program: Program, asked: Asked, got: Array | None) -> Elements | None:
    """The truth to the last digit where the recorded gradient agrees with it; None where it cannot be measured."""
    value, sigma = _vjp(program, asked, asked.gys)
    scale = max((float(np.abs(gy).max(initial=0.0)) for gy in asked.gys), default=0.0)
    if not np.isfinite(value).all() or np.any(10 * sigma > _SURE * np.abs(value) + 1e-9 * scale):
        return None
    if got is not None and got.shape == asked.x.shape and got.dtype.kind in "biuf":
        recorded = asked.take(got)
        if np.all(np.abs(recorded - value) <= 10 * sigma + 1e-7 * np.abs(value)):
            return recorded
    return np.where(np.abs(value) <= 10 * sigma, 0.0, value)


def _elementwise(program: Program, asked: Asked) -> bool:
    """Whether the elements that are asked for have an effect on their own elements of the output alone."""
    shape = asked.x.shape
    if len(asked.gys) != 1 or asked.gys[0].shape != shape:
        return False
    others = np.ones(asked.x.size)
    others[list(asked.flats)] = 0.0
    if asked.whole and asked.x.size > 1:
        uneven = np.cos(1.0 + np.arange(asked.x.size)).reshape(shape)
        return bool(np.allclose(_vjp(program, asked, [uneven])[0], uneven.ravel() * _plain(program, asked), rtol=1e-6))
    return bool(np.all(np.abs(_vjp(program, asked, [others.reshape(shape)])[0]) < 1e-9)) if others.any() else True


def _plain(program: Program, asked: Asked) -> Elements:
    return _vjp(program, asked, [np.ones(gy.shape) for gy in asked.gys])[0]


def can_be_answered(program: Program, asked: Asked) -> bool:
    """Whether all that the answer needs can be shown."""
    arrays = (*asked.xs, *asked.gys)
    return all(np.size(array) <= VISIBLE for array in arrays) or _elementwise(program, asked)


def situation_of(program: Program, asked: Asked, truth: Elements) -> Situation:
    """What a misconception may be about. Raises what running the Function with other numbers raises."""
    plain, x = _plain(program, asked), asked.take(asked.x)
    y = array_of(asked.function.outputs[0].data)
    if _elementwise(program, asked) and y is not None:
        gy = asked.gys[0]
        return Situation(
            truth=truth,
            plain=plain,
            x=x,
            output=asked.take(y),
            gy=asked.take(gy),
            power=_power(program, asked, asked.place),
            others=tuple(_operands(program, asked)),
            at_output=_vjp(program, asked, asked.gys, in_float64(y))[0],
        )
    if len(asked.gys) != 1:
        return Situation(truth, plain, x, None, None)
    (gy,) = asked.gys
    if len(asked.xs) == 2 and all(np.ndim(array) == 2 for array in (*asked.xs, gy)):
        return Situation(truth, plain, x, None, None, transposed=tuple(_transposed(asked, gy)))
    total = _summed_to(gy, asked.x.shape)
    if total is not None and np.allclose(asked.take(total), truth, rtol=1e-9):
        shares = gy.size // asked.x.size
        return Situation(truth, plain, x, None, None, lone_share=asked.take(_first(gy, asked.x.shape)), shares=shares)
    many_in = asked.x.size // gy.size if len(asked.xs) == 1 and 0 < gy.size < asked.x.size else 1
    return Situation(truth, plain, x, None, None, many_in=many_in)


def _operands(program: Program, asked: Asked) -> Iterator[Operand]:
    for place, node in enumerate(asked.function.inputs):
        other = np.asarray(asked.xs[place], dtype=np.float64)
        if node is not asked.variable and other.shape == asked.x.shape:
            swapped = Asked(asked.step, place, asked.xs, asked.gys, asked.flats)
            gradient = _vjp(program, swapped, asked.gys)[0]
            yield Operand(shorten(node.name, _NAME), asked.take(other), gradient, _power(program, asked, place))


def _power(program: Program, asked: Asked, place: int) -> float | None:
    """The power of one input that the gradient for the one asked for grows with; None where it does not so."""
    base = asked.xs[place]
    if base.dtype.kind != "f":
        return None
    found = []
    plain = _plain(program, asked)
    for factor in (1.1, 1.3):
        xs = tuple(x * factor if other == place else x for other, x in enumerate(asked.xs))
        with np.errstate(all="ignore"):
            ratio = _plain(program, Asked(asked.step, asked.place, xs, asked.gys, asked.flats)) / plain
            found += (np.log(ratio) / np.log(factor)).tolist()
    power = round(found[0] * 2) / 2 if np.isfinite(found).all() else np.nan
    return power if np.allclose(found, power, rtol=0, atol=1e-6) else None


def _summed_to(gy: Array, shape: tuple[int, ...]) -> Array | None:
    """The gradient added up along the axes along which an array of this shape was broadcast; None where it was not."""
    try:
        if shape == gy.shape or np.broadcast_shapes(shape, gy.shape) != gy.shape:
            return None
    except ValueError:
        return None
    lead = gy.ndim - len(shape)
    axes = (*range(lead), *(lead + axis for axis, n in enumerate(shape) if n == 1))
    return np.asarray(gy.sum(axis=axes)).reshape(shape)


def _first(gy: Array, shape: tuple[int, ...]) -> Array:
    """The first of the elements that ``_summed_to`` adds up, for each."""
    lead = gy.ndim - len(shape)
    return np.asarray(gy[(0,) * lead][tuple(slice(0, n) for n in shape)])


def _transposed(asked: Asked, gy: Array) -> Iterator[Elements]:
    other = np.asarray(asked.xs[1 - asked.place], dtype=np.float64)
    for a, b in ((m, v) for m in (other, other.T) for v in (gy, gy.T)):
        for left, right in ((a, b), (b, a)):
            if left.shape[1] == right.shape[0] and (left.shape[0], right.shape[1]) == asked.x.shape:
                yield asked.take(left @ right)
