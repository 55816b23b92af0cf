"""Put backprop's gradients beside numerical ones, Variable by Variable, with a verdict and its reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.gradcheck.blame.local_check import LocalCheck, check_functions
from ipy_autodiff.gradcheck.blame.standing import Standing, standing_gradients
from ipy_autodiff.gradcheck.blame.sweep_check import check_sweep
from ipy_autodiff.gradcheck.guards import judged_without_guards
from ipy_autodiff.gradcheck.measure.array_check import ArrayCheck, check_array, still_wrong
from ipy_autodiff.gradcheck.measure.derivative import FAIL, INCONCLUSIVE, PASS
from ipy_autodiff.gradcheck.measure.ladder import Array, Floats
from ipy_autodiff.gradcheck.measure.probe import is_label
from ipy_autodiff.gradcheck.measure.program import OverBudget, Program
from ipy_autodiff.gradcheck.measure.round_off import round_off
from ipy_autodiff.gradcheck.numbers import spelled
from ipy_autodiff.gradcheck.rows import Comparison, Row, Verdict
from ipy_autodiff.gradcheck.tolerances import (
    ALONE,
    BUDGET,
    COVERAGE,
    FINE,
    HAIR,
    LEAST,
    ONE_CALL,
    RESOLUTION,
    ROUNDING,
    SHAKY_ROW,
    SHORT_MOST,
    SHORT_UNITS,
    SINGLE,
)
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.graph import FunctionNode, Graph, Recording, VariableNode
from ipy_autodiff.tracing.replay import ReplayError

__all__ = ["BUDGET", "compare", "compare_one"]

_PATIENCE, _PAUSE = 0.5, 0.1
"""Seconds before progress is told, and between two times."""
_NAMES: tuple[Verdict, Verdict, Verdict] = ("pass", "fail", "inconclusive")


def compare(
    recording: Recording,
    *,
    every_variable: bool = False,
    budget: float = BUDGET,
    progress: Callable[[int, int], None] | None = None,
    recomputed: Mapping[VariableNode, Callable[[Floats], Array]] | None = None,
) -> Comparison:
    """Compare the gradients that a recording's sweep left with numerical ones, and check its Functions one by one.

    The function that is differentiated is the sum of the elements of ``recording.of``. ``every_variable`` compares
    intermediate Variables as well. ``budget`` is counted in calls of Functions; what it does not allow is left out and
    said in ``remarks``. ``progress(done, all)`` is called now and then, ten times a second at most, once it has taken
    half a second; ``all`` is the number of Functions and rows. It can be interrupted at any time: it works on copies
    and leaves nothing behind, the rows that are judged by then are kept, and the others say so. ``recomputed`` are
    other ways to compute ``recording.of`` from some Variables; the numerical gradient is then taken of those.
    """
    if recording.of is None:
        return Comparison(())
    if len(recording.graph.functions) > budget and not recomputed:
        return _sampled(recording, budget)
    program = Program(recording, budget, recomputed)
    if LEAST * sum(map(program.price, program.functions)) > budget and not recomputed:
        return _sampled(recording, budget)
    wanted = [*recording.wrt]
    if every_variable:
        upstream = dict.fromkeys(node for function in program.functions for node in function.inputs)
        wanted += [node for node in upstream if node not in recording.wrt and node is not recording.of]
    if progress is not None:
        program.at_work = _Work(program, progress, len(program.functions) + len(wanted))
    checks: dict[FunctionNode, LocalCheck] = {}
    remarks: list[Message] = []
    rows: list[Row] = []
    standing: Mapping[VariableNode, Standing] = {}
    try:
        with program.running():
            checks, remarks = check_functions(program)
            standing = {} if recomputed else standing_gradients(program)
            for number, variable in enumerate(wanted):
                program.done = len(program.functions) + number
                rows.append(compare_one(program, variable, standing.get(variable)))
            if program.random:
                rows = [_by_the_chain_rule(program, checks, row) for row in rows]
            if any(row.verdict == "fail" for row in rows) and not recomputed:
                rows = _benefit_of_the_doubt(program, checks, rows)
        labels = [row.reason for row in rows if row.reason is not None and row.reason.identifier == "check.labels"]
        if len(labels) < len(rows):  # nobody wants to see labels in the table
            rows = [row for row in rows if row.reason not in labels]
            remarks = [*remarks, *labels]
    except KeyboardInterrupt:
        interrupted = Message("check.interrupted")
        rows += [_undecided(node, recording.gradients.get(node), interrupted) for node in wanted[len(rows) :]]
        remarks = [*remarks, interrupted]
    found = Comparison(tuple(rows), checks, tuple(remarks), recording, recomputed, standing)
    if recomputed:
        return found
    return judged_without_guards(
        found, recording, lambda other: compare(other, every_variable=every_variable, budget=budget)
    )


def _sampled(recording: Recording, budget: float) -> Comparison:
    """Of a graph that is too large to be run a few times: one Function of each class, by itself."""
    checks: dict[FunctionNode, LocalCheck] = {}
    left = ALONE * budget
    for function in recording.graph.one_of_each():
        if function.recorded and function.outputs:
            nodes = tuple(dict.fromkeys((*function.inputs, *function.outputs)))
            alone = Recording(Graph(nodes, (function,)), (), function.outputs[0], ())
            program = Program(alone, left)
            if program.price(function) > ONE_CALL * left:
                continue
            with program.running():
                checks |= check_functions(program)[0]
            left -= program.spent
    rows = [_undecided(node, recording.gradients.get(node), Message("check.budget")) for node in recording.wrt]
    remark = Message("check.sampled", checked=f"{len(checks):,}", all=f"{len(recording.graph.functions):,}")
    return Comparison(tuple(rows), checks, (remark,), recording)


class _Work:
    """Tells how far the work has come, when it takes long, and not too often."""

    def __init__(self, program: Program, tell: Callable[[int, int], None], all_: int) -> None:
        self._program, self._tell, self._all = program, tell, all_
        self._next = time.monotonic() + _PATIENCE

    def __call__(self) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _PAUSE
            self._tell(self._program.done, self._all)


def compare_one(program: Program, variable: VariableNode, standing: Standing | None = None) -> Row:
    """The row of one Variable; within ``program.running()``. ``standing`` is its gradient if that is no single pass's.

    What is measured then is the gradient that one pass leaves, and the row is of the one that stands there.
    """
    if standing is not None:
        row = _compare_one(program, variable, standing.one_pass)
        of = program.recording.of
        reason = standing.reason(variable.name, of.name if of is not None else "")
        verdict = "fail" if standing.wrong else "inconclusive" if row.verdict == "pass" else row.verdict
        return replace(row, backprop=standing.left, verdict=verdict, reason=reason)
    return _compare_one(program, variable, program.recording.gradients.get(variable))


def _compare_one(program: Program, variable: VariableNode, backprop: Array | None) -> Row:
    data = array_of(variable.data)
    if data is None or data.dtype.kind not in "fiub":
        kind = type(variable.data).__name__ if data is None else str(data.dtype)
        return _undecided(variable, backprop, Message("check.not-real", kind=kind))
    x = data.astype(np.float64)
    try:
        row = _measured(program, variable, x, backprop)
        if backprop is None and row.verdict == "inconclusive" and is_label(program.function_of(variable), data):
            return _undecided(variable, backprop, Message("check.labels", name=variable.name))
        return row
    except OverBudget:
        return _undecided(variable, backprop, Message("check.budget"))
    except ReplayError as error:
        if data.dtype.kind != "f" and backprop is None:
            return _undecided(variable, backprop, Message("check.labels", name=variable.name))
        function = error.function.name if error.function is not None else ""
        cause = f"{type(error.cause).__name__}: {error.cause}"
        return _undecided(variable, backprop, Message("check.forward-raised", function=function, error=cause))
    except TypeError as error:  # the function's value is not real
        return _undecided(variable, backprop, Message("check.not-real", kind=str(error)))


def _by_the_chain_rule(program: Program, checks: Mapping[FunctionNode, LocalCheck], row: Row) -> Row:
    """A row that random draws leave open passes where each Function and the sweep are right by themselves."""
    if row.reason is None or row.reason.identifier != "check.random":
        return row
    if row.backprop is None or not _right_link_by_link(program, checks, ("pass",)):
        return row
    names = ", ".join(dict.fromkeys(function.name for function in program.random))
    return replace(row, verdict="pass", reason=Message("check.by-the-chain-rule", function=names))


def _right_link_by_link(
    program: Program, checks: Mapping[FunctionNode, LocalCheck], enough: tuple[Verdict, ...]
) -> bool:
    """Whether each Function by itself has one of these verdicts, and the sweep is right: the rest is the chain rule."""
    right = all(function in checks and checks[function].verdict in enough for function in program.functions)
    mistakes = any(finding.mistake for finding in program.recording.findings)
    return right and not mistakes and next(check_sweep(program, ()), None) is None


def _benefit_of_the_doubt(
    program: Program, checks: Mapping[FunctionNode, LocalCheck], rows: Sequence[Row]
) -> list[Row]:
    """Leave open what fails by a hair, or where digits are lost, while there is nothing that could have made it fail.

    A function may swing so fast, or by so little, that no sample shows it.
    """
    doubtful = {row for row in rows if row.verdict == "fail" and row.backprop is not None and _is_fine(program, row)}
    if not doubtful or not _right_link_by_link(program, checks, ("pass", "inconclusive")):
        return list(rows)
    reason = Message("check.undecided")
    return [replace(row, verdict="inconclusive", reason=reason, wrong=()) if row in doubtful else row for row in rows]


def _is_fine(program: Program, row: Row) -> bool:
    """Whether a row's difference is small, or the gradient of few digits."""
    gradient = np.asarray(row.backprop)
    if gradient.dtype.kind != "f" or gradient.shape != row.variable.shape:
        return False
    size = float(np.abs(gradient).max(initial=0.0))
    if row.numerical is not None and np.nanmax(np.abs(gradient - row.numerical), initial=0.0) <= FINE * size:
        return True
    noise = round_off(program).gradients.get(row.variable)
    return noise is not None and noise.shape == gradient.shape and bool(np.any(noise > SHAKY_ROW * np.abs(gradient)))


