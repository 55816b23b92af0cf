"""Values that stand for what keeps no record of its own, and that can be swept back from like an engine's.

A ``Value`` stands for one array; its ``record`` knows the call that made the array, makes it again with other arrays,
and answers backward by the user's own code. The ``Arrays`` design reads them as any engine's values are read.
"""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ipy_autodiff.designs.makers import MakerDesign
from ipy_autodiff.designs.making import Found, Made
from ipy_autodiff.designs.nodes import Array

__all__ = ["Arrays", "Record", "Value", "Weighted", "made_of"]

_MANY = 16


class Value:
    """Stands for one array, or one number, by identity.

    ``data`` is the live array; ``grad`` the gradient that was given for it; ``record`` what made it, None for a leaf.
    """

    __slots__ = ("__weakref__", "data", "grad", "name", "parameter", "record", "results", "source")

    def __init__(self, data: Any, record: Record | None = None, name: str | None = None) -> None:
        self.source = data
        """The very object that it stands for."""
        self.data = np.asarray(data)
        self.grad: Array | None = None
        self.record = record
        self.name = name
        self.parameter = False
        self.results: list[weakref.ref[Value]] = []
        """What it went into, weakly."""

    def backward(self) -> None:
        """Sweep back from here by the records, with a gradient of ones; gradients are added up."""
        self.grad = np.ones(self.data.shape, np.result_type(self.data, np.float32))
        for value in reversed(_in_order(self)):
            if value.record is None or value.grad is None:
                continue
            gradients = value.record.answer(value.grad)
            for taken, gradient in zip(value.record.inputs, gradients, strict=False):
                if gradient is not None:
                    taken.grad = gradient if taken.grad is None else taken.grad + gradient

    def add(self, gradient: Array | None) -> None:
        """Add what a call of the user's answered for it; where shapes do not go together, the last answer stands."""
        if gradient is not None:
            fits = self.grad is not None and self.grad.shape == gradient.shape
            self.grad = self.grad + gradient if fits and self.grad is not None else gradient

    @property
    def end(self) -> Value:
        """What was computed from this last."""
        value, seen = self, {id(self)}
        while True:
            live = [one for give in value.results if (one := give()) is not None and id(one) not in seen]
            if not live:
                return value
            value = live[-1]
            seen.add(id(value))


def _in_order(root: Value) -> list[Value]:
    """The values behind this one, each after those that it was made from."""
    order: list[Value] = []
    visited: set[int] = set()
    pending: list[tuple[Value, bool]] = [(root, False)]
    while pending:
        value, ready = pending.pop()
        if ready:
            order.append(value)
        elif id(value) not in visited:
            visited.add(id(value))
            pending.append((value, True))
            if value.record is not None:
                pending += [(one, False) for one in value.record.inputs if id(one) not in visited]
    return order


class Record(ABC):
    """The call that made a value."""

    by_hand = True
    """Whether the reader calls one backward after the other, and nothing else does."""
    inputs: tuple[Value, ...]
    """What it was given and can be differentiated, in order; a layer's parameters last."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What the call is known as."""

    @abstractmethod
    def again(self, *values: Value) -> Value:
        """A new value, made by the same call on copies of all that it uses, with other inputs."""

    def run(self, *arrays: Array) -> Any:
        """What the call makes of these arrays, as often as is wanted; it need not be able to answer then."""
        return self.again(*map(Value, arrays)).data

    @abstractmethod
    def answer(self, gy: Array) -> tuple[Array | None, ...]:
        """The gradient for each input, by the user's own code where the call is the user's.

        It writes into what it keeps: only records that ``again`` made may be asked.
        """

    def codes(self) -> Iterable[CodeType]:
        """The code that runs when it answers."""
        return (type(self).answer.__code__,)

    def known_by(self) -> Iterable[Hashable]:
        """What a frame of that code is known by: see ``Arrays.keys_of``."""
        return (id(self),)

    def given(self, frame: FrameType) -> Any:
        """The output's gradient that a frame of that code was given."""
        return frame.f_locals.get("gy")

    def answered(self, returned: Any) -> tuple[Array | None, ...]:
        """The gradient for each input, from what that frame returned."""
        return tuple(returned)

    @property
    def gives_gradient(self) -> bool:
        """Whether the call forward gave the gradient along, so that none goes backward."""
        return False


