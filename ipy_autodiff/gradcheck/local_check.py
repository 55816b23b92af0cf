"""Check each Function by itself: its own ``backward`` against its own ``forward``, on the numbers of the run.

``backward`` must be the vector-Jacobian product of ``forward`` for gradients of any sign, linear in them, of the right
count and shapes; neither may write into what it is given; and both must give the same when asked again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ipy_autodiff.gradcheck.array_check import ArrayCheck, axis, check_array
from ipy_autodiff.gradcheck.derivative import FAIL, INCONCLUSIVE, PASS, differentiate, direction, surely, walk
from ipy_autodiff.gradcheck.ladder import Array, Floats, Path
from ipy_autodiff.gradcheck.program import Program, in_float64
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.graph import FunctionNode, VariableNode
from ipy_autodiff.tracing.reading import array_of, backward_method
from ipy_autodiff.tracing.replay import Replay, ReplayError

__all__ = ["LocalCheck", "Probe", "Symptom", "check_functions", "copies", "probe"]

_SHARE = 0.25
"""The part of the budget that the Functions may take."""
_SINGLE = 16
_EVALUATIONS = 15


@dataclass(frozen=True)
class Symptom:
    """Something that is wrong with a Function: a stable code, and the input and the element that it concerns."""

    code: str
    input: int | None = None
    detail: str = ""
    element: tuple[int, ...] | None = None


@dataclass(eq=False)
class Probe:
    """One call of a Function, run again: what went in and came out forward, and backward for random gradients."""

    function: FunctionNode
    xs: list[Any]
    ys: tuple[Array, ...] = ()
    gys: tuple[Floats, ...] = ()
    gxs: tuple[Any, ...] = ()
    """What ``backward`` returned, item by item."""


@dataclass(eq=False)
class LocalCheck:
    """What is known of one Function. ``verdict`` is inconclusive where it could not be checked."""

    probe: Probe
    verdict: Literal["pass", "fail", "inconclusive"] = "inconclusive"
    symptoms: list[Symptom] = field(default_factory=list)
    """What is wrong, the most telling first."""

    @property
    def function(self) -> FunctionNode:
        """The node that was checked."""
        return self.probe.function

    @property
    def wrong(self) -> bool:
        """Whether something is wrong for sure."""
        return self.verdict == "fail"


def check_functions(program: Program) -> tuple[dict[FunctionNode, LocalCheck], list[Message]]:
    """Check the program's Functions, each class at least once; and what there is to say about those left out."""
    chosen = _affordable(program)
    checks = {function: _observed(program, function) for function in chosen}
    _compare_values(program, [check for check in checks.values() if check.probe.gxs and not _settled(check)])
    if len(chosen) == len(program.functions):
        return checks, []
    blanks = {"checked": f"{len(chosen):,}", "all": f"{len(program.functions):,}"}
    return checks, [Message("check.sampled", **blanks)]


def probe(program: Program, function: FunctionNode, xs: Sequence[Any], seed: int = 0) -> Probe:
    """Run a Function forward and backward at ``xs``, with random gradients of both signs.

    Raises ``ReplayError`` with what the student's code raised.
    """
    found = Probe(function, list(xs))
    program.start_over()
    found.ys = program.replay.apply(function, copies(found.xs))
    rng = np.random.default_rng(seed)
    found.gys = tuple(np.copysign(rng.uniform(0.5, 1.5, y.shape), rng.uniform(-1, 1, y.shape)) for y in found.ys)
    found.gys = tuple(map(np.asarray, found.gys))
    program.start_over()
    found.gxs = program.replay.vjp(function, copies(found.xs), copies(found.gys))
    return found


def value_along(program: Program, found: Probe, node: VariableNode) -> Callable[[Floats], Array]:
    """The Function's outputs, times their gradients, as a function of one of its Variables."""
    program_price = program.price(found.function)

    def value(x: Floats) -> Array:
        program.spend(program_price)
        program.start_over()
        xs = [x if other is node else held for other, held in zip(found.function.inputs, found.xs, strict=True)]
        ys = program.replay.apply(found.function, copies(xs))
        if len(ys) == 1:
            return np.asarray(ys[0] * found.gys[0])
        return np.concatenate([(y * gy).ravel() for y, gy in zip(ys, found.gys, strict=True)])

    return value