def _undecided(variable: VariableNode, backprop: Array | None, reason: Message) -> Row:
    return Row(variable, variable.name, backprop, None, None, "inconclusive", reason)


def _measured(program: Program, variable: VariableNode, x: Floats, backprop: Array | None) -> Row:
    recording = program.recording
    f = program.function_of(variable)
    gradient, fault = _usable(backprop, x, variable)
    if program.random:
        names = ", ".join(dict.fromkeys(function.name for function in program.random))
        return _undecided(variable, backprop, Message("check.random", function=names))
    if not program.reaches(variable):
        nothing = np.zeros(x.shape)
        right = backprop is None or not np.any(backprop)
        reason = Message("check.not-part", name=variable.name)
        return Row(variable, variable.name, backprop, nothing, nothing, "pass" if right else "fail", reason)

    if LEAST * program.cost(variable) > program.budget - program.spent:
        raise OverBudget
    single = x.size <= SINGLE and 14 * x.size * program.cost(variable) <= 0.25 * program.budget
    exact = _in_float64(program, variable, gradient)
    judged = gradient if exact is None else exact
    found = check_array(f, x, judged, single=single)
    if found.verdict == FAIL and fault is None:
        known = round_off(program)
        own = known.gradients.get(variable)
        if own is not None and own.shape == x.shape:
            found = still_wrong(found, f, x, judged, own, known.values, single=single)
    if exact is not None and found.verdict == PASS:
        found = _within_round_off(program, variable, gradient, exact, found, single)

    reasons = _reasons(program, variable, found, x, gradient)
    verdict = _NAMES[found.verdict]
    if backprop is None and recording.swept_by == "nobody":
        verdict, fault = "inconclusive", Message("check.no-backward")
    elif fault is not None and backprop is not None:
        verdict = "fail"
    if fault is not None and verdict != "pass":
        reasons.insert(0, fault)
    measured = bool(np.isfinite(found.uncertainty).any()) or x.size == 0
    return Row(
        variable,
        variable.name,
        backprop,
        found.value if measured else None,
        found.uncertainty if measured else None,
        verdict,
        _joined(reasons),
        wrong=tuple(found.wrong),
        rungs=found.rungs,
        slopes=found.slopes,
    )


