"""Know how far round-off alone can put a gradient, and the value that it belongs to, out.

The program is run a few times more, forward and back, and each number that a Function hands on is changed in its last
bits, at random: what then scatters is not known better. Differences of numbers that are nearly equal scatter widely,
which no look at the result shows (Parker's Monte Carlo arithmetic, and CESTAC before it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.gradcheck.measure.ladder import UNIT, Array, Floats
from ipy_autodiff.gradcheck.measure.probe import Probe, copies, joined
from ipy_autodiff.gradcheck.measure.program import OverBudget, Program
from ipy_autodiff.gradcheck.tolerances import RUNS, SHAKEN
from ipy_autodiff.tracing.graph import VariableNode
from ipy_autodiff.tracing.replay import ReplayError

__all__ = ["RoundOff", "round_off", "round_off_of_function"]


@dataclass(frozen=True, eq=False)
class RoundOff:
    """One sigma of each number, from round-off alone."""

    gradients: Mapping[VariableNode, Floats] = field(default_factory=dict)
    values: Floats | None = None
    """Of the differentiated Variable's elements; None where it could not be had."""


def round_off(program: Program, unit: float = UNIT) -> RoundOff:
    """The round-off of the gradients by the Functions' own ``backward``, at a unit round-off; within ``running``."""
    key = ("round-off", unit)
    if key not in program.remembered:
        program.remembered[key] = _round_off(program, unit)
    found: RoundOff = program.remembered[key]
    return found


def _round_off(program: Program, unit: float) -> RoundOff:
    of = program.recording.of
    assert of is not None
    rng = np.random.default_rng(1)
    seen: list[tuple[Array, dict[VariableNode, Array]]] = []
    try:
        for _ in range(RUNS):
            program.spend(3 * sum(map(program.price, program.functions)))
            seen.append(_run(program, of, rng, unit))
    except (ReplayError, OverBudget, ValueError):  # shapes that do not go together
        return RoundOff()
    nodes = {node for _, gradients in seen for node in gradients}
    scatter = {node: _scatter([gradients.get(node) for _, gradients in seen]) for node in nodes}
    return RoundOff(
        {node: sigma for node, sigma in scatter.items() if sigma is not None}, _scatter([v for v, _ in seen])
    )


def round_off_of_function(program: Program, found: Probe, place: int) -> tuple[Floats | None, Floats | None]:
    """The round-off of one gradient that a Function answers, and of its outputs times theirs; None for unknown."""
    rng = np.random.default_rng(1)
    answers: list[Array | None] = []
    values: list[Array | None] = []
    try:
        for _ in range(RUNS):
            xs = [_moved(x, rng, UNIT) for x in found.xs]
            program.start_over()
            values.append(joined(program.replay.apply(found.function, copies(xs))) * joined(found.gys))
            program.start_over()
            answers.append(array_of(program.replay.vjp(found.function, xs, copies(found.gys))[place]))
    except (ReplayError, IndexError):
        return None, None
    return _scatter(answers), _scatter(values)


def _run(
    program: Program, of: VariableNode, rng: np.random.Generator, unit: float
) -> tuple[Array, dict[VariableNode, Array]]:
    values: dict[VariableNode, Any] = {
        node: _moved(program.values[node], rng, unit) for node in program.recording.graph.leaves
    }
    for function in program.functions:
        for node, y in program.apply(function, values).items():
            values[node] = _moved(y, rng, unit)
    gradients: dict[VariableNode, Array] = {of: np.ones(np.shape(values[of]))}
    for function in reversed(program.functions):
        gys = [gradients.get(node, np.zeros(np.shape(values[node]))) for node in function.outputs]
        xs, ys = ([values[node] for node in nodes] for nodes in (function.inputs, function.outputs))
        moved = [_moved(gy, rng, unit) for gy in gys]
        gxs = program.replay.vjp_beside(function, xs, ys, moved, lambda kept: _moved(kept, rng, unit))
        for node, gx in zip(function.inputs, map(array_of, gxs), strict=False):
            if gx is None or gx.dtype.kind not in "fiub":
                continue
            share = _moved(gx, rng, unit)
            gradients[node] = _moved(gradients[node] + share, rng, unit) if node in gradients else share
    return values[of], gradients


def _moved(data: Any, rng: np.random.Generator, unit: float) -> Any:
    """The same numbers except for their last bits; zeros, integers and what is not an array stay as they are."""
    if not isinstance(data, np.ndarray | np.generic) or data.dtype.kind != "f":
        return data
    return np.asarray(data) * (1 + unit * rng.uniform(-SHAKEN, SHAKEN, data.shape))


def _scatter(arrays: Sequence[Array | None]) -> Floats | None:
    found = [array for array in arrays if array is not None]
    if len(found) < len(arrays) or len({array.shape for array in found}) != 1 or found[0].dtype.kind not in "fiub":
        return None
    runs = np.asarray(found, dtype=np.float64)
    finite = np.isfinite(runs)
    with np.errstate(all="ignore"):
        sigma: Floats = np.std(runs, axis=0)
    # What is infinite each time is not so by round-off.
    return np.where(finite.all(axis=0), sigma, np.where(finite.any(axis=0), np.inf, 0.0))
