"""Run a recorded graph again, aside from the notebook: what every engine design offers for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ipy_autodiff.designs.nodes import Array, FunctionNode, VariableNode
from ipy_autodiff.designs.reading import class_name

__all__ = ["STUDENTS_ERRORS", "NotRead", "ReplayError", "Rerun"]

STUDENTS_ERRORS = (Exception, SystemExit)
"""What a student's method may raise; an interrupt is the reader's."""


class ReplayError(Exception):
    """The student's own code raised while it ran again.

    ``function`` is the Function at work, or None for the engine itself; ``cause`` is what was raised.
    """

    def __init__(self, function: FunctionNode | None, cause: BaseException) -> None:
        super().__init__(f"{function.name if function else 'the engine'}: {type(cause).__name__}: {cause}")
        self.function = function
        self.cause = cause


class NotRead(LookupError):  # noqa: N818 - named after what is wrong
    """A Variable was computed, and what made it cannot be read. ``seen`` is the attribute that shows it."""

    def __init__(self, variable: Any, seen: str) -> None:
        super().__init__(seen)
        self.kind = class_name(variable)
        self.seen = seen


class Rerun(ABC):
    """One set of objects that stand for a graph's own and are linked to each other as those are.

    Nothing of the notebook's is written to. Arrays that come back are the caller's to keep. What the student's code
    raises comes as ``ReplayError``.
    """

    variables: Mapping[VariableNode, Any]
    """The object that stands for each Variable."""
    functions: Mapping[FunctionNode, Any]
    """The object that stands for each Function: what is seen at work when these are swept."""

    @abstractmethod
    def set_data(self, variable: VariableNode, data: Any) -> None:
        """Put a fresh copy of ``data`` into this Variable."""

    @abstractmethod
    def gradient(self, variable: VariableNode) -> Array | None:
        """The gradient that this Variable has now, as an ndarray."""

    @abstractmethod
    def set_gradient(self, variable: VariableNode, gradient: Array | None) -> None:
        """Put a gradient on this Variable."""

    @abstractmethod
    def forward(self, function: FunctionNode, xs: Sequence[Array]) -> tuple[Array, ...]:
        """All that this Function makes of ``xs``, one array for each of its ``inputs``."""

    @abstractmethod
    def quick(self, function: FunctionNode) -> Callable[..., Any] | None:
        """What computes the outputs of just the inputs' arrays, one by one, without much ado; None where nothing does.

        It may raise anything, and return an array of the student's own.
        """

    @abstractmethod
    def vjp(self, function: FunctionNode, xs: Sequence[Array], gys: Sequence[Array]) -> tuple[Any, ...]:
        """What this Function answers to the gradients of its outputs after it ran forward at ``xs``."""

    @abstractmethod
    def vjp_beside(
        self,
        function: FunctionNode,
        xs: Sequence[Array],
        ys: Sequence[Array],
        gys: Sequence[Array],
        kept: Callable[[Any], Any],
    ) -> tuple[Any, ...]:
        """The same where these, and not quite what it computes, are its outputs.

        ``kept`` makes something else of each array that the run forward leaves in the Function.
        """

    @abstractmethod
    def answer(self, function: FunctionNode, gys: Sequence[Array]) -> tuple[Any, ...]:
        """What this Function answers to the gradients of its outputs, in the state in which it is."""

    @abstractmethod
    def called_as(self, function: FunctionNode) -> bool:
        """Whether the Function, called as the engine calls it, gives what it gives when it is run forward."""

    @abstractmethod
    def disturb(self, function: FunctionNode, xs: Sequence[Any]) -> bool:
        """Call another object of the Function's class with other data; False where that cannot be done."""

    def omissions(self, function: FunctionNode, gys: Sequence[Array]) -> list[tuple[str, int | None]]:
        """What the call that makes the output forgets, as codes, each with the place of an input, if it is one's."""
        return []

    @abstractmethod
    def move(self, leaves: Mapping[VariableNode, Any]) -> None:
        """Give the leaves these data, and compute everything from them anew."""

    @abstractmethod
    def refresh(self) -> None:
        """Run all Functions forward, for what they keep for their backward besides inputs and outputs."""

    @abstractmethod
    def sweep_method(self, of: VariableNode) -> Callable[[], Any] | None:
        """What sweeps back from this Variable as the student's engine does; None where the engine has nothing."""
