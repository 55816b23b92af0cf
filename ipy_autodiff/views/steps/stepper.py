"""Tell the backward pass step by step: what came in, the local derivative, what went out, what was added to what."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.limits import SHOWN_STEPS
from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import Addition, Array, FunctionNode, Recording, Step, VariableNode
from ipy_autodiff.views.steps.source_lines import Place, Source, sources_of
from ipy_autodiff.views.text.formatting import block, inline
from ipy_autodiff.views.text.gradient_timeline import same, timeline, total
from ipy_autodiff.views.text.labels import columns, shorten

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["Line", "ShownStep", "Stepper", "equation", "gradient_names", "tell", "tell_lines"]

_KEPT_AT_EACH_END = 60
_NAME = 24
_SMALL = 4
_SENTENCE = 400


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
    contributions: dict[str, str]
    """What it added to a gradient, where that is not all that stands there."""
    cell: Place | None = None
    """The line of the cell that built the node, among the stepper's sources."""
    backward: Place | None = None
    """The line of ``backward`` that ran last, among the stepper's sources."""

    @property
    def stands_out(self) -> bool:
        """Whether something about it is wrong."""
        return any(line.warn for line in self.lines)


@dataclass(frozen=True)
class Stepper:
    """All steps that are shown, the gradients before the first, and remarks about the sweep."""

    steps: tuple[ShownStep, ...]
    total: int
    """How many calls there were, shown or not."""
    start: dict[str, str]
    notes: tuple[str, ...]
    sources: tuple[Source, ...] = ()
    at: int = 0
    """The place, from 1, of the step where something is wrong first; 0 where nothing is known to be."""
    why: str = ""
    """What there is to say about that step."""

    def ran(self, step: ShownStep) -> tuple[str, str] | None:
        """Where the last line of the step's ``backward`` stands, and its text; None where that is not known.

        Of a Function that gives its rule as mathematics it is the rule.
        """
        if step.backward is None:
            return None
        index, number = step.backward
        source = self.sources[index]
        if not source.numbered:
            return source.name, source.line(number)
        place = " · ".join(filter(None, (source.name, source.file)))
        return say("steps.ran", place=place, line=say("views.line", line=number)), source.line(number)


def tell(trace: Trace, *, judged: bool = False, asking: bool = False) -> Stepper:
    """The steps of a trace in words and numbers, in the language in force.

    ``judged`` marks the steps of Functions whose backward contradicts their forward. Where the reader is ``asking``
    for questions, no step is pointed out before its time.
    """
    checked = trace.comparison.functions if judged else {}
    recording = trace.recording
    steps = recording.steps
    gradients = timeline(recording)
    notes = []
    if not steps:
        notes.append(say("views.no_steps"))
    elif recording.swept_by == "replay":
        notes.append(say(_replayed(recording), of="" if recording.of is None else recording.of.name))
    told = set(range(len(steps)))
    if len(steps) > SHOWN_STEPS:
        told = {*range(_KEPT_AT_EACH_END), *range(len(steps) - _KEPT_AT_EACH_END, len(steps))}
        notes.append(say("views.steps_left_out", shown=len(told), n=len(steps)))
    chosen = [steps[index] for index in sorted(told)]
    doubted = {function for function, check in checked.items() if check.verdict == "fail"}
    blamed = {one.function for one in trace.blame} if judged else set()
    sources, places = sources_of(recording, chosen, doubted)
    involved = {v.id for step in chosen for v in (*step.function.inputs, *step.function.outputs)}
    touched: set[str] = set()
    visited: set[FunctionNode] = set()
    unseen: dict[str, Array] = {}
    shown: list[ShownStep] = []
    raised = recording.raised
    for index, (step, change) in enumerate(zip(steps, gradients.changes, strict=True)):
        if index in told:
            wrong = step.function in doubted
            lines = [*tell_lines(step, touched, wrong, step.function in visited)]
            if wrong and step.function not in blamed:  # what is to blame is said beside the verdict
                text = say("views.contradicts", function=shorten(step.function.name, 40))
                lines.insert(0, Line(say("views.checked"), shorten(text, _SENTENCE), warn=True))
            if raised is not None and raised.function is step.function:
                lines.insert(0, _raised(raised))
                raised = None
            shown.append(_shown(step, unseen | change, lines, *places[len(shown)]))
            unseen = {}
        else:
            unseen |= {identifier: gradient for identifier, gradient in change.items() if identifier in involved}
        touched.update(addition.variable.id for addition in step.additions)
        visited.add(step.function)
    start = {identifier: inline(gradient) for identifier, gradient in gradients.start.items()}
    at = 0 if asking else _first_wrong(trace, shown, judged, {function.id for function in doubted})
    why = "" if not at else say("steps.ended-here" if recording.raised else "steps.first-wrong")
    return Stepper(tuple(shown), len(steps), start, tuple(notes), sources, at, why)


