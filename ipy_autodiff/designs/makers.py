"""Designs whose values keep what answers for them backward: a closure, a list of dependencies, or an operation.

A ``MakerDesign`` says how to find that record and how to ask it; what made a value (``making``), and how a graph is
built anew from its leaves (``rebuilding``), is the same for all of them.
"""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Sequence
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ipy_autodiff.designs.making import Found
from ipy_autodiff.designs.nodes import Array
from ipy_autodiff.designs.reading import DATA, GRADIENT, attributes_of, is_variable

__all__ = ["MakerDesign", "given_to", "values_in"]

_LABELS = ("_op", "op_name", "op_type")
_DEPTH = 4
_SIMPLE = (str, bytes, int, float, complex, bool, np.ndarray, np.generic, type, FunctionType, ModuleType)


class MakerDesign(ABC):
    """One way in which the values of an engine keep what answers for them backward."""

    @abstractmethod
    def record(self, value: Any) -> Any:
        """What answers for this value; None for a leaf, and for a value of another design."""

    @abstractmethod
    def codes(self, record: Any) -> Iterable[CodeType]:
        """The code that runs when it is asked."""

    @abstractmethod
    def keys(self, value: Any, record: Any) -> Iterable[Hashable]:
        """What a frame that answers for this value is known by."""

    @abstractmethod
    def keys_of(self, frame: FrameType) -> Iterable[Hashable]:
        """What this frame, of one of ``codes``, is known by, if it answers for a value."""

    @abstractmethod
    def ask(self, output: Any, inputs: Sequence[Any], gy: Any) -> tuple[Any, ...]:
        """The gradient for each of ``inputs``, all of them fresh, when that of ``output`` is ``gy``."""

    def omissions(
        self, output: Any, inputs: Sequence[Any], gy: Any, answer: Sequence[Any]
    ) -> Iterable[tuple[str, int | None]]:
        """What the maker forgot, as codes, each with the place of the input that suffers.

        All are fresh, and ``answer`` is what the output's record answered to ``gy``.
        """
        return ()

    def parents(self, value: Any, record: Any) -> list[Any]:
        """The values that this value says it was made from, each once."""
        found: list[Any] = []
        for name, item in attributes_of(value).items():
            if name not in DATA.names and name not in GRADIENT.names:
                found += [one for one in values_in(item) if not any(one is known for known in found)]
        return [one for one in found if one is not value]

    def label(self, value: Any, record: Any, maker: str) -> str:
        """What the operation is called: by the engine itself, else by the function that made the value."""
        for name in _LABELS:
            label = attributes_of(value).get(name)
            if isinstance(label, str) and label:
                return label
        return maker.strip("_") or maker

    def where(self, value: Any, record: Any) -> str:
        """The name of the attribute that keeps the record."""
        return next((name for name, item in attributes_of(value).items() if item is record), "")

    def given(self, frame: FrameType, record: Any) -> Any:
        """The output's gradient that a frame of one of ``codes`` was given; None where the output itself keeps it."""
        return None

    def answered(self, record: Any, returned: Any) -> tuple[Any, ...] | None:
        """The gradient for each input, from what such a frame returned; None where it adds them to the inputs' own."""
        return None

    def pass_from(self, value: Any, gy: Any, by_hand: bool) -> tuple[Any, Any] | None:
        """Where values have no ``backward``: which value a pass belongs to that begins at this one with this gradient.

        Also the record of that value, where the pass began with weights for the array. ``by_hand`` says that the value
        may be any of the pass's, because the reader calls one after the other.
        """
        return None

    def unwatched(self, value: Any, record: Any) -> Found | None:
        """The call that made this value, read from what the record kept; None where it kept too little."""
        return None


def values_in(item: Any, depth: int = _DEPTH) -> Iterator[Any]:
    """The values that an attribute leads to, not past another value."""
    if is_variable(item):
        yield item
    elif depth <= 0 or item is None or isinstance(item, _SIMPLE):
        return
    elif isinstance(item, list | tuple | set | frozenset):
        for one in item:
            yield from values_in(one, depth - 1)
    elif isinstance(item, dict):
        for one in item.values():
            yield from values_in(one, depth - 1)
    elif isinstance(item, weakref.ReferenceType):
        yield from values_in(item(), depth - 1)
    else:
        for name, one in attributes_of(item).items():
            if name not in ("next_functions", "outputs", "output"):
                yield from values_in(one, depth - 1)


def given_to(inputs: Sequence[Any], owners: Sequence[Any], gradients: Sequence[Any]) -> tuple[Any, ...]:
    """Gradients, each with the value that it belongs to, in the order of ``inputs``; None where there is none."""
    left = list(zip(owners, gradients, strict=False))
    found: list[Any] = []
    for one in inputs:
        place = next((place for place, (owner, _) in enumerate(left) if owner is one), None)
        found.append(None if place is None else left.pop(place)[1])
    return tuple(found)


def number_like(gradient: Array, data: Any) -> Any:
    """The gradient as a plain number where the engine computes with plain numbers."""
    return gradient if isinstance(data, np.ndarray) else gradient.item() if np.ndim(gradient) == 0 else gradient
