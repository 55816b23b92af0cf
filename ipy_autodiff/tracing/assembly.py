"""Builds the Graph behind some Variables: from the calls that were seen, else from what the engine saved."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import (
    GRADIENT,
    array_of,
    data_of,
    is_variable,
    kept,
)
from ipy_autodiff.limits import HELD_FUNCTIONS
from ipy_autodiff.tracing.findings import cuts, findings_of
from ipy_autodiff.tracing.graph import FunctionNode, Graph, VariableNode
from ipy_autodiff.tracing.lazily import LazyGraph, Nodes, Wiring
from ipy_autodiff.tracing.naming import Naming
from ipy_autodiff.tracing.producers import Producer, data_seen, walk
from ipy_autodiff.tracing.watching.calls import Call, CallLog

__all__ = ["Assembled", "assemble"]


@dataclass(frozen=True, eq=False)
class Assembled:
    """A Graph, and the node of each live Variable by its ``id``."""

    graph: Graph
    nodes: Mapping[int, VariableNode]


def assemble(
    outputs: Sequence[Any],
    log: CallLog | None = None,
    names: Mapping[int, str] | None = None,
    local_names: Mapping[int, str] | None = None,
    code: Callable[[Call], tuple[int | None, str]] | None = None,
) -> Assembled:
    """The graph that ends in these live Variables.

    ``names`` are the notebook's names by ``id``; ``local_names`` those given within its functions. ``code`` tells the
    line of the cell, and its text, of a call that was seen.
    """
    log = CallLog() if log is None else log
    with _uncollected():
        producers, order, cycle = walk(outputs, log)
        variables: dict[int, Any] = {}
        made_by: dict[int, Producer] = {}
        consumed: set[int] = set()
        data: dict[int, Any] = {}
        for producer in order:
            for argument in producer.arguments:
                if is_variable(argument):
                    key = id(argument)
                    consumed.add(key)
                    if key not in variables:
                        variables[key] = argument
            for output in producer.outputs:
                key = id(output)
                made_by[key] = producer
                if key not in variables:
                    variables[key] = output
            if producer.call is not None:
                data_seen(producer, data)
        for output in outputs:
            variables.setdefault(id(output), output)
        if len(outputs) > 1:  # what the last one was computed with, whatever later calls saw
            for producer in _upstream(outputs[-1], made_by):
                data_seen(producer, data)
        for key, producer in producers.items():
            made_by.setdefault(key, producer)
        found = _Found(variables, made_by, consumed, data, order, Naming(names or {}, local_names or {}), code)
        if len(order) > HELD_FUNCTIONS and not cycle:
            return _lazily(found, outputs, log)
    nodes = {key: found.node(number, key) for number, key in enumerate(variables)}
    functions = [_function_node(number, producer, nodes, code) for number, producer in enumerate(order)]
    listed_nodes = tuple(nodes.values())
    findings = list(findings_of(functions, listed_nodes, [node.data for node in listed_nodes], order, cycle))
    findings += cuts(outputs, order, log, nodes)
    return Assembled(Graph(listed_nodes, tuple(functions), tuple(findings)), nodes)


def _upstream(output: Any, made_by: Mapping[int, Producer]) -> list[Producer]:
    """The calls that led to this Variable, as far as they were seen."""
    pending, found = [output], dict[int, Producer]()
    while pending:
        producer = made_by.get(id(pending.pop()))
        if producer is not None and producer.call is not None and id(producer) not in found:
            found[id(producer)] = producer
            pending += [argument for argument in producer.arguments if is_variable(argument)]
    return list(found.values())


@dataclass(eq=False)
class _Found:
    """What was found behind the outputs, before there are nodes: everything by the Variables' ``id``."""

    variables: dict[int, Any]
    made_by: dict[int, Producer]
    consumed: set[int]
    data: dict[int, Any]
    """Arrays as they were when their calls were made, as far as that was seen."""
    order: list[Producer]
    naming: Naming
    code: Callable[[Call], tuple[int | None, str]] | None

    def node(self, number: int, key: int, seen: Any = None) -> VariableNode:
        """The node of one Variable; ``seen`` are its data and its gradient when the graph was read, by default now."""
        variable = self.variables[key]
        name, named = self.naming.of(variable, self.made_by.get(key))
        data, gradient = (data_of(variable), GRADIENT.read(variable)) if seen is None else seen
        return VariableNode(
            id=f"v{number}",
            name=name,
            named=named,
            data=self.data[key] if key in self.data else _data(data),
            grad=kept(array_of(gradient)),
            role="leaf" if key not in self.made_by else "intermediate" if key in self.consumed else "output",
            object=variable,
        )


