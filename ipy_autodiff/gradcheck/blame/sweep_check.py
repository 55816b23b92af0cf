"""Check the sweep: whether each Function was given its output's whole gradient, and each gradient is what was added up.

The book-keeping is done again from the recorded backward calls, so it holds for any engine and for a sweep by hand. If
each Function is right by itself and the book-keeping is right, the gradients are, by the chain rule.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import CREATOR, GRADIENT, array_of, data_of
from ipy_autodiff.gradcheck.blame.gradient_sums import largest, less, numbers, same, total
from ipy_autodiff.gradcheck.measure.ladder import Array
from ipy_autodiff.gradcheck.measure.program import Program
from ipy_autodiff.gradcheck.numbers import spelled
from ipy_autodiff.tracing.diagnosis import ENGINE, GRAPH, Diagnosis
from ipy_autodiff.tracing.graph import Addition, FunctionNode, Recording, Step, VariableNode
from ipy_autodiff.tracing.replay import ReplayError

__all__ = ["Books", "check_sweep", "forgot_its_creator", "found_in_sweep", "old_gradient_added"]


def found_in_sweep(
    code: str, blanks: Mapping[str, Any], function: FunctionNode | None = None, where: str = ENGINE
) -> Diagnosis:
    """What is wrong with a sweep; the placeholders that are not given are empty."""
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
    books = Books(recording)
    yield from _seed(recording)
    for step in recording.steps:
        if step not in books.first_visits:
            count = sum(other.function is step.function for other in recording.steps)
            yield found_in_sweep(
                "function-visited-twice", {"function": step.function.name, "count": count}, step.function
            )
            continue
        if step.error is not None or not step.gxs:
            if any(gy is None for gy in step.gys):
                yield found_in_sweep("none-handed-on", {"function": step.function.name}, step.function)
            return
        yield from _given(books, step)
        if step.function not in wrong and step.function not in program.random:
            yield from _answered(program, step)
        yield from _added(books, step)
    yield from _unvisited(recording)
    yield from _left(books)


class Books:
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
        return total(entries)

    def size(self, variable: VariableNode) -> float:
        """The largest number among a Variable's contributions: their sum's round-off is in keeping with that."""
        parts = [*(g for _, g in self.contributions.get(variable, [])), self.old.get(variable)]
        return max((largest(part) for part in parts if part is not None), default=0.0)

    def is_only_read(self, variable: VariableNode) -> bool:
        """Whether a leaf's old gradient does no harm: others are cleared and updated, this one is neither.

        So it is with inputs and targets, whose gradients nobody looks at.
        """
        if variable not in self.old or variable.role != "leaf" or _updated(variable):
            return False
        return any(_updated(leaf) for leaf in self.contributions if leaf.role == "leaf" and leaf not in self.old)

    def seed(self) -> Array | None:
        """What the sweep started with."""
        of = self.recording.of
        for step in self.recording.steps:
            for node, gy in zip(step.function.outputs, step.gys, strict=False):
                if node is of:
                    return gy
        return None


def _updated(leaf: VariableNode) -> bool:
    """Whether the leaf has other data now than the graph was computed with."""
    live, recorded = array_of(data_of(leaf.object)), array_of(leaf.data)
    return live is not None and recorded is not None and not same(live, recorded, tight=True)


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
                yield found_in_sweep("seed-shape", blanks)
            elif data.size and same(gy, data) and not same(gy, np.ones_like(gy)):
                yield found_in_sweep("seed-is-the-value", blanks)
            elif not same(gy, np.ones_like(gy)):
                yield found_in_sweep("seed-not-one", blanks)
            return


def _given(books: Books, step: Step) -> Iterator[Diagnosis]:
    """Whether the Function was given the whole gradient of its outputs, and nothing else."""
    of = books.recording.of
    for node, gy in zip(step.function.outputs, step.gys, strict=False):
        if node is of:
            continue
        whole = books.total(node)
        blanks = {"function": step.function.name, "variable": node.name}
        if gy is None:
            if whole is not None:
                yield found_in_sweep("used-before-complete", {**blanks, **numbers(gy, whole)}, step.function)
            continue
        size = books.size(node)
        if whole is None or same(gy, whole, size=size):
            continue
        so_far = books.total(node, before=step.number)
        old = books.old.get(node)
        blanks |= numbers(gy, whole)
        other = next((v for v in books.contributions if v is not node and same(gy, books.total(v))), None)
        if old is not None and same(gy, total([old, whole])):
            yield old_gradient_added(node, {**blanks, "old": spelled(old)}, step.function)
        elif so_far is None or same(gy, so_far, size=size):
            yield found_in_sweep("used-before-complete", blanks, step.function)
        elif same(gy, books.seed()) and of is not None:
            yield found_in_sweep("wrong-gradient-handed-on", {**blanks, "other": of.name}, step.function)
        elif other is not None:
            yield found_in_sweep("wrong-gradient-handed-on", {**blanks, "other": other.name}, step.function)
        elif same(node.grad, whole) and any(same(gy, part) for _, part in books.contributions[node]):
            # It came to be whole, later.
            yield found_in_sweep("used-before-complete", blanks, step.function)
        else:
            yield found_in_sweep("gradient-changed", blanks, step.function)


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
        if gx is None or true is None or same(gx, true):
            continue
        blanks = {"function": function.name, "variable": node.name, **numbers(gx, true)}
        if _updated(node):
            changed = numbers(array_of(data_of(node.object)), array_of(node.data))
            yield found_in_sweep("data-changed", {**blanks, **changed}, function, GRAPH)
        else:
            yield found_in_sweep("other-data-in-backward", blanks, function, GRAPH)
        return


def _added(books: Books, step: Step) -> Iterator[Diagnosis]:
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
        expected = total([*returned] if before is None or old else [before, *returned])
        blanks = {"function": step.function.name, "variable": variable.name, **numbers(after, expected)}
        if same(after, expected, size=books.size(variable)):
            continue
        kept = old and before is not None and same(after, total([before, *returned]))
        if kept and books.is_only_read(variable):
            continue
        others = [a.contribution for a in step.additions if a.variable is not variable]
        if kept:
            yield old_gradient_added(variable, {**blanks, "old": spelled(before)}, step.function)
        elif after is None:
            # A sweep by hand may keep it in a name of its own, and a later one may have cleared it.
            if books.recording.swept_by != "cell" or variable in books.recording.gradients:
                continue
            yield found_in_sweep("gradient-not-kept", blanks, step.function)
        elif same(after, returned[-1]):
            if not same(variable.grad, books.total(variable)):  # else the cell put it right later on
                yield found_in_sweep("overwritten", blanks, step.function)
        elif any(other is not None and same(less(after, before), other) for other in others):
            yield found_in_sweep("given-to-wrong-input", blanks, step.function)
        elif _shares(variable, additions[0], step) or same(after, total([before, *returned, *returned[:-1]])):
            yield found_in_sweep("shared-array", blanks, step.function)
        else:
            yield found_in_sweep("not-added", blanks, step.function)


def old_gradient_added(variable: VariableNode, blanks: Mapping[str, Any], function: FunctionNode | None) -> Diagnosis:
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
                return found_in_sweep("cleargrad-does-nothing", {**blanks, "method": name}, function)
    return found_in_sweep("old-gradient-added", blanks, function)


def _shares(variable: VariableNode, addition: Addition, step: Step) -> bool:
    """Whether the gradient is in the same array as another one that this step was to change."""
    others = [other for other in step.additions if other.variable is not variable]
    if any(same(addition.after, other.after) for other in others):
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
            yield found_in_sweep("no-creator", {"function": function.name, "variable": lost.name}, function, GRAPH)
        else:
            name = function.outputs[0].name if function.outputs else ""
            yield found_in_sweep("function-not-visited", {"function": function.name, "variable": name}, function)
        return


def forgot_its_creator(node: VariableNode) -> bool:
    """Whether a computed Variable has a place for its creator, and nothing in it."""
    return CREATOR.name(node.object) is not None and CREATOR.read(node.object) is None


def _left(books: Books) -> Iterator[Diagnosis]:
    """Whether the gradients that are there in the end are those that were added up."""
    for variable in books.recording.graph.leaves:
        whole = books.total(variable)
        left = books.recording.gradients.get(variable)
        if whole is None or same(left, whole, size=books.size(variable)):
            continue
        last = books.contributions[variable][-1][1]
        old = books.old.get(variable)
        blanks = {"variable": variable.name, "function": "", **numbers(left, whole)}
        if left is None:
            yield found_in_sweep("gradient-not-kept", blanks)
        elif old is not None and same(left, total([old, whole])):
            if books.is_only_read(variable):
                continue
            yield old_gradient_added(variable, {**blanks, "old": spelled(old)}, None)
        elif len(books.contributions[variable]) > 1 and same(left, last):
            yield found_in_sweep("overwritten", blanks)
        else:
            yield found_in_sweep("gradient-changed", blanks)
