"""Ask for each gradient before it is shown, and say what is behind a wrong answer.

The truth that answers are compared with is the numerical one of the Function's own ``forward``, for the gradient that
came in; where the student's ``backward`` gives another, that is shown once the question is answered. The answers stand
in the page, where whoever reads its source finds them: the questions are for practice, not for marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.designs.reading import array_of, is_function
from ipy_autodiff.gradcheck.measure.program import OverBudget, Program
from ipy_autodiff.gradcheck.tolerances import BUDGET
from ipy_autodiff.limits import SHOWN_STEPS
from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import Array, Step, VariableNode
from ipy_autodiff.tracing.replay import ReplayError
from ipy_autodiff.views.quiz.misconceptions import Elements, Guess, Situation, of_a_gradient, of_a_sum
from ipy_autodiff.views.quiz.true_gradients import (
    VISIBLE,
    Asked,
    can_be_answered,
    in_float64,
    places_of,
    situation_of,
    truth_of,
)
from ipy_autodiff.views.steps.stepper import equation, gradient_names
from ipy_autodiff.views.text.formatting import number
from ipy_autodiff.views.text.labels import shorten

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["questions"]

_MOST_STEPS = 40
_MOST_INPUTS = 4
_NAME = 24


def questions(trace: Trace) -> dict[str, Any]:
    """What the front end asks before each step, with the answers, the hints and the misconceptions that it knows.

    Under ``"steps"`` the questions of each step, by its number. A step has none where the Function cannot be run
    again, draws random numbers, or works on more numbers than can be shown.
    """
    recording = trace.recording
    hints = _Hints()
    asked: dict[str, list[dict[str, Any]]] = {}
    if 0 < len(recording.steps) <= SHOWN_STEPS and all(is_function(step.function.object) for step in recording.steps):
        program = Program(recording, BUDGET)
        with program.running():
            visited = set(program.random)
            for step in recording.steps[:_MOST_STEPS]:
                if step.function in program.functions and step.function not in visited:
                    visited.add(step.function)
                    found = list(_of_step(program, step, hints))
                    if found:
                        asked[str(step.number)] = found
    return {"steps": asked, "hints": hints.texts, "says": {key: say(f"quiz.{key}") for key in _SAYS}}


_SAYS = (
    "answer",
    "begin",
    "count",
    "done",
    "earlier",
    "example",
    "examples",
    "go-on",
    "hint",
    "intro",
    "label",
    "no",
    "number",
    "open",
    "right",
    "score",
    "show",
    "shown",
)


@dataclass
class _Hints:
    """Sentences that questions refer to by their place, each once."""

    texts: list[str] = field(default_factory=list)

    def place(self, *sentences: str) -> int:
        text = " ".join(sentences)
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text)


def _of_step(program: Program, step: Step, hints: _Hints) -> Iterator[dict[str, Any]]:
    function = step.function
    xs = [array_of(node.data) for node in function.inputs]
    gys = [array_of(gy) for gy in step.gys]
    numbers = [array for array in (*xs, *gys) if array is not None]
    if len(numbers) != len(xs) + len(gys) or len(gys) != len(function.outputs) or step.error is not None:
        return
    if function.convention[1] and len(set(function.inputs)) < len(function.inputs):  # one Variable, not two arrays
        return
    if len(xs) > _MOST_INPUTS or any(array.dtype.kind not in "biuf" for array in numbers):
        return
    truths: dict[VariableNode, list[tuple[Asked, Elements]]] = {}
    exact = tuple(in_float64(x) for x in xs if x is not None)
    for place, node in enumerate(function.inputs):
        if exact[place].dtype.kind != "f" or not exact[place].size or _is_constant(node):
            continue
        got = array_of(step.gxs[place]) if place < len(step.gxs) else None
        asked = Asked(
            step, place, exact, tuple(in_float64(gy) for gy in gys if gy is not None), places_of(exact, place, got)
        )
        try:
            truth = truth_of(program, asked, got)
            if truth is None or not can_be_answered(program, asked):
                continue
            situation = situation_of(program, asked, truth)
        except (ReplayError, OverBudget, ValueError, TypeError):
            continue
        truths.setdefault(node, []).append((asked, truth))
        yield _question(asked, truth, got, situation, hints)
    for node, shares in truths.items():
        if len(shares) == function.inputs.count(node):
            yield from _sum_question(step, shares, hints)


def _is_constant(node: VariableNode) -> bool:
    """Whether it is a number that stood in an expression and became a Variable as well."""
    return node.role == "leaf" and not node.named and node.shape == ()


def _question(asked: Asked, truth: Elements, got: Array | None, situation: Situation, hints: _Hints) -> dict[str, Any]:
    function = asked.function
    name = shorten(asked.variable.name, _NAME)
    blanks = {"function": shorten(function.name, _NAME), "input": name, "variable": name}
    blanks["inputs"] = ", ".join(shorten(node.name, _NAME) for node in function.inputs)
    output = shorten(function.outputs[0].name, _NAME)
    own = situation.gy is not None
    twice = function.inputs.count(asked.variable) > 1
    key = "out-of-several" if twice else "out"
    steps = [hints.place(say("quiz.rule", output=output, **blanks) if own else say("quiz.shares", **blanks))]
    if own:
        local = _spelled(situation.plain)
        steps.append(hints.place(say("quiz.local", value=local, **blanks)))
    gx = gradient_names("gx", asked.step.gxs)[asked.place] if asked.place < len(asked.step.gxs) else "gx"
    return {
        "ask": say(f"quiz.{key}", name=f"{name}{asked.element}", n=asked.place),
        "given": _given(asked),
        "names": _names(asked, situation),
        "answer": f"{gx}{asked.element} = {_spelled(truth)}",
        "known": _known(of_a_gradient(situation), hints, blanks | {"output": output}),
        "hints": steps,
        "wrong": _otherwise(asked, truth, got, blanks["function"]),
        **_numbers(truth, max(float(np.abs(gy).max(initial=0.0)) for gy in asked.gys)),
    }


def _sum_question(step: Step, shares: Sequence[tuple[Asked, Elements]], hints: _Hints) -> Iterator[dict[str, Any]]:
    """What becomes of a gradient to which more than one share is added."""
    asked = shares[0][0]
    node = asked.variable
    additions = [addition for addition in step.additions if addition.variable is node]
    if not additions or any(one.flats != asked.flats for one, _ in shares):
        return
    before = array_of(additions[0].before)
    parts = [share for _, share in shares]
    if before is not None and before.shape == asked.x.shape and before.dtype.kind in "biuf" and before.size <= VISIBLE:
        parts.insert(0, asked.take(before))
    if len(parts) < 2:
        return
    name = shorten(node.name, _NAME)
    grad = f"{name}.grad"
    truth = np.sum(parts, axis=0)
    after = array_of(additions[-1].after)
    blanks = {"variable": name, "function": shorten(step.function.name, _NAME)}
    wrong = ""
    if after is not None and after.shape == asked.x.shape and not np.allclose(asked.take(after), truth, rtol=1e-6):
        wrong = say("quiz.engine-differs", name=grad, value=_spelled(asked.take(after)))
    given = []
    if len(parts) > len(shares):
        given.append(_line(say("quiz.so-far"), f"{grad}{asked.element} = {_spelled(parts[0])}"))
    given += [_line(say("quiz.share"), f"gx{asked.element} = {_spelled(share)}") for _, share in shares]
    yield {
        "ask": say("quiz.after", name=f"{grad}{asked.element}"),
        "given": given,
        "names": {},
        "answer": f"{grad}{asked.element} = {_spelled(truth)}",
        "known": _known(of_a_sum(parts[0], np.sum(parts[1:], axis=0)), hints, blanks),
        "hints": [hints.place(say("blame.overwritten-hint", **blanks))],
        "wrong": wrong,
        **_numbers(truth, float(np.abs(parts).max(initial=0.0))),
    }


def _line(label: str, text: str) -> dict[str, str]:
    return {"label": label, "text": text}


def _given(asked: Asked) -> list[dict[str, str]]:
    """What the answer can be computed from: what came in, the inputs, the output."""
    function = asked.function
    visible = all(np.size(array) <= VISIBLE for array in (*asked.xs, *asked.gys))

    def line(label: str, name: str, array: Any) -> dict[str, str]:
        if visible or np.shape(array) != asked.x.shape:
            return _line(label, equation(name, np.asarray(array)))
        return _line(label, equation(f"{name}{asked.element}", asked.take(array)[0]))

    lines = []
    for name, node, gy in zip(gradient_names("gy", asked.gys), function.outputs, asked.gys, strict=True):
        lines.append(line(say("views.came_in", name=shorten(node.name, _NAME)), name, gy))
    inputs = dict(zip(function.inputs, asked.xs, strict=True))
    lines += [line(say("quiz.input"), shorten(node.name, _NAME), x) for node, x in inputs.items()]
    for node in function.outputs:
        y = array_of(node.data)
        if y is not None and y.size <= VISIBLE:
            lines.append(line(say("quiz.output"), shorten(node.name, _NAME), y))
    return lines


def _names(asked: Asked, situation: Situation) -> dict[str, float]:
    """Names that may stand in an answer such as ``2*x*gy``."""
    if situation.gy is None or len(asked.flats) != 1:
        return {}
    named = [(node.name, x) for node, x in zip(asked.function.inputs, asked.xs, strict=True)]
    named.append((asked.function.outputs[0].name, array_of(asked.function.outputs[0].data)))
    values = {"gy": float(situation.gy[0])}
    for name, array in named:
        if name.isidentifier() and len(name) <= _NAME and array is not None and np.shape(array) == asked.x.shape:
            values[name] = float(asked.take(array)[0])
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _otherwise(asked: Asked, truth: Elements, got: Array | None, function: str) -> str:
    """That the ``backward`` that ran gave something else, where it did."""
    if got is None or got.shape != asked.x.shape or got.dtype.kind not in "biuf":
        return say("quiz.gives-none", function=function)
    recorded = asked.take(got)
    if np.array_equal(recorded, truth):
        return ""
    return say("quiz.differs", function=function, value=_spelled(recorded))


def _known(guesses: Sequence[Guess], hints: _Hints, blanks: dict[str, str]) -> list[dict[str, Any]]:
    """Each misconception's numbers, and the place of what is to be said about it."""
    known = []
    for guess in guesses:
        filled = {"operand": "", "factor": "", "output": "", "input": "", **blanks, **guess.blanks}
        hint = say(f"{'quiz' if guess.code in _OWN_HINTS else 'blame'}.{guess.code}-hint", **filled)
        place = hints.place(say(f"quiz.is-{guess.code}", **filled), hint)
        known.append({"numbers": _rounded(guess.numbers), "hint": place})
    return known


_OWN_HINTS = ("input-extra", "input-value", "multiplied", "value")


def _numbers(truth: Elements, scale: float) -> dict[str, Any]:
    return {"truth": _rounded(truth), "tiny": float(f"{1e-9 * scale:.3g}")}


def _rounded(numbers: Elements) -> list[float]:
    return [float(f"{value:.12g}") for value in numbers.tolist()]


def _spelled(elements: Elements) -> str:
    """As an answer may be typed: one number, or several in brackets."""
    texts = [number(float(value), 6) for value in elements]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
