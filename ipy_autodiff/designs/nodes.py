"""The nodes of a recorded graph: one for each Variable, and one for each call of a Function.

They hold copies of the arrays as they were, so they stay true when the notebook goes on. They are compared by
identity: two Variables with equal values are two Variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "FunctionNode", "Role", "VariableNode", "Wired"]

Array = npt.NDArray[Any]
Role = Literal["leaf", "intermediate", "output"]


@dataclass(frozen=True, eq=False, repr=False)
class VariableNode:
    """One Variable of the graph: its name, its data and gradient as copies, and its part in the graph."""

    id: str
    """Unique in its graph and safe in HTML, SVG and DOT: ``v0``, ``v1``, ..."""
    name: str
    """The notebook's name for it, else its own ``.name``, else one made up; never empty, not escaped."""
    named: bool
    """Whether the name is the notebook's or the Variable's own, not made up."""
    data: Any
    """A copy of its ``.data``: an ndarray, or what the student put there instead."""
    grad: Array | None
    """A copy of its ``.grad`` as the cell left it, as an ndarray; None where there is none."""
    role: Role
    object: Any = field(repr=False)
    """The live object in the notebook. Never written to."""

    def __repr__(self) -> str:
        return f"<Variable {self.name}: {self.role}, {self.dtype} {self.shape}>"

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of its data, or None if the data is neither an array nor a number."""
        return self.data.shape if isinstance(self.data, np.ndarray | np.generic) else None

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """The dtype of its data, or None if the data is neither an array nor a number."""
        return self.data.dtype if isinstance(self.data, np.ndarray | np.generic) else None


@dataclass(frozen=True, eq=False, repr=False)
class FunctionNode:
    """One call of a Function: the class's name, what went in and came out, and the line of the cell that called it."""

    id: str
    """Unique in its graph: ``f0``, ``f1``, ... in the order of the calls."""
    name: str
    """The class's name, not escaped."""
    inputs: tuple[VariableNode, ...]
    """The Variables that went in, in order; one that went in twice stands here twice."""
    outputs: tuple[VariableNode, ...]
    line: int | None
    """The line of the cell, from 1, that led to the call; None when the cell did not make it."""
    code: str
    """That line's text, without its indentation; empty where it is not known."""
    arguments: tuple[Any, ...] = field(repr=False)
    """What ``forward`` is to be called with, in order: a VariableNode, or a constant that is not a Variable."""
    object: Any = field(repr=False)
    """The live Function object. Two calls of one object are two nodes with the same object."""
    convention: tuple[Literal["each", "list"], bool] = ("each", False)
    """How ``forward`` is given its arguments: each by itself or in one list, and whether as Variables."""
    has_backward: bool = False
    """Whether it can answer to gradients: its class has a ``backward`` that is more than a place kept for one."""
    places: tuple[int, ...] = ()
    """Where ``outputs`` stand among all that ``forward`` returns; empty where they are all of it."""
    sweep: int = 0
    """Which backward pass made this call, with ``create_graph``, counted from 1; 0 where none did."""
    recorded: bool = True
    """False where the engine has creators and left this call's result without one, as within ``no_grad()``."""
    backward_of: Any = field(default=None, repr=False)
    """The live Function whose ``backward`` made this call, with ``create_graph``; None where none did."""

    made: Any = field(default=None, repr=False)
    """The call that made the output, to be made again; None where the Function object itself is run again."""

    def __repr__(self) -> str:
        ins, outs = (", ".join(node.name for node in nodes) for nodes in (self.inputs, self.outputs))
        return f"<Function {self.name}({ins}) = {outs}>"


class Wired(Protocol):
    """A recorded graph, as far as running it again needs it."""

    @property
    def variables(self) -> Sequence[VariableNode]:
        """All Variables."""

    @property
    def leaves(self) -> Sequence[VariableNode]:
        """The Variables that no call made."""

    @property
    def functions(self) -> Sequence[FunctionNode]:
        """All calls, in an order in which they can be run again."""

    @property
    def creators(self) -> Mapping[VariableNode, FunctionNode]:
        """Which call made each Variable that is not a leaf."""

    @property
    def classes(self) -> set[type]:
        """The classes of the live Functions, and that of a Variable."""
