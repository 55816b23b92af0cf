"""Check the sweep: whether each Function was given its output's whole gradient, and each gradient is what was added up.

The book-keeping is done again from the recorded backward calls, so it holds for any engine and for a sweep by hand. If
each Function is right by itself and the book-keeping is right, the gradients are, by the chain rule.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np

from ipy_autodiff.designs.reading import CREATOR, GRADIENT, array_of, data_of
from ipy_autodiff.gradcheck.measure.ladder import Array
from ipy_autodiff.gradcheck.measure.program import Program
from ipy_autodiff.gradcheck.numbers import element, spelled, told_apart
from ipy_autodiff.tracing.diagnosis import ENGINE, GRAPH, Diagnosis
from ipy_autodiff.tracing.graph import Addition, FunctionNode, Recording, Step, VariableNode
from ipy_autodiff.tracing.replay import ReplayError

__all__ = ["check_sweep", "forgot_its_creator"]


def _found(
    code: str, blanks: Mapping[str, Any], function: FunctionNode | None = None, where: str = ENGINE
) -> Diagnosis:
    return Diagnosis(code, where, function, {"function": "", "variable": "", "got": "", "truth": "", **blanks})


def check_sweep(program: Program, wrong: Collection[FunctionNode]) -> Iterator[Diagnosis]:
    """What is wrong with the recorded sweep, in the order in which it happened.

    ``wrong`` are the Functions whose own ``backward`` is known to be wrong: no more is asked of them.
    """
    recording = program.recording
    if recording.of is None:
        return
    if not recording.steps:
        if recording.swept_by != "nobody" and not any(leaf in recording.gradients for leaf in recording.graph.leaves):
            yield from _unvisited(recording)
        return
    books = _Books(recording)
    yield from _seed(recording)
    for step in recording.steps:
        if step not in books.first_visits:
            count = sum(other.function is step.function for other in recording.steps)
            yield _found("function-visited-twice", {"function": step.function.name, "count": count}, step.function)
            continue
        if step.error is not None or not step.gxs:
            if any(gy is None for gy in step.gys):
                yield _found("none-handed-on", {"function": step.function.name}, step.function)
            return
        yield from _given(books, step)
        if step.function not in wrong and step.function not in program.random:
            yield from _answered(program, step)
        yield from _added(books, step)
    yield from _unvisited(recording)
    yield from _left(books)


class _Books:
    """The gradient of each Variable as it should be after the recorded calls: what they returned for it, added up."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.contributions: dict[VariableNode, list[tuple[int, Array]]] = {}
        self.old: dict[VariableNode, Array] = {}
        self.first_visits = set({step.function: step for step in reversed(recording.steps)}.values())
        for step in recording.steps:
            if step not in self.first_visits:
                continue
            for addition in step.additions:
                if addition.contribution is None:
                    continue
                entries = self.contributions.setdefault(addition.variable, [])
                if not entries and addition.before is not None and np.any(addition.before):
                    self.old[addition.variable] = addition.before
                entries.append((step.number, addition.contribution))

    def total(self, variable: VariableNode, before: int | None = None) -> Array | None:
        """All contributions to a Variable, or those of the calls before a step."""
        entries = [g for number, g in self.contributions.get(variable, []) if before is None or number < before]
        return _sum(entries)

    def size(self, variable: VariableNode) -> float:
        """The largest number among a Variable's contributions: their sum's round-off is in keeping with that."""
        parts = [*(g for _, g in self.contributions.get(variable, [])), *filter(_is_there, [self.old.get(variable)])]
        return max((_largest(part) for part in parts), default=0.0)

    def seed(self) -> Array | None:
        """What the sweep started with."""
        of = self.recording.of
        for step in self.recording.steps:
            for node, gy in zip(step.function.outputs, step.gys, strict=False):
                if node is of:
                    return gy
        return None


def _seed(recording: Recording) -> Iterator[Diagnosis]:
    of = recording.of
    assert of is not None
    data = array_of(of.data)
    for step in recording.steps:
        for node, gy in zip(step.function.outputs, step.gys, strict=False):
            if node is not of or gy is None or data is None:
                continue
            blanks = {"variable": of.name, "seed": spelled(gy), "shape": str(data.shape)}
            if gy.shape != data.shape and not gy.size == data.size == 1:
                yield _found("seed-shape", blanks)
            elif data.size and _same(gy, data) and not _same(gy, np.ones_like(gy)):
                yield _found("seed-is-the-value", blanks)
            elif not _same(gy, np.ones_like(gy)):
                yield _found("seed-not-one", blanks)
            return


