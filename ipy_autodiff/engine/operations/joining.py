# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Put Variables together into one and take one apart: concatenate, stack, split, tile."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.function import Function
from ipy_autodiff.engine.operation import Nary, Operation
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.variable import Variable, as_variable

__all__ = [
    "append",
    "array",
    "array_split",
    "block",
    "column_stack",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "linspace",
    "meshgrid",
    "split",
    "stack",
    "tile",
    "unstack",
    "vsplit",
    "vstack",
]


class Concatenate(Nary):
    """Arrays one after the other along an axis."""

    __slots__ = ("axis",)

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def compute(self, *xs: Any) -> Any:
        return np.concatenate(xs, axis=self.axis)

    @property
    def rule(self) -> tuple[str, ...]:
        """For each array its piece of the gradient."""
        axis = self.axis % self.y.ndim
        return tuple([f"gy[{':, ' * axis}{start}:{end}]" for start, end in map(self._span, range(len(self.xs)))])

    def gradient(self, number: int, gy: Any) -> Any:
        return gy[(slice(None),) * (self.axis % gy.ndim) + (slice(*self._span(number)),)]

    def _span(self, number: int) -> tuple[int, int]:
        """From where to where array ``number`` reaches along the axis."""
        start = sum(x.shape[self.axis] for x in self.xs[:number])
        return start, start + self.xs[number].shape[self.axis]


@operation(
    np.concatenate,
    samples=[
        Sample([random(2, 3), random(1, 3)]),
        Sample([random(2, 1), random(2, 2), random(2, 1)], 1),
        Sample([random(2), random(2, 2)], None),
    ],
)
def concatenate(arrays: Any, axis: int | None = 0) -> Variable:
    """The arrays one after the other along ``axis``, or all their elements in a row."""
    arrays = [array(a) if isinstance(a, list | tuple) else a for a in arrays]
    if axis is None:
        arrays, axis = [as_variable(a).reshape(-1) for a in arrays], 0
    return Concatenate(axis).apply(*arrays)


@operation(
    np.stack,
    samples=[
        Sample([random(2, 3), random(2, 3)]),
        Sample([random(2, 3), random(2, 3)], -1),
        Sample([random(), random(), random()]),
    ],
)
def stack(arrays: Any, axis: int = 0) -> Variable:
    """The arrays, all of one shape, side by side along a new axis."""
    return concatenate([np.expand_dims(as_variable(a), axis) for a in arrays], axis)


@operation(samples=[Sample([random(), 1.5]), Sample([[random(), 2.0], [random(), random()]]), Sample(random(2))])
def array(object: Any) -> Variable:  # noqa: A002 - NumPy's name for it
    """A Variable out of nested lists of Variables, arrays and numbers, as ``numpy.array`` makes an array of numbers."""
    if isinstance(object, list | tuple):
        return stack([array(item) for item in object]) if object else as_variable(np.array(object))
    return as_variable(object)


@operation(np.vstack, samples=[Sample([random(3), random(2, 3)])])
def vstack(tup: Any) -> Variable:
    """The arrays one below the other: vectors become rows."""
    return concatenate([np.atleast_2d(a) for a in tup])


@operation(np.hstack, samples=[Sample([random(3), random(2)]), Sample([random(2, 1), random(2, 3)])])
def hstack(tup: Any) -> Variable:
    """The arrays one beside the other."""
    arrays = [np.atleast_1d(a) for a in tup]
    return concatenate(arrays, 0 if arrays[0].ndim == 1 else 1)


@operation(np.dstack, samples=[Sample([random(2, 3), random(2, 3)])])
def dstack(tup: Any) -> Variable:
    """The arrays one behind the other, along a third axis."""
    return concatenate([np.atleast_3d(a) for a in tup], 2)


@operation(np.column_stack, samples=[Sample([random(3), random(3, 2)])])
def column_stack(tup: Any) -> Variable:
    """The arrays one beside the other: vectors become columns."""
    return concatenate([np.expand_dims(a, 1) if np.ndim(a) < 2 else a for a in map(np.atleast_1d, tup)], 1)


@operation(np.append, samples=[Sample(random(2, 3), random(4)), Sample(random(2, 3), random(1, 3), axis=0)])
def append(arr: Any, values: Any, axis: int | None = None) -> Variable:
    """``values`` after ``arr`` along ``axis``, or the elements of both in a row."""
    return concatenate([arr, values], axis)


@operation(np.block, samples=[Sample([[random(2, 2), random(2, 1)], [random(1, 2), random(1, 1)]])])
def block(arrays: Any) -> Variable:
    """One array out of nested lists of blocks."""
    return _block(arrays, _depth(arrays), max(_depth(arrays), _widest(arrays)))


def _depth(arrays: Any) -> int:
    return 1 + _depth(arrays[0]) if isinstance(arrays, list) else 0


def _widest(arrays: Any) -> int:
    return max(map(_widest, arrays)) if isinstance(arrays, list) else np.ndim(arrays)


