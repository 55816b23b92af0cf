"""Check each Function by itself: its own ``backward`` against its own ``forward``, on the numbers of the run.

``backward`` must be the vector-Jacobian product of ``forward`` for gradients of any sign, linear in them, of the right
count and shapes; neither may write into what it is given; and both must give the same when asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.gradcheck.blame.local_result import LocalCheck
from ipy_autodiff.gradcheck.blame.observations import observed
from ipy_autodiff.gradcheck.measure.array_check import ArrayCheck, check_array, still_wrong
from ipy_autodiff.gradcheck.measure.derivative import (
    FAIL,
    INCONCLUSIVE,
    PASS,
    differentiate,
    scale_of,
    sure_slope,
    walk,
)
from ipy_autodiff.gradcheck.measure.directions import Directions, direction
from ipy_autodiff.gradcheck.measure.ladder import Array, Floats, Path
from ipy_autodiff.gradcheck.measure.probe import joined, outputs_along, value_along
from ipy_autodiff.gradcheck.measure.program import OverBudget, Program
from ipy_autodiff.gradcheck.measure.round_off import round_off_of_function
from ipy_autodiff.gradcheck.tolerances import CALLS, EVALUATIONS, HAIR, LOCAL, LOCAL_MOST, SHAKY_ANSWER, SINGLE
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.graph import FunctionNode, VariableNode
from ipy_autodiff.tracing.replay import ReplayError

__all__ = ["LocalCheck", "check_functions"]


def check_functions(program: Program) -> tuple[dict[FunctionNode, LocalCheck], list[Message]]:
    """Check the program's Functions, each class at least once; and what there is to say about those left out."""
    chosen = _affordable(program)
    checks: dict[FunctionNode, LocalCheck] = {}
    for program.done, function in enumerate(chosen):
        checks[function] = observed(program, function)
    _blame_those_that_write(program, checks)
    with program.limited(LOCAL_MOST):
        _compare_values(program, [check for check in checks.values() if check.probe.gxs])
    if len(chosen) == len(program.functions):
        return checks, []
    blanks = {"checked": f"{len(chosen):,}", "all": f"{len(program.functions):,}"}
    return checks, [Message("check.sampled", **blanks)]


def _blame_those_that_write(program: Program, checks: Mapping[FunctionNode, LocalCheck]) -> None:
    """What a Function's output lost to one that writes into it, is that one's fault."""
    for check in checks.values():
        changed = check.codes == {"output-not-forward"}
        for function in program.recording.graph.consumers[check.function.outputs[0]] if changed else ():
            if function in checks and program.call(function).writes and not checks[function].wrong:
                place = function.inputs.index(check.function.outputs[0])
                checks[function].fail("forward-in-place", place)


def _affordable(program: Program) -> list[FunctionNode]:
    prices = {f: (EVALUATIONS * len(set(f.inputs)) + CALLS) * program.price(f) for f in program.functions}
    left = LOCAL * program.budget
    if sum(prices.values()) <= left:
        return list(program.functions)
    firsts = list({type(f.object): f for f in reversed(program.functions)}.values())
    others = [f for f in program.functions if f not in firsts]
    stride = max(1, round(sum(prices.values()) / left))
    chosen = set()
    for function in (*firsts, *others[::stride]):
        if prices[function] <= left:
            chosen.add(function)
            left -= prices[function]
    return [function for function in program.functions if function in chosen]


