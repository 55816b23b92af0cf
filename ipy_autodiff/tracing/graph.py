"""What one run did, as frozen records that every view takes: a graph of Variables and Functions, and its steps.

The records hold copies of the arrays as they were, so they stay true when the notebook goes on. They are compared by
identity: two Variables with equal values are two Variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from ipy_autodiff.designs.nodes import Array, FunctionNode, VariableNode
from ipy_autodiff.tracing.diagnosis import Diagnosis

__all__ = [
    "Addition",
    "Array",
    "Derivative",
    "FunctionNode",
    "Graph",
    "HistoryEntry",
    "Recording",
    "Step",
    "VariableNode",
]


@dataclass(frozen=True, eq=False)
class Graph:
    """The Variables and Functions of one run. ``functions`` stand in an order in which they can be run again."""

    variables: tuple[VariableNode, ...]
    functions: tuple[FunctionNode, ...]
    findings: tuple[Diagnosis, ...] = ()

    @cached_property
    def creators(self) -> Mapping[VariableNode, FunctionNode]:
        """Which Function made each Variable that is not a leaf."""
        return {variable: function for function in self.functions for variable in function.outputs}

    @cached_property
    def consumers(self) -> Mapping[VariableNode, tuple[FunctionNode, ...]]:
        """The Functions that each Variable goes into, in the order of the calls, each once."""
        found: dict[VariableNode, dict[FunctionNode, None]] = {variable: {} for variable in self.variables}
        for function in self.functions:
            for variable in function.inputs:
                found[variable][function] = None
        return {variable: tuple(functions) for variable, functions in found.items()}

    @cached_property
    def leaves(self) -> tuple[VariableNode, ...]:
        """The Variables that no Function made."""
        return tuple(variable for variable in self.variables if variable.role == "leaf")

    @property
    def classes(self) -> set[type]:
        """The classes of the live Functions, and that of a Variable."""
        return {type(node.object) for node in self.variables[:1]} | {type(node.object) for node in self.functions}

    def one_of_each(self) -> list[FunctionNode]:
        """The first Function of each class."""
        return list({type(node.object): node for node in reversed(self.functions)}.values())

    @property
    def cyclic(self) -> bool:
        """Whether a Variable leads back to itself: the mark of a Function instance that was called twice."""
        return any(finding.code == "cycle" for finding in self.findings)

    def upstream(self, variable: VariableNode) -> tuple[FunctionNode, ...]:
        """The Functions that ``variable`` was computed with, in the order of ``functions``."""
        wanted: set[VariableNode] = {variable}
        pending = [variable]
        chosen: set[FunctionNode] = set()
        while pending:
            function = self.creators.get(pending.pop())
            if function is None or function in chosen:
                continue
            chosen.add(function)
            fresh = [node for node in function.inputs if node not in wanted]
            wanted.update(fresh)
            pending.extend(fresh)
        return tuple(function for function in self.functions if function in chosen)

    def leaves_behind(self, variable: VariableNode) -> list[VariableNode]:
        """The leaves that went into the Functions that ``variable`` was computed with."""
        reached = {node for function in self.upstream(variable) for node in function.inputs}
        return [leaf for leaf in self.leaves if leaf in reached]

    def records(self, variable: VariableNode) -> bool:
        """Whether the engine recorded all the calls that ``variable`` was computed with."""
        return all(function.recorded for function in self.upstream(variable))


@dataclass(frozen=True, eq=False)
class Addition:
    """What one backward call did to one input's gradient."""

    variable: VariableNode
    before: Array | None
    """The gradient that stood there before the call; None where there was none."""
    contribution: Array | None
    """What this call returned for this input."""
    after: Array | None
    """The gradient that stood there when the engine had dealt with the call."""


@dataclass(frozen=True, eq=False, repr=False)
class Step:
    """One call of a Function's ``backward``, with the real numbers."""

    number: int
    """Its place in the sweep, from 1."""
    function: FunctionNode
    gys: tuple[Array | None, ...]
    """The gradient of each output, as it came in."""
    gxs: tuple[Array | None, ...]
    """The gradient for each input, as it was returned."""
    local: tuple[Array | None, ...]
    """The same backward's answer to a gradient of ones: the local derivative with this step's numbers; None where
    it is not an elementwise number (or could not be computed)."""
    additions: tuple[Addition, ...]
    line: int | None
    """The line of the cell that built the Function's node."""
    backward_lines: tuple[str, int, int] | None = None
    """Where the ``backward`` that ran stands: file name, first line and last line that ran."""
    by: Literal["cell", "replay"] = "cell"
    """Whether the cell made this call itself, or it was made on copies afterwards."""
    error: str | None = None
    """What the call raised, as ``TypeName: text``."""

    def __repr__(self) -> str:
        return f"<Step {self.number}: {self.function!r}>"


@dataclass(frozen=True)
class HistoryEntry:
    """One backward pass of a loop, as ``trace.history`` lists it."""

    number: int
    """From 1, among the passes that began at the same place of the code."""
    passes: int
    """How many passes there were."""
    value: float
    """The root's value; of an array its sum, for that is what a gradient of ones differentiates."""
    data: Mapping[str, float]
    """The Euclidean norm of each leaf's data when the pass ended, by the leaf's name, in graph order."""
    gradients: Mapping[str, float]
    """The norm of the gradient that the pass left in it; NaN where there was none."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One run: the graph, the backward steps, and which Variable is differentiated with respect to which."""

    graph: Graph
    steps: tuple[Step, ...]
    of: VariableNode | None
    """The Variable that is differentiated; None where there is none."""
    wrt: tuple[VariableNode, ...]
    """The Variables whose gradients are compared."""
    source: str = ""
    """The cell's source; empty for a graph that already existed."""
    swept_by: Literal["cell", "replay", "nobody"] = "nobody"
    """Who ran the backward pass that ``steps`` shows."""
    gradients: Mapping[VariableNode, Array] = field(default_factory=dict)
    """What the sweep left in each Variable's ``.grad``, its own engine's answer, before anything cleared it."""
    findings: Sequence[Diagnosis] = ()
    """The graph's findings and the sweep's."""
    begun: bool = False
    """Whether the cell began a pass from ``of``, to its end or not."""
    raised: Step | None = None
    """The call with which the cell's own backward pass ended, where it raised and ``steps`` are of another pass."""
    left_out: tuple[str, ...] = ()
    """The names of Variables that the cell made and that are no part of what ``of`` was computed with."""
    passes_seen: int = 0
    """How many backward passes from ``of`` were watched in earlier cells; for a graph that already existed."""
    history: tuple[HistoryEntry, ...] = ()
    """The backward passes of the cell that began where that from ``of`` did, thinned where there are many."""
    derivatives: tuple[Derivative, ...] = ()
    """The gradients of ``of`` that can be differentiated again, as far as they live; their own gradients after them."""


@dataclass(frozen=True, eq=False)
class Derivative:
    """The graph of a gradient, as ``create_graph=True`` builds it."""

    label: str
    """``y′``, or ``∂y/∂x`` where there are several Variables to differentiate by."""
    by: tuple[VariableNode, ...]
    """The Variables, of the first graph, by which it was differentiated: one for each order."""
    recording: Recording | None
    """The gradient and what lies behind it; None where that is too large to be shown, or one partial too many."""
    functions: int
    """How many Functions lie behind it, as far as they were counted."""
    cleared: bool = True
    """False where an earlier gradient was not cleared, so that it is the sum of both."""
