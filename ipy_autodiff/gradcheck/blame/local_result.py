"""Hold what is known of one Function by itself: its verdict, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ipy_autodiff.gradcheck.measure.probe import Probe
from ipy_autodiff.tracing.diagnosis import Diagnosis
from ipy_autodiff.tracing.graph import FunctionNode

__all__ = ["LocalCheck"]

_MENDED_BY_ENGINES = {"gradient-shape"}
"""What some engines put right themselves, or what does no harm where no gradient fails."""


@dataclass(eq=False)
class LocalCheck:
    """What is known of one Function. ``verdict`` is inconclusive where it could not be checked."""

    probe: Probe
    verdict: Literal["pass", "fail", "inconclusive"] = "inconclusive"
    diagnoses: list[Diagnosis] = field(default_factory=list)
    """What is wrong, the most telling first."""

    @property
    def function(self) -> FunctionNode:
        """The node that was checked."""
        return self.probe.function

    @property
    def wrong(self) -> bool:
        """Whether something is wrong for sure."""
        return self.verdict == "fail"

    @property
    def codes(self) -> set[str]:
        """The kinds of what is wrong."""
        return {one.code for one in self.diagnoses}

    def fail(
        self, code: str, index: int | None = None, detail: str = "", element: tuple[int, ...] | None = None
    ) -> None:
        """Note what is wrong, with the input at this index; the Function is, unless engines put that right."""
        blanks = {"function": self.function.name, "detail": detail}
        self.diagnoses.append(Diagnosis(code, self.function.name, self.function, blanks, index, element))
        if code not in _MENDED_BY_ENGINES:
            self.verdict = "fail"
