"""Ask for each gradient before it is shown, and say what is behind a wrong answer.

The truth that answers are compared with is the numerical one of the Function's own ``forward``, for the gradient that
came in; where the student's ``backward`` gives another, that is said once the question is answered. The answers stand
in the page, where whoever reads its source finds them: the questions are for practice, not for marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.gradcheck.comparison import BUDGET
from ipy_autodiff.gradcheck.derivative import derivative
from ipy_autodiff.gradcheck.program import OverBudget, Program
from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import Array, FunctionNode, Step, VariableNode
from ipy_autodiff.tracing.reading import array_of, is_function
from ipy_autodiff.tracing.replay import ReplayError
from ipy_autodiff.views.labels import shorten
from ipy_autodiff.views.misconceptions import Elements, Guess, Operand, Situation, of_a_gradient, of_a_sum
from ipy_autodiff.views.numbers import number
from ipy_autodiff.views.stepper import MOST_STEPS, equation, gradient_names

if TYPE_CHECKING:
    from ipy_autodiff.views.trace import Trace

__all__ = ["questions"]

_MOST_STEPS = 60
_WHOLE = 4
"""Gradients of up to so many elements are asked for whole; of larger ones, one element."""
_VISIBLE = 48
"""Arrays of up to so many elements are shown in full."""
_MOST_INPUTS = 4
_NAME = 24
_SURE = 1e-4


def questions(trace: Trace) -> dict[str, Any]:
    """What the front end asks before each step, with the answers, the hints and the misconceptions that it knows.

    Under ``"steps"`` the questions of each step, by its number. A step has none where the Function cannot be run
    again, draws random numbers, or works on more numbers than can be shown.
    """
    recording = trace.recording
    hints = _Hints()
    asked: dict[str, list[dict[str, Any]]] = {}
    if 0 < len(recording.steps) <= MOST_STEPS and all(is_function(step.function.object) for step in recording.steps):
        program = Program(recording, BUDGET)
        with program.running():
            for step in recording.steps[:_MOST_STEPS]:
                if step.function in program.functions and step.function not in program.random:
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


@dataclass(frozen=True)
class _Asked:
    """Some elements of one input of a call."""

    step: Step
    place: int
    xs: tuple[Any, ...]
    gys: tuple[Array, ...]
    flats: tuple[int, ...]

    @property
    def function(self) -> FunctionNode:
        return self.step.function

    @property
    def variable(self) -> VariableNode:
        return self.function.inputs[self.place]

    @property
    def x(self) -> Array:
        return np.asarray(self.xs[self.place], dtype=np.float64)

    @property
    def whole(self) -> bool:
        """Whether all elements are asked for."""
        return len(self.flats) == self.x.size

    @property
    def element(self) -> str:
        """The index of the one element, as ``[1, 2]``; empty where all are asked for."""
        if self.whole:
            return ""
        return f"[{', '.join(str(int(i)) for i in np.unravel_index(self.flats[0], self.x.shape))}]"

    def take(self, array: Any) -> Elements:
        """The elements that are asked for, of an array of the input's shape."""
        return np.asarray(array, dtype=np.float64).ravel()[list(self.flats)]


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
    truths: dict[VariableNode, list[tuple[_Asked, Elements]]] = {}
    exact = tuple(_in_float64(x) for x in xs if x is not None)
    for place, node in enumerate(function.inputs):
        if exact[place].dtype.kind != "f" or not exact[place].size:
            continue
        got = array_of(step.gxs[place]) if place < len(step.gxs) else None
        asked = _Asked(
            step, place, exact, tuple(_in_float64(gy) for gy in gys if gy is not None), _flats(exact, place, got)
        )
        try:
            truth = _truth(program, asked, got)
            if truth is None or not _can_be_answered(program, asked):
                continue
            situation = _situation(program, asked, truth)
        except (ReplayError, OverBudget, ValueError, TypeError):
            continue
        truths.setdefault(node, []).append((asked, truth))
        yield _question(asked, truth, got, situation, hints)
    for node, shares in truths.items():
        if len(shares) == function.inputs.count(node):
            yield from _sum_question(step, shares, hints)


