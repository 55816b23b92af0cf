"""Builds the Graph behind some Variables: from the calls that were seen, else from what the engine saved."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import (
    CREATOR,
    GRADIENT,
    INPUTS,
    NAME,
    OUTPUTS,
    array_of,
    backward_method,
    data_of,
    dereferenced,
    is_function,
    is_variable,
    kept,
    listed,
)
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.calls import MANY, Call, CallLog, Origin
from ipy_autodiff.tracing.graph import Finding, FunctionNode, Graph, VariableNode
from ipy_autodiff.tracing.lazily import LazyGraph, Nodes, Wiring

__all__ = ["Assembled", "assemble", "rewrapped"]

_LONG_NAME = 22
_MANY = 300


@dataclass(eq=False, slots=True)
class _Producer:
    """A Function's call as found: by watching it, or by reading the Function object."""

    function: Any
    arguments: tuple[Any, ...]
    outputs: tuple[Any, ...]
    call: Call | None
    places: tuple[int, ...] = ()
    """Where the outputs that live stand among all; empty where all live."""
    visited: int = 0
    """1 while its inputs are visited, 2 when that is done."""


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
        producers, order, cycle = _walk(outputs, log)
        variables: dict[int, Any] = {}
        made_by: dict[int, _Producer] = {}
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
                _take_data(producer, data)
        for output in outputs:
            variables.setdefault(id(output), output)
        for key, producer in producers.items():
            made_by.setdefault(key, producer)
        found = _Found(variables, made_by, consumed, data, order, _Naming(names or {}, local_names or {}), code)
        if len(order) > MANY and not cycle:
            return _lazily(found, outputs, log)
    nodes = {key: found.node(number, key) for number, key in enumerate(variables)}
    functions = [_function_node(number, producer, nodes, code) for number, producer in enumerate(order)]
    listed_nodes = tuple(nodes.values())
    findings = list(_findings(functions, listed_nodes, [node.data for node in listed_nodes], order, cycle))
    findings += _cuts(outputs, order, log, nodes)
    return Assembled(Graph(listed_nodes, tuple(functions), tuple(findings)), nodes)


@dataclass(eq=False)
class _Found:
    """What was found behind the outputs, before there are nodes: everything by the Variables' ``id``."""

    variables: dict[int, Any]
    made_by: dict[int, _Producer]
    consumed: set[int]
    data: dict[int, Any]
    """Arrays as they were when their calls were made, as far as that was seen."""
    order: list[_Producer]
    naming: _Naming
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
    findings = list(_findings(functions, variables, values, found.order, False))
    findings += _cuts(outputs, found.order, log, nodes)
    kinds = [type(producer.function) for producer in found.order]
    seen = [(number, producer.call) for number, producer in enumerate(found.order) if producer.call is not None]
    lines: list[int | None] = [None] * len(kinds)
    sweeps = [0] * len(kinds)
    for number, call in seen:
        lines[number] = found.code(call)[0] if found.code is not None else None
        sweeps[number] = call.sweep
    unrecorded = {number for number, call in seen if not call.recorded}
    graph = LazyGraph(variables, functions, tuple(findings), wiring, kinds, lines, sweeps, unrecorded)
    for leaf in np.flatnonzero(wiring.maker < 0)[:MANY].tolist():
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


def _walk(outputs: Sequence[Any], log: CallLog) -> tuple[dict[int, _Producer], list[_Producer], bool]:
    """What made each Variable, by id; the calls in an order in which they can run; and whether there is a cycle."""
    producers: dict[int, _Producer] = {}
    by_key: dict[tuple[str, int], _Producer] = {}
    order: list[_Producer] = []
    cycle = False
    for root in outputs:
        pending: list[Any] = [root]
        while pending:
            variable = pending.pop()
            if type(variable) is _Producer:  # all that it takes has been visited
                variable.visited = 2
                order.append(variable)
                continue
            key = id(variable)
            if key in producers:
                cycle = cycle or producers[key].visited == 1
                continue
            found = _producer(variable, log, by_key) if is_variable(variable) else None
            if found is None:
                continue
            producers[key] = found
            if found.visited:
                cycle = cycle or found.visited == 1
                continue
            found.visited = 1
            pending.append(found)
            arguments = found.arguments
            pending += arguments if len(arguments) == 1 else arguments[::-1]
    if not cycle and all(producer.call is not None for producer in order):
        order.sort(key=lambda producer: producer.call.number if producer.call else 0)
    return producers, order, cycle