def _affordable(program: Program) -> list[FunctionNode]:
    prices = {f: _EVALUATIONS * (len(set(f.inputs)) + 1) * program.price(f) for f in program.functions}
    left = _SHARE * program.budget
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


def _settled(check: LocalCheck) -> bool:
    return any(symptom.code in _STRUCTURAL for symptom in check.symptoms)


_MENDED_BY_ENGINES = {"gradient-shape"}
"""What some engines put right themselves, or what does no harm where no gradient fails."""
_STRUCTURAL = {"forward-in-place", "gradient-not-real", "backward-returns-nothing", "gradient-count", "backward-raises"}


def _observed(program: Program, function: FunctionNode) -> LocalCheck:
    """All that can be seen without differentiating."""
    xs = [in_float64(node.data) for node in function.inputs]
    check = LocalCheck(Probe(function, xs))
    if any(array_of(x) is None for x in xs):
        return check
    try:
        _observe_forward(program, check)
        if backward_method(function.object) is None:
            return check
        check.probe = probe(program, function, xs)
    except ReplayError as error:
        if check.probe.ys:
            _fail(check, "backward-raises", detail=f"{type(error.cause).__name__}: {error.cause}")
        return check
    _observe_answer(check)
    if not _settled(check):
        _observe_backward(program, check)
    return check


def _fail(
    check: LocalCheck, code: str, place: int | None = None, detail: str = "", index: tuple[int, ...] | None = None
) -> None:
    check.symptoms.append(Symptom(code, place, detail, index))
    if code not in _MENDED_BY_ENGINES:
        check.verdict = "fail"


def _observe_forward(program: Program, check: LocalCheck) -> None:
    function, xs = check.function, check.probe.xs
    handed = copies(xs)
    check.probe.ys = ys = program.replay.apply(function, handed)
    changed = [place for place, (x, now) in enumerate(zip(xs, handed, strict=True)) if not _same(x, now, 0.0)]
    if changed:
        _fail(check, "forward-in-place", changed[0])
        return
    recorded = [array_of(node.data) for node in function.outputs]
    if len(ys) != len(recorded):  # an output that nothing held is gone, and which one is not known
        return
    differs = any(not _same(y, saved, _tolerance(saved)) for y, saved in zip(ys, recorded, strict=True))
    if differs and not program.drawn_by(lambda: program.replay.apply(function, copies(xs))):
        _fail(check, "output-not-forward")


def _observe_answer(check: LocalCheck) -> None:
    """The count, kind and shape of what ``backward`` returned."""
    function, xs, gxs = check.function, check.probe.xs, check.probe.gxs
    if all(gx is None for gx in gxs):
        _fail(check, "backward-returns-nothing")
        return
    if len(gxs) != len(xs):
        _fail(check, "gradient-count", detail=f"{len(gxs)}")
        return
    for place, (x, gx) in enumerate(zip(xs, gxs, strict=True)):
        gradient = array_of(gx)
        if gx is None:
            continue
        if gradient is None or gradient.dtype.kind not in "fiub":
            kind = type(gx).__name__ if gradient is None else str(gradient.dtype)
            _fail(check, "gradient-not-real", place, detail=kind)
        elif gradient.shape != np.shape(x) and not gradient.size == np.size(x) == 1:
            _fail(check, "gradient-shape", place)
        elif gradient.dtype.kind == "f" and gradient.dtype.itemsize < 8 and _all_long(function):
            _fail(check, "float32-cast", place)