def _within_round_off(
    program: Program, variable: VariableNode, gradient: Floats, exact: Floats, found: ArrayCheck, single: bool
) -> ArrayCheck:
    """The check of a gradient in a short format that would be right in float64: whether round-off explains the rest."""
    largest = float(np.abs(exact).max(initial=0.0))
    noise = np.full(exact.shape, min(SHORT_UNITS * program.unit, SHORT_MOST) * largest)
    if not np.any(np.abs(gradient - exact) > COVERAGE * noise):
        return found
    own = round_off(program, program.unit).gradients.get(variable)
    noise = noise if own is None or own.shape != exact.shape else np.maximum(own, noise)
    if np.any(np.abs(gradient - exact) > COVERAGE * noise):
        x = np.asarray(variable.data).astype(np.float64)
        return check_array(program.function_of(variable), x, gradient, single=single, noise=noise)
    if np.any(COVERAGE * noise > RESOLUTION * largest):
        found.verdict = INCONCLUSIVE
    return found


def _usable(backprop: Array | None, x: Floats, variable: VariableNode) -> tuple[Floats, Message | None]:
    """The gradient as floats of the data's shape, and what is wrong with it as it is."""
    if backprop is None:
        return np.zeros(x.shape), Message("check.no-gradient", name=variable.name)
    if backprop.dtype.kind not in "fiub":
        return np.zeros(x.shape), Message("check.gradient-not-real", name=variable.name, kind=str(backprop.dtype))
    gradient = backprop.astype(np.float64)
    if gradient.shape == x.shape or gradient.size == x.size == 1:
        return gradient.reshape(x.shape), None
    fault = Message("check.shape", name=variable.name, shape=str(x.shape), gradient=str(gradient.shape))
    try:
        return np.broadcast_to(gradient, x.shape).copy(), fault
    except ValueError:
        return np.zeros(x.shape), fault