def _producer(variable: Any, log: CallLog, by_key: dict[tuple[str, int], _Producer]) -> _Producer | None:
    call = log.made(variable) if log.knows(variable) else None
    if call is not None and call.function is not None:
        key = ("call", id(call))
        if key not in by_key:
            all_outputs = [give() for give in call.output_references]
            # An engine that lets one instance be called again hands the earlier call's record to another object.
            creator = CREATOR.read(variable)
            function = creator if type(creator) is type(call.function) else call.function
            places = call.places or _places(all_outputs)
            by_key[key] = _Producer(function, call.arguments, call.outputs, call, places)
        return by_key[key]
    creator = CREATOR.read(variable)
    if creator is None or not is_function(creator):
        return None
    key = ("function", id(creator))
    known = by_key.get(key)
    if known is None:
        saved, taken = OUTPUTS.read(creator), INPUTS.read(creator)
        arguments = taken if type(taken) is tuple and _lives(taken) else listed(taken)
        if type(saved) is tuple and len(saved) == 1 and saved[0] is variable:
            by_key[key] = producer = _Producer(creator, arguments, saved, None)
            return producer
        places = _places([dereferenced(item) for item in saved]) if isinstance(saved, list | tuple) else ()
        by_key[key] = _Producer(creator, arguments, listed(saved), None, places)
    producer = by_key[key]
    if not any(output is variable for output in producer.outputs):
        producer.outputs = (*producer.outputs, variable)
    return producer


def _lives(items: tuple[Any, ...]) -> bool:
    """Whether these are objects themselves, none of them a weak reference."""
    return all(is_variable(item) for item in items) if len(items) != 1 else is_variable(items[0])


def _places(outputs: Sequence[Any]) -> tuple[int, ...]:
    live = tuple(place for place, output in enumerate(outputs) if output is not None)
    return live if len(live) < len(outputs) else ()


def _take_data(producer: _Producer, data: dict[int, Any]) -> None:
    call = producer.call
    if call is None:
        return
    for give, array in zip(call.argument_references, call.argument_data, strict=True):
        argument = give()
        if argument is not None and array is not None:
            data[id(argument)] = array
    for give, array in zip(call.output_references, call.output_data, strict=False):
        output = give()
        if output is not None and array is not None:
            data[id(output)] = array


def _data(data: Any) -> Any:
    array = array_of(data) if not is_variable(data) else None
    return kept(array) if isinstance(data, np.ndarray | np.generic) or array is not None else data


def _function_node(
    number: int,
    producer: _Producer,
    nodes: Mapping[int, VariableNode],
    code: Callable[[Call], tuple[int | None, str]] | None,
) -> FunctionNode:
    line, text = code(producer.call) if code is not None and producer.call is not None else (None, "")
    arguments = tuple(nodes.get(id(argument), argument) for argument in producer.arguments)
    return FunctionNode(
        id=f"f{number}",
        name=type(producer.function).__name__,
        inputs=tuple(argument for argument in arguments if isinstance(argument, VariableNode)),
        outputs=tuple(nodes[id(output)] for output in producer.outputs if id(output) in nodes),
        line=line,
        code=text,
        arguments=arguments,
        object=producer.function,
        has_backward=backward_method(producer.function) is not None,
        convention=producer.call.convention if producer.call is not None else ("each", False),  # type: ignore[arg-type]
        places=producer.places if len(producer.places) == len(producer.outputs) else (),
        sweep=producer.call.sweep if producer.call is not None else 0,
        recorded=producer.call is None or producer.call.recorded,
        backward_of=producer.call.backward_of() if producer.call is not None and producer.call.backward_of else None,
    )


class _Naming:
    """Gives each Variable the name under which a reader knows it."""

    def __init__(self, names: Mapping[int, str], local_names: Mapping[int, str]) -> None:
        self._names = names
        self._local_names = local_names
        self._taken: set[str] = set(names.values())
        self._made_up: dict[int, str] = {}
        self._count = 0

    def of(self, variable: Any, producer: _Producer | None) -> tuple[str, bool]:
        name = self._names.get(id(variable))
        if name:
            return name, True
        own = NAME.read(variable)
        if isinstance(own, str) and own:
            return own, True
        name = self._made_up[id(variable)] = self._local_names.get(id(variable)) or self._described(variable, producer)
        return name, False

    def _described(self, variable: Any, producer: _Producer | None) -> str:
        if producer is None:
            data = array_of(data_of(variable))
            if data is not None and data.ndim == 0 and data.dtype.kind in "biuf":
                return f"{data:g}" if data.dtype.kind == "f" else str(data)
        elif len(producer.outputs) == 1:
            parts = [
                self._names.get(id(item)) or self._made_up.get(id(item)) or "…"
                for item in producer.arguments
                if is_variable(item)
            ]
            described = f"{type(producer.function).__name__}({', '.join(parts)})"
            if len(described) <= _LONG_NAME:
                return described
        while True:
            self._count += 1
            if f"v{self._count}" not in self._taken:
                return f"v{self._count}"