class Weighted(Record):
    """The sum of an array's elements times weights: what a pass differentiates that began with those weights."""

    def __init__(self, of: Value, weights: Array) -> None:
        self.inputs = (of,)
        self.by_hand = of.record is None or of.record.by_hand
        self.weights = weights

    @property
    def label(self) -> str:
        """The sum that it is."""
        return "Σ gy·out"

    def again(self, *values: Value) -> Value:
        """The same sum."""
        return made_of(Weighted(values[0], self.weights), np.sum(values[0].data * self.weights))

    def answer(self, gy: Array) -> tuple[Array, ...]:
        """The weights."""
        return (np.asarray(gy * self.weights),)


def made_of(record: Record, data: Any) -> Value:
    """The value that a call made."""
    value = Value(data, record)
    for taken in record.inputs:
        if len(taken.results) > _MANY:
            taken.results = [give for give in taken.results if give() is not None]
        taken.results.append(weakref.ref(value))
    return value


class Arrays(MakerDesign):
    """Values that stand for what keeps no record of its own."""

    def record(self, value: Any) -> Record | None:
        """The call that made the value."""
        return value.record if type(value) is Value else None

    def codes(self, record: Record) -> Iterable[CodeType]:
        """The code of the user's ``backward``."""
        return record.codes()

    def keys(self, value: Value, record: Record) -> Iterable[Hashable]:
        """What a frame of it was given, or who owns it."""
        return (("array", key) for key in record.known_by())

    def keys_of(self, frame: FrameType) -> Iterable[Hashable]:
        """Each thing that the frame was given, the last first: what it keeps comes after the gradient."""
        code, held = frame.f_code, frame.f_locals
        given = [held.get(name) for name in code.co_varnames[: code.co_argcount]]
        # A method's owner tells more than what else it was given.
        ordered = [*given[:1], *given[:0:-1]] if "." in code.co_qualname else given[::-1]
        for item in ordered:
            yield ("array", (id(code), id(item)))
            yield ("array", id(item))

    def ask(self, output: Value, inputs: Sequence[Value], gy: Any) -> tuple[Any, ...]:
        """By the record, whose inputs they are."""
        if output.record is None:
            raise NotImplementedError("backward")
        return output.record.answer(gy)

    def parents(self, value: Value, record: Record) -> list[Any]:
        """The record's inputs."""
        return list(dict.fromkeys(record.inputs))

    def label(self, value: Value, record: Record, maker: str) -> str:
        """The layer's class, the pair's name, or the operation's."""
        return record.label

    def unwatched(self, value: Value, record: Record) -> Found:
        """The record knows the call."""
        return call_again(record), record.inputs

    def given(self, frame: FrameType, record: Record) -> Any:
        """What the user's own code handed on."""
        return record.given(frame)

    def answered(self, record: Record, returned: Any) -> tuple[Any, ...]:
        """What the user's own code returned, and left in the parameters' gradients."""
        return record.answered(returned)

    def pass_from(self, value: Value, gy: Any, by_hand: bool) -> tuple[Value, Record | None]:
        """Of which value a pass that begins here is: the last that was computed from it, or a weighted sum of that."""
        root = value.end if by_hand else value
        if root is not value and root.record is not None and root.record.gives_gradient:
            return root, root.record
        weights = None if gy is None else np.asarray(gy)
        if root is not value or weights is None or weights.dtype.kind != "f" or np.all(weights == 1):
            return root, None
        try:
            total = np.sum(root.data * weights)
        except ValueError:  # shapes that do not go together
            return root, None
        sum_ = made_of(Weighted(root, weights.copy()), total)
        sum_.name = "Σ gy·out"
        return sum_, sum_.record


def call_again(record: Record) -> Made:
    """The call as it is made again."""
    count = len(record.inputs)
    return Made(record.again, (None,) * count, (), tuple((place,) for place in range(count)))


_kinds: dict[tuple[type, str], type] = {}


def kind_of(base: type, name: str, held: Mapping[str, Any]) -> type:
    """A class of its own for each class of layers, which is what Functions are told apart by."""
    key = (base, name)
    if key not in _kinds:
        if len(_kinds) > 500:
            _kinds.clear()
        _kinds[key] = type(name, (base,), {"__module__": base.__module__, **held})
    return _kinds[key]
