"""Say which Function, or what in the engine or the graph, is to blame for a wrong gradient, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import array_of, class_name, data_of, is_function
from ipy_autodiff.gradcheck.blame.catalogue import explain_shape, explain_value
from ipy_autodiff.gradcheck.blame.local_result import LocalCheck
from ipy_autodiff.gradcheck.blame.samples import Sample, samples
from ipy_autodiff.gradcheck.blame.standing import blame_standing
from ipy_autodiff.gradcheck.blame.sweep_check import check_sweep, forgot_its_creator
from ipy_autodiff.gradcheck.comparison import compare_one
from ipy_autodiff.gradcheck.measure.ladder import Array
from ipy_autodiff.gradcheck.measure.program import OverBudget, Program
from ipy_autodiff.gradcheck.numbers import element, spelled, told_apart
from ipy_autodiff.gradcheck.rows import Comparison
from ipy_autodiff.gradcheck.tolerances import BUDGET
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.diagnosis import ENGINE, GRAPH, Diagnosis
from ipy_autodiff.tracing.graph import FunctionNode, Recording
from ipy_autodiff.tracing.watching.source import sweeps

__all__ = ["blame_error", "find_blame"]


def find_blame(
    recording: Recording, comparison: Comparison, *, budget: float = BUDGET, error: BaseException | None = None
) -> tuple[Diagnosis, ...]:
    """What is to blame, most likely first; empty where nothing is wrong.

    A Function is blamed where its own ``backward`` contradicts its own ``forward``, the engine where the Functions are
    right and what it does with their answers is not, the graph where it is not what was computed. ``error`` is what the
    cell ended with, if it did: where it is known what is behind that, it comes first.
    """
    known = blame_error(error) if error is not None else None
    found: dict[tuple[str, str], Diagnosis] = {} if known is None else {(known.where, known.code): known}
    suspicion = _Suspicion(recording, comparison)
    if suspicion.nothing:
        return tuple(found.values())
    program = Program(recording, budget)
    with program.running():
        try:
            for blame in (*blame_standing(program, comparison.standing), *_causes(program, suspicion)):
                found.setdefault((blame.where, blame.code), blame)
        except OverBudget:
            pass
        failed = next((row for row in comparison.rows if row.verdict == "fail"), None)
        if not found and failed is not None:
            got, truth = told_apart(failed.backprop, failed.numerical)
            blanks = {"variable": failed.name, "got": got, "truth": truth}
            # The graph may be right in itself, and not be all that was computed.
            code = "not-in-graph" if compare_one(program, failed.variable).verdict == "pass" else "unknown"
            found[GRAPH, code] = Diagnosis(code, GRAPH, None, blanks)
    return tuple(found.values())


def blame_error(error: BaseException) -> Diagnosis | None:
    """What is to blame for an error that a cell ended with while it ran forward; None where that is not known.

    A Function whose result on a 0-dimensional array is a NumPy number, which the Variable's class refuses, is.
    """
    function = None
    trace = error.__traceback__
    while trace is not None:
        held = trace.tb_frame.f_locals
        owner = held.get(trace.tb_frame.f_code.co_varnames[0]) if trace.tb_frame.f_code.co_argcount else None
        function = owner if is_function(owner) else function
        refused = next((value for value in held.values() if isinstance(value, np.generic)), None)
        by_another = function is not None and owner is not function  # a Function's own method does not refuse
        if trace.tb_next is None and isinstance(error, TypeError) and by_another and refused is not None:
            name = class_name(function)
            return Diagnosis("as-array-forgotten", ENGINE, None, {"function": name, "kind": class_name(refused)})
        trace = trace.tb_next
    return None


class _Suspicion:
    """What a comparison and the tracer's findings give to think, before anything is run again."""

    def __init__(self, recording: Recording, comparison: Comparison) -> None:
        self.recording = recording
        self.failed = any(row.verdict == "fail" for row in comparison.rows)
        self.passed = any(row.verdict == "pass" for row in comparison.rows)
        self.findings = _causes_among(recording)
        functions = recording.graph.upstream(recording.of) if recording.of is not None else ()
        # What the engine was told not to record, its Functions cannot answer for.
        self.functions = functions if recording.of is not None and recording.graph.records(recording.of) else ()
        # The sweep meets the last Function first; of several that are wrong, that is where the numbers first go wrong.
        self.checks = list(comparison.functions.values())[::-1] if self.functions else []
        self.wrong = [check for check in self.checks if _is_cause(check, self.checks, self.failed)]
        self.drawn = any(row.reason is not None and row.reason.identifier == "check.random" for row in comparison.rows)
        ended = any(step.error is not None or not step.gxs for step in recording.steps)
        self.broken = recording.raised is not None or ended
        """Whether the sweep ended before its time."""
        self.beyond_values = [*_unwritten(recording, self.functions)]
        if self.failed:
            self.beyond_values += _on_class(recording, self.functions)
        if not self.passed:
            self.beyond_values += _disconnected(recording)

    @property
    def nothing(self) -> bool:
        """Whether all is right as far as is known."""
        return not (self.failed or self.findings or self.wrong or self.drawn or self.broken or self.beyond_values)


