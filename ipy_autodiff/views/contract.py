"""What a view is: of a trace, and of what is wanted of the output, it makes one Part.

A view is a folder with a ``VIEW`` in its ``__init__`` and a function ``part(trace, wanted)`` in its ``part`` module;
``registry`` finds it there, and magics, completion and output read the registry.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["Live", "Part", "Redraw", "View", "Wanted"]


@dataclass(frozen=True)
class Wanted:
    """What one output is to show, the same for all of its parts."""

    show: tuple[str, ...]
    """The names of the views that were asked for, in their order."""
    judged: bool = False
    """Whether the comparison's verdicts may be seen in other views too."""
    live: bool = False
    """Whether the recorded run is shown, and a kernel can be asked for more of it."""
    patient: bool = False
    """Whether nobody waits for it, as for a file."""
    brief: bool = False
    """Whether the steps are left to the front end."""
    whole: bool = False
    """Whether the data must hold all that is drawn, because there is no HTML around it."""
    sliders: Sequence[Any] = ()
    """The ranges that were asked for."""
    namespace: Mapping[str, Any] | None = None
    """The notebook's names, for running the cell again."""
    seconds: float = math.inf
    """How long the cell took."""
    remarks: tuple[str, ...] = ()
    """What else is to be said of the run."""

    @property
    def verdict_apart(self) -> bool:
        """Whether the verdict stands under the graph, so that the comparison need not say it."""
        return {"graph", "check"} <= set(self.show) and not self.asking

    @property
    def asking(self) -> bool:
        """Whether gradients are asked for before they are shown."""
        return "quiz" in self.show


@dataclass(frozen=True)
class Redraw:
    """How another trace in place of the one that is shown becomes data for the page."""

    whole: Callable[[Trace], dict[str, Any]]
    """All of it."""
    check: Callable[[Trace], dict[str, Any]] | None
    """Its comparison alone; None where none is shown."""


Live = Callable[[Any, Redraw], None]
"""Ties a part to Python, given the output's live model."""


@dataclass(frozen=True)
class Part:
    """One part of an output, under its ``name`` in the front end's data."""

    name: str
    readable: str = ""
    """HTML that an untrusted notebook keeps: images, tables, ``<details>``, ``style=`` attributes."""
    text: str = ""
    """For a terminal."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """What is added to the front end's data."""
    modules: tuple[str, ...] = ()
    """The front end's files that draw it, ``name.js`` and ``name.css``, without their suffix."""
    drawn: bool = True
    """Whether the front end draws it in place of what is readable; else that stays."""
    within: bool = False
    """Whether another part draws it, so that it has no place of its own."""
    live: Live | None = None


@dataclass(frozen=True)
class View:
    """A view by its name, for ``--show``, and its folder."""

    name: str
    folder: str
    order: int
    """Where it stands among the views that are shown by default."""
    default: bool = True
    """Whether it is shown where nobody says what to show."""
    beside: str = ""
    """The view that it always comes with; such a view is not asked for by itself."""

    def part(self, trace: Trace, wanted: Wanted) -> Part | None:
        """Its part of the output, in the language in force; None where it has nothing to show."""
        module = importlib.import_module(f"{self.folder}.part")
        made: Part | None = module.part(trace, wanted)
        return made
