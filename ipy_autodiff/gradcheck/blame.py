"""Say which Function, or what in the engine or the graph, is to blame for a wrong gradient, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipy_autodiff.gradcheck.catalogue import explain_shape, explain_value
from ipy_autodiff.gradcheck.comparison import BUDGET, Comparison
from ipy_autodiff.gradcheck.ladder import Array
from ipy_autodiff.gradcheck.local_check import LocalCheck, Symptom
from ipy_autodiff.gradcheck.numbers import element, spelled
from ipy_autodiff.gradcheck.program import OverBudget, Program
from ipy_autodiff.gradcheck.samples import Sample, samples
from ipy_autodiff.gradcheck.sweep_check import Fault, check_sweep
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.graph import Finding, FunctionNode, Recording
from ipy_autodiff.tracing.reading import array_of

__all__ = ["Blame", "find_blame"]


@dataclass(frozen=True, eq=False)
class Blame:
    """One cause of wrong gradients."""

    where: str
    """A Function's class name, ``"engine"`` or ``"graph"``."""
    function: FunctionNode | None
    code: str
    """A stable identifier of the kind of mistake."""
    sentence: Message
    hint: Message
    """Where to look, without the solution."""

    @property
    def why(self) -> str:
        """The sentence in the current language."""
        return self.sentence.text()


def find_blame(recording: Recording, comparison: Comparison, *, budget: float = BUDGET) -> tuple[Blame, ...]:
    """What is to blame, most likely first; empty where nothing is wrong.

    A Function is blamed where its own ``backward`` contradicts its own ``forward``, the engine where the Functions are
    right and what it does with their answers is not, the graph where it is not what was computed.
    """
    program = Program(recording, budget)
    found: dict[tuple[str, str], Blame] = {}
    with program.running():
        try:
            for blame in _causes(program, comparison):
                found.setdefault((blame.where, blame.code), blame)
        except OverBudget:
            pass
    if not found and any(row.verdict == "fail" for row in comparison.rows):
        found["graph", "unknown"] = _unknown(comparison)
    return tuple(found.values())


def _causes(program: Program, comparison: Comparison) -> Iterator[Blame]:
    failed = any(row.verdict == "fail" for row in comparison.rows)
    called_twice = [finding for finding in program.recording.findings if finding.code in _OF_THE_GRAPH]
    # The sweep meets the last Function first; of several that are wrong, that is where the numbers leave the truth.
    checks = [comparison.functions[f] for f in reversed(program.functions) if f in comparison.functions]
    wrong = [check for check in checks if _is_cause(check, checks, failed)]
    for check in wrong:
        yield from _of_function(program, check)
    if failed or called_twice:
        for finding in called_twice:
            if finding.mistake:
                yield _of_finding(finding, "graph")
    for finding in program.recording.findings:
        if finding.mistake and finding.code not in _OF_THE_GRAPH and not wrong:
            yield from _of_sweep_error(program, finding)
    if failed and not wrong:
        for fault in check_sweep(program, {check.function for check in checks if check.wrong}):
            yield Blame(
                fault.where,
                fault.function,
                fault.code,
                Message(f"blame.{fault.code}", **_complete(fault)),
                Message(f"blame.{fault.code}-hint", **_complete(fault)),
            )
            return


_OF_THE_GRAPH = ("function-called-twice", "cycle", "graph-cut")
_SECONDARY = {"output-not-forward"}
"""What a Function that writes into its input makes others look like."""
_HARMLESS = {"gradient-shape"}
"""What some engines put right themselves."""


def _is_cause(check: LocalCheck, checks: list[LocalCheck], failed: bool) -> bool:
    codes = {symptom.code for symptom in check.symptoms}
    if codes <= _HARMLESS and not failed:
        return False
    in_place = any(symptom.code == "forward-in-place" for other in checks for symptom in other.symptoms)
    return bool(codes) and not (in_place and codes <= _SECONDARY)


def _of_function(program: Program, check: LocalCheck) -> Iterator[Blame]:
    function = check.function
    symptom = check.symptoms[0]
    code, blanks = symptom.code, {"function": function.name, "detail": symptom.detail}
    if symptom.code in ("wrong-value", "gradient-shape", "not-linear"):
        code, more = _explained(program, check)
        blanks |= more
    elif symptom.code == "output-not-forward":
        blanks |= _outputs(check)
    elif symptom.code in ("gradient-count", "float32-cast", "integer-buffer"):
        blanks["inputs"] = str(len(function.inputs))
    sentence, hint = Message(f"blame.{code}", **blanks), Message(f"blame.{code}-hint", **blanks)
    yield Blame(function.name, function, code, sentence, hint)