def _observe_backward(program: Program, check: LocalCheck) -> None:
    """Whether ``backward`` is linear, leaves its arguments alone, and answers the same when asked again."""
    found, function = check.probe, check.function
    replay = program.replay
    try:
        program.start_over()
        first = _answer(replay.vjp(function, copies(found.xs), copies(found.gys)))
        handed = copies(found.gys)
        second = _answer(replay.answer(function, handed))
        if not all(_same(gy, now, 0.0) for gy, now in zip(found.gys, handed, strict=True)):
            _fail(check, "backward-in-place")
            return
        if not _alike(first, second):
            _fail(check, "mask-drawn-again" if program.drawn_by(_call(replay, found)) else "backward-changes-state")
            return
        twice = _answer(replay.answer(function, [-2.0 * gy for gy in found.gys]))
        if not _alike([None if gx is None else -2.0 * gx for gx in first], twice):
            _fail(check, "not-linear", detail=_kind_of_nonlinearity(first, twice))
        _disturb(function, found.xs)
        if not _alike(first, _answer(replay.answer(function, copies(found.gys)))):
            _fail(check, "kept-on-class")
        if any(np.asarray(x).dtype.kind in "iu" for x in found.xs):
            program.start_over()
            floats = [x.astype(np.float64) if isinstance(x, np.ndarray) else x for x in found.xs]
            if not _alike(first, _answer(replay.vjp(function, floats, copies(found.gys)))):
                _fail(check, "integer-buffer")
    except ReplayError:  # asked more often than the engine ever does
        return


def _kind_of_nonlinearity(answer: Sequence[Array | None], to_minus_two: Sequence[Array | None]) -> str:
    if _alike([None if gx is None else 2.0 * gx for gx in answer], to_minus_two):
        return "gy-sign-lost"
    masked = any(
        gx is not None and np.any((gx == 0) != (other == 0)) for gx, other in zip(answer, to_minus_two, strict=False)
    )
    return "masked-by-gy" if masked else "not-linear"


def _call(replay: Replay, found: Probe) -> Callable[[], object]:
    return lambda: replay.answer(found.function, copies(found.gys))


def _disturb(function: FunctionNode, xs: Sequence[Any]) -> None:
    """Call ``forward`` of another object of the class with other data, as a later call in the cell would."""
    other = copy.copy(function.object)
    for name, value in getattr(other, "__dict__", {}).items():
        if isinstance(value, list | dict | set | np.ndarray):
            setattr(other, name, copy.copy(value))
    manner, as_variables = function.convention
    constants = [argument for argument in function.arguments if not isinstance(argument, VariableNode)]
    if as_variables or constants:
        return
    moved = [x * 0.75 + 0.1 if np.asarray(x).dtype.kind == "f" else x for x in xs]
    try:
        other.forward(moved) if manner == "list" else other.forward(*moved)
    except Exception:  # outside its domain; the student's own code
        return


def _compare_values(program: Program, checks: Sequence[LocalCheck]) -> None:
    """``backward`` against ``forward`` along one path for each input, all at once; then one by one what is in doubt."""
    paths: list[Path] = []
    slopes: list[float] = []
    sizes: list[float] = []
    inputs: list[tuple[LocalCheck, VariableNode, Floats, Floats]] = []
    for check in checks:
        for node, x, gradient in _inputs(check):
            f = value_along(program, check.probe, node)
            try:
                start = f(x.copy())
            except ReplayError:  # integers that it indexes with
                continue
            if x.size == 1:
                path, slope = axis(f, x, start, 0), float(gradient.item())
                size = abs(slope)
            else:
                v = direction(x, np.random.default_rng(len(paths)), gradient)
                path, slope = walk(f, x, v, start), float(np.vdot(gradient, v))
                size = float(np.linalg.norm((gradient * v).ravel()))
            paths.append(path)
            slopes.append(slope)
            sizes.append(size)
            inputs.append((check, node, x, gradient))
        if check.verdict == "inconclusive":
            check.verdict = "pass"
    doubtful = np.flatnonzero(~surely(paths, slopes, sizes)).tolist()
    if not doubtful:
        return
    expected = [slopes[i] for i in doubtful]
    verdicts = differentiate([paths[i] for i in doubtful], expected).judge(expected)
    for verdict, (check, node, x, gradient) in zip(verdicts.tolist(), [inputs[i] for i in doubtful], strict=True):
        if verdict == PASS:
            continue
        f = value_along(program, check.probe, node)
        one = check_array(f, x, gradient, single=x.size <= _SINGLE)
        if one.verdict == FAIL and not _is_round_off(program, check, node, x, gradient, one):
            _fail(check, "wrong-value", check.function.inputs.index(node), index=one.wrong[0] if one.wrong else None)
        elif one.verdict == INCONCLUSIVE and check.verdict == "pass":
            check.verdict = "inconclusive"