def _causes_among(recording: Recording) -> list[Diagnosis]:
    """The findings that are mistakes. An object that was called twice leads the graph back to itself: one cause."""
    findings = [finding for finding in recording.findings if finding.mistake]
    twice = {id(one.function.object) for one in findings if one.code == "function-called-twice" and one.function}
    if not twice or not any(finding.code == "cycle" for finding in findings):
        return findings
    # Which calls they were can be said where the cell made them all.
    here = all(node.line is not None for node in recording.graph.functions if id(node.object) in twice)
    return [finding for finding in findings if finding.code != ("cycle" if here else "function-called-twice")]


def _causes(program: Program, suspicion: _Suspicion) -> Iterator[Diagnosis]:
    wrong, findings = suspicion.wrong, suspicion.findings
    of_graph = [finding for finding in findings if finding.code in _OF_THE_GRAPH]
    if suspicion.beyond_values:
        yield from suspicion.beyond_values
        return
    for check in wrong:
        yield from _of_function(program, check)
    for finding in of_graph:
        yield finding
    if wrong or of_graph:
        return
    for finding in findings:
        yield from _of_sweep_error(program, finding)
    if suspicion.failed or suspicion.broken or program.random:
        for fault in check_sweep(program, {check.function for check in suspicion.checks if check.wrong}):
            yield fault
            return


_OF_THE_GRAPH = ("function-called-twice", "cycle", "graph-cut")
_SECONDARY = {"output-not-forward"}
"""What a Function that writes into its input makes others look like."""
_OMISSIONS = {"closure-not-stored", "parent-forgotten", "gradient-replaced", "own-gradient-used"}
_HARMLESS = {"gradient-shape"}
"""What some engines put right themselves."""


def _is_cause(check: LocalCheck, checks: list[LocalCheck], failed: bool) -> bool:
    codes = check.codes
    if codes <= _HARMLESS and not failed:
        return False
    in_place = any("forward-in-place" in other.codes for other in checks)
    return bool(codes) and not (in_place and codes <= _SECONDARY)


def _on_class(recording: Recording, functions: Sequence[FunctionNode]) -> Iterator[Diagnosis]:
    """Functions whose class, not the object, holds a Variable of the graph or its data."""
    objects = [node.object for node in recording.graph.variables]
    ours = {id(item) for item in objects} | {id(data_of(item)) for item in objects}
    for function in reversed(functions):
        own = getattr(function.object, "__dict__", {})
        for base in type(function.object).__mro__[:-1]:
            if any(id(value) in ours and name not in own for name, value in vars(base).items()):
                yield Diagnosis("kept-on-class", function.name, function, {"function": function.name})
                return


def _unwritten(recording: Recording, functions: Sequence[FunctionNode]) -> Iterator[Diagnosis]:
    """Functions that the cell sweeps back over and whose ``backward`` is a place kept for one."""
    if not sweeps(recording.source):
        return
    for kind in recording.graph.one_of_each() if functions else ():
        if not kind.has_backward and callable(getattr(kind.object, "backward", None)):
            yield Diagnosis("backward-returns-nothing", kind.name, kind, {"function": kind.name})


def _disconnected(recording: Recording) -> Iterator[Diagnosis]:
    """A result that the cell sweeps back from and that does not know what made it."""
    of = recording.of
    creator = None if of is None else recording.graph.creators.get(of)
    if of is not None and creator is not None and not creator.recorded and sweeps(recording.source):
        yield Diagnosis("not-recorded", GRAPH, creator, {"function": creator.name, "variable": of.name})
    elif of is not None and creator is not None and forgot_its_creator(of) and sweeps(recording.source):
        yield Diagnosis("no-creator", GRAPH, creator, {"function": creator.name, "variable": of.name})


def _of_function(program: Program, check: LocalCheck) -> Iterator[Diagnosis]:
    function = check.function
    noted = check.diagnoses[0]
    code = noted.code
    blanks: dict[str, Any] = {**noted.blanks}
    if noted.code in ("wrong-value", "gradient-shape", "not-linear"):
        code, more = _explained(program, check)
        blanks |= more
    elif noted.code == "output-not-forward":
        blanks |= _outputs(check)
    elif noted.code == "gradient-count":
        blanks["inputs"] = str(len(function.inputs))
    elif noted.code in _OMISSIONS:
        blanks |= {"input": function.inputs[noted.input or 0].name, "attribute": ""}
    elif noted.code == "integer-buffer":
        blanks["numbers"] = Message("blame.no-numbers")
    yield Diagnosis(code, function.name, function, blanks)


