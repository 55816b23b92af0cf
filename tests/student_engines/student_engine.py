"""What is known of one student engine: its cells, its true gradients, and what a tracer may expect of its last cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .notebook import read, run

Saves = Literal["nothing", "input", "creator"]
Sweeps = Literal["cell", "by hand", "partly", "nobody"]


@dataclass(frozen=True)
class StudentEngine:
    """One student's notebook. What is said of a graph is said of the one that the last cell leaves behind."""

    name: str
    """Of the file in ``engines``, without its suffix."""
    stage: str
    """How far into the book it is, or what is particular about it."""
    source: str
    """The classes and functions, as one cell."""
    cells: tuple[str, ...]
    """What is typed after the definitions, in order."""
    formula: str
    """The value of ``of``, in plain NumPy over the names of ``gradients``."""
    gradients: Mapping[str, npt.NDArray[np.float64]]
    """By the notebook's name of each leaf: the true derivative of the sum of ``of``."""
    functions: tuple[str, ...]
    """The class names in the last graph, in the order of the calls."""
    variables: int
    """How many Variables the last graph has: leaves, constants that were wrapped, intermediate ones, outputs."""
    of: str = "y"
    """The notebook's name of the Variable that is differentiated."""
    saves: Saves = "creator"
    """What a call leaves behind: nothing, its input on the Function, or a Variable's creator too."""
    sweeps: Sweeps = "cell"
    """Who propagates: the cell calls the Variable's own method, calls each Function's backward by hand, does so for
    a part of the graph only, or leaves it."""
    sweeper: str | None = "backward"
    """The Variable's method that propagates; None where it has none."""
    function_backward: bool = True
    """Whether the Functions of the last graph have a ``backward``."""
    backward_calls: int | None = None
    """How many calls of a Function's ``backward`` the last cell makes; None: one for each Function of the graph."""

    @cached_property
    def printed(self) -> str:
        """All that the plain run prints."""
        return run(self.source, self.cells)[1]

    @property
    def calls(self) -> int:
        """How many calls of a Function's ``backward`` the last cell makes itself."""
        return len(self.functions) if self.backward_calls is None else self.backward_calls


def student_engine(
    name: str, stage: str, formula: str, gradients: Mapping[str, Any], functions: str, **facts: Any
) -> StudentEngine:
    """The engine in ``engines/NAME.py`` with these facts; ``functions`` are class names with spaces between."""
    source, cells = read(name)
    true = {leaf: np.asarray(gradient, dtype=np.float64) for leaf, gradient in gradients.items()}
    if facts.get("sweeps") == "nobody":
        facts.setdefault("backward_calls", 0)
    return StudentEngine(name, stage, source, cells, formula, true, tuple(functions.split()), **facts)
