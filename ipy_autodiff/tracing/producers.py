"""Find what made each Variable: by the calls that were seen, else by what the engine saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ipy_autodiff.designs import NotRead, design_of
from ipy_autodiff.designs.makers import MakerDesign
from ipy_autodiff.designs.making import Made
from ipy_autodiff.designs.reading import (
    CREATOR,
    INPUTS,
    OUTPUTS,
    backward_method,
    class_name,
    dereferenced,
    inputs_of,
    is_function,
    is_variable,
    listed,
)
from ipy_autodiff.tracing.watching.calls import Call, CallLog

__all__ = ["Producer", "data_seen", "walk"]


@dataclass(eq=False, slots=True)
class Producer:
    """A Function's call as found: by watching it, or by reading the Function object."""

    function: Any
    arguments: tuple[Any, ...]
    outputs: tuple[Any, ...]
    call: Call | None
    places: tuple[int, ...] = ()
    """Where the outputs that live stand among all; empty where all live."""
    made: Made | None = None
    """The call of the output's maker, where the design is another than the book's."""
    label: str = ""
    visited: int = 0
    """1 while its inputs are visited, 2 when that is done."""

    @property
    def name(self) -> str:
        """What the operation is called."""
        return self.label or class_name(self.function)

    @property
    def has_backward(self) -> bool:
        """Whether it can answer to gradients."""
        return self.made is not None or backward_method(self.function) is not None


def walk(outputs: Sequence[Any], log: CallLog) -> tuple[dict[int, Producer], list[Producer], bool]:
    """What made each Variable, by id; the calls in an order in which they can run; and whether there is a cycle."""
    producers: dict[int, Producer] = {}
    by_key: dict[tuple[str, int], Producer] = {}
    order: list[Producer] = []
    cycle = False
    for root in outputs:
        pending: list[Any] = [root]
        while pending:
            variable = pending.pop()
            if type(variable) is Producer:  # all that it takes has been visited
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


def _producer(variable: Any, log: CallLog, by_key: dict[tuple[str, int], Producer]) -> Producer | None:
    call = log.made(variable) if log.knows(variable) else None
    if call is not None and (call.made is not None or call.function is not None):
        return _called(variable, call, by_key)
    design = design_of(variable)
    if design is not None:
        return _read(variable, design, by_key)
    creator = CREATOR.read(variable)
    if creator is None or not is_function(creator):
        return None
    key = ("function", id(creator))
    known = by_key.get(key)
    if known is None:
        saved, taken = OUTPUTS.read(creator), INPUTS.read(creator)
        arguments = taken if type(taken) is tuple and _lives(taken) else inputs_of(creator)
        if type(saved) is tuple and len(saved) == 1 and saved[0] is variable:
            by_key[key] = producer = Producer(creator, arguments, saved, None)
            return producer
        places = _places([dereferenced(item) for item in saved]) if isinstance(saved, list | tuple) else ()
        by_key[key] = Producer(creator, arguments, listed(saved), None, places)
    producer = by_key[key]
    if not any(output is variable for output in producer.outputs):
        producer.outputs = (*producer.outputs, variable)
    return producer


def _called(variable: Any, call: Call, by_key: dict[tuple[str, int], Producer]) -> Producer:
    key = ("call", id(call))
    if key not in by_key:
        all_outputs = [give() for give in call.output_references]
        function = call.function if call.function is not None else call
        if call.made is None:
            # An engine that lets one instance be called again hands the earlier call's record to another object.
            creator = CREATOR.read(variable)
            function = creator if type(creator) is type(call.function) else call.function
        places = call.places or _places(all_outputs)
        by_key[key] = Producer(function, call.arguments, call.outputs, call, places, call.made, call.name)
    return by_key[key]


def _read(variable: Any, design: MakerDesign, by_key: dict[tuple[str, int], Producer]) -> Producer | None:
    """What the value's own record says of its maker; where that is too little, nothing may be drawn as a leaf."""
    record = design.record(variable)
    if record is None:
        return None
    found = design.unwatched(variable, record)
    if found is None:
        raise NotRead(variable, design.where(variable, record))
    made, arguments = found
    name = design.label(variable, record, made.function.__name__)
    producer = by_key["record", id(variable)] = Producer(record, arguments, (variable,), None, (), made, name)
    return producer


def _lives(items: tuple[Any, ...]) -> bool:
    """Whether these are objects themselves, none of them a weak reference."""
    return all(is_variable(item) for item in items) if len(items) != 1 else is_variable(items[0])


def _places(outputs: Sequence[Any]) -> tuple[int, ...]:
    live = tuple(place for place, output in enumerate(outputs) if output is not None)
    return live if len(live) < len(outputs) else ()


def data_seen(producer: Producer, data: dict[int, Any]) -> None:
    """Add the arrays that a call took and gave, as they were then, by the Variables' ``id``."""
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