def _in_float64(program: Program, variable: VariableNode, gradient: Floats) -> Floats | None:
    """What the student's engine gives for the same data in float64; None where they are in that."""
    if program.exact is None:
        return None
    exact = program.exact.get(variable)
    return gradient if exact is None or exact.shape != gradient.shape else exact.astype(np.float64)


def _sure_difference(found: ArrayCheck, gradient: Floats) -> float | None:
    """The largest relative difference that is beyond all error bounds, yet too small to be called wrong; else None."""
    with np.errstate(all="ignore"):
        off = np.abs(gradient - found.value)
        sure = off > COVERAGE * found.uncertainty + ROUNDING * np.abs(gradient)
        parts = (off / np.abs(found.value))[sure]
    return float(parts.max()) if parts.size and parts.max() <= HAIR else None


def _reasons(program: Program, variable: VariableNode, found: ArrayCheck, x: Floats, gradient: Floats) -> list[Message]:
    reasons = []
    if not np.isfinite(x).all() or not np.isfinite(gradient).all() or not np.isfinite(program.result).all():
        reasons.append(Message("check.not-finite", name=variable.name))
    elif found.vanishes:
        reasons.append(Message("check.vanishes", name=variable.name))
    elif found.kink:
        reasons.append(Message("check.kink", name=variable.name))
    elif _NAMES[found.verdict] == "inconclusive":
        part = _sure_difference(found, gradient)
        reasons.append(Message("check.undecided") if part is None else Message("check.hair", part=f"{part:.1g}"))
    if found.slopes is not None and found.verdict == PASS:
        backprop, numerical, _ = found.slopes
        blanks = {"n": f"{x.size:,}", "backprop": spelled(backprop), "numerical": spelled(numerical)}
        reasons.append(Message("check.projected", **blanks))
    elif found.slopes is not None and found.wrong:
        places = ", ".join(f"{variable.name}[{', '.join(map(str, place))}]" for place in found.wrong)
        reasons.append(Message("check.some-wrong", places=places))
    if x.size == 0:
        reasons.append(Message("check.empty", name=variable.name))
    kind = np.asarray(variable.data).dtype
    if kind.kind == "f" and kind.itemsize < 8:
        reasons.append(Message("check.float32", kind=str(kind)))
    elif kind.kind in "iub":
        reasons.append(Message("check.integers", name=variable.name, kind=str(kind)))
    return reasons


def _joined(reasons: Sequence[Message]) -> Message | None:
    if not reasons:
        return None
    return reduce(lambda first, second: Message("check.and", first=first, second=second), reasons)