def _block(arrays: Any, depth: int, ndim: int) -> Any:
    if not isinstance(arrays, list):
        x = as_variable(arrays)
        return x.reshape((1,) * (ndim - x.ndim) + x.shape)
    return concatenate([_block(a, depth - 1, ndim) for a in arrays], -depth)


class Split(Operation):
    """Pieces of an array along an axis, cut before each of the given places."""

    __slots__ = ("axis", "places")
    kept = ()

    def __init__(self, places: Any, axis: int) -> None:
        self.places = places
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return tuple(np.array_split(x, self.places, self.axis))

    @property
    def rule(self) -> str:
        """The pieces' gradients in a row."""
        gys = ", ".join([f"gy{number}" for number in range(len(self._results))])
        return f"concatenate(({gys}), axis={self.axis})"

    def backward(self, *gys: Any) -> Any:
        return np.concatenate(gys, axis=self.axis)

    def _gradients_as_variables(self, ys: list[Variable], gys: tuple[Any, ...]) -> Any:
        return self._gradients(ys, gys)


@operation(np.array_split, samples=[Sample(random(5), 2), Sample(random(2, 5), [1, 3], axis=1)])
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Variable]:
    """Pieces of ``ary`` along ``axis``: so many, or cut at these places."""
    return list(Function.__call__(Split(indices_or_sections, axis), ary))


@operation(np.split, samples=[Sample(random(4), 2), Sample(random(2, 4), [1, 3], axis=1)])
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Variable]:
    """Pieces of ``ary`` along ``axis``: so many equal ones, or cut at these places."""
    np.split(np.empty(np.shape(ary)), indices_or_sections, axis)  # raises where the pieces would not be equal
    return array_split(ary, indices_or_sections, axis)


@operation(np.vsplit, samples=[Sample(random(4, 2), 2)])
def vsplit(ary: Any, indices_or_sections: Any) -> list[Variable]:
    """Pieces of ``ary`` along its first axis."""
    return split(ary, indices_or_sections, 0)


@operation(np.hsplit, samples=[Sample(random(2, 4), 2), Sample(random(4), 2)])
def hsplit(ary: Any, indices_or_sections: Any) -> list[Variable]:
    """Pieces of ``ary`` along its second axis, or its first where it has only one."""
    return split(ary, indices_or_sections, 0 if np.ndim(ary) == 1 else 1)


@operation(np.dsplit, samples=[Sample(random(2, 1, 4), 2)])
def dsplit(ary: Any, indices_or_sections: Any) -> list[Variable]:
    """Pieces of ``ary`` along its third axis."""
    return split(ary, indices_or_sections, 2)


@operation(
    *[np.unstack] if hasattr(np, "unstack") else [], samples=[Sample(random(2, 3)), Sample(random(2, 3), axis=1)]
)
def unstack(x: Any, axis: int = 0) -> tuple[Variable, ...]:
    """The arrays that ``x`` is a stack of along ``axis``."""
    return tuple([np.squeeze(piece, axis) for piece in split(x, np.shape(x)[axis], axis)])


@operation(
    np.tile,
    samples=[
        Sample(random(3), 2),
        Sample(random(2, 3), (2, 1)),
        Sample(random(2), (2, 2)),
        Sample(random(2, 1), 3),
        Sample(random(), 2),
    ],
)
def tile(A: Any, reps: Any) -> Variable:  # noqa: N803 - NumPy's name for it
    """``A`` repeated as a whole along each axis."""
    x = as_variable(A)
    times = tuple(reps) if isinstance(reps, tuple | list) else (reps,)
    times = (1,) * (x.ndim - len(times)) + times
    lengths = (1,) * (len(times) - x.ndim) + x.shape
    apart = [n for length in lengths for n in (1, length)]
    repeated = [n for pair in zip(times, lengths, strict=True) for n in pair]
    whole = [time * length for time, length in zip(times, lengths, strict=True)]
    return np.broadcast_to(x.reshape(apart), repeated).reshape(whole)


@operation(
    np.linspace,
    samples=[Sample(random(), random()), Sample(random(2), 3.0, 4), Sample(random(), random(), 3, endpoint=False)],
)
def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> Variable:
    """``num`` evenly spaced values from ``start`` to ``stop``, along a new first axis."""
    width = stop - start
    places = np.arange(num) / max(num - 1 if endpoint else num, 1)
    return start + places.reshape((num,) + (1,) * np.ndim(width)) * width


@operation(np.meshgrid, samples=[Sample(random(2), random(3)), Sample(random(2), random(3), indexing="ij")])
def meshgrid(*xi: Any, indexing: str = "xy") -> tuple[Variable, ...]:
    """The coordinates of a grid, one array for each axis, from the places along each."""
    shape = [np.size(x) for x in xi]
    order = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        order[:2] = [1, 0]
    grids = [as_variable(x).reshape((1,) * i + (-1,) + (1,) * (len(xi) - 1 - i)) for i, x in enumerate(xi)]
    return tuple([np.transpose(np.broadcast_to(grid, shape), order) for grid in grids])