def _replayed(recording: Recording) -> str:
    """Which sentence says that the pass was run on copies."""
    if not recording.source:
        return "views.replayed_unseen"
    return "views.replayed" if recording.begun else "views.replayed_uncalled"


def _shown(
    step: Step, change: dict[str, Array], lines: Iterable[Line], cell: Place | None, backward: Place | None
) -> ShownStep:
    function = step.function
    return ShownStep(
        number=step.number,
        function=function.id,
        title=f"{shorten(function.name, 40)}.backward",
        where="" if step.line is None else say("views.line", line=step.line),
        code=shorten(function.code, 120),
        lines=tuple(lines),
        changes=(changes := {identifier: inline(gradient) for identifier, gradient in change.items()}),
        contributions={name: text for name, text in _contributions(step) if text != changes.get(name)},
        cell=cell,
        backward=backward,
    )


def _contributions(step: Step) -> Iterator[tuple[str, str]]:
    """What the step added to each Variable's gradient, which may be several things."""
    for variable in dict.fromkeys(addition.variable for addition in step.additions):
        added = [one.contribution for one in step.additions if one.variable is variable]
        yield variable.id, " + ".join(inline(one) for one in added if one is not None)


def _raised(step: Step) -> Line:
    """The call with which the cell's own backward pass ended."""
    given = "\n".join(equation(name, gy) for name, gy in zip(gradient_names("gy", step.gys), step.gys, strict=True))
    text = f"{given}\n{shorten(step.error, 200)}"
    if all(gy is None for gy in step.gys) and len(step.function.outputs) == 1:
        text += f"\n{say('steps.no-seed', name=shorten(step.function.outputs[0].name, _NAME))}"
    return Line(say("steps.in-the-cell"), text, warn=True)


def _first_wrong(trace: Trace, shown: Sequence[ShownStep], judged: bool, doubted: Collection[str]) -> int:
    """Where the first wrong number is: at a Function that is to blame, else where one is ``doubted`` or stands out."""
    accused: set[str] = set()
    if trace.recording.raised is not None:
        accused = {trace.recording.raised.function.id}
    elif judged:
        if not trace.blame and all(row.verdict != "fail" for row in trace.comparison.rows):
            return 0
        for blame in trace.blame[:1]:
            if blame.code.startswith("seed-"):
                return min(1, len(shown))
            if blame.function is not None:
                accused = {blame.function.id}
            # Another call of the same Function may come first.
            checks = trace.comparison.functions.items()
            accused |= {node.id for node, check in checks if node.name == blame.where and check.diagnoses}
    blamed = [place for place, step in enumerate(shown, 1) if step.function in accused]
    standing_out = [place for place, step in enumerate(shown, 1) if step.stands_out or step.function in doubted]
    return next(itertools.chain((place for place in blamed if place in standing_out), blamed, standing_out), 0)


def tell_lines(step: Step, touched: Iterable[str], wrong: bool = False, again: bool = False) -> tuple[Line, ...]:
    """What one step did, line by line. ``touched`` are the identifiers of the Variables that earlier steps added to.

    Of a ``wrong`` Function the local derivatives, which are its own answers, stand out. Of one that is visited
    ``again`` the shares have been counted already.
    """
    seen = set(touched)
    lines = [*_came_in(step), *_went_out(step, wrong)]
    if step.error is not None:
        lines.append(Line(say("views.raised"), shorten(step.error, 200), warn=True))
    came = gradient_names("gx", step.gxs) if len(step.gxs) == len(step.additions) else ["gx"] * len(step.additions)
    for variable in dict.fromkeys(addition.variable for addition in step.additions):
        own = [place for place, addition in enumerate(step.additions) if addition.variable is variable]
        additions, words = [step.additions[place] for place in own], [came[place] for place in own]
        lines.append(_added(variable, additions, words, variable.id in seen, again))
        seen.add(variable.id)
    return tuple(lines)


def _came_in(step: Step) -> Iterator[Line]:
    for name, variable, gy in zip(gradient_names("gy", step.gys), step.function.outputs, step.gys, strict=False):
        yield Line(say("views.came_in", name=shorten(variable.name, _NAME)), equation(name, gy))


