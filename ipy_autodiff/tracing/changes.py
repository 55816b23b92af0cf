"""See which Variables have other data now than those that a graph was computed with, and say so by name and line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import array_of, data_of
from ipy_autodiff.limits import STUDIED_FUNCTIONS
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.diagnosis import GRAPH, Diagnosis
from ipy_autodiff.tracing.graph import FunctionNode, Graph, Recording, VariableNode
from ipy_autodiff.tracing.replay import Replay, ReplayError
from ipy_autodiff.tracing.watching.source import changes_of_data

__all__ = ["at_present", "changed_since"]


def changed_since(recording: Recording) -> Diagnosis | None:
    """A remark that leaves of the graph have other data by now, with the line of the cell that changed data last."""
    graph, of = recording.graph, recording.of
    if of is None or len(graph.functions) > STUDIED_FUNCTIONS:
        return None
    names = [leaf.name for leaf in graph.leaves_behind(of) if leaf.named and _differs(data_of(leaf.object), leaf.data)]
    if not names:
        return None
    last = max((function.line for function in graph.upstream(of) if function.line is not None), default=0)
    lines = changes_of_data(recording.source)
    line = next((one for one in lines if one > last), lines[-1] if lines else None)
    where: Message | str = "" if line is None else Message("trace.in-line", line=str(line))
    blanks = {"variables": ", ".join(names), "of": of.name, "line": where}
    return Diagnosis("changed-since", GRAPH, None, blanks, mistake=False)


def at_present(graph: Graph, of: Any) -> tuple[Graph, dict[VariableNode, VariableNode], Diagnosis | None]:
    """The graph with the data that its leaves have now, where they were changed after nobody watched it being computed.

    Then the recorded outputs do not follow from the recorded inputs, although each Function, called as the engine calls
    it, gives what its ``forward`` gives. Also the new nodes by the old ones, and what is to be said.
    """
    unchanged: dict[VariableNode, VariableNode] = {}
    if len(graph.functions) > STUDIED_FUNCTIONS or graph.cyclic or not graph.functions:
        return graph, unchanged, None
    replay = Replay(graph)
    with replay.aside():
        try:
            stale = [function for function in graph.functions if not _follows(function, replay)]
            if not stale or not all(any(node.role == "leaf" for node in function.inputs) for function in stale):
                return graph, unchanged, None
            if not all(replay.called_as(function) for function in stale):
                return graph, unchanged, None
            values = replay.forward()
        except (ReplayError, RecursionError):
            return graph, unchanged, None
    leaves = {node.name: None for function in stale for node in function.inputs if node.role == "leaf"}
    nodes = {node: replace(node, data=values.get(node, node.data)) for node in graph.variables}
    functions = tuple(_with(function, nodes) for function in graph.functions)
    present = Graph(tuple(nodes.values()), functions, graph.findings)
    blanks = {"variables": ", ".join(leaves), "of": of.name}
    return present, nodes, Diagnosis("changed-unseen", GRAPH, None, blanks, mistake=False)


def _follows(function: FunctionNode, replay: Replay) -> bool:
    xs = [array_of(node.data) for node in function.inputs]
    if any(x is None for x in xs):
        return True
    ys = replay.apply(function, [np.array(x) for x in xs])
    return not any(_differs(y, node.data) for y, node in zip(ys, function.outputs, strict=False))


def _with(function: FunctionNode, nodes: Mapping[VariableNode, VariableNode]) -> FunctionNode:
    return replace(
        function,
        inputs=tuple(nodes[node] for node in function.inputs),
        outputs=tuple(nodes[node] for node in function.outputs),
        arguments=tuple(nodes[item] if isinstance(item, VariableNode) else item for item in function.arguments),
    )


def _differs(first: Any, second: Any) -> bool:
    a, b = array_of(first), array_of(second)
    if a is None or b is None or a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return False
    if a.shape != b.shape:
        return True
    return not (np.array_equal(a, b) or np.allclose(a, b, rtol=1e-12, atol=0, equal_nan=True))
