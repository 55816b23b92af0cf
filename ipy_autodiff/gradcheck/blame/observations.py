"""See, without differentiating, whether a Function behaves as one: what it writes to, returns, repeats and shares."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.gradcheck.blame.local_result import LocalCheck
from ipy_autodiff.gradcheck.measure.ladder import Array, Floats
from ipy_autodiff.gradcheck.measure.probe import Probe, copies, is_label, joined, probe, vjp
from ipy_autodiff.gradcheck.measure.program import Program, in_float64
from ipy_autodiff.gradcheck.tolerances import LARGE, TINY
from ipy_autodiff.tracing.graph import FunctionNode, VariableNode
from ipy_autodiff.tracing.replay import ReplayError

__all__ = ["observed"]

_HOPELESS = {
    "closure-not-stored",
    "forward-in-place",
    "gradient-not-real",
    "backward-returns-nothing",
    "gradient-count",
    "backward-raises",
}
"""After these nothing more can be asked of ``backward``."""


def observed(program: Program, function: FunctionNode) -> LocalCheck:
    """What can be seen of one call. The probe is empty where the Function could not be run both ways."""
    xs = [in_float64(node.data) for node in function.inputs]
    check = LocalCheck(Probe(function, xs))
    if any(array_of(x) is None for x in xs):
        return check
    try:
        _observe_forward(program, check)
        if not function.has_backward:
            return check
        check.probe = probe(program, function, xs, ys=check.probe.ys)
        if any(np.asarray(x).dtype.kind in "iub" for x in xs):
            # NumPy computes with small integers in float16; the same numbers in float64 have all their digits.
            answered = [gx is not None for gx in (*check.probe.gxs, *[None] * len(xs))]
            floats = [in_float64(x, integers=real) for x, real in zip(xs, answered, strict=False)]
            with contextlib.suppress(ReplayError):  # labels have to be integers
                other = probe(program, function, floats)
                if _differs_by_rounding(check.probe, other):
                    check.probe = other
    except ReplayError as error:
        if check.probe.ys:
            check.fail("backward-raises", detail=f"{type(error.cause).__name__}: {error.cause}")
        return check
    for code, place in program.replay.omissions(function, check.probe.gys):
        check.fail(code, place)
    if not check.codes & _HOPELESS:
        _observe_answer(program, check)
    if check.codes & _HOPELESS:
        check.probe.gxs = ()
    else:
        _observe_backward(program, check)
    return check


def _differs_by_rounding(whole: Probe, other: Probe) -> bool:
    """Whether integers and the same numbers in float64 are answered alike but for the digits of a short format."""
    pairs = list(zip(_answer(whole.gxs), _answer(other.gxs), strict=False))
    return all(
        (a is None and b is None) or (a is not None and b is not None and _same(a, b, 1e-2) and not _is_cut(a, b))
        for a, b in pairs
    )


def _is_cut(answer: Array, other: Array) -> bool:
    """Whether an answer holds nothing but whole numbers where another one does not."""
    if answer.dtype.kind not in "fiub" or other.dtype.kind not in "fiub":
        return True
    return np.array_equal(answer, np.rint(answer)) and not np.array_equal(other, np.rint(other))


def _observe_forward(program: Program, check: LocalCheck) -> None:
    function, xs = check.function, check.probe.xs
    if program.ran_as_recorded(function):
        check.probe.ys = tuple(program.values[node] for node in function.outputs)
        return
    handed = copies(xs)
    check.probe.ys = ys = program.replay.apply(function, handed)
    changed = [place for place, (x, now) in enumerate(zip(xs, handed, strict=True)) if not _same(x, now, 0.0)]
    if changed:
        check.fail("forward-in-place", changed[0])
        return
    recorded = [array_of(node.data) for node in function.outputs]
    if len(ys) != len(recorded):  # an output that nothing held is gone, and which one is not known
        return
    differs = any(not _same(_as(y, saved), saved, _tolerance(saved)) for y, saved in zip(ys, recorded, strict=True))
    if differs and function not in program.random:
        check.fail("output-not-forward")


def _observe_answer(program: Program, check: LocalCheck) -> None:
    """The count, kind and shape of what ``backward`` returned."""
    function, xs, gxs = check.function, check.probe.xs, check.probe.gxs
    if all(gx is None for gx in gxs):
        check.fail("backward-returns-nothing")
        return
    missing = range(len(gxs), len(xs))
    if len(gxs) > len(xs) or any(not _needs_no_gradient(program, check, place) for place in missing):
        check.fail("gradient-count", detail=f"{len(gxs)}")
        return
    for place, (x, gx) in enumerate(zip(xs, gxs, strict=False)):
        gradient = array_of(gx)
        if gx is None:
            continue
        if gradient is None or gradient.dtype.kind not in "fiub":
            kind = type(gx).__name__ if gradient is None else str(gradient.dtype)
            check.fail("gradient-not-real", place, detail=kind)
        elif gradient.shape != np.shape(x) and not gradient.size == np.size(x) == 1:
            check.fail("gradient-shape", place)
        elif gradient.dtype.kind == "f" and gradient.dtype.itemsize < 8 and _all_long(function):
            check.fail("float32-cast", place)


def _needs_no_gradient(program: Program, check: LocalCheck, place: int) -> bool:
    """Whether an input holds labels or indices."""
    xs = check.probe.xs

    def outputs(x: Floats) -> Array:
        program.start_over()
        return joined(program.replay.apply(check.function, copies([*xs[:place], x, *xs[place + 1 :]])))

    return is_label(outputs, np.asarray(xs[place]))


def _observe_backward(program: Program, check: LocalCheck) -> None:
    """Whether ``backward`` is linear, leaves its arguments alone, and answers the same when asked again."""
    found, function = check.probe, check.function
    try:
        if not _is_well_behaved(program, found):
            _diagnose(program, check)
        if any(np.asarray(x).dtype.kind in "iu" for x in found.xs):
            program.start_over()
            floats = [x.astype(np.float64) if isinstance(x, np.ndarray) else x for x in found.xs]
            again = _answer(program.replay.vjp(function, floats, copies(found.gys)))
            if not _alike(_answer(found.gxs), again):
                check.fail("integer-buffer")
    except ReplayError:  # asked more often than the engine ever does
        return


def _is_well_behaved(program: Program, found: Probe) -> bool:
    """One more question that a ``backward`` without faults of any kind answers as it should, and only such a one."""
    first = _answer(found.gxs)
    handed = [np.asarray(-2.0 * gy) for gy in found.gys]
    untouched = copies(handed)
    kind = type(found.function.object)
    often = kind in program.disturbed and max(map(np.size, found.xs), default=0) > LARGE
    disturbed = not often and program.replay.disturb(found.function, found.xs)
    answer = _answer(program.replay.answer(found.function, handed))
    if not all(_same(gy, now, 0.0) for gy, now in zip(untouched, handed, strict=True)):
        return False
    if not _alike([None if gx is None else -2.0 * gx for gx in first], answer):
        return False
    if disturbed:
        program.disturbed.add(kind)
    return True


def _diagnose(program: Program, check: LocalCheck) -> None:
    """Which fault it is."""
    found, function = check.probe, check.function
    replay = program.replay
    first = _answer(vjp(program, found))
    handed = copies(found.gys)
    second = _answer(replay.answer(function, handed))
    if not all(_same(gy, now, 0.0) for gy, now in zip(found.gys, handed, strict=True)):
        check.fail("backward-in-place")
        return
    if not _alike(first, second):
        drawn = program.drawn_by(lambda: replay.answer(function, copies(found.gys)))
        check.fail("mask-drawn-again" if drawn else "backward-changes-state")
        return
    twice = _answer(replay.answer(function, [np.asarray(-2.0 * gy) for gy in found.gys]))
    if not _alike([None if gx is None else -2.0 * gx for gx in first], twice):
        check.fail("not-linear", detail=_kind_of_nonlinearity(first, twice))
    replay.disturb(function, found.xs)
    if not _alike(first, _answer(replay.answer(function, copies(found.gys)))):
        check.fail("kept-on-class")


def _kind_of_nonlinearity(answer: Sequence[Array | None], to_minus_two: Sequence[Array | None]) -> str:
    if _alike([None if gx is None else 2.0 * gx for gx in answer], to_minus_two):
        return "gy-sign-lost"
    masked = any(
        gx is not None and np.any((gx == 0) != (other == 0)) for gx, other in zip(answer, to_minus_two, strict=False)
    )
    return "masked-by-gy" if masked else "not-linear"


def _answer(gxs: Sequence[Any]) -> list[Array | None]:
    return [None if array is None else np.array(array) for array in map(array_of, gxs)]


def _alike(first: Sequence[Array | None], second: Sequence[Array | None]) -> bool:
    return len(first) == len(second) and all(
        (a is None and b is None) or (a is not None and b is not None and _same(a, b, _digits(a, b)))
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
    # Numbers too small for all their digits are as good as zero.
    return np.allclose(a, b, rtol=tolerance, atol=tolerance * largest + TINY, equal_nan=True)


def _as(y: Array, saved: Any) -> Array:
    """A result in float64 in the shorter format that it was saved in, for which it may be too large or too small."""
    return y.astype(saved.dtype) if saved is not None and saved.dtype.kind == "f" and y.dtype.kind == "f" else y


def _tolerance(saved: Any) -> float:
    return 1e-9 if np.asarray(saved).dtype.itemsize == 8 else 1e-2


def _digits(*answers: Array) -> float:
    """How close, relatively, two answers have to be, in the shorter of their formats."""
    least = min((one.dtype.itemsize for one in answers if one.dtype.kind == "f"), default=8)
    return 1e-9 if least >= 8 else 1e-5 if least == 4 else 1e-2


def _all_long(function: FunctionNode) -> bool:
    """Whether nothing that goes in is in less than float64."""
    given = [in_float64(item.data) if isinstance(item, VariableNode) else item for item in function.arguments]
    return all(item.dtype.itemsize == 8 for item in given if isinstance(item, np.ndarray | np.generic))