def _went_out(step: Step, wrong: bool) -> Iterator[Line]:
    inputs = step.function.inputs
    gy = step.gys[0] if len(step.gys) == 1 else None
    local = step.local if gy is not None else ()
    for index, (name, gx) in enumerate(zip(gradient_names("gx", step.gxs), step.gxs, strict=True)):
        label = say("views.went_out", name=shorten(inputs[index].name, _NAME) if index < len(inputs) else "?")
        derivative = local[index] if index < len(local) else None
        if derivative is None or gx is None or gy is None:
            missing = gx is None and index < len(inputs) and _is_float(inputs[index])
            yield Line(label, equation(name, gx), warn=missing)
            continue
        ratio = _ratio(step.function, index)
        due = _product(derivative, gy)
        rule = f"{ratio} × gy"
        yield Line(say("views.local"), equation(ratio, derivative), warn=wrong and due is not None and same(due, gx))
        if due is None:
            yield Line(label, equation(name, gx))
        elif not same(due, gx):
            remark = equation(f"{say('views.not_the_rule')} {rule}", due)
            yield Line(label, f"{equation(name, gx)}\n{remark}", warn=True)
        elif max(map(np.size, (derivative, gy, gx))) <= _SMALL:
            yield Line(label, f"{name} = {rule} = {inline(derivative)} × {inline(gy)} = {inline(gx)}")
        else:
            yield Line(label, equation(f"{name} = {rule}", gx))


def _ratio(function: FunctionNode, index: int) -> str:
    """The local derivative as a ratio, such as ``dy/dx``.

    What has no name of its own is called after the Function, lest it be taken for a Variable of that name.
    """
    inputs, outputs = function.inputs, function.outputs
    alone = len(inputs) == 1
    d = "d" if alone else "∂"
    output = shorten(outputs[0].name, _NAME) if len(outputs) == 1 and outputs[0].named else None
    known = index < len(inputs) and inputs[index].named and inputs.count(inputs[index]) == 1
    below = shorten(inputs[index].name, _NAME) if known else "(input)" if alone else f"(input {index})"
    return f"{d}{output or f'({shorten(function.name, _NAME)})'}/{d}{below}"


def _is_float(variable: VariableNode) -> bool:
    return variable.dtype is not None and variable.dtype.kind == "f"


def _added(
    variable: VariableNode, additions: Sequence[Addition], came: Sequence[str], touched: bool, again: bool
) -> Line:
    """What one call did to one Variable's gradient; it may have gone in several times."""
    name = shorten(variable.name, _NAME)
    grad = f"{name}.grad" if variable.named else "grad"
    kept, added = say("views.kept", name=name), say("views.added", name=name)
    before, after = additions[0].before, additions[-1].after
    shares = [(word, one.contribution) for word, one in zip(came, additions, strict=True)]
    parts = [(word, share) for word, share in shares if share is not None]
    if not parts or after is None:
        return Line(kept, equation(grad, after), warn=bool(parts))
    small = np.size(after) <= _SMALL
    fresh = total(share for _, share in parts)
    words = [inline(share) if small else word for word, share in parts]
    if before is None or (same(fresh, after) and not np.any(before)):
        if len(parts) == 1:
            alike = not small and same(fresh, after)
            return Line(kept, f"{grad} = {words[0]}" if alike else equation(grad, after))
        before, old = None, ""
    else:
        old = inline(before) if np.size(before) <= _SMALL else say("views.before")
        words.insert(0, old)
    sum_ = " + ".join(words)
    due = fresh if before is None else total((before, fresh))
    mended = due is None or np.shape(due) != np.shape(after)  # by an engine that sees to shapes by itself
    if mended or (again and same(fresh, after)):
        return Line(kept, equation(grad, after))
    if same(due, after):
        line = equation(f"{grad} = {sum_}", after)
        if again:
            return Line(added, f"{line}\n{say('steps.again')}", warn=True)
        if before is None or touched or not np.any(before):
            return Line(added, line)
        return Line(added, f"{line}\n{say('views.old_gradient', old=old)}", warn=True)
    result = equation(grad, after)
    if before is not None and same(fresh, after) and not touched:
        return Line(kept, f"{result}\n{say('views.replaced_old', old=old)}")
    replaced = same(fresh, after) or same(parts[-1][1], after)
    remark = say("views.overwritten" if replaced else "views.unexpected")
    return Line(added, f"{result}\n{equation(f'{remark} {sum_}', due)}", warn=True)


def gradient_names(stem: str, gradients: Sequence[object]) -> list[str]:
    """The names that the book's ``backward`` gives them: ``gy``, or ``gy0``, ``gy1``, ..."""
    return [stem] if len(gradients) == 1 else [f"{stem}{index}" for index in range(len(gradients))]


def equation(left: str, value: Any) -> str:
    """``left = value``, the lines of an array below each other."""
    indent = "\n" + " " * (columns(left) + 3)
    return f"{left} = {block(value).replace(chr(10), indent)}"


def _product(a: Any, b: Any) -> Any:
    try:
        with np.errstate(all="ignore"):
            return np.multiply(a, b)
    except (TypeError, ValueError):
        return None