def _findings(
    functions: Sequence[FunctionNode],
    variables: Sequence[VariableNode],
    data: Sequence[Any],
    order: Sequence[_Producer],
    cycle: bool,
) -> Iterable[Finding]:
    seen: dict[int, int] = {}
    for place, producer in enumerate(order):
        first = seen.setdefault(id(producer.function), place)
        if first != place and (producer.call is None or producer.call.saves_inputs):
            function = functions[place]
            yield Finding(
                "function-called-twice",
                Message(
                    "trace.function-called-twice", function=function.name, lines=_lines(functions[first], function)
                ),
                function=function,
            )
    if cycle:
        culprit = next((f for f in functions if len(f.outputs) > 1 and set(f.outputs) & set(f.inputs)), None)
        culprit = culprit or next((f for f in functions if len(f.outputs) > 1), functions[0])
        yield Finding("cycle", Message("trace.cycle", function=culprit.name), function=culprit)
    left_out = next((place for place, found in enumerate(order) if found.call and not found.call.recorded), None)
    if left_out is not None:
        unrecorded = functions[left_out]
        message = Message("trace.not-recorded", function=unrecorded.name, variable=unrecorded.outputs[0].name)
        yield Finding("not-recorded", message, unrecorded, mistake=False)
    elif order and not any(producer.call is None or producer.call.saves_inputs for producer in order):
        yield Finding("nothing-saved", Message("trace.nothing-saved", function=functions[0].name), mistake=False)
    elif order and not any(CREATOR.read(output) is not None for producer in order for output in producer.outputs):
        yield Finding("no-creator", Message("trace.no-creator", variable=functions[-1].outputs[0].name), mistake=False)
    for place, value in enumerate(data if order else [data_of(node.object) for node in variables]):
        if isinstance(value, np.ndarray | np.generic):
            continue
        readable = not is_variable(value) and array_of(value) is not None
        if not readable or not order:  # an engine may compute with plain numbers; alone, one is likely an oversight
            variable = variables[place]
            message = Message("trace.data-is-no-array", variable=variable.name, kind=type(value).__name__)
            yield Finding("data-is-no-array", message, variable=variable, mistake=not readable)


def _cuts(
    outputs: Sequence[Any], order: Sequence[_Producer], log: CallLog, nodes: Mapping[int, VariableNode]
) -> Iterable[Finding]:
    """Variables that were made anew around another one's data: no gradient gets past them."""
    found: dict[int, Origin] = {}
    for producer in order:
        for give, origin in producer.call.cuts if producer.call is not None else ():
            found[id(give())] = origin
    for output in outputs:
        origin_of_output = log.origin(data_of(output))
        if nodes[id(output)].role == "leaf" and origin_of_output and origin_of_output.variable is not output:
            found[id(output)] = origin_of_output
    for key, origin in found.items():
        node = nodes.get(key)
        original = nodes.get(id(origin.variable))
        # A leaf that the notebook names is a new Variable on purpose, and so are two around an array of the notebook's.
        if node is None or (origin.function_name is None and (node.named or original is None)):
            continue
        source = original.name if original is not None else f"{origin.function_name}(…)"
        message = Message("trace.graph-cut", variable=node.name, source=source)
        yield Finding(
            "graph-cut",
            message,
            variable=node,
            mistake=not (node.named and node.role == "leaf" and key not in {id(output) for output in outputs}),
        )


def rewrapped(graph: Graph, namespace: Mapping[str, Any], names: Mapping[int, str]) -> Finding | None:
    """A leaf without a name, around the very array of a Variable that the notebook names and the graph lacks."""
    if len(graph.functions) > _MANY:  # of a graph that large no more is read than is shown
        return None
    values = list(namespace.values())
    bound = {id(value) for value in values if type(value) is np.ndarray}
    leaves = {id(data_of(leaf.object)): leaf for leaf in graph.leaves if not leaf.named}
    leaves = {key: leaf for key, leaf in leaves.items() if key not in bound and isinstance(leaf.data, np.ndarray)}
    if not leaves:
        return None
    known = {id(node.object) for node in graph.variables}
    for value in values:
        if id(value) not in names or id(value) in known or not is_variable(value):
            continue
        leaf = leaves.get(id(data_of(value)))
        if leaf is not None:
            message = Message("trace.graph-cut", variable=leaf.name, source=names[id(value)])
            return Finding("graph-cut", message, variable=leaf)
    return None


def _lines(first: FunctionNode, second: FunctionNode) -> Message | str:
    """`` (line 2)``, `` (lines 2 and 3)``, or nothing where that is not known."""
    known = sorted({function.line for function in (first, second) if function.line is not None})
    if not known:
        return ""
    if len(known) == 1:
        return Message("trace.in-line", line=str(known[0]))
    return Message("trace.in-lines", first=str(known[0]), second=str(known[1]))
