"""Say what is wrong with a run, or worth a remark: the kind of mistake by its code, and the place.

Tracing, the gradient check and blame all speak in Diagnoses; the sentences stand in the catalogue under their codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ipy_autodiff.designs.nodes import FunctionNode
from ipy_autodiff.messages import Message

__all__ = ["ENGINE", "GRAPH", "Diagnosis"]

ENGINE, GRAPH = "engine", "graph"


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """One thing that is wrong, or a remark."""

    code: str
    """A stable identifier of the kind of mistake: ``missing-gy``, ``cycle``, ``overwritten``, ..."""
    where: str
    """A Function's class name, ``"engine"`` or ``"graph"``."""
    function: FunctionNode | None = None
    blanks: Mapping[str, Any] = field(default_factory=dict)
    """What fills the placeholders of its sentence."""
    input: int | None = None
    """The index of the Function's input that it concerns, where it is one."""
    element: tuple[int, ...] | None = None
    """The index of an element of that input at which it shows."""
    mistake: bool = True
    """False for a remark, such as an engine of the first steps that does not save its inputs yet."""

    @property
    def sentence(self) -> Message:
        """What is wrong, in one sentence: ``blame.CODE`` in the catalogue, or ``trace.CODE`` for a remark."""
        return Message(f"blame.{self.code}" if self.mistake else f"trace.{self.code}", **self.blanks)

    @property
    def hint(self) -> Message:
        """Where to look, without the solution. Remarks have none."""
        return Message(f"blame.{self.code}-hint", **self.blanks)

    @property
    def why(self) -> str:
        """The sentence in the current language."""
        return self.sentence.text()
