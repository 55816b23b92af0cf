"""Keep of each backward pass its root's value and the size of each leaf's data and gradient, thinned where many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import CREATOR, array_of, data_of, gradient_of
from ipy_autodiff.tracing.graph import Array, HistoryEntry
from ipy_autodiff.tracing.watching.calls import reference

__all__ = ["KEPT", "Histories", "Key", "Pass", "Series", "key_of"]

KEPT = 500
"""About as many passes are kept of a longer loop, evenly spread, the first and the last among them."""
_SERIES = 8
_LEAVES = 2_000

Key = tuple[int, int, type]
Sizes = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pass:
    """One backward pass. Norms are Euclidean; NaN stands for what is not there or no real number."""

    number: int
    """From 1, among the passes that began at the same place of the code."""
    value: float
    """The root's value; of an array its sum, for that is what a gradient of ones differentiates."""
    leaves: Mapping[int, Sizes]
    """The norms of the data and of the gradient, by the leaf's own number."""


@dataclass(eq=False)
class Series:
    """The passes that began at one place of the code, thinned."""

    count: int = 0
    passes: list[Pass] = field(default_factory=list)
    stride: int = 1

    @property
    def due(self) -> bool:
        """Whether the pass that was counted last is one to be kept."""
        return self.count == 1 or self.count % self.stride == 0

    def keep(self, one: Pass) -> None:
        """Keep this pass; where there are too many, every second one goes, the first apart."""
        if self.passes and self.passes[-1].number == one.number:
            return
        self.passes.append(one)
        if len(self.passes) > KEPT:
            self.stride *= 2
            self.passes = [each for each in self.passes if each.number == 1 or each.number % self.stride == 0]


class Histories:
    """The series of one run, by where their passes began; ``last`` is that of the last pass."""

    def __init__(self) -> None:
        self.series: dict[Key, Series] = {}
        self.last: Series | None = None
        self._numbers: dict[int, tuple[int, Any]] = {}
        self._given = 0

    def begin(self, key: Key) -> Series | None:
        """Count a pass; None where passes begin at too many places to be told apart."""
        found = self.series.get(key)
        if found is None:
            if len(self.series) >= _SERIES:
                return None
            found = self.series[key] = Series()
        found.count += 1
        self.last = found
        return found

    def number_of(self, leaf: Any) -> int:
        """The leaf's own number, given when it is first met."""
        number, known = self._numbers.get(id(leaf), (0, None))
        if known is not None and known() is leaf:
            return number
        if len(self._numbers) > _LEAVES:
            self._numbers = {key: one for key, one in self._numbers.items() if one[1]() is not None}
            if len(self._numbers) > _LEAVES:
                return -1
        self._given += 1
        self._numbers[id(leaf)] = (self._given, reference(leaf))
        return self._given

    def entries(self, key: Key | None, leaves: Mapping[str, Any]) -> tuple[HistoryEntry, ...]:
        """The passes that began at ``key``, thinned, with the norms of these leaves, by name, as far as known."""
        series = None if key is None else self.series.get(key)
        if series is None:
            return ()
        numbers = {name: self.number_of(leaf) for name, leaf in leaves.items()}
        found = []
        for one in series.passes:
            sizes = {name: one.leaves[number] for name, number in numbers.items() if number in one.leaves}
            data = {name: size[0] for name, size in sizes.items()}
            gradients = {name: size[1] for name, size in sizes.items()}
            found.append(HistoryEntry(one.number, series.count, one.value, data, gradients))
        return tuple(found)

    def taken(self, number: int, value: Any, leaves: Iterable[tuple[Any, Array | None, Array | None]]) -> Pass:
        """The pass of this number, with the root's data and each leaf's data and gradient."""
        sizes = {self.number_of(leaf): (norm(data), norm(gradient)) for leaf, data, gradient in leaves}
        return Pass(number, total(value), sizes)

    def keep_live(self, key: Key, root: Any, leaves: Iterable[Any]) -> None:
        """Keep the pass that was counted last at ``key``, with what stands in the Variables now."""
        series = self.series.get(key)
        if series is not None:
            found = ((leaf, array_of(data_of(leaf)), gradient_of(leaf)) for leaf in leaves)
            series.keep(self.taken(series.count, array_of(data_of(root)), found))


def key_of(frame: FrameType | None, root: Any) -> Key:
    """Where in the code a pass from ``root`` was begun, and by what kind of Function the root was made."""
    kind = type(CREATOR.read(root))
    return (0, 0, kind) if frame is None else (id(frame.f_code), frame.f_lasti, kind)


def norm(array: Array | None) -> float:
    """The Euclidean norm of an array of numbers, as far as float64 reaches."""
    if array is None or array.dtype.kind not in "fiub":
        return float("nan")
    if array.size == 1:
        return abs(float(array.item()))
    flat = array.reshape(-1)
    if flat.dtype.kind != "f" or flat.dtype.itemsize < 4:
        flat = flat.astype(np.float64)
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.dot(flat, flat)))


def total(array: Any) -> float:
    """The sum of an array's numbers; NaN where it has none."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        return float("nan")
    if array.size == 1:
        return float(array.item())
    with np.errstate(all="ignore"):
        return float(array.sum())