def _given(books: _Books, step: Step) -> Iterator[Diagnosis]:
    """Whether the Function was given the whole gradient of its outputs, and nothing else."""
    of = books.recording.of
    for node, gy in zip(step.function.outputs, step.gys, strict=False):
        if node is of:
            continue
        whole = books.total(node)
        blanks = {"function": step.function.name, "variable": node.name}
        if gy is None:
            if whole is not None:
                yield _found("used-before-complete", {**blanks, **_numbers(gy, whole)}, step.function)
            continue
        size = books.size(node)
        if whole is None or _same(gy, whole, size=size):
            continue
        so_far = books.total(node, before=step.number)
        old = books.old.get(node)
        numbers = _numbers(gy, whole)
        other = next((v for v in books.contributions if v is not node and _same(gy, books.total(v))), None)
        if old is not None and _same(gy, _sum([old, whole])):
            yield _old_gradient(node, {**blanks, **numbers, "old": spelled(old)}, step.function)
        elif so_far is None or _same(gy, so_far, size=size):
            yield _found("used-before-complete", {**blanks, **numbers}, step.function)
        elif _same(gy, books.seed()) and of is not None:
            yield _found("wrong-gradient-handed-on", {**blanks, **numbers, "other": of.name}, step.function)
        elif other is not None:
            yield _found("wrong-gradient-handed-on", {**blanks, **numbers, "other": other.name}, step.function)
        elif _same(node.grad, whole) and any(_same(gy, part) for _, part in books.contributions[node]):
            # It came to be whole, later.
            yield _found("used-before-complete", {**blanks, **numbers}, step.function)
        else:
            yield _found("gradient-changed", {**blanks, **numbers}, step.function)


def _answered(program: Program, step: Step) -> Iterator[Diagnosis]:
    """Whether the Function answered as it does on the data of the run."""
    function = step.function
    if any(gy is None for gy in step.gys):
        return
    try:
        program.start_over()
        xs = [node.data.copy() if isinstance(node.data, np.ndarray) else node.data for node in function.inputs]
        expected = program.replay.vjp(function, xs, [gy.copy() for gy in step.gys if gy is not None])
    except ReplayError:
        return
    for node, gx, true in zip(function.inputs, step.gxs, map(array_of, expected), strict=False):
        if gx is None or true is None or _same(gx, true):
            continue
        blanks = {"function": function.name, "variable": node.name, **_numbers(gx, true)}
        live = array_of(data_of(node.object))
        recorded = array_of(node.data)
        if live is not None and recorded is not None and not _same(live, recorded, tight=True):
            yield _found("data-changed", {**blanks, **_numbers(live, recorded)}, function, GRAPH)
        else:
            yield _found("other-data-in-backward", blanks, function, GRAPH)
        return


def _added(books: _Books, step: Step) -> Iterator[Diagnosis]:
    """Whether the engine added what the Function returned, to the right Variables."""
    groups: dict[VariableNode, list[Addition]] = {}
    for addition in step.additions:
        groups.setdefault(addition.variable, []).append(addition)
    for variable, additions in groups.items():
        returned = [addition.contribution for addition in additions if addition.contribution is not None]
        if not returned:
            continue
        before, after = additions[0].before, additions[0].after
        old = variable in books.old and step.number == books.contributions[variable][0][0]
        expected = _sum([*returned] if before is None or old else [before, *returned])
        blanks = {"function": step.function.name, "variable": variable.name, **_numbers(after, expected)}
        if _same(after, expected, size=books.size(variable)):
            continue
        others = [a.contribution for a in step.additions if a.variable is not variable]
        if old and before is not None and _same(after, _sum([before, *returned])):
            yield _old_gradient(variable, {**blanks, "old": spelled(before)}, step.function)
        elif after is None:
            # A sweep by hand may keep it in a name of its own, and a later one may have cleared it.
            if books.recording.swept_by != "cell" or variable in books.recording.gradients:
                continue
            yield _found("gradient-not-kept", blanks, step.function)
        elif _same(after, returned[-1]):
            if not _same(variable.grad, books.total(variable)):  # else the cell put it right later on
                yield _found("overwritten", blanks, step.function)
        elif any(other is not None and _same(_less(after, before), other) for other in others):
            yield _found("given-to-wrong-input", blanks, step.function)
        elif _shares(variable, additions[0], step) or _same(after, _sum([before, *returned, *returned[:-1]])):
            yield _found("shared-array", blanks, step.function)
        else:
            yield _found("not-added", blanks, step.function)


def _old_gradient(variable: VariableNode, blanks: Mapping[str, Any], function: FunctionNode | None) -> Diagnosis:
    """A gradient from an earlier pass that was added to; and whether the method that should clear it does so."""
    kind = type(variable.object)
    for name in dir(kind):
        if "clear" not in name.lower() and "zero" not in name.lower():
            continue
        if hasattr(np.ndarray, name):  # nonzero
            continue
        duplicate = copy.copy(variable.object)
        GRADIENT.write(duplicate, np.ones(1))
        with contextlib.suppress(Exception):  # the student's own code
            getattr(duplicate, name)()
            left = array_of(GRADIENT.read(duplicate))
            if left is not None and np.any(left):
                return _found("cleargrad-does-nothing", {**blanks, "method": name}, function)
    return _found("old-gradient-added", blanks, function)


