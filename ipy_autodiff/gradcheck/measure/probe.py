"""Run one Function of a run again, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipy_autodiff.gradcheck.measure.directions import Directions
from ipy_autodiff.gradcheck.measure.ladder import Array, Floats
from ipy_autodiff.gradcheck.measure.program import Program, guarded
from ipy_autodiff.gradcheck.tolerances import LITTLE
from ipy_autodiff.tracing.graph import FunctionNode, VariableNode
from ipy_autodiff.tracing.replay import ReplayError

__all__ = ["Probe", "copies", "is_label", "joined", "outputs_along", "probe", "value_along", "vjp"]


@dataclass(eq=False)
class Probe:
    """One call of a Function, run again: what went in and came out forward, and backward for random gradients."""

    function: FunctionNode
    xs: list[Any]
    ys: tuple[Array, ...] = ()
    gys: tuple[Floats, ...] = ()
    gxs: tuple[Any, ...] = ()
    """What ``backward`` returned, item by item."""


def probe(
    program: Program, function: FunctionNode, xs: Sequence[Any], seed: int = 0, ys: tuple[Array, ...] | None = None
) -> Probe:
    """Run a Function forward and backward at ``xs``, with random gradients of both signs.

    ``ys`` is what it computes there, where that is known. Raises ``ReplayError`` with what the student's code raised.
    """
    found = Probe(function, list(xs))
    if ys is None or function in program.random:
        program.start_over()
        ys = program.replay.apply(function, copies(found.xs))
    found.ys = ys
    directions = Directions(seed)
    found.gys = tuple(directions.draw(y.shape) for y in ys)
    found.gxs = vjp(program, found)
    return found


def vjp(program: Program, found: Probe) -> tuple[Any, ...]:
    """What ``backward`` answers to the probe's gradients, after another ``forward`` at its point."""
    program.start_over()
    return program.replay.vjp(found.function, copies(found.xs), copies(found.gys))


def outputs_along(program: Program, found: Probe, node: VariableNode) -> Callable[[Floats], Array]:
    """The Function's outputs, as one array, as a function of one of its Variables."""
    program_price = program.price(found.function)
    call = program.call(found.function)
    held = [None if other is node else guarded(x) for other, x in zip(found.function.inputs, found.xs, strict=True)]

    def along(x: Floats) -> Array:
        program.spend(program_price)
        program.start_over()
        moved = guarded(x)
        return joined(call([moved if x is None else x for x in held]))

    return along


def value_along(program: Program, found: Probe, node: VariableNode) -> Callable[[Floats], Array]:
    """The same, times their gradients: the derivative of its sum is what ``backward`` gives."""
    outputs, weights = outputs_along(program, found, node), joined(found.gys)
    return lambda x: np.asarray(outputs(x) * weights)


def is_label(f: Callable[[Floats], Array], x: Array) -> bool:
    """Whether integers are labels or indices: moved by a little to either side, ``f`` raises, or stands still there."""
    if x.dtype.kind not in "iub":
        return False
    try:
        sides = ((f(x + step), f(x + step / 1024)) for step in (LITTLE, -LITTLE))
        return all(np.array_equal(far, near, equal_nan=True) for far, near in sides)
    except ReplayError:
        return True


def joined(arrays: Sequence[Array]) -> Array:
    """The only array, or all of them in a row."""
    return arrays[0] if len(arrays) == 1 else np.concatenate([array.ravel() for array in arrays])


def copies(arrays: Sequence[Any]) -> list[Any]:
    """The same, the arrays among them copied: students' methods write into what they are given."""
    return [array.copy() if isinstance(array, np.ndarray) else array for array in arrays]
