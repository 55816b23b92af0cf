"""Values that keep a list of what they depend on: pairs of a value and the function that gives its gradient."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from types import CodeType, FrameType
from typing import Any

from ipy_autodiff.designs.makers import MakerDesign, given_to, number_like
from ipy_autodiff.designs.reading import attributes_of, data_of, is_variable

__all__ = ["Dependencies"]

Pairs = Sequence[tuple[Any, Callable[[Any], Any]]]


class Dependencies(MakerDesign):
    """A value's attribute is a list of (value, function of the gradient)."""

    def record(self, value: Any) -> Pairs | None:
        """The list of pairs."""
        for item in attributes_of(value).values():
            if isinstance(item, list | tuple) and item and all(map(_is_pair, item)):
                return item
        return None

    def codes(self, record: Pairs) -> Iterable[CodeType]:
        """The functions' code."""
        return (code for _, function in record if (code := getattr(function, "__code__", None)) is not None)

    def keys(self, value: Any, record: Pairs) -> Iterable[Hashable]:
        """The code of the first, and what it closed over: one step for all that the value hands on."""
        function = record[0][1]
        cells = getattr(function, "__closure__", None) or ()
        yield (id(getattr(function, "__code__", None)), *(id(cell.cell_contents) for cell in cells))

    def keys_of(self, frame: FrameType) -> Iterable[Hashable]:
        """The same of a function at work."""
        held = frame.f_locals
        return ((id(frame.f_code), *(id(held.get(name)) for name in frame.f_code.co_freevars)),)

    def ask(self, output: Any, inputs: Sequence[Any], gy: Any) -> tuple[Any, ...]:
        """Call each function with the gradient."""
        pairs = self.record(output)
        if pairs is None:
            raise NotImplementedError("backward")
        gradient = number_like(gy, data_of(output))
        return given_to(inputs, [value for value, _ in pairs], [function(gradient) for _, function in pairs])


def _is_pair(item: Any) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and is_variable(item[0]) and callable(item[1])
