"""Note the calls of a graph that nobody watched as if they had been: their lines are those of an earlier round.

An engine keeps what made each Variable out of what. What it does not keep, such as lines, is the same in each round of
a loop: it is taken from the call in the same place of a graph that was watched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ipy_autodiff.designs import NotRead, design_of, is_computed
from ipy_autodiff.designs.reading import CREATOR, array_of, data_of, is_variable, kept
from ipy_autodiff.tracing.graph import Array
from ipy_autodiff.tracing.producers import Producer, walk
from ipy_autodiff.tracing.watching.calls import Call, CallLog, reference

__all__ = ["Template", "leaves_of", "note", "read", "template_of"]


@dataclass(frozen=True, eq=False, slots=True)
class Template:
    """The calls behind a root in the order in which they are found, and how they are wired."""

    signature: tuple[Any, ...]
    calls: tuple[Call, ...]
    names: tuple[tuple[str, ...], ...]
    """What functions of the code called the outputs of each."""
    askers: tuple[int | None, ...]
    """In which of these calls' ``backward`` each was made."""
    sweep: int
    """The pass from this root, as the calls count passes."""

    @property
    def by_kind(self) -> dict[tuple[type, int], list[Call]]:
        """The calls by the Function's class and how much it takes."""
        found: dict[tuple[type, int], list[Call]] = {}
        for (kind, places), call in zip(self.signature, self.calls, strict=True):
            found.setdefault((kind, len(places)), []).append(call)
        return found


def read(root: Any) -> list[Producer] | None:
    """What the engine itself says of how ``root`` was computed; None where that is not all, or leads in a circle."""
    try:
        _, order, cycle = walk([root], CallLog())
    except NotRead:
        return None
    return None if cycle or not order else order


def template_of(root: Any, log: CallLog, sweep: int, names: Mapping[int, str]) -> Template | None:
    """The watched calls behind ``root``, where what the engine keeps is enough to find the like of them again."""
    order = read(root)
    if order is None:
        return None
    calls = [log.made(producer.outputs[0]) for producer in order]
    watched = walk([root], log)[1]
    if len(watched) != len(order) or any(call is None for call in calls):
        return None
    for producer, call in zip(order, calls, strict=True):
        if call is None or [id(one) for one in call.arguments] != [id(one) for one in producer.arguments]:
            return None
    named = tuple(tuple(names.get(id(output), "") for output in producer.outputs) for producer in order)
    place = {id(producer.function): number for number, producer in enumerate(order)}
    askers = (None if call is None or call.backward_of is None else call.backward_of() for call in calls)
    asked = tuple(None if asker is None else place.get(id(asker)) for asker in askers)
    return Template(_signature(order), tuple(call for call in calls if call is not None), named, asked, sweep)


def leaves_of(order: Sequence[Producer]) -> list[Any]:
    """The Variables that these take and none of them made, each once, in order."""
    made = {id(output) for producer in order for output in producer.outputs}
    found = {id(item): item for producer in order for item in producer.arguments if is_variable(item)}
    return [item for key, item in found.items() if key not in made and not is_computed(item)]


def _signature(order: Sequence[Producer]) -> tuple[Any, ...]:
    place = {id(output): number for number, producer in enumerate(order) for output in producer.outputs}
    return tuple((_kind(producer), tuple(place.get(id(item), -1) for item in producer.arguments)) for producer in order)


def _kind(producer: Producer) -> Any:
    return producer.label if producer.made is not None else type(producer.function)


def note(
    order: Sequence[Producer],
    templates: Sequence[Template],
    log: CallLog,
    data: Mapping[int, Array | None],
    sweep: int,
    local_names: dict[int, str],
    expect: Callable[[Any, Any, tuple[Any, ...]], None],
) -> None:
    """Note the calls ``order`` in ``log``, with the arrays in ``data``, by Variable, else those that stand there now.

    ``sweep`` is the pass from their root. ``expect`` is told what answers for each value of a design without Functions.
    """
    signature = _signature(order)
    same = next((one for one in reversed(templates) if one.signature == signature), None)
    likes = _alike(signature, templates) if same is None else list(same.calls)
    numbers = range(len(order))
    if same is not None:
        numbers = sorted(numbers, key=lambda number: same.calls[number].number)  # type: ignore[assignment]
    for number in numbers:
        producer, like = order[number], likes[number]
        if log.made(producer.outputs[0]) is not None:
            continue
        call = _call(producer, like, log.count, data)
        if like is not None and same is not None:
            call.during_backward = like.during_backward
            call.sweep = sweep - (same.sweep - like.sweep) if like.sweep else 0
            asker = same.askers[number]
            call.backward_of = None if asker is None else reference(order[asker].function)
            local_names.update({id(o): n for o, n in zip(producer.outputs, same.names[number], strict=False) if n})
        log.add(call, producer.function, producer.outputs)
        design = design_of(producer.outputs[0]) if producer.made is not None else None
        if design is not None:
            expect(design, producer.outputs[0], producer.arguments)


def _alike(signature: tuple[Any, ...], templates: Sequence[Template]) -> list[Call | None]:
    """For each call the watched one of its kind, where all of that kind were made at one line."""
    found: dict[Any, Call | None] = {}
    for template in templates:
        for kind, calls in template.by_kind.items():
            one = calls[-1]
            alone = all(call.line == one.line for call in calls) and found.get(kind, one) is not None
            found[kind] = one if alone else None
    return [found.get((kind, len(places))) for kind, places in signature]


def _call(producer: Producer, like: Call | None, number: int, data: Mapping[int, Array | None]) -> Call:
    owned = producer.made is not None or CREATOR.read(producer.outputs[0]) is producer.function
    call = Call(
        number=number,
        function_reference=reference(producer.function, strong=not owned),
        argument_references=tuple(reference(item, strong=True) for item in producer.arguments),
        output_references=tuple(reference(output) for output in producer.outputs),
        argument_data=tuple(_data(item, data) for item in producer.arguments),
        output_data=tuple(_data(output, data) for output in producer.outputs),
        places=producer.places,
        made=producer.made,
        name=producer.label,
    )
    if like is not None:
        call.line, call.source, call.frame = like.line, like.source, like.frame
        call.convention, call.recorded, call.saves_inputs = like.convention, like.recorded, like.saves_inputs
        call.place, call.handed_to = like.place, like.handed_to
    return call


def _data(item: Any, data: Mapping[int, Array | None]) -> Array | None:
    if not is_variable(item):
        return None
    return data[id(item)] if id(item) in data else kept(array_of(data_of(item)))