def _shares(variable: VariableNode, addition: Addition, step: Step) -> bool:
    """Whether the gradient is in the same array as another one that this step was to change."""
    others = [other for other in step.additions if other.variable is not variable]
    if any(_same(addition.after, other.after) for other in others):
        return True
    mine = array_of(GRADIENT.read(variable.object))
    theirs = [array_of(GRADIENT.read(node.object)) for node in (*step.function.inputs, *step.function.outputs)]
    return any(
        array is not mine and mine is not None and array is not None and np.shares_memory(mine, array)
        for array in theirs
    )


def _unvisited(recording: Recording) -> Iterator[Diagnosis]:
    """The first Function that should have run backward and did not."""
    assert recording.of is not None
    visited = {step.function for step in recording.steps}
    for function in reversed(recording.graph.upstream(recording.of)):
        if function in visited:
            continue
        lost = next((node for node in function.outputs if forgot_its_creator(node)), None)
        if lost is not None:
            yield _found("no-creator", {"function": function.name, "variable": lost.name}, function, GRAPH)
        else:
            name = function.outputs[0].name if function.outputs else ""
            yield _found("function-not-visited", {"function": function.name, "variable": name}, function)
        return


def forgot_its_creator(node: VariableNode) -> bool:
    """Whether a computed Variable has a place for its creator, and nothing in it."""
    return CREATOR.name(node.object) is not None and CREATOR.read(node.object) is None


def _left(books: _Books) -> Iterator[Diagnosis]:
    """Whether the gradients that are there in the end are those that were added up."""
    for variable in books.recording.graph.leaves:
        whole = books.total(variable)
        left = books.recording.gradients.get(variable)
        if whole is None or _same(left, whole, size=books.size(variable)):
            continue
        last = books.contributions[variable][-1][1]
        old = books.old.get(variable)
        blanks = {"variable": variable.name, "function": "", **_numbers(left, whole)}
        if left is None:
            yield _found("gradient-not-kept", blanks)
        elif old is not None and _same(left, _sum([old, whole])):
            yield _old_gradient(variable, {**blanks, "old": spelled(old)}, None)
        elif len(books.contributions[variable]) > 1 and _same(left, last):
            yield _found("overwritten", blanks)
        else:
            yield _found("gradient-changed", blanks)


def _numbers(got: Array | None, truth: Array | None) -> dict[str, str]:
    place = _worst(got, truth)
    if got is None or truth is None:
        return {"got": element(got, place), "truth": element(truth, place)}
    first, second = told_apart(got if place is None else got[place], truth if place is None else truth[place])
    return {"got": first, "truth": second}


def _worst(got: Array | None, truth: Array | None) -> tuple[int, ...] | None:
    if got is None or truth is None or got.shape != truth.shape or got.size <= 1:
        return None
    if got.dtype.kind not in "fiub" or truth.dtype.kind not in "fiub":
        return None
    with np.errstate(all="ignore"):
        off = np.abs(np.subtract(got, truth, dtype=np.float64))
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(np.nan_to_num(off, nan=np.inf))), got.shape))


def _sum(arrays: Sequence[Array | None]) -> Array | None:
    total: Array | None = None
    for array in arrays:
        if array is None:
            continue
        try:
            total = array if total is None else np.asarray(total + array)
        except ValueError:
            return None
    return total


def _less(after: Array, before: Array | None) -> Array | None:
    try:
        return after if before is None else np.asarray(after - before)
    except ValueError:
        return None


def _is_there(array: Array | None) -> TypeGuard[Array]:
    return array is not None


def _largest(array: Array) -> float:
    if array.dtype.kind not in "fiub" or not array.size:
        return 0.0
    sizes = np.abs(array.astype(np.float64))
    return float(sizes.max(initial=0.0, where=np.isfinite(sizes)))


def _same(first: Array | None, second: Array | None, tight: bool = False, size: float = 0.0) -> bool:
    """Whether they are equal but for round-off; ``size`` is that of the numbers that they are sums of."""
    if first is None or second is None:
        return first is second
    if first.shape != second.shape and not first.size == second.size == 1:
        return False
    a, b = first.ravel(), second.ravel()
    if a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return np.array_equal(a, b)
    short = min(a.dtype.itemsize if a.dtype.kind == "f" else 8, b.dtype.itemsize if b.dtype.kind == "f" else 8) < 8
    tolerance = 0.0 if tight else 1e-4 if short else 1e-9
    largest = max(size, _largest(b))
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * largest, equal_nan=True))
