"""Tell the backward pass step by step: what came in, the local derivative, what went out, what was added to what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import Addition, Step
from ipy_autodiff.views.gradients import timeline
from ipy_autodiff.views.labels import shorten
from ipy_autodiff.views.numbers import block, inline

if TYPE_CHECKING:
    from ipy_autodiff.views.trace import Trace

__all__ = ["Line", "ShownStep", "Stepper", "tell"]

MOST_STEPS = 240
_KEPT_AT_EACH_END = 60
_NAME = 24


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

    @property
    def spoken(self) -> str:
        """The step in one sentence, for a screen reader."""
        return " ".join(f"{line.label}: {line.text}." for line in self.lines)


@dataclass(frozen=True)
class Stepper:
    """All steps that are shown, the gradients before the first, and remarks about the sweep."""

    steps: tuple[ShownStep, ...]
    start: dict[str, str]
    notes: tuple[str, ...]


def tell(trace: Trace) -> Stepper:
    """The steps of a trace in words and numbers, in the language in force."""
    recording = trace.recording
    steps = recording.steps
    gradients = timeline(recording)
    notes = []
    if not steps:
        notes.append(say("views.no_steps"))
    elif recording.swept_by == "replay":
        notes.append(say("views.replayed"))
    if len(steps) > MOST_STEPS:
        notes.append(say("views.steps_left_out", shown=2 * _KEPT_AT_EACH_END, n=len(steps)))
        steps = steps[:_KEPT_AT_EACH_END] + steps[-_KEPT_AT_EACH_END:]
    touched: set[str] = set()
    shown = []
    for step in steps:
        shown.append(
            _tell(step, gradients.changes[step.number - 1] if step.number <= len(gradients.changes) else {}, touched)
        )
        touched.update(addition.variable.id for addition in step.additions)
    return Stepper(tuple(shown), gradients.start, tuple(notes))


def _tell(step: Step, changes: dict[str, str], touched: set[str]) -> ShownStep:
    function = step.function
    name = shorten(function.name, 40)
    lines = [*_came_in(step), *_went_out(step)]
    if step.error is not None:
        lines.append(Line(say("views.raised"), shorten(step.error, 200), warn=True))
    lines += [_added(addition, addition.variable.id in touched) for addition in step.additions]
    where = "" if step.line is None else say("views.line", line=step.line)
    return ShownStep(
        step.number, function.id, f"{name}.backward", where, shorten(function.code, 120), tuple(lines), changes
    )


def _came_in(step: Step) -> Iterator[Line]:
    for name, variable, gy in zip(_names("gy", step.gys), step.function.outputs, step.gys, strict=False):
        yield Line(say("views.came_in", name=shorten(variable.name, _NAME)), _equation(name, gy))


def _went_out(step: Step) -> Iterator[Line]:
    inputs = step.function.inputs
    gy = step.gys[0] if len(step.gys) == 1 else None
    output = shorten(step.function.outputs[0].name, _NAME) if len(step.function.outputs) == 1 else ""
    local = step.local if gy is not None and output else ()
    for index, (name, gx) in enumerate(zip(_names("gx", step.gxs), step.gxs, strict=True)):
        variable = shorten(inputs[index].name, _NAME) if index < len(inputs) else "?"
        derivative = local[index] if index < len(local) else None
        label = say("views.went_out", name=variable)
        if derivative is None or gx is None or gy is None:
            yield Line(label, _equation(name, gx), warn=gx is None)
            continue
        d = f"{'∂' if len(inputs) > 1 else 'd'}"
        ratio = f"{d}{output}/{d}{variable}"
        yield Line(say("views.local"), _equation(ratio, derivative))
        due = _product(derivative, gy)
        rule = f"{ratio} × gy"
        if due is not None and _same(due, gx):
            if max(map(np.size, (derivative, gy, gx))) <= 4:
                rule += f" = {inline(derivative)} × {inline(gy)}"
                yield Line(label, f"{name} = {rule} = {inline(gx)}")
            else:
                yield Line(label, _equation(f"{name} = {rule}", gx))
        elif due is not None:
            yield Line(label, say("views.not_the_rule", is_=_equation(name, gx), due=_equation(rule, due)), warn=True)
        else:
            yield Line(label, _equation(name, gx))


def _added(addition: Addition, touched: bool) -> Line:
    name = shorten(addition.variable.name, _NAME)
    label = say("views.added", name=name)
    before, contribution, after = addition.before, addition.contribution, addition.after
    if before is None or contribution is None or after is None:
        return Line(label, _equation(f"{name}.grad", after), warn=after is None and contribution is not None)
    due = _total(before, contribution)
    small = max(map(np.size, (before, contribution, after))) <= 4
    sum_ = f"{inline(before)} + {inline(contribution)}" if small else say("views.sum")
    if due is not None and _same(due, after):
        if not touched and np.any(before):
            return Line(
                label,
                say("views.old_gradient", sum=_equation(f"{name}.grad = {sum_}", after), old=inline(before)),
                warn=True,
            )
        return Line(label, _equation(f"{name}.grad = {sum_}", after))
    overwritten = _same(contribution, after)
    if overwritten and not np.any(before):
        return Line(label, _equation(f"{name}.grad", after))
    key = "views.overwritten" if overwritten else "views.unexpected"
    blanks: dict[str, Any] = {"is_": _equation(f"{name}.grad", after), "due": _equation(sum_, due)}
    if overwritten and not touched:
        return Line(label, say("views.replaced_old", is_=blanks["is_"], old=inline(before)))
    return Line(label, say(key, **blanks), warn=True)


def _names(stem: str, gradients: Sequence[object]) -> list[str]:
    """The names that the book's ``backward`` gives them: ``gy``, or ``gy0``, ``gy1``, ..."""
    return [stem] if len(gradients) == 1 else [f"{stem}{index}" for index in range(len(gradients))]


def _equation(left: str, value: Any) -> str:
    text = block(value)
    if "\n" not in text:
        return f"{left} = {text}"
    return f"{left} =\n{text}"


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