def _explained(program: Program, check: LocalCheck) -> tuple[str, dict[str, Any]]:
    """The misconception behind a wrong answer, and the numbers that show it."""
    wrong = [symptom for symptom in check.symptoms if symptom.code in ("wrong-value", "gradient-shape")]
    symptom = (wrong or check.symptoms)[0]
    place = symptom.input or 0
    tried = samples(program, check.function, check.probe.xs, place)
    if not tried:
        return "backward-wrong", _blanks(check, place, Message("blame.no-numbers"))
    explanation = explain_shape(tried) if symptom.code == "gradient-shape" else None
    if symptom.code == "gradient-shape":
        got = tried[0].g
        shapes = {"shape": str(tried[0].x.shape), "got": "None" if got is None else str(got.shape)}
        code = explanation.code if explanation is not None else "gradient-shape"
        return code, {**_blanks(check, place, Message("blame.no-numbers")), **shapes}
    nonlinear = next((one for one in check.symptoms if one.code == "not-linear"), None)
    explanation = explain_value(tried)
    code = explanation.code if explanation is not None else "backward-wrong"
    if nonlinear is not None and code != "missing-gy":
        code = nonlinear.detail if code == "backward-wrong" else code
    blanks = _blanks(check, place, _shown(tried[0], symptom))
    return code, {**blanks, **(explanation.blanks if explanation is not None else {})}


def _blanks(check: LocalCheck, place: int, numbers: Message) -> dict[str, Any]:
    names = [node.name for node in check.function.inputs]
    return {
        "input": names[place] if place < len(names) else "",
        "inputs": ", ".join(names),
        "numbers": numbers,
    }


def _shown(sample: Sample, symptom: Symptom) -> Message:
    """The mistake in numbers: one element, for a gradient as simple as shows it."""
    for size in (1.0, 2.0, -1.0):
        gys = [np.full(y.shape, size) for y in sample.probe.ys]
        shown = _at_worst(sample, gys, symptom)
        if shown is not None:
            return Message("blame.numbers", gy=spelled(np.array(size)), **shown)
    shown = _at_worst(sample, list(sample.probe.gys), symptom)
    return Message("blame.no-numbers") if shown is None else Message("blame.numbers-random", **shown)


def _at_worst(sample: Sample, gys: list[Array], symptom: Symptom) -> dict[str, str] | None:
    got = sample.answer(gys)
    if got is None or got.shape != sample.x.shape:
        return None
    places = [symptom.element] if symptom.element is not None else [()] if sample.x.ndim == 0 else _some(sample.x)
    worst, most = None, 0.0
    for place in places:
        truth = sample.true_element(gys, place)
        off = abs(float(got[place]) - truth)
        if off > 1e-8 * max(abs(truth), abs(float(got[place]))) and off > most:
            name = sample.probe.function.inputs[sample.place].name
            index = f"[{', '.join(map(str, place))}]" if place else ""
            at = f"{name}{index} = {element(sample.x, place or None)}"
            worst, most = {"at": at, "got": element(got, place or None), "truth": f"{truth:.6g}"}, off
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
            return {"variable": node.name, "saved": element(saved, index), "computed": element(y, index)}
    return {"variable": "", "saved": "", "computed": ""}


def _of_finding(finding: Finding, where: str) -> Blame:
    function = finding.function
    blanks = {key: value if isinstance(value, Message) else str(value) for key, value in finding.message.blanks.items()}
    sentence = Message(f"blame.{finding.code}", **blanks)
    return Blame(where, function, finding.code, sentence, Message(f"blame.{finding.code}-hint", **blanks))


def _of_sweep_error(program: Program, finding: Finding) -> Iterator[Blame]:
    """A sweep that ended with an error: what the engine handed to the Function that raised it."""
    step = next((step for step in program.recording.steps if step.error is not None), None)
    missing = step is not None and any(gy is None for gy in step.gys)
    if finding.code == "backward-raises" and step is not None and missing:
        blanks = {"function": step.function.name, "error": step.error or ""}
        code = "none-handed-on"
        yield Blame("engine", step.function, code, Message(f"blame.{code}", **blanks), Message(f"blame.{code}-hint"))
    elif finding.code == "backward-raises":
        variable = program.recording.of.name if program.recording.of is not None else ""
        blanks = {"variable": variable, "error": str(finding.message.blanks.get("error", ""))}
        sentence, hint = Message("blame.sweep-raises", **blanks), Message("blame.sweep-raises-hint")
        yield Blame("engine", finding.function, "sweep-raises", sentence, hint)
    elif finding.code in ("backward-recurses", "sweep-does-not-end"):
        yield _of_finding(finding, "engine")


def _complete(fault: Fault) -> dict[str, Any]:
    return {"function": "", "variable": "", "got": "", "truth": "", **fault.blanks}


def _unknown(comparison: Comparison) -> Blame:
    row = next(row for row in comparison.rows if row.verdict == "fail")
    blanks = {"variable": row.name, "got": spelled(row.backprop), "truth": spelled(row.numerical)}
    return Blame("graph", None, "unknown", Message("blame.unknown", **blanks), Message("blame.unknown-hint"))
