"""Hold what was seen of a backward pass: its calls, in order, and the gradients that it left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ipy_autodiff.tracing.graph import Array
from ipy_autodiff.tracing.watching.history import Key

__all__ = ["BackwardCall", "Sweep", "SweepTooLong"]


class SweepTooLong(Exception):  # noqa: N818 - it ends a sweep; not an error of the package
    """A sweep made more backward calls than any graph of its size needs."""


@dataclass(eq=False, slots=True)
class BackwardCall:
    """One call of a Function's ``backward``, as it passed."""

    function_reference: Any
    gys: tuple[Array | None, ...]
    inputs: tuple[Any, ...]
    """References to the Variables that the Function's inputs were."""
    before: tuple[Array | None, ...]
    gxs: tuple[Array | None, ...] = ()
    after: tuple[Array | None, ...] = ()
    lines: tuple[str, int, int] | None = None
    returned: bool = False
    answers: bool = True
    """Whether the call returns the gradients; a closure adds them to the inputs' own instead."""
    design: Any = None
    """The design that reads what the call returned; None where it returns the gradients themselves, or nothing."""

    @property
    def function(self) -> Any:
        """The Function object, or None when it is gone."""
        return self.function_reference()


@dataclass(eq=False, slots=True)
class Sweep:
    """The backward calls of one backward pass; ``root`` gives the Variable it started from, None for one by hand."""

    root_reference: Any
    calls: list[BackwardCall]
    left: dict[int, Array | None] = field(default_factory=dict)
    """The gradient that stood in each leaf at the end, by the Variable's ``id``; not known of calls made by hand."""
    whole: bool = True
    """Whether all calls were noted; a sweep of more than ``HELD_FUNCTIONS`` is not."""
    ended: bool = False
    """Whether the root's ``backward`` came to its end without an error."""
    order: int = 0
    """Whether it differentiates a result, 0, or a gradient, and of which order that is."""
    first_call: int = 0
    """How many calls forward had been made when it began."""
    noted: bool = True
    """Whether its calls were watched; of a pass in a loop that is known, only beginning and end are."""
    before: dict[int, Array | None] = field(default_factory=dict)
    """The gradient that stood in each leaf when it began, where its calls were not watched."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """The simple arguments that ``backward`` was called with, where its calls were not watched."""
    key: Key | None = None
    """Where in the code it was begun."""

    @property
    def root(self) -> Any:
        """The Variable whose ``backward`` was called; None for calls made by hand."""
        return None if self.root_reference is None else self.root_reference()
