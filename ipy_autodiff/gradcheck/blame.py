"""Say what is to blame for a wrong gradient."""

from __future__ import annotations

from dataclasses import dataclass

from ipy_autodiff.gradcheck.comparison import Comparison
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.graph import FunctionNode, Recording

__all__ = ["Blame", "find_blame"]


@dataclass(frozen=True, eq=False)
class Blame:
    """One cause: a Function's class name, ``"engine"`` or ``"graph"``, a stable code, a sentence and a hint."""

    where: str
    function: FunctionNode | None
    code: str
    sentence: Message
    hint: Message

    @property
    def why(self) -> str:
        """The sentence in the current language."""
        return self.sentence.text()


def find_blame(recording: Recording, comparison: Comparison) -> tuple[Blame, ...]:
    """The causes, most likely first; empty where the comparison is right and the tracer noticed no mistake."""
    return tuple(
        Blame(
            finding.function.name if finding.function else "engine",
            finding.function,
            finding.code,
            finding.message,
            Message("blame.hint"),
        )
        for finding in recording.findings
        if finding.mistake
    )
