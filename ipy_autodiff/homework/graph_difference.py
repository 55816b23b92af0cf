"""Compare two computation graphs by their structure, and draw the one with what is missing and what is too much.

Both are walked from the output back to the leaves at once. A Function matches one of the same name, however it is
written, with as many inputs; where they differ, the walk looks one Function further on either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ipy_autodiff.tracing.graph import FunctionNode, Graph, VariableNode

__all__ = ["GraphDifference", "difference"]


@dataclass(frozen=True)
class GraphDifference:
    """What tells a graph from its reference. False where nothing does."""

    missing: tuple[FunctionNode, ...]
    """Functions of the reference that the graph lacks."""
    extra: tuple[FunctionNode, ...]
    """Functions of the graph that the reference has not."""
    merged: Graph
    """Both in one: the names of missing Functions begin with a minus sign, those of extra ones with a plus sign."""
    shared: tuple[tuple[FunctionNode, FunctionNode], ...] = ()
    """Pairs of Functions that are one in one graph and two in the other: computed again instead of used again."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.shared)


def difference(
    graph: Graph, reference: Graph, of: VariableNode | None = None, reference_of: VariableNode | None = None
) -> GraphDifference:
    """How ``graph`` differs from ``reference``, below ``of`` and ``reference_of`` (by default the last outputs)."""
    of = of or _output(graph)
    reference_of = reference_of or _output(reference)
    walk = _Walk(graph, reference)
    if of is not None and reference_of is not None:
        walk.compare(of, reference_of)
    missing = tuple(function for function in reference.functions if function in walk.missing)
    extra = tuple(function for function in graph.functions if function in walk.extra)
    return GraphDifference(missing, extra, _merged(graph, missing, extra, walk), tuple(walk.shared))


class _Walk:
    """The walk's findings so far."""

    def __init__(self, graph: Graph, reference: Graph) -> None:
        self._graph, self._reference = graph, reference
        self.missing: set[FunctionNode] = set()
        self.extra: set[FunctionNode] = set()
        self.shared: list[tuple[FunctionNode, FunctionNode]] = []
        self.same: dict[VariableNode, VariableNode] = {}
        """Variables of the reference that stand for Variables of the graph."""
        self._pairs: dict[FunctionNode, FunctionNode] = {}
        self._partners: dict[FunctionNode, FunctionNode] = {}

    def compare(self, ours: VariableNode, theirs: VariableNode) -> None:
        """Compares what lies behind two Variables that ought to be the same."""
        pending = [(ours, theirs)]
        while pending:
            ours, theirs = pending.pop()
            self.same.setdefault(theirs, ours)
            f, g = self._graph.creators.get(ours), self._reference.creators.get(theirs)
            if f is None and g is None:
                continue
            if f is None:
                self.missing.update(self._reference.upstream(theirs))
            elif g is None:
                self.extra.update(self._graph.upstream(ours))
            elif _alike(f, g):
                if self._pair(f, g):
                    pending += zip(f.inputs, g.inputs, strict=True)
            elif (behind := self._behind(f, g, self._graph)) is not None:
                self.extra.add(f)
                pending.append((behind, theirs))
            elif (behind := self._behind(g, f, self._reference)) is not None:
                self.missing.add(g)
                pending.append((ours, behind))
            else:
                self.extra.add(f)
                self.missing.add(g)
                pending += zip(f.inputs, g.inputs, strict=False)

    def _pair(self, f: FunctionNode, g: FunctionNode) -> bool:
        """Notes that two Functions match; false where both are known already."""
        known = self._pairs.get(f), self._partners.get(g)
        if known == (g, f):
            return False
        if known != (None, None):
            self.shared.append((f, g))
        self._pairs.setdefault(f, g)
        self._partners.setdefault(g, f)
        return known[0] is None or known[1] is None

    @staticmethod
    def _behind(function: FunctionNode, wanted: FunctionNode, graph: Graph) -> VariableNode | None:
        """The input of ``function`` that a Function like ``wanted`` made."""
        for variable in function.inputs:
            creator = graph.creators.get(variable)
            if creator is not None and _alike(creator, wanted):
                return variable
        return None


def _alike(f: FunctionNode, g: FunctionNode) -> bool:
    return f.name.casefold().strip("_") == g.name.casefold().strip("_") and len(f.inputs) == len(g.inputs)


def _output(graph: Graph) -> VariableNode | None:
    outputs = [variable for variable in graph.variables if not graph.consumers.get(variable)]
    return outputs[-1] if outputs else None


def _merged(graph: Graph, missing: Sequence[FunctionNode], extra: Sequence[FunctionNode], walk: _Walk) -> Graph:
    """The graph with the missing Functions put where they belong, as far as their ends are known."""
    variables = list(graph.variables)
    stands_for = dict(walk.same)

    def placed(variable: VariableNode) -> VariableNode:
        if variable not in stands_for:
            stands_for[variable] = copy = replace(variable, id=f"m{variable.id}")
            variables.append(copy)
        return stands_for[variable]

    functions = [replace(f, name=f"+ {f.name}") if f in extra else f for f in graph.functions]
    made = {variable for function in functions for variable in function.outputs}
    for g in missing:
        inputs = tuple(placed(variable) for variable in g.inputs)
        outputs = []
        for variable in g.outputs:
            output = placed(variable)
            if output in made:  # a Variable has one creator: the missing Function's result stands beside it
                output = replace(variable, id=f"m{variable.id}")
                variables.append(output)
            made.add(output)
            outputs.append(output)
        functions.append(
            replace(g, id=f"m{g.id}", name=f"− {g.name}", inputs=inputs, outputs=tuple(outputs), arguments=inputs)
        )
    return Graph(tuple(variables), tuple(functions), ())