def _inputs(check: LocalCheck) -> Iterator[tuple[VariableNode, Floats, Floats]]:
    """Each Variable that can be differentiated, once: its data, and all that ``backward`` returned for it."""
    found = check.probe
    shaped = {symptom.input for symptom in check.symptoms if symptom.code == "gradient-shape"}
    for node in dict.fromkeys(check.function.inputs):
        places = [place for place, other in enumerate(check.function.inputs) if other is node]
        x = np.asarray(found.xs[places[0]])
        if x.dtype.kind not in "fiu" or x.size == 0 or shaped.intersection(places):
            continue
        gradients = [array_of(found.gxs[place]) for place in places]
        if all(gradient is None for gradient in gradients) and x.dtype.kind != "f":
            continue
        if any(gradient is not None and gradient.dtype.kind not in "fiub" for gradient in gradients):
            continue
        total = np.zeros(x.shape)
        for gradient in gradients:
            if gradient is not None:
                total = total + gradient.astype(np.float64).reshape(x.shape)
        yield node, x.astype(np.float64), total


def _is_round_off(
    program: Program, check: LocalCheck, node: VariableNode, x: Floats, gradient: Floats, one: ArrayCheck
) -> bool:
    """Whether so small a difference is explained by how the answer scatters when the data moves in its last bits."""
    off = np.nanmax(np.abs(one.value - gradient), initial=0.0)
    if off > 1e-4 * np.abs(gradient).max(initial=0.0):
        return False
    place = check.function.inputs.index(node)
    answers: list[Array] = []
    for bits in (-3, -1, 1, 3, 5):
        xs = [x * (1 + bits * 2.0**-52) if other is node else held for other, held in
              zip(check.function.inputs, check.probe.xs, strict=True)]  # fmt: skip
        program.start_over()
        try:
            answer = array_of(program.replay.vjp(check.function, xs, copies(check.probe.gys))[place])
        except ReplayError:
            return False
        if answer is not None:
            answers.append(answer)
    return bool(off <= 10 * np.std(answers, axis=0).max(initial=0.0))


def copies(arrays: Sequence[Any]) -> list[Any]:
    """The same, the arrays among them copied: students' methods write into what they are given."""
    return [array.copy() if isinstance(array, np.ndarray) else array for array in arrays]


def _answer(gxs: Sequence[Any]) -> list[Array | None]:
    return [None if array is None else np.array(array) for array in map(array_of, gxs)]


def _alike(first: Sequence[Array | None], second: Sequence[Array | None]) -> bool:
    return len(first) == len(second) and all(
        (a is None and b is None) or (a is not None and _same(a, b, 1e-9 if a.dtype.itemsize == 8 else 1e-5))
        for a, b in zip(first, second, strict=True)
    )


def _same(first: Any, second: Any, tolerance: float) -> bool:
    if second is None or np.shape(first) != np.shape(second):
        return False
    a, b = np.asarray(first), np.asarray(second)
    if a.dtype.kind in "fiub" and (a == b).all():
        return True
    if tolerance == 0 or a.dtype.kind not in "fc":
        return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    largest = float(np.nanmax(np.abs(a), initial=0.0, where=np.isfinite(a)))
    return np.allclose(a, b, rtol=tolerance, atol=tolerance * largest, equal_nan=True)


def _tolerance(saved: Any) -> float:
    return 1e-9 if np.asarray(saved).dtype.itemsize == 8 else 1e-2


def _all_long(function: FunctionNode) -> bool:
    """Whether nothing that goes in is in less than float64."""
    given = [in_float64(item.data) if isinstance(item, VariableNode) else item for item in function.arguments]
    return all(item.dtype.itemsize == 8 for item in given if isinstance(item, np.ndarray | np.generic))
