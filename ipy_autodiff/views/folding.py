"""Choose what of a large graph is drawn: its first and last Functions, and one box that counts those between.

Laying out a thousand tangled Functions takes Graphviz half a minute; a picture of them would tell nobody anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from ipy_autodiff.tracing.graph import FunctionNode, Graph, VariableNode

__all__ = ["Folded", "fold"]

MOST_FUNCTIONS = 120
_KEPT_AT_EACH_END = 12
_MOST_INPUTS = 12


@dataclass(frozen=True)
class Folded:
    """What is drawn of a graph. ``edges`` are pairs of identifiers, ``boxes`` say how many nodes a box stands for."""

    variables: tuple[VariableNode, ...]
    functions: tuple[FunctionNode, ...]
    edges: tuple[tuple[str, str], ...]
    boxes: dict[str, tuple[int, int]]
    """For each box that stands for what is left out: how many Functions, how many Variables."""

    @property
    def hidden_functions(self) -> int:
        """How many Functions the picture leaves out."""
        return sum(functions for functions, _ in self.boxes.values())


def fold(graph: Graph) -> Folded:
    """The part of the graph that is drawn; all of it where it is small."""
    functions = graph.functions
    if len(functions) > MOST_FUNCTIONS:
        functions = functions[:_KEPT_AT_EACH_END] + functions[-_KEPT_AT_EACH_END:]
    shown = set(functions)
    boxes: dict[str, tuple[int, int]] = {}
    edges: list[tuple[str, str]] = []
    touched: dict[VariableNode, None] = {}
    for function in functions:
        for group, inward in ((function.inputs, True), (function.outputs, False)):
            for node in _some(group):
                touched[node] = None
                edges.append((node.id, function.id) if inward else (function.id, node.id))
            if len(group) > _MOST_INPUTS:
                box = f"m{len(boxes) + 1}"
                boxes[box] = (0, len(group) - len(_some(group)))
                edges.append((box, function.id) if inward else (function.id, box))
    if len(shown) == len(graph.functions):
        whole = not boxes
        variables = graph.variables if whole else tuple(node for node in graph.variables if node in touched)
        return Folded(variables, functions, tuple(edges), boxes)

    variables = tuple(node for node in graph.variables if node in touched)
    boxes["m0"] = (len(graph.functions) - len(shown), len(graph.variables) - len(variables))
    for node in variables:
        creator = graph.creators.get(node)
        if creator is not None and creator not in shown:
            edges.append(("m0", node.id))
        if any(function not in shown for function in graph.consumers.get(node, ())):
            edges.append((node.id, "m0"))
    return Folded(variables, functions, tuple(edges), boxes)


def _some(nodes: tuple[VariableNode, ...]) -> tuple[VariableNode, ...]:
    if len(nodes) <= _MOST_INPUTS:
        return nodes
    half = _MOST_INPUTS // 2
    return nodes[:half] + nodes[-half:]
