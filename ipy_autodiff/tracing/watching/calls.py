"""Remembers which Function made which Variable out of what, without keeping either of them alive.

An engine of the book's step 7 on saves this itself, but only as long as a Function object is called once; an engine of
the steps before saves nothing. Where the engine itself keeps what went in, the log looks at it from the side (weakly);
where it does not, the log holds it until what came out is gone. So a loop that trains a model needs no more memory with
the log than without, cycles of references included.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from ipy_autodiff.limits import HELD_FUNCTIONS
from ipy_autodiff.tracing.graph import Array

__all__ = ["Call", "CallLog", "Derived", "Origin", "reference"]

_NOTED = 5_000
"""Calls of live Variables up to which each is noted; a larger graph is read from what its engine saved."""
_DERIVED = 64
_STRONG = 1_000  # Variables that allow no weak reference are kept, this many at the most


def reference(target: Any, strong: bool = False) -> Any:
    """A callable that gives the object, or None when it is gone: weak where the object allows it, unless ``strong``."""
    if strong:
        return _holding(target)
    try:
        return weakref.ref(target)
    except TypeError:
        return _holding(target)


def _holding(target: Any) -> Any:
    return lambda: target


@dataclass(frozen=True, eq=False, slots=True)
class Origin:
    """Where an array came from: the Variable whose data it is, and the name of the Function that computed it."""

    array: weakref.ref[Any]
    variable_reference: Any
    function_name: str | None

    @property
    def variable(self) -> Any:
        """The Variable, or None when it is gone."""
        return self.variable_reference()


@dataclass(eq=False, slots=True)
class Call:
    """One call of a Function: Variables in, Variables out."""

    number: int
    function_reference: Any
    argument_references: tuple[Any, ...]
    output_references: tuple[Any, ...]
    argument_data: tuple[Array | None, ...]
    """The Variables' arrays as they were then; None for a constant."""
    output_data: tuple[Array | None, ...]
    line: int | None = None
    source: str = ""
    """The source of the cell that ``line`` counts in."""
    frame: int = 0
    during_backward: bool = False
    sweep: int = 0
    """Which of the backward passes that were watched made this call, from 1; 0 where none did."""
    backward_of: Any = None
    """Gives the Function whose ``backward`` made this call; None where none did."""
    saves_inputs: bool = True
    recorded: bool = True
    """Whether the engine recorded it, as far as it records anything."""
    convention: tuple[str, bool] = ("each", False)
    """How ``forward`` is given its arguments: "each" or "list", and whether as Variables."""
    places: tuple[int, ...] = ()
    """Where the outputs stand among all that came out, where some were gone by then."""
    cuts: tuple[tuple[Any, Origin], ...] = ()
    """Variables that went in and were made anew around another one's data, each with where the data came from."""
    made: Any = None
    """The call of the value's maker, where the design is another than the book's."""
    name: str = ""
    """What the operation is called; empty where it goes by its class."""
    place: tuple[CodeType, int, str] | None = None
    """The code that the result was returned to, the offset of the instruction there, and the source where no file
    holds it: the reader's expression."""
    handed_to: int = 0
    """The frame of that code, by its ``id``."""
    key: int = 0
    guards: list[_Guard] = field(default_factory=list)

    @property
    def function(self) -> Any:
        """The Function object, or None when it is gone."""
        return self.function_reference()

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The Variables and constants that went in, in order, as far as they still live."""
        return tuple(item for item in (give() for give in self.argument_references) if item is not None)

    def pin(self) -> None:
        """Hold what went in from now on: the engine is about to forget it."""
        self.argument_references = tuple(_holding(give()) for give in self.argument_references)

    @property
    def outputs(self) -> tuple[Any, ...]:
        """The Variables that came out and still live."""
        return tuple(output for output in (give() for give in self.output_references) if output is not None)


class _Guard(weakref.ref[Any]):
    """Tells the log that an output is gone. What is called then is not Python code, where Ctrl-C would be lost."""

    __slots__ = ("call", "key")
    key: int
    call: Call


class Derived(NamedTuple):
    """A gradient that can be differentiated again: weak references to what it is the derivative of, and by what.

    ``seed`` is the gradient of ``of`` that its backward pass began with.
    """

    of: weakref.ref[Any]
    seed: weakref.ref[Any]
    leaf: weakref.ref[Any]
    gradient: weakref.ref[Any]


class CallLog:
    """The calls whose results still live, found by what came out or by the Function."""

    def __init__(self) -> None:
        self._by_output: dict[int, Call] = {}
        self._by_function: dict[int, Call] = {}
        self._dead: list[_Guard] = []
        self._strong: deque[int] = deque()
        self.count = 0
        self.derived: deque[Derived] = deque(maxlen=_DERIVED)
        """The gradients with a graph of their own that backward passes left, in order."""
        self.swept_at: deque[int] = deque(maxlen=_DERIVED)
        """How many calls had been made when each of the last backward passes began."""
        self.swept: deque[Any] = deque(maxlen=_DERIVED)
        """Gives each of the Variables that these began at, or None when it is gone."""
        self.recording_classes: set[type] = set()
        """The Functions' classes one of whose calls set its output's creator."""
        self._origins: dict[int, Origin] = {}
        self.arrays: OrderedDict[int, Any] = OrderedDict()
        """What stands for arrays that keep no record of their own, by the array's ``id``; it holds the array."""

    def remember(self, array: Any, variable: Any, function_name: str | None) -> None:
        """Note that this array is the data of this Variable, unless it was another's before."""
        if type(array) is not np.ndarray or self.origin(array) is not None:
            return
        if len(self._origins) >= HELD_FUNCTIONS:
            self._origins = {key: found for key, found in self._origins.items() if found.array() is not None}
            if len(self._origins) >= HELD_FUNCTIONS:
                self._origins.clear()
        self._origins[id(array)] = Origin(weakref.ref(array), reference(variable), function_name)

    def origin(self, array: Any) -> Origin | None:
        """Where this very array came from, if it was seen."""
        found = self._origins.get(id(array))
        return found if found is not None and found.array() is array else None

    def add(self, call: Call, function: Any, outputs: tuple[Any, ...]) -> None:
        """Remember the call until the last of its outputs is gone."""
        self._sweep_up()
        self.count += 1
        for output in outputs:
            key = id(output)
            self._by_output[key] = call
            try:
                # Only noted: to drop a call frees its inputs, whose own calls would be dropped within, one by one.
                guard = _Guard(output, self._dead.append)
                guard.key, guard.call = key, call
                call.guards.append(guard)
            except TypeError:
                self._strong.append(key)
                if len(self._strong) > _STRONG:
                    self._by_output.pop(self._strong.popleft(), None)
        call.key = id(function)
        self._by_function[call.key] = call

    def made(self, variable: Any) -> Call | None:
        """The call that this Variable came out of, if it was seen."""
        call = self._by_output.get(id(variable))
        return call if call is not None and any(output is variable for output in call.outputs) else None

    def latest(self, function: Any) -> Call | None:
        """The last call of this Function object that was seen, if its outputs live."""
        call = self._by_function.get(id(function))
        return call if call is not None and call.function is function else None

    def order(self, variable: Any) -> int:
        """How often one has to differentiate to come to this Variable: 0 for one that is not a gradient."""
        order = 0
        while variable is not None:
            found = next((each for each in reversed(self.derived) if each.gradient() is variable), None)
            if found is None:
                return order
            order, variable = order + 1, found.of()
        return len(self.derived) + 1  # of something that is gone by now, so of a high order

    @property
    def full(self) -> bool:
        """Whether as many calls are known as are noted one by one."""
        if len(self._by_output) > _NOTED:
            self._sweep_up()
        return len(self._by_output) > _NOTED

    @property
    def crowded(self) -> bool:
        """Whether the log is full; quick where it is not."""
        return len(self._by_output) > _NOTED and (not self._dead or self.full)

    def knows(self, variable: Any) -> bool:
        """Whether a call was seen that made this Variable, or one at the same place in memory before it."""
        return id(variable) in self._by_output

    def __len__(self) -> int:
        """How many Variables are known that a call made."""
        self._sweep_up()
        return len(self._by_output)

    def __iter__(self) -> Iterator[Call]:
        """The calls with a live output, each once, in order."""
        self._sweep_up()
        return iter(
            sorted({id(call): call for call in self._by_output.values()}.values(), key=lambda call: call.number)
        )

    def _sweep_up(self) -> None:
        while self._dead:
            guard = self._dead.pop()
            key, call = guard.key, guard.call
            if self._by_output.get(key) is call:
                del self._by_output[key]
            if self._by_function.get(call.key) is call and not call.outputs:
                del self._by_function[call.key]
            call.guards = [other for other in call.guards if other is not guard]