def _lazily(found: _Found, outputs: Sequence[Any], log: CallLog) -> Assembled:
    """The same for so many calls that their nodes are made as they are asked for."""
    keys = list(found.variables)
    place = {key: number for number, key in enumerate(keys)}
    values = [data_of(variable) for variable in found.variables.values()]
    gradients = [GRADIENT.read(variable) for variable in found.variables.values()]
    variables = Nodes(len(keys), lambda number: found.node(number, keys[number], (values[number], gradients[number])))
    nodes = _ByObject(place, variables)
    functions = Nodes(len(found.order), lambda number: _function_node(number, found.order[number], nodes, found.code))
    inputs = [[place[id(item)] for item in producer.arguments if is_variable(item)] for producer in found.order]
    wiring = Wiring.of(inputs, [[place[id(item)] for item in producer.outputs] for producer in found.order], len(keys))
    findings = list(findings_of(functions, variables, values, found.order, False))
    findings += cuts(outputs, found.order, log, nodes)
    kinds = [type(producer.function) for producer in found.order]
    seen = [(number, producer.call) for number, producer in enumerate(found.order) if producer.call is not None]
    lines: list[int | None] = [None] * len(kinds)
    sweeps = [0] * len(kinds)
    for number, call in seen:
        lines[number] = found.code(call)[0] if found.code is not None else None
        sweeps[number] = call.sweep
    unrecorded = {number for number, call in seen if not call.recorded}
    graph = LazyGraph(variables, functions, tuple(findings), wiring, kinds, lines, sweeps, unrecorded)
    for leaf in np.flatnonzero(wiring.maker < 0)[:HELD_FUNCTIONS].tolist():
        variables[leaf]
    return Assembled(graph, nodes)


class _ByObject(Mapping[int, VariableNode]):
    """The node of each live Variable by its ``id``, made when it is asked for."""

    def __init__(self, place: Mapping[int, int], nodes: Nodes[VariableNode]) -> None:
        self._place = place
        self._nodes = nodes

    def __getitem__(self, key: int) -> VariableNode:
        return self._nodes[self._place[key]]

    def __contains__(self, key: object) -> bool:
        return key in self._place

    def __iter__(self) -> Iterator[int]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of garbage, which would go through all that is being built again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _data(data: Any) -> Any:
    array = array_of(data) if not is_variable(data) else None
    return kept(array) if isinstance(data, np.ndarray | np.generic) or array is not None else data


def _function_node(
    number: int,
    producer: Producer,
    nodes: Mapping[int, VariableNode],
    code: Callable[[Call], tuple[int | None, str]] | None,
) -> FunctionNode:
    line, text = code(producer.call) if code is not None and producer.call is not None else (None, "")
    arguments = tuple(nodes.get(id(argument), argument) for argument in producer.arguments)
    return FunctionNode(
        id=f"f{number}",
        name=producer.name,
        inputs=tuple(argument for argument in arguments if isinstance(argument, VariableNode)),
        outputs=tuple(nodes[id(output)] for output in producer.outputs if id(output) in nodes),
        line=line,
        code=text,
        arguments=arguments,
        object=producer.function,
        has_backward=producer.has_backward,
        made=producer.made,
        convention=producer.call.convention if producer.call is not None else ("each", False),  # type: ignore[arg-type]
        places=producer.places if len(producer.places) == len(producer.outputs) else (),
        sweep=producer.call.sweep if producer.call is not None else 0,
        recorded=producer.call is None or producer.call.recorded,
        backward_of=producer.call.backward_of() if producer.call is not None and producer.call.backward_of else None,
    )
