"""Builds the Graph behind some Variables: from the calls that were seen, else from what the engine saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.calls import Call, CallLog, Origin
from ipy_autodiff.tracing.graph import Finding, FunctionNode, Graph, VariableNode
from ipy_autodiff.tracing.reading import (
    CREATOR,
    INPUTS,
    NAME,
    OUTPUTS,
    array_of,
    data_of,
    dereferenced,
    gradient_of,
    is_function,
    is_variable,
    kept,
    listed,
)

__all__ = ["Assembled", "assemble"]

_LONG_NAME = 22


@dataclass(eq=False, slots=True)
class _Producer:
    """A Function's call as found: by watching it, or by reading the Function object."""

    function: Any
    arguments: tuple[Any, ...]
    outputs: tuple[Any, ...]
    call: Call | None
    places: tuple[int, ...] = ()
    """Where the outputs that live stand among all; empty where all live."""


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
    producers, order, cycle = _walk(outputs, log)
    naming = _Naming(names or {}, local_names or {})
    variables: dict[int, Any] = {}
    made_by: dict[int, _Producer] = {}
    consumed: set[int] = set()
    data: dict[int, Any] = {}
    for producer in order:
        for argument in producer.arguments:
            if is_variable(argument):
                variables.setdefault(id(argument), argument)
                consumed.add(id(argument))
        for output in producer.outputs:
            variables.setdefault(id(output), output)
            made_by[id(output)] = producer
        if producer.call is not None:
            _take_data(producer, data)
    for output in outputs:
        variables.setdefault(id(output), output)
    for key, producer in producers.items():
        made_by.setdefault(key, producer)

    nodes: dict[int, VariableNode] = {}
    for number, (key, variable) in enumerate(variables.items()):
        name, named = naming.of(variable, made_by.get(key))
        nodes[key] = VariableNode(
            id=f"v{number}",
            name=name,
            named=named,
            data=data[key] if key in data else _data(variable),
            grad=gradient_of(variable),
            role="leaf" if key not in made_by else "intermediate" if key in consumed else "output",
            object=variable,
        )
    functions = [_function_node(number, producer, nodes, code) for number, producer in enumerate(order)]
    findings = list(_findings(functions, nodes.values(), order, cycle))
    findings += _cuts(outputs, order, log, nodes)
    return Assembled(Graph(tuple(nodes.values()), tuple(functions), tuple(findings)), nodes)


def _walk(outputs: Sequence[Any], log: CallLog) -> tuple[dict[int, _Producer], list[_Producer], bool]:
    """What made each Variable, by id; the calls in an order in which they can run; and whether there is a cycle."""
    producers: dict[int, _Producer] = {}
    by_key: dict[tuple[str, int], _Producer] = {}
    state: dict[int, int] = {}  # of a producer: 1 while its inputs are visited, 2 when done
    order: list[_Producer] = []
    cycle = False
    for root in outputs:
        pending: list[tuple[Any, bool]] = [(root, False)]
        while pending:
            variable, leaving = pending.pop()
            if leaving:
                producer = producers[id(variable)]
                if state[id(producer)] == 1:
                    state[id(producer)] = 2
                    order.append(producer)
                continue
            found = producers.get(id(variable)) or _producer(variable, log, by_key)
            if found is None:
                continue
            producers[id(variable)] = found
            if id(found) in state:
                cycle = cycle or state[id(found)] == 1
                continue
            state[id(found)] = 1
            pending.append((variable, True))
            pending.extend((argument, False) for argument in reversed(found.arguments) if is_variable(argument))
    if not cycle and all(producer.call is not None for producer in order):
        order.sort(key=lambda producer: producer.call.number if producer.call else 0)
    return producers, order, cycle


def _producer(variable: Any, log: CallLog, by_key: dict[tuple[str, int], _Producer]) -> _Producer | None:
    call = log.made(variable)
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
    if key not in by_key:
        saved = OUTPUTS.read(creator)
        places = _places([dereferenced(item) for item in saved]) if isinstance(saved, list | tuple) else ()
        by_key[key] = _Producer(creator, listed(INPUTS.read(creator)), listed(saved), None, places)
    producer = by_key[key]
    if not any(output is variable for output in producer.outputs):
        producer.outputs = (*producer.outputs, variable)
    return producer


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


def _data(variable: Any) -> Any:
    data = data_of(variable)
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
    variables: Iterable[VariableNode],
    order: Sequence[_Producer],
    cycle: bool,
) -> Iterable[Finding]:
    seen: dict[int, FunctionNode] = {}
    for function, producer in zip(functions, order, strict=True):
        first = seen.setdefault(id(function.object), function)
        saves = producer.call is None or producer.call.saves_inputs
        if first is not function and saves:
            yield Finding(
                "function-called-twice",
                Message("trace.function-called-twice", function=function.name, lines=_lines(first, function)),
                function=function,
            )
    if cycle:
        culprit = next((f for f in functions if len(f.outputs) > 1 and set(f.outputs) & set(f.inputs)), None)
        culprit = culprit or next((f for f in functions if len(f.outputs) > 1), functions[0])
        yield Finding("cycle", Message("trace.cycle", function=culprit.name), function=culprit)
    unrecorded = next((function for function in functions if not function.recorded), None)
    if unrecorded is not None:
        message = Message("trace.not-recorded", function=unrecorded.name, variable=unrecorded.outputs[0].name)
        yield Finding("not-recorded", message, unrecorded, mistake=False)
    elif order and not any(producer.call is None or producer.call.saves_inputs for producer in order):
        yield Finding("nothing-saved", Message("trace.nothing-saved", function=functions[0].name), mistake=False)
    elif order and not any(CREATOR.read(output) is not None for producer in order for output in producer.outputs):
        yield Finding("no-creator", Message("trace.no-creator", variable=functions[-1].outputs[0].name), mistake=False)
    for variable in variables:
        if not isinstance(variable.data, np.ndarray | np.generic):
            yield Finding(
                "data-is-no-array",
                Message("trace.data-is-no-array", variable=variable.name, kind=type(variable.data).__name__),
                variable=variable,
            )


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


def _lines(first: FunctionNode, second: FunctionNode) -> str:
    known = [str(function.line) for function in (first, second) if function.line is not None]
    return ", ".join(known) or "?"
