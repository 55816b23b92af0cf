"""Which gradient each Variable carries before, at every step of, and after the backward pass."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ipy_autodiff.tracing.graph import Array, Recording
from ipy_autodiff.tracing.lazily import LazyGraph
from ipy_autodiff.views.text.formatting import inline

__all__ = ["Timeline", "same", "timeline", "total"]


@dataclass(frozen=True)
class Timeline:
    """Gradients by the Variables' identifiers; a Variable that is missing has none."""

    start: dict[str, Array]
    """What stood there before the first step: gradients that were never cleared."""
    changes: tuple[dict[str, Array], ...]
    """What each step set, the first step first."""
    history: dict[str, list[Array]]
    """All gradients that a Variable carries in turn; the last is what the sweep left, or the cell."""

    def final(self, identifier: str) -> str:
        """The last gradient of a Variable as text: ``None`` where it has none."""
        return inline(self.history.get(identifier, [None])[-1])


def timeline(recording: Recording) -> Timeline:
    """Follow the gradients through the recorded steps; several views of one recording ask only once."""
    if recording not in _known:
        _known[recording] = _follow(recording)
    return _known[recording]


_known: WeakKeyDictionary[Recording, Timeline] = WeakKeyDictionary()


def _follow(recording: Recording) -> Timeline:
    start: dict[str, Array] = {}
    changes = []
    history: dict[str, list[Array]] = {}
    for step in recording.steps:
        change = {}
        for variable, gy in zip(step.function.outputs, step.gys, strict=False):
            if gy is not None and variable.id not in history:
                change[variable.id] = gy
                history[variable.id] = [gy]
        for addition in step.additions:
            identifier = addition.variable.id
            carried = history.setdefault(identifier, [])
            if addition.before is not None and not carried:
                start[identifier] = addition.before
                carried.append(addition.before)
            if addition.after is not None:
                change[identifier] = addition.after
                carried.append(addition.after)
        changes.append(change)
    if isinstance(recording.graph, LazyGraph) and not recording.steps:
        return Timeline(start, (), _WhenAsked(recording))
    for variable in recording.graph.variables:
        left = recording.gradients.get(variable)
        if left is None and variable.id not in history:
            left = variable.grad
        if left is not None:
            history.setdefault(variable.id, []).append(left)
    return Timeline(start, tuple(changes), {identifier: carried for identifier, carried in history.items() if carried})


class _WhenAsked(dict[str, list[Array]]):
    """The history of a graph without steps that is too large to be gone through."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._variables = recording.graph.variables
        self._gradients = recording.gradients

    def get(self, identifier: str, default: Any = None) -> Any:
        variable = self._variables[int(identifier[1:])]
        left = self._gradients.get(variable)
        left = variable.grad if left is None else left
        return default if left is None else [left]


def total(gradients: Iterable[Any]) -> Any:
    """The sum of these gradients, of any shapes that broadcast; None where they cannot be added."""
    try:
        with np.errstate(all="ignore"):
            return functools.reduce(np.add, gradients)
    except (TypeError, ValueError):
        return None


def same(a: Any, b: Any) -> bool:
    """Whether two gradients have one shape and are equal up to the rounding of their own dtype."""
    try:
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape:
            return False
        if np.array_equal(a, b):  # as a rule they are, and this is quick
            return True
        coarse = min((a.dtype, b.dtype), key=lambda dtype: dtype.itemsize)
        rtol = 64 * float(np.finfo(coarse).eps) if coarse.kind in "fc" else 1e-12
        return bool(np.allclose(a, b, rtol=rtol, atol=0, equal_nan=True))
    except (TypeError, ValueError):
        return False