def _compare_values(program: Program, checks: Sequence[LocalCheck]) -> None:
    """``backward`` against ``forward`` along one path for each input; then, all at once, those in doubt."""
    doubtful: list[tuple[LocalCheck, VariableNode, Floats, Floats]] = []
    paths: list[Path] = []
    slopes: list[float] = []
    directions = Directions()
    for check in checks:
        if check.function in program.unrepeatable:
            continue
        for node, x, gradient in _inputs(check):
            v = np.ones(x.shape) if x.size == 1 else direction(x, directions, gradient)
            scale = scale_of(float(x.item())) if x.size == 1 else 1.0
            slope = float(np.vdot(gradient, v))
            try:
                if _agree(outputs_along(program, check.probe, node), check, x, v, scale, slope, gradient):
                    continue
                paths.append(walk(value_along(program, check.probe, node), x, v, scale=scale))
            except ReplayError:  # integers that it indexes with
                continue
            except OverBudget:
                break
            slopes.append(slope)
            doubtful.append((check, node, x, gradient))
        else:
            if check.verdict == "inconclusive":
                check.verdict = "pass"
    if not doubtful:
        return
    for path, slope, (check, node, x, gradient) in zip(paths, slopes, doubtful, strict=True):
        verdict, element = _settled(program, path, slope, (check, node, x, gradient))
        if verdict == FAIL:
            check.fail("wrong-value", check.function.inputs.index(node), element=element)
        elif verdict == INCONCLUSIVE and check.verdict == "pass":
            check.verdict = "inconclusive"


def _settled(
    program: Program, path: Path, slope: float, doubt: tuple[LocalCheck, VariableNode, Floats, Floats]
) -> tuple[int, tuple[int, ...] | None]:
    """The verdict on one gradient that is in doubt, and an element that is wrong, as far as the budget allows."""
    if 1 < doubt[2].size <= SINGLE:  # each element by itself costs little more, and says which it is
        try:
            one = _judged(program, *doubt)
        except OverBudget:
            return INCONCLUSIVE, None
        return one.verdict, one.wrong[0] if one.wrong else None
    try:
        verdict = int(differentiate([path], [slope], hair=0.0 if doubt[2].size > 1 else HAIR).judge(slope)[0])
    except OverBudget:
        return INCONCLUSIVE, None
    if verdict == PASS:
        return PASS, None
    try:
        one = _judged(program, *doubt)
    except OverBudget:
        return verdict, None
    return one.verdict, one.wrong[0] if one.wrong else None


def _judged(program: Program, check: LocalCheck, node: VariableNode, x: Floats, gradient: Floats) -> ArrayCheck:
    """One gradient, each element by itself or as a whole; nothing is called wrong that round-off explains."""
    f, single = value_along(program, check.probe, node), x.size <= SINGLE
    found = check_array(f, x, gradient, single=single, most=1)
    if found.verdict != FAIL:
        return found
    noise, blur = round_off_of_function(program, check.probe, check.function.inputs.index(node))
    if noise is None or noise.shape != x.shape:
        return found
    found = still_wrong(found, f, x, gradient, noise, blur, single=single, most=1)
    if found.verdict == FAIL and all(noise[place] > SHAKY_ANSWER * abs(gradient[place]) for place in found.wrong):
        found.verdict = INCONCLUSIVE
    return found


def _agree(
    outputs: Callable[[Floats], Array],
    check: LocalCheck,
    x: Floats,
    v: Floats,
    scale: float,
    slope: float,
    gradient: Floats,
) -> bool:
    """Whether ``backward`` is right beyond doubt along one direction."""
    size = abs(slope) if x.size == 1 else float(np.linalg.norm((gradient * v).ravel()))
    weights = joined(check.probe.gys)
    return sure_slope(lambda t: outputs(x + t * v), slope, size, scale=scale, weights=weights) is not None


def _inputs(check: LocalCheck) -> Iterator[tuple[VariableNode, Floats, Floats]]:
    """Each Variable that can be differentiated, once: its data, and all that ``backward`` returned for it."""
    found = check.probe
    shaped = {one.input for one in check.diagnoses if one.code == "gradient-shape"}
    for node in dict.fromkeys(check.function.inputs):
        places = [place for place, other in enumerate(check.function.inputs) if other is node]
        x = np.asarray(found.xs[places[0]])
        if x.dtype.kind not in "fiu" or x.size == 0 or shaped.intersection(places):
            continue
        gradients = [array_of(found.gxs[place]) for place in places if place < len(found.gxs)]
        if all(gradient is None for gradient in gradients) and x.dtype.kind != "f":
            continue
        if any(gradient is not None and gradient.dtype.kind not in "fiub" for gradient in gradients):
            continue
        total = np.zeros(x.shape)
        for gradient in gradients:
            if gradient is not None:
                total = total + gradient.astype(np.float64).reshape(x.shape)
        yield node, x.astype(np.float64), total
