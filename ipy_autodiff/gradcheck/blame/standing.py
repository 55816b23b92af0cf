"""Say how the gradients that stand in ``.grad`` came about, where they are not what one backward pass leaves.

A second pass over the same graph adds to them, so does an earlier pass that nobody cleared, and the pass of another
loss takes their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ipy_autodiff.designs import rerun_of
from ipy_autodiff.designs.reading import GRADIENT, array_of
from ipy_autodiff.gradcheck.blame.gradient_sums import numbers, same, total
from ipy_autodiff.gradcheck.blame.sweep_check import Books, found_in_sweep, old_gradient_added
from ipy_autodiff.gradcheck.measure.ladder import Array
from ipy_autodiff.gradcheck.measure.program import OverBudget, Program
from ipy_autodiff.gradcheck.numbers import spelled, told_apart
from ipy_autodiff.gradcheck.tolerances import PASSES
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.diagnosis import Diagnosis
from ipy_autodiff.tracing.graph import VariableNode
from ipy_autodiff.tracing.replay import ReplayError

__all__ = ["Standing", "blame_standing", "standing_gradients"]

_Kind = Literal["passes", "perhaps-passes", "value", "other", "before-change", "unknown", "not-cleared"]


@dataclass(frozen=True, eq=False)
class Standing:
    """A gradient that stands in ``.grad`` and is not what one pass of the graph leaves."""

    kind: _Kind
    """Several passes over this graph, or perhaps so; one that began with the output's value; another Variable's pass;
    one before the data were changed; not known; or several whose gradient is not used."""
    left: Array
    one_pass: Array
    passes: int = 1

    @property
    def wrong(self) -> bool:
        """Whether it is known to be a wrong gradient of this graph's, and not another's right one."""
        return self.kind in ("passes", "value")

    def reason(self, name: str, of: str) -> Message:
        """How it came about, in a sentence with both numbers."""
        left, one = told_apart(self.left, self.one_pass)
        return Message(f"check.standing-{self.kind}", name=name, of=of, left=left, one=one, n=str(self.passes))


def standing_gradients(program: Program) -> Mapping[VariableNode, Standing]:
    """Those of the Variables to differentiate by, as far as they differ from one pass; within ``running``."""
    recording = program.recording
    if recording.swept_by == "cell" and recording.steps:
        return dict(_not_cleared(Books(recording)))
    if recording.swept_by != "replay" or recording.raised is not None or recording.of is None:
        return {}
    made_by, itself = recording.graph.creators.get(recording.of), recording.of.object
    if len(recording.derivatives) > 1 or (made_by is not None and made_by.sweep):
        return {}  # with create_graph: what stands there is a derivative of a higher order
    left = {node: node.grad for node in recording.wrt if GRADIENT.read(node.object) is not itself}
    apart = {
        node: (grad, recording.gradients[node])
        for node, grad in left.items()
        if grad is not None and node in recording.gradients and not same(grad, recording.gradients[node])
    }
    if not apart:
        return {}
    kind = _how(program, {node: grad for node, (grad, _) in apart.items()})
    return {node: Standing(kind[0], grad, one, kind[1]) for node, (grad, one) in apart.items()}


def blame_standing(program: Program, standing: Mapping[VariableNode, Standing]) -> Iterator[Diagnosis]:
    """What is to blame for those that are wrong."""
    of = program.recording.of
    assert of is not None
    for node, one in standing.items():
        if one.kind == "passes":
            old = total([one.left, -one.one_pass])
            blanks = {"variable": node.name, **numbers(one.left, one.one_pass), "old": spelled(old)}
            yield old_gradient_added(node, blanks, None)
            return
        if one.kind == "value":
            yield found_in_sweep("seed-is-the-value", {"variable": of.name, "seed": spelled(of.grad), "shape": ""})
            return


def _not_cleared(books: Books) -> Iterator[tuple[VariableNode, Standing]]:
    for node in books.recording.wrt:
        left, whole = books.recording.gradients.get(node), books.total(node)
        if left is not None and whole is not None and books.is_only_read(node):
            yield node, Standing("not-cleared", left, whole)


def _how(program: Program, left: Mapping[VariableNode, Array]) -> tuple[_Kind, int]:
    """How these gradients came about, and by how many passes."""
    recording = program.recording
    of = recording.of
    assert of is not None
    if any(finding.code == "changed-unseen" for finding in recording.findings):
        return "before-change", 1
    after = list(_passes(program, None, PASSES))
    # Where the engine keeps the gradient that it begins with, none there means that no pass began here.
    if of.grad is None and not recording.passes_seen and any(of in gradients for gradients in after):
        return "other", 1
    begun_here = of.grad is not None and same(of.grad, np.ones(np.shape(of.data)))
    if of.grad is not None and not begun_here:
        matches = any(_left_so(left, gradients) for gradients in _passes(program, of.grad, 1))
        if matches and same(of.grad, array_of(of.data)):
            return "value", 1
        return ("other" if matches else "unknown"), 1
    passes = next((count for count, gradients in enumerate(after, 1) if _left_so(left, gradients)), None)
    if passes is None:
        return "unknown", 1
    return ("passes" if begun_here or recording.passes_seen else "perhaps-passes"), passes


def _left_so(left: Mapping[VariableNode, Array], gradients: Mapping[VariableNode, Array]) -> bool:
    return all(same(grad, gradients.get(node)) for node, grad in left.items())


def _passes(program: Program, seed: Array | None, most: int) -> Iterator[dict[VariableNode, Array]]:
    """What passes of the engine's own leave, one after the other, begun with ``seed`` where there is one."""
    of = program.recording.of
    assert of is not None
    objects = rerun_of(program.recording.graph)
    if seed is not None:
        with program.replay.aside():
            objects.set_gradient(of, seed)
    for _ in range(most):
        try:
            program.spend(3 * sum(map(program.price, program.functions)))
            yield program.replay.sweep(of, objects=objects)
        except (ReplayError, OverBudget, RecursionError):
            return
