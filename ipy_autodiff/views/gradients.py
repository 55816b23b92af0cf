"""Which gradient each Variable carries before, after and at every step of the backward pass, as short text."""

from __future__ import annotations

from dataclasses import dataclass

from ipy_autodiff.tracing.graph import Recording
from ipy_autodiff.views.numbers import inline

__all__ = ["Timeline", "timeline"]


@dataclass(frozen=True)
class Timeline:
    """Gradients by the Variables' identifiers; a Variable that is missing has none."""

    start: dict[str, str]
    """What stood there before the first step: gradients that were never cleared."""
    changes: tuple[dict[str, str], ...]
    """What each step set, the first step first."""
    final: dict[str, str]
    """What the sweep left, or where it left nothing, what the cell did."""

    def widest(self, identifier: str) -> list[str]:
        """Every text that this Variable's gradient takes on."""
        texts = [self.start.get(identifier), self.final.get(identifier)]
        texts += [change.get(identifier) for change in self.changes]
        return [text for text in texts if text]


def timeline(recording: Recording) -> Timeline:
    """Follow the gradients through the recorded steps."""
    start: dict[str, str] = {}
    seen: set[str] = set()
    changes = []
    for step in recording.steps:
        change = {}
        for variable, gy in zip(step.function.outputs, step.gys, strict=False):
            if gy is not None and variable.id not in seen:
                change[variable.id] = inline(gy)
                seen.add(variable.id)
        for addition in step.additions:
            identifier = addition.variable.id
            if identifier not in seen and addition.before is not None:
                start[identifier] = inline(addition.before)
            if addition.after is not None:
                change[identifier] = inline(addition.after)
            seen.add(identifier)
        changes.append(change)
    final = {variable.id: inline(variable.grad) for variable in recording.graph.variables if variable.grad is not None}
    final |= start
    for change in changes:
        final |= change
    final |= {variable.id: inline(gradient) for variable, gradient in recording.gradients.items()}
    return Timeline(start, tuple(changes), final)
