"""Tell the backward pass step by step: what came in, the local derivative, what went out, what was added to what."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import Addition, Array, FunctionNode, Step
from ipy_autodiff.views.gradients import timeline
from ipy_autodiff.views.labels import columns, shorten
from ipy_autodiff.views.numbers import block, inline

if TYPE_CHECKING:
    from ipy_autodiff.views.trace import Trace

__all__ = ["Line", "ShownStep", "Stepper", "tell", "tell_lines"]

MOST_STEPS = 240
_KEPT_AT_EACH_END = 60
_NAME = 24
_SMALL = 4


@dataclass(frozen=True)
class Line:
    """One thing about a step: what it is, the formula with its numbers, and whether it stands out as wrong."""

    label: str
    text: str
    warn: bool = False


@dataclass(frozen=True)
class ShownStep:
    """One step as it is shown. ``changes`` are the gradients that it set, by the Variables' identifiers."""

    number: int
    function: str
    title: str
    where: str
    """The line of the cell, as ``line 3``; empty where it is not known."""
    code: str
    lines: tuple[Line, ...]
    changes: dict[str, str]


@dataclass(frozen=True)
class Stepper:
    """All steps that are shown, the gradients before the first, and remarks about the sweep."""

    steps: tuple[ShownStep, ...]
    total: int
    """How many calls there were, shown or not."""
    start: dict[str, str]
    notes: tuple[str, ...]


def tell(trace: Trace, *, judged: bool = False) -> Stepper:
    """The steps of a trace in words and numbers, in the language in force.

    ``judged`` marks the steps of Functions whose backward contradicts their forward.
    """
    checked = trace.comparison.functions if judged else {}
    recording = trace.recording
    steps = recording.steps
    gradients = timeline(recording)
    notes = []
    if not steps:
        notes.append(say("views.no_steps"))
    elif recording.swept_by == "replay":
        notes.append(say("views.replayed"))
    told = set(range(len(steps)))
    if len(steps) > MOST_STEPS:
        told = {*range(_KEPT_AT_EACH_END), *range(len(steps) - _KEPT_AT_EACH_END, len(steps))}
        notes.append(say("views.steps_left_out", shown=len(told), n=len(steps)))
    involved = {v.id for i in told for v in (*steps[i].function.inputs, *steps[i].function.outputs)}
    touched: set[str] = set()
    unseen: dict[str, Array] = {}
    shown = []
    for index, (step, change) in enumerate(zip(steps, gradients.changes, strict=True)):
        if index in told:
            check = checked.get(step.function)
            shown.append(_tell(step, unseen | change, touched, check is not None and check.verdict == "fail"))
            unseen = {}
        else:
            unseen |= {identifier: gradient for identifier, gradient in change.items() if identifier in involved}
        touched.update(addition.variable.id for addition in step.additions)
    start = {identifier: inline(gradient) for identifier, gradient in gradients.start.items()}
    return Stepper(tuple(shown), len(steps), start, tuple(notes))


def _tell(step: Step, change: dict[str, Array], touched: set[str], wrong: bool) -> ShownStep:
    function = step.function
    name = shorten(function.name, 40)
    lines = tell_lines(step, touched)
    if wrong:
        lines = (Line(say("views.checked"), say("views.contradicts", function=name), warn=True), *lines)
    touched.update(addition.variable.id for addition in step.additions)
    where = "" if step.line is None else say("views.line", line=step.line)
    changes = {identifier: inline(gradient) for identifier, gradient in change.items()}
    title, code = f"{name}.backward", shorten(function.code, 120)
    return ShownStep(step.number, function.id, title, where, code, lines, changes)


def tell_lines(step: Step, touched: Iterable[str]) -> tuple[Line, ...]:
    """What one step did, line by line. ``touched`` are the identifiers of the Variables that earlier steps added to."""
    seen = set(touched)
    lines = [*_came_in(step), *_went_out(step)]
    if step.error is not None:
        lines.append(Line(say("views.raised"), shorten(step.error, 200), warn=True))
    came: Iterable[str] = _names("gx", step.gxs) if len(step.gxs) == len(step.additions) else itertools.repeat("gx")
    for addition, name_ in zip(step.additions, came, strict=False):
        lines.append(_added(addition, name_, addition.variable.id in seen))
        seen.add(addition.variable.id)
    return tuple(lines)


def _came_in(step: Step) -> Iterator[Line]:
    for name, variable, gy in zip(_names("gy", step.gys), step.function.outputs, step.gys, strict=False):
        yield Line(say("views.came_in", name=shorten(variable.name, _NAME)), _equation(name, gy))


