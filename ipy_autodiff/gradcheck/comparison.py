"""Put backprop's gradients beside numerical ones: a row for each Variable, with a verdict and its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ipy_autodiff.gradcheck.derivative import FAIL, INCONCLUSIVE, Derivative, derivative, differentiate, direction, walk
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.graph import Array, Recording, VariableNode
from ipy_autodiff.tracing.replay import Replay, ReplayError

__all__ = ["Comparison", "Row", "Verdict", "compare"]

Verdict = Literal["pass", "fail", "inconclusive"]

_ELEMENTWISE = 64  # elements up to which each is differentiated by itself


@dataclass(frozen=True, eq=False)
class Row:
    """One Variable's gradient, twice, and what the comparison says."""

    variable: VariableNode
    name: str
    backprop: Array | None
    """In the Variable's shape; None where backprop left none."""
    numerical: Array | None
    """In the Variable's shape, or one number where an array was checked along one random direction."""
    uncertainty: Array | None
    """One sigma of ``numerical``, in its shape."""
    verdict: Verdict
    reason: Message | None = None
    witnesses: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Comparison:
    """The rows of one run. ``ok`` where none fails."""

    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        """Whether no gradient was found wrong; one that cannot be decided is not wrong."""
        return all(row.verdict != "fail" for row in self.rows)


def compare(recording: Recording) -> Comparison:
    """Each of ``recording.wrt`` compared; the function differentiated is the sum of ``recording.of``'s elements."""
    if recording.of is None or not recording.graph.upstream(recording.of):
        return Comparison(())
    replay = Replay(recording.graph)
    with replay.aside():
        return Comparison(tuple(_row(recording, replay, node) for node in recording.wrt))


def _row(recording: Recording, replay: Replay, node: VariableNode) -> Row:
    backprop = recording.gradients.get(node)
    if node.dtype is None or node.dtype.kind not in "biuf":
        return Row(node, node.name, backprop, None, None, "inconclusive", Message("check.not-real"))
    if node not in recording.graph.leaves or recording.graph.cyclic:
        return Row(node, node.name, backprop, None, None, "inconclusive", Message("check.not-a-leaf"))
    of = recording.of
    assert of is not None

    def value(x: Array) -> Array:
        return np.asarray(replay.forward({node: x})[of], dtype=np.float64)

    x = np.asarray(node.data, dtype=np.float64)
    try:
        if x.size <= _ELEMENTWISE:
            numerical, judged = derivative(value, x, backprop if _fits(backprop, x) else None), backprop
        else:
            gradient = backprop if backprop is not None and _fits(backprop, x) else None
            v = direction(x, np.random.default_rng(0), gradient)
            judged = None if gradient is None else np.array([np.vdot(gradient, v)])
            numerical = differentiate([walk(value, x, v)], judged)
    except (ReplayError, TypeError, ValueError) as error:
        return Row(node, node.name, backprop, None, None, "inconclusive", Message("check.no-replay", error=str(error)))
    if judged is None or (x.size <= _ELEMENTWISE and not _fits(judged, x)):
        reason = Message("check.no-gradient") if backprop is None else _wrong_shape(backprop, x)
        return Row(node, node.name, backprop, numerical.value, numerical.uncertainty, "fail", reason)
    return _judged(node, backprop, numerical, judged)


def _fits(gradient: Array | None, x: Array) -> bool:
    return gradient is not None and gradient.shape == x.shape and gradient.dtype.kind in "biuf"


def _wrong_shape(gradient: Array, x: Array) -> Message:
    return Message("check.wrong-shape", shape=gradient.shape, expected=x.shape)


def _judged(node: VariableNode, backprop: Array | None, numerical: Derivative, judged: Array) -> Row:
    verdicts = numerical.judge(judged)
    reason = None
    verdict: Verdict = "pass"
    if (verdicts == FAIL).any():
        verdict = "fail"
    elif (verdicts == INCONCLUSIVE).any():
        verdict, reason = "inconclusive", Message("check.undecided")
    elif numerical.kink.any():
        reason = Message("check.kink", name=node.name)
    return Row(node, node.name, backprop, numerical.value, numerical.uncertainty, verdict, reason)
