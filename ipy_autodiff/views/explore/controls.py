"""Choose what can be moved by hand, and how far: scalar leaves, elements of arrays, and what was asked for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ipy_autodiff.tracing.graph import Recording, VariableNode
from ipy_autodiff.views.text.labels import shorten

__all__ = ["Asked", "Control", "NoControl", "an_element", "control", "controls", "moved_data", "not_found"]

_MOST = 12
_MOST_ELEMENTS = 3
_ELEMENT = re.compile(r"(.+)\[\s*(-?\d+(?:\s*,\s*-?\d+)*)\s*,?\s*\]\s*", re.DOTALL)


class NoControl(LookupError):  # noqa: N818 - named after what is wrong
    """What was asked for is neither a scalar leaf of the graph nor an element of one."""


class Asked(Protocol):
    """A slider as an option asks for it: the name of a Variable or an element, a range and a step."""

    @property
    def variable(self) -> str: ...  # noqa: D102
    @property
    def low(self) -> float: ...  # noqa: D102
    @property
    def high(self) -> float: ...  # noqa: D102
    @property
    def step(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Control:
    """One number that can be moved: a scalar leaf, or the element at ``place`` of an array."""

    name: str
    node: VariableNode
    place: tuple[int, ...] | None
    low: float
    high: float
    step: float
    value: float
    """The recorded value."""

    @property
    def label(self) -> str:
        """The name as it is shown."""
        return shorten(self.name, 24)

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return np.asarray(self.node.data).dtype.kind in "iu" and self.step == round(self.step)


def controls(recording: Recording, asked: Sequence[Asked] = ()) -> tuple[Control, ...]:
    """The controls of a run: those that were asked for first, then its scalar leaves.

    Where there is neither, the first element of each array. What was asked for and does not exist is left out; see
    ``not_found``.
    """
    found: dict[str, Control] = {}
    for one in asked:
        try:
            wanted = control(recording, one.variable, (one.low, one.high, one.step))
        except NoControl:
            continue
        found[wanted.name] = wanted
    leaves = _leaves(recording)
    for node in leaves:
        if np.size(node.data) == 1 and len(found) < _MOST and _finite(node.data, None):
            found.setdefault(node.name, _control(node.name, node, None))
    if not found:
        for node in leaves[:_MOST_ELEMENTS]:
            place = (0,) * np.ndim(node.data)
            if np.size(node.data) and _finite(node.data, place):
                name = _element(node, place)
                found[name] = _control(name, node, place)
    return tuple(found.values())


def not_found(recording: Recording, asked: Sequence[Asked]) -> tuple[str, ...]:
    """Those names that were asked for and are no number that can be moved, as they were written."""
    missing = []
    for one in asked:
        try:
            control(recording, one.variable)
        except NoControl:
            missing.append(one.variable)
    return tuple(dict.fromkeys(missing))


def control(recording: Recording, name: str, range_: tuple[float, float, float] | None = None) -> Control:
    """The control of a scalar leaf by its name, or of an element as ``W[0, 1]``. Raises ``NoControl``."""
    nodes = {node.name: node for node in reversed(_leaves(recording, made_up=True))}
    name = name.strip()
    node, place = nodes.get(name), None
    match = _ELEMENT.fullmatch(name)
    if node is None and match:
        node = nodes.get(match[1].strip())
        place = tuple(int(number) for number in match[2].split(","))
        if node is not None:
            place = _within(place, np.shape(node.data))
            name = _element(node, place)
    if node is None or not _finite(node.data, place) or (place is None and np.size(node.data) != 1):
        raise NoControl(name)
    return _control(name, node, place, range_)


def moved_data(controls: Iterable[Control], values: Mapping[str, float]) -> dict[VariableNode, Any]:
    """The leaves' data where these controls have these values; leaves that did not move are left out."""
    data: dict[VariableNode, Any] = {}
    for one in controls:
        value = values.get(one.name, one.value)
        if value == one.value:
            continue
        recorded = np.asarray(one.node.data)
        kind = recorded.dtype if recorded.dtype.kind == "f" or one.whole else np.dtype(np.float64)
        array = np.array(data.get(one.node, recorded), dtype=np.promote_types(kind, recorded.dtype))
        array[... if one.place is None else one.place] = value
        data[one.node] = array
    return data


def an_element(recording: Recording) -> str:
    """How the last element of the first array among the leaves is written; empty where there is none."""
    for node in _leaves(recording):
        if np.size(node.data) > 1:
            return _element(node, tuple(size - 1 for size in np.shape(node.data)))
    return ""


def _leaves(recording: Recording, made_up: bool = False) -> list[VariableNode]:
    of = recording.of
    if of is None:
        return []
    reached = {node for function in recording.graph.upstream(of) for node in function.inputs}
    leaves = [*recording.wrt, *(leaf for leaf in recording.graph.leaves if leaf.named or made_up)]
    return [
        node
        for node in dict.fromkeys(leaves)
        if node in reached and node.role == "leaf" and np.asarray(node.data).dtype.kind in "iuf"
    ]


def _finite(data: Any, place: tuple[int, ...] | None) -> bool:
    return bool(np.isfinite(np.asarray(data) if place is None else np.asarray(data)[place]).all())


def _within(place: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(place) != len(shape) or any(not -size <= index < size for index, size in zip(place, shape, strict=True)):
        raise NoControl(str(place))
    return tuple(index % size for index, size in zip(place, shape, strict=True))


def _element(node: VariableNode, place: tuple[int, ...]) -> str:
    return f"{node.name}[{', '.join(map(str, place))}]"


def _control(
    name: str, node: VariableNode, place: tuple[int, ...] | None, range_: tuple[float, float, float] | None = None
) -> Control:
    data = np.asarray(node.data)
    value = float(data.item() if place is None else data[place])
    low, high, step = range_ or _range(value, data.dtype.kind in "iu")
    return Control(name, node, place, min(low, value), max(high, value), step, value)


_FAR = 1e300  # beyond it the range's ends would not be finite


def _range(value: float, whole: bool) -> tuple[float, float, float]:
    """Twice the value's size to either side, at least two hundred steps: a slope near 0 and its sign can be seen."""
    reach = _nice(min(2 * abs(value), _FAR)) if value else 2.0
    if whole:
        reach = max(5.0, math.ceil(reach))
        return value - reach, value + reach, max(1.0, float(round(reach / 100)))
    return _tidy(value - reach), _tidy(value + reach), _tidy(reach / 100)


def _nice(number: float) -> float:
    """The next number of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(number))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= number * (1 - 1e-9))


def _tidy(number: float) -> float:
    return float(f"{number:.12g}")