def _went_out(step: Step) -> Iterator[Line]:
    inputs = step.function.inputs
    gy = step.gys[0] if len(step.gys) == 1 else None
    local = step.local if gy is not None else ()
    for index, (name, gx) in enumerate(zip(_names("gx", step.gxs), step.gxs, strict=True)):
        label = say("views.went_out", name=shorten(inputs[index].name, _NAME) if index < len(inputs) else "?")
        derivative = local[index] if index < len(local) else None
        if derivative is None or gx is None or gy is None:
            yield Line(label, _equation(name, gx), warn=gx is None)
            continue
        ratio = _ratio(step.function, index)
        yield Line(say("views.local"), _equation(ratio, derivative))
        due = _product(derivative, gy)
        rule = f"{ratio} × gy"
        if due is None:
            yield Line(label, _equation(name, gx))
        elif not _same(due, gx):
            remark = _equation(f"{say('views.not_the_rule')} {rule}", due)
            yield Line(label, f"{_equation(name, gx)}\n{remark}", warn=True)
        elif max(map(np.size, (derivative, gy, gx))) <= _SMALL:
            yield Line(label, f"{name} = {rule} = {inline(derivative)} × {inline(gy)} = {inline(gx)}")
        else:
            yield Line(label, _equation(f"{name} = {rule}", gx))


def _ratio(function: FunctionNode, index: int) -> str:
    """The local derivative as a ratio of the Variables' names; of the book's ``y`` and ``x`` where they have none."""
    inputs, outputs = function.inputs, function.outputs
    d = "d" if len(inputs) == 1 else "∂"
    speaking = len(set(inputs)) == len(inputs) > index and len(outputs) == 1
    if speaking and all(variable.named for variable in (*inputs, *outputs)):
        return f"{d}{shorten(outputs[0].name, _NAME)}/{d}{shorten(inputs[index].name, _NAME)}"
    return f"{d}y/{d}x{'' if len(inputs) == 1 else index}"


def _added(addition: Addition, came: str, touched: bool) -> Line:
    variable = addition.variable
    name = shorten(variable.name, _NAME)
    grad = f"{name}.grad" if variable.named else "grad"
    kept, added = say("views.kept", name=name), say("views.added", name=name)
    before, contribution, after = addition.before, addition.contribution, addition.after
    if contribution is None or after is None:
        return Line(kept, _equation(grad, after), warn=contribution is not None)
    small = np.size(after) <= _SMALL
    if before is None or (_same(contribution, after) and not np.any(before)):
        same = not small and _same(contribution, after)
        return Line(kept, f"{grad} = {came}" if same else _equation(grad, after))
    old = inline(before) if np.size(before) <= _SMALL else say("views.before")
    sum_ = f"{old} + {inline(contribution) if small else came}"
    due = _total(before, contribution)
    if due is not None and _same(due, after):
        line = _equation(f"{grad} = {sum_}", after)
        if touched or not np.any(before):
            return Line(added, line)
        return Line(added, f"{line}\n{say('views.old_gradient', old=old)}", warn=True)
    result = _equation(grad, after)
    if _same(contribution, after) and not touched:
        return Line(kept, f"{result}\n{say('views.replaced_old', old=old)}")
    remark = say("views.overwritten" if _same(contribution, after) else "views.unexpected")
    return Line(added, f"{result}\n{_equation(f'{remark} {sum_}', due)}", warn=True)


def _names(stem: str, gradients: Sequence[object]) -> list[str]:
    """The names that the book's ``backward`` gives them: ``gy``, or ``gy0``, ``gy1``, ..."""
    return [stem] if len(gradients) == 1 else [f"{stem}{index}" for index in range(len(gradients))]


def _equation(left: str, value: Any) -> str:
    indent = "\n" + " " * (columns(left) + 3)
    return f"{left} = {block(value).replace(chr(10), indent)}"


def _product(a: Any, b: Any) -> Any:
    try:
        with np.errstate(all="ignore"):
            return np.multiply(a, b)
    except (TypeError, ValueError):
        return None


def _total(a: Any, b: Any) -> Any:
    try:
        with np.errstate(all="ignore"):
            return np.add(a, b)
    except (TypeError, ValueError):
        return None


def _same(a: Any, b: Any) -> bool:
    """Whether two gradients are equal but for the rounding of their own dtype."""
    try:
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape:
            return False
        coarse = min((a.dtype, b.dtype), key=lambda dtype: dtype.itemsize)
        rtol = 64 * float(np.finfo(coarse).eps) if coarse.kind in "fc" else 1e-12
        return bool(np.allclose(a, b, rtol=rtol, atol=0, equal_nan=True))
    except (TypeError, ValueError):
        return False
