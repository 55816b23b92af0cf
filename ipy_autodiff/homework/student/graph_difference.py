"""Compare two computation graphs by their structure, and draw the one with what is missing and what is too much.

Both are walked from the output back to the leaves at once. A Function matches one of the same name, in capitals or
not, with as many inputs; of all ways to account for the rest, the one with the fewest differences is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    """The cheapest way to turn one graph into the other, where a Function too much or too few costs one.

    An edit distance of ordered trees in which the way on leads through one of a Function's inputs; sums and products
    may have theirs swapped.
    """

    def __init__(self, graph: Graph, reference: Graph) -> None:
        self._graph, self._reference = graph, reference
        self.missing: set[FunctionNode] = set()
        self.extra: set[FunctionNode] = set()
        self.shared: list[tuple[FunctionNode, FunctionNode]] = []
        self.same: dict[VariableNode, VariableNode] = {}
        """Variables of the reference that stand for Variables of the graph."""
        self._pairs: dict[FunctionNode, FunctionNode] = {}
        self._partners: dict[FunctionNode, FunctionNode] = {}
        self._costs: dict[_Pair, tuple[float, _Choice]] = {}

    def compare(self, ours: VariableNode, theirs: VariableNode) -> None:
        """Compares what lies behind two Variables that ought to be the same."""
        self._settle(ours, theirs)
        pending, seen = [(ours, theirs)], set()
        while pending:
            pair = pending.pop()
            if pair in seen:
                continue
            seen.add(pair)
            choice = self._costs[pair][1]
            if choice.same:
                self.same.setdefault(pair[1], pair[0])
            if choice.match is not None:
                self._pair(*choice.match)
            self.extra.update(choice.extra)
            self.missing.update(choice.missing)
            pending += choice.rest
        self.extra -= set(self._pairs)
        self.missing -= set(self._partners)

    def _settle(self, ours: VariableNode, theirs: VariableNode) -> None:
        """Fills ``_costs`` for the pair and all that it needs, without recursion."""
        pending = [(ours, theirs)]
        while pending:
            pair = pending[-1]
            if pair in self._costs:
                pending.pop()
                continue
            choices = self._choices(*pair)
            needed = [rest for choice in choices for rest in choice.rest if rest not in self._costs]
            if needed:
                pending += needed
                continue
            priced = [(choice.price + sum(self._costs[rest][0] for rest in choice.rest), choice) for choice in choices]
            self._costs[pair] = min(priced, key=lambda one: one[0])
            pending.pop()

    def _choices(self, ours: VariableNode, theirs: VariableNode) -> list[_Choice]:
        f, g = self._graph.creators.get(ours), self._reference.creators.get(theirs)
        if f is None or g is None:
            extra, missing = self._graph.upstream(ours), self._reference.upstream(theirs)
            return [_Choice(len(extra) + len(missing), extra=extra, missing=missing)]
        if _alike(f, g):
            orders = [g.inputs, g.inputs[::-1]] if _unordered(f) else [g.inputs]
            return [
                _Choice(0.1 * bool(turned), match=(f, g), rest=tuple(zip(f.inputs, inputs, strict=True)))
                for turned, inputs in enumerate(orders)
            ]
        both = _Choice(2, extra=(f,), missing=(g,), rest=tuple(zip(f.inputs, g.inputs, strict=False)))
        without_f = [self._skip(f, n, self._graph, lambda v: (v, theirs)) for n in range(len(f.inputs))]
        without_g = [self._skip(g, n, self._reference, lambda v: (ours, v)) for n in range(len(g.inputs))]
        return [
            both,
            *(_Choice(len(some), extra=some, rest=rest, same=False) for some, rest in without_f),
            *(_Choice(len(some), missing=some, rest=rest, same=False) for some, rest in without_g),
        ]

    def _skip(
        self, function: FunctionNode, way: int, graph: Graph, pair: Callable[[VariableNode], _Pair]
    ) -> tuple[tuple[FunctionNode, ...], tuple[_Pair, ...]]:
        """A Function left out, the way on through one input: what goes with it, and what is still to be compared."""
        others = [variable for n, variable in enumerate(function.inputs) if n != way]
        with_it = {f: None for variable in others for f in graph.upstream(variable)}
        return (function, *with_it), (pair(function.inputs[way]),)

    def _pair(self, f: FunctionNode, g: FunctionNode) -> None:
        """Notes that two Functions match, or that one of them matches another already."""
        if self._pairs.setdefault(f, g) is not g or self._partners.setdefault(g, f) is not f:
            self.shared.append((f, g))


@dataclass(frozen=True)
class _Choice:
    """One way to deal with a pair of Variables."""

    price: float
    match: tuple[FunctionNode, FunctionNode] | None = None
    extra: tuple[FunctionNode, ...] = ()
    missing: tuple[FunctionNode, ...] = ()
    rest: tuple[_Pair, ...] = ()
    same: bool = True
    """Whether the two Variables stand for each other."""


_Pair = tuple[VariableNode, VariableNode]
_UNORDERED = frozenset({"add", "mul", "multiply", "sum"})


def _unordered(function: FunctionNode) -> bool:
    return len(function.inputs) == 2 and function.name.casefold().strip("_") in _UNORDERED


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