def _in_float64(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _flats(xs: Sequence[Array], place: int, got: Array | None) -> tuple[int, ...]:
    """Which elements to ask for: all of a few, else the one with the largest gradient, which is least likely zero."""
    x = xs[place]
    if x.size <= _WHOLE:
        return tuple(range(x.size))
    if got is None or got.shape != x.shape or got.dtype.kind not in "biuf" or not np.isfinite(got).all():
        return (0,)
    return (int(np.argmax(np.abs(got))),)


def _vjp(program: Program, asked: _Asked, gys: Sequence[Array], x: Array | None = None) -> tuple[Elements, Elements]:
    """The true gradient of the elements that are asked for, by the Function's own ``forward``; and its sigma.

    Sigma is infinite at a kink, where there is no one gradient.
    """
    base = asked.x if x is None else x
    flats = list(asked.flats)

    def f(elements: Elements) -> Array:
        program.spend(program.price(asked.function))
        moved = base.copy()
        moved.ravel()[flats] = elements
        xs = [moved if place == asked.place else _copied(other) for place, other in enumerate(asked.xs)]
        ys = program.replay.apply(asked.function, xs)
        return np.concatenate([np.ravel(y * gy) for y, gy in zip(ys, gys, strict=True)])

    with np.errstate(all="ignore"):
        found = derivative(f, base.ravel()[flats])
    return found.value, np.where(found.kink, np.inf, found.uncertainty)


def _copied(array: Any) -> Any:
    return array.copy() if isinstance(array, np.ndarray) else array


def _truth(program: Program, asked: _Asked, got: Array | None) -> Elements | None:
    """The truth to the last digit where the recorded gradient agrees with it; None where it cannot be measured."""
    value, sigma = _vjp(program, asked, asked.gys)
    scale = max((float(np.abs(gy).max(initial=0.0)) for gy in asked.gys), default=0.0)
    if not np.isfinite(value).all() or np.any(10 * sigma > _SURE * np.abs(value) + 1e-9 * scale):
        return None
    if got is not None and got.shape == asked.x.shape and got.dtype.kind in "biuf":
        recorded = asked.take(got)
        if np.all(np.abs(recorded - value) <= 10 * sigma + 1e-7 * np.abs(value)):
            return recorded
    return np.where(np.abs(value) <= 10 * sigma, 0.0, value)


def _elementwise(program: Program, asked: _Asked) -> bool:
    """Whether the elements that are asked for have an effect on their own elements of the output alone."""
    shape = asked.x.shape
    if len(asked.gys) != 1 or asked.gys[0].shape != shape:
        return False
    others = np.ones(asked.x.size)
    others[list(asked.flats)] = 0.0
    if asked.whole and asked.x.size > 1:
        uneven = np.resize([1.0, -2.0, 0.5], shape)
        return bool(np.allclose(_vjp(program, asked, [uneven])[0], uneven.ravel() * _plain(program, asked), rtol=1e-6))
    return bool(np.all(np.abs(_vjp(program, asked, [others.reshape(shape)])[0]) < 1e-9)) if others.any() else True


def _plain(program: Program, asked: _Asked) -> Elements:
    return _vjp(program, asked, [np.ones(gy.shape) for gy in asked.gys])[0]


def _can_be_answered(program: Program, asked: _Asked) -> bool:
    """Whether all that the answer needs can be shown."""
    arrays = (*asked.xs, *asked.gys)
    return all(np.size(array) <= _VISIBLE for array in arrays) or _elementwise(program, asked)


def _situation(program: Program, asked: _Asked, truth: Elements) -> Situation:
    plain, x = _plain(program, asked), asked.take(asked.x)
    y = array_of(asked.function.outputs[0].data)
    if _elementwise(program, asked) and y is not None:
        gy = asked.gys[0]
        return Situation(
            truth=truth,
            plain=plain,
            x=x,
            output=asked.take(y),
            gy=asked.take(gy),
            power=_power(program, asked, asked.place),
            others=tuple(_operands(program, asked)),
            at_output=_vjp(program, asked, asked.gys, _in_float64(y))[0],
        )
    if len(asked.gys) != 1:
        return Situation(truth, plain, x, None, None)
    (gy,) = asked.gys
    if len(asked.xs) == 2 and all(np.ndim(array) == 2 for array in (*asked.xs, gy)):
        return Situation(truth, plain, x, None, None, transposed=tuple(_transposed(asked, gy)))
    total = _summed_to(gy, asked.x.shape)
    if total is not None and np.allclose(asked.take(total), truth, rtol=1e-9):
        shares = gy.size // asked.x.size
        return Situation(truth, plain, x, None, None, lone_share=asked.take(_first(gy, asked.x.shape)), shares=shares)
    many_in = asked.x.size // gy.size if len(asked.xs) == 1 and 0 < gy.size < asked.x.size else 1
    return Situation(truth, plain, x, None, None, many_in=many_in)


def _operands(program: Program, asked: _Asked) -> Iterator[Operand]:
    for place, node in enumerate(asked.function.inputs):
        other = np.asarray(asked.xs[place], dtype=np.float64)
        if node is not asked.variable and other.shape == asked.x.shape:
            swapped = _Asked(asked.step, place, asked.xs, asked.gys, asked.flats)
            gradient = _vjp(program, swapped, asked.gys)[0]
            yield Operand(shorten(node.name, _NAME), asked.take(other), gradient, _power(program, asked, place))


def _power(program: Program, asked: _Asked, place: int) -> float | None:
    """The power of one input that the gradient for the one asked for grows with; None where it does not so."""
    base = asked.xs[place]
    if base.dtype.kind != "f":
        return None
    found = []
    plain = _plain(program, asked)
    for factor in (1.1, 1.3):
        xs = tuple(x * factor if other == place else x for other, x in enumerate(asked.xs))
        with np.errstate(all="ignore"):
            ratio = _plain(program, _Asked(asked.step, asked.place, xs, asked.gys, asked.flats)) / plain
            found += (np.log(ratio) / np.log(factor)).tolist()
    power = round(found[0] * 2) / 2 if np.isfinite(found).all() else np.nan
    return power if np.allclose(found, power, rtol=0, atol=1e-6) else None


def _summed_to(gy: Array, shape: tuple[int, ...]) -> Array | None:
    """The gradient added up along the axes along which an array of this shape was broadcast; None where it was not."""
    try:
        if shape == gy.shape or np.broadcast_shapes(shape, gy.shape) != gy.shape:
            return None
    except ValueError:
        return None
    lead = gy.ndim - len(shape)
    axes = (*range(lead), *(lead + axis for axis, n in enumerate(shape) if n == 1))
    return np.asarray(gy.sum(axis=axes)).reshape(shape)


def _first(gy: Array, shape: tuple[int, ...]) -> Array:
    """The first of the elements that ``_summed_to`` adds up, for each."""
    lead = gy.ndim - len(shape)
    return np.asarray(gy[(0,) * lead][tuple(slice(0, n) for n in shape)])


def _transposed(asked: _Asked, gy: Array) -> Iterator[Elements]:
    other = np.asarray(asked.xs[1 - asked.place], dtype=np.float64)
    for a, b in ((m, v) for m in (other, other.T) for v in (gy, gy.T)):
        for left, right in ((a, b), (b, a)):
            if left.shape[1] == right.shape[0] and (left.shape[0], right.shape[1]) == asked.x.shape:
                yield asked.take(left @ right)


def _question(asked: _Asked, truth: Elements, got: Array | None, situation: Situation, hints: _Hints) -> dict[str, Any]:
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


def _sum_question(step: Step, shares: Sequence[tuple[_Asked, Elements]], hints: _Hints) -> Iterator[dict[str, Any]]:
    """What becomes of a gradient to which more than one share is added."""
    asked = shares[0][0]
    node = asked.variable
    additions = [addition for addition in step.additions if addition.variable is node]
    if not additions or any(one.flats != asked.flats for one, _ in shares):
        return
    before = array_of(additions[0].before)
    parts = [share for _, share in shares]
    if before is not None and before.shape == asked.x.shape and before.dtype.kind in "biuf" and before.size <= _VISIBLE:
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
    given = [[say("quiz.so-far"), f"{grad}{asked.element} = {_spelled(parts[0])}"]] if len(parts) > len(shares) else []
    given += [[say("quiz.share"), f"gx{asked.element} = {_spelled(share)}"] for _, share in shares]
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


def _given(asked: _Asked) -> list[list[str]]:
    """What the answer can be computed from: what came in, the inputs, the output."""
    function = asked.function
    visible = all(np.size(array) <= _VISIBLE for array in (*asked.xs, *asked.gys))

    def line(label: str, name: str, array: Any) -> list[str]:
        if visible or np.shape(array) != asked.x.shape:
            return [label, equation(name, np.asarray(array))]
        return [label, equation(f"{name}{asked.element}", asked.take(array)[0])]

    lines = []
    for name, node, gy in zip(gradient_names("gy", asked.gys), function.outputs, asked.gys, strict=True):
        lines.append(line(say("views.came_in", name=shorten(node.name, _NAME)), name, gy))
    inputs = dict(zip(function.inputs, asked.xs, strict=True))
    lines += [line(say("quiz.input"), shorten(node.name, _NAME), x) for node, x in inputs.items()]
    for node in function.outputs:
        y = array_of(node.data)
        if y is not None and y.size <= _VISIBLE:
            lines.append(line(say("quiz.output"), shorten(node.name, _NAME), y))
    return lines


def _names(asked: _Asked, situation: Situation) -> dict[str, float]:
    """Names that may stand in an answer such as ``2*x*gy``."""
    if situation.gy is None or len(asked.flats) != 1:
        return {}
    named = [(node.name, x) for node, x in zip(asked.function.inputs, asked.xs, strict=True)]
    named.append((asked.function.outputs[0].name, array_of(asked.function.outputs[0].data)))
    values = {"gy": float(situation.gy[0])}
    for name, array in named:
        if name.isidentifier() and array is not None and np.shape(array) == asked.x.shape:
            values[name] = float(asked.take(array)[0])
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _otherwise(asked: _Asked, truth: Elements, got: Array | None, function: str) -> str:
    """That the ``backward`` that ran gave something else, where it did."""
    if got is None or got.shape != asked.x.shape or got.dtype.kind not in "biuf":
        return say("quiz.gives-none", function=function)
    recorded = asked.take(got)
    if np.array_equal(recorded, truth):
        return ""
    return say("quiz.differs", function=function, value=_spelled(recorded))


def _known(guesses: Sequence[Guess], hints: _Hints, blanks: dict[str, str]) -> list[list[Any]]:
    """Each misconception's numbers, and the place of what is to be said about it."""
    known = []
    for guess in guesses:
        filled = {"operand": "", "factor": "", "output": "", "input": "", **blanks, **guess.blanks}
        hint = say(f"{'quiz' if guess.code in _OWN_HINTS else 'blame'}.{guess.code}-hint", **filled)
        known.append([_rounded(guess.numbers), hints.place(say(f"quiz.is-{guess.code}", **filled), hint)])
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
