"""Moves a recorded run to other leaf values: the same graph, replayed forward and swept backward by its own engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ipy_autodiff.tracing.graph import Array, Graph, Recording, VariableNode
from ipy_autodiff.tracing.replay import Replay
from ipy_autodiff.tracing.sweeping import sweep_on_copies

__all__ = ["Mover"]


class Mover:
    """Holds a run, to be moved again and again."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._replay = Replay(recording.graph)

    def values(self, data: Mapping[VariableNode, Array]) -> dict[VariableNode, Array]:
        """Every Variable's value with these leaf values, by the recorded nodes. Raises ``ReplayError``."""
        return self._replay.forward(data)

    def moved(self, data: Mapping[VariableNode, Array]) -> Recording:
        """The run with these leaf values (the other leaves as recorded): new nodes with the same ids.

        Its steps were made on copies; ``grad`` of a node is what the sweep left. Raises ``ReplayError``.
        """
        with self._replay.aside():
            values = self._replay.forward(data)
            nodes = {node: replace(node, data=values.get(node, node.data), grad=None) for node in values}
            graph = self._with(nodes)
            of = nodes[self.recording.of] if self.recording.of is not None else None
            if of is None:
                return replace(self.recording, graph=graph, steps=(), gradients={})
            swept = sweep_on_copies(graph, of, graph.upstream(of), Replay(graph), moved=True)
        return replace(
            self.recording,
            graph=graph,
            steps=swept.steps,
            of=of,
            wrt=tuple(nodes[node] for node in self.recording.wrt),
            swept_by=swept.by,
            gradients=swept.gradients,
            findings=tuple(swept.findings),
        )

    def _with(self, nodes: Mapping[VariableNode, VariableNode]) -> Graph:
        functions = tuple(
            replace(
                function,
                inputs=tuple(nodes[node] for node in function.inputs),
                outputs=tuple(nodes[node] for node in function.outputs if node in nodes),
                arguments=tuple(nodes[item] if isinstance(item, VariableNode) else item for item in function.arguments),
            )
            for function in self.recording.graph.functions
        )
        old = self.recording.graph
        return Graph(tuple(nodes[node] for node in old.variables if node in nodes), functions, old.findings)