def _explained(program: Program, check: LocalCheck) -> tuple[str, dict[str, Any]]:
    """The misconception behind a wrong answer, and the numbers that show it."""
    wrong = [noted for noted in check.diagnoses if noted.code in ("wrong-value", "gradient-shape")]
    noted = (wrong or check.diagnoses)[0]
    place = noted.input or 0
    tried = samples(program, check.function, check.probe.xs, place)
    if not tried:
        return "backward-wrong", _blanks(check, place, Message("blame.no-numbers"))
    explanation = explain_shape(tried) if noted.code == "gradient-shape" else None
    if noted.code == "gradient-shape":
        got = tried[0].g
        shapes = {"shape": str(tried[0].x.shape), "got": "None" if got is None else str(got.shape)}
        code = explanation[0] if explanation is not None else "gradient-shape"
        return code, {**_blanks(check, place, Message("blame.no-numbers")), **shapes}
    nonlinear = next((one for one in check.diagnoses if one.code == "not-linear"), None)
    explanation = explain_value(tried)
    code = explanation[0] if explanation is not None else "backward-wrong"
    if nonlinear is not None and code not in ("missing-gy", "gy-twice", "integer-buffer"):
        code = nonlinear.blanks["detail"]
    blanks = _blanks(check, place, _shown(tried[0], noted))
    return code, {**blanks, **(explanation[1] if explanation is not None else {})}


def _blanks(check: LocalCheck, place: int, numbers: Message) -> dict[str, Any]:
    names = [node.name for node in check.function.inputs]
    return {
        "input": names[place] if place < len(names) else "",
        "inputs": ", ".join(names),
        "numbers": numbers,
    }


def _shown(sample: Sample, noted: Diagnosis) -> Message:
    """The mistake in numbers: one element, for the run's own gradient, or for a simple one where that hides it."""
    function = sample.probe.function
    steps = [
        step
        for step in sample.program.recording.steps
        if step.function is function and all(gy is not None for gy in step.gys)
    ]
    candidates: list[Sequence[Any]] = [steps[0].gys] if steps else []
    candidates += [[np.full(y.shape, size) for y in sample.probe.ys] for size in (1.0, 2.0, -1.0)]
    for gys in (*candidates, sample.probe.gys):
        shown = _at_worst(sample, [np.asarray(gy, dtype=np.float64) for gy in gys], noted)
        if shown is not None:
            return Message("blame.numbers" if "gy" in shown else "blame.numbers-random", **shown)
    return Message("blame.no-numbers")


def _at_worst(sample: Sample, gys: Sequence[Array], noted: Diagnosis) -> dict[str, str] | None:
    got = sample.answer(gys)
    if got is None or got.shape != sample.x.shape:
        return None
    places = [noted.element] if noted.element is not None else [()] if sample.x.ndim == 0 else _some(sample.x)
    worst, most = None, 0.0
    for place in places:
        truth = sample.true_element(gys, place)
        off = abs(float(got[place]) - truth)
        if off > 1e-8 * max(abs(truth), abs(float(got[place]))) and off > most:
            name = sample.probe.function.inputs[sample.place].name
            index = f"[{', '.join(map(str, place))}]" if place else ""
            at = f"{name}{index} = {element(sample.x, place or None)}"
            given, true = told_apart(got[place], truth)
            worst, most = {"at": at, "got": given, "truth": true}, off
            if len(gys) == 1 and gys[0].shape in ((), sample.x.shape):
                worst["gy"] = element(gys[0], place if gys[0].shape and place else None)
    return worst


def _some(x: Array) -> list[tuple[int, ...]]:
    return list(np.ndindex(x.shape))[:16]


def _outputs(check: LocalCheck) -> dict[str, str]:
    recorded = [array_of(node.data) for node in check.function.outputs]
    for y, saved, node in zip(check.probe.ys, recorded, check.function.outputs, strict=False):
        if saved is None or y.shape != saved.shape:
            return {"variable": node.name, "saved": spelled(saved), "computed": spelled(y)}
        place = np.unravel_index(int(np.argmax(np.abs(np.subtract(y, saved, dtype=np.float64)))), y.shape)
        if not np.allclose(y, saved, rtol=1e-9):
            index = tuple(int(i) for i in place) or None
            shown, computed = told_apart(saved if index is None else saved[index], y if index is None else y[index])
            return {"variable": node.name, "saved": shown, "computed": computed}
    return {"variable": "", "saved": "", "computed": ""}


def _of_sweep_error(program: Program, finding: Diagnosis) -> Iterator[Diagnosis]:
    """A sweep that ended with an error: what the engine handed to the Function that raised it."""
    step = next((step for step in program.recording.steps if step.error is not None), None)
    if finding.code == "sweep-raises" and step is not None and any(gy is None for gy in step.gys):
        yield Diagnosis("none-handed-on", ENGINE, step.function, {"function": step.function.name})
    elif finding.where == ENGINE:
        yield finding
