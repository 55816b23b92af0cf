# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Take elements out of a Variable by any kind of index; repeat, sort and pad them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.errors import explain
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.unary import Unary
from ipy_autodiff.engine.variable import Variable, as_variable, peek

__all__ = [
    "delete",
    "diag",
    "diagonal",
    "embed_id",
    "get_item",
    "pad",
    "partition",
    "repeat",
    "sort",
    "take",
    "take_along_axis",
    "tril",
    "triu",
]


class GetItem(Unary):
    """The elements at an index: slices, integers, masks, ellipsis, new axes, arrays of integers."""

    __slots__ = ("index",)
    rule = "zeros(x.shape).at[index].add(gy)"

    def __init__(self, index: Any) -> None:
        self.index = index

    def compute(self, x: Any) -> Any:
        return x[self.index]

    def backward(self, gy: Any) -> Any:
        if isinstance(gy, Variable):
            return PutBack(self.index, self.x.shape).apply(gy)
        return PutBack(self.index, self.x.shape).compute(gy)


class PutBack(Unary):
    """Zeros, to which elements are added at the index they were taken from."""

    __slots__ = ("index", "shape")
    rule = "gy[index]"

    def __init__(self, index: Any, shape: tuple[int, ...]) -> None:
        self.index = index
        self.shape = shape

    def compute(self, x: Any) -> Any:
        y = np.zeros(self.shape, x.dtype)
        if _may_repeat(self.index):
            np.add.at(y, self.index, x)
        else:
            y[self.index] = x
        return y

    def backward(self, gy: Any) -> Any:
        return gy[self.index]


def _may_repeat(index: Any) -> bool:
    """Whether this index can name one element more than once: only arrays of integers can."""
    items = index if isinstance(index, tuple) else (index,)
    return any(isinstance(item, list | np.ndarray) and np.asarray(item).dtype.kind != "b" for item in items)


_INDICES = [
    1,
    -1,
    (0, 2),
    slice(None, None, -2),
    (slice(None), slice(1, 3)),
    ...,
    (..., 0),
    None,
    (slice(None), None, 1),
    np.array([0, 1, 1]),
    (np.array([0, 1, 0]), np.array([1, 1, 1])),
    (slice(None), np.array([[0, 2], [2, 2]])),
    np.array([[True, False, True], [False, True, True]]),
    [0, 0, 1],
    (),
]


@operation(samples=[Sample(random(2, 3), index) for index in _INDICES])
def get_item(x: Any, index: Any) -> Variable:
    """``x[index]``, for every kind of index that NumPy has."""
    if isinstance(index, tuple):
        index = tuple([peek(item) if isinstance(item, Variable) else item for item in index])
    elif isinstance(index, Variable):
        index = peek(index)
    return GetItem(index).apply(x)


@operation(
    np.take,
    method="take",
    samples=[Sample(random(2, 3), [0, 5, 5]), Sample(random(2, 3), [[2, 0]], 1), Sample(random(2, 3), 1, axis=0)],
)
def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Variable:
    """The elements of ``a`` at ``indices`` along ``axis``, or of all its elements in a row."""
    x = as_variable(a)
    if axis is None:
        x, axis = x.reshape(-1), 0
    numbers = peek(indices)
    if mode != "raise":
        numbers = np.take(np.arange(x.shape[axis]), numbers, mode=mode)
    return x[(slice(None),) * (axis % x.ndim) + (numbers,)]


@operation(samples=[Sample(np.array([[0, 2], [2, 1]]), random(3, 2))])
def embed_id(x: Any, W: Any) -> Variable:  # noqa: N803 - the field's name for it
    """The rows of ``W`` that the integers in ``x`` name: an embedding."""
    return as_variable(W)[peek(x)]


@operation(
    np.take_along_axis,
    samples=[Sample(random(2, 3), np.array([[2, 0], [1, 1]]), 1), Sample(random(2, 3), np.array([[1, 0, 1]]), 0)],
)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Variable:
    """For each row along ``axis`` its own elements of ``arr``, at ``indices``."""
    x = as_variable(arr)
    if axis is None:
        x, axis = x.reshape(-1), 0
    return x[choose_along(np.asarray(indices), x.ndim, axis)]


def choose_along(indices: Any, ndim: int, axis: int) -> tuple[Any, ...]:
    """The index tuple that takes, for each row along ``axis``, the elements at that row's ``indices``."""
    axis %= ndim
    grid = np.ix_(*[np.arange(n) for n in indices.shape])
    return tuple([indices if a == axis else grid[a] for a in range(ndim)])


@operation(
    np.delete,
    samples=[Sample(random(5), 2), Sample(random(3, 4), [0, 2], axis=1), Sample(random(2, 3), slice(0, 2), axis=1)],
)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Variable:
    """``arr`` without the elements at ``obj`` along ``axis``, or without those of all its elements in a row."""
    x = as_variable(arr)
    if axis is None:
        x, axis = x.reshape(-1), 0
    return take(x, np.delete(np.arange(x.shape[axis]), obj), axis)


@operation(
    np.repeat,
    method="repeat",
    samples=[
        Sample(random(3), 2),
        Sample(random(2, 3), 2, axis=1),
        Sample(random(2, 3), [1, 0, 3], 1),
        Sample(random(), 3),
    ],
)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Variable:
    """Each element of ``a`` several times in a row."""
    x = as_variable(a)
    if axis is None:
        x, axis = x.reshape(-1), 0
    return take(x, np.repeat(np.arange(x.shape[axis]), repeats), axis)


@operation(
    np.sort,
    samples=[Sample(random(5)), Sample(random(2, 4)), Sample(random(3, 2), axis=0), Sample(random(2, 3), axis=None)],
)
def sort(a: Any, axis: int | None = -1, kind: Any = None) -> Variable:
    """``a`` in ascending order along ``axis``, or all its elements in a row."""
    x = as_variable(a)
    if axis is None:
        x, axis = x.reshape(-1), -1
    return take_along_axis(x, np.argsort(peek(x), axis, kind=kind), axis)


@operation(np.partition, samples=[Sample(random(5), 2), Sample(random(3, 4), 1, axis=0)])
def partition(a: Any, kth: Any, axis: int | None = -1) -> Variable:
    """``a`` with the ``kth`` element along ``axis`` where sorting puts it, smaller ones before it and larger behind."""
    x = as_variable(a)
    if axis is None:
        x, axis = x.reshape(-1), -1
    return take_along_axis(x, np.argpartition(peek(x), kth, axis), axis)


@operation(
    np.diagonal,
    method="diagonal",
    samples=[
        Sample(random(3, 3)),
        Sample(random(2, 4), 1),
        Sample(random(3, 2), -1),
        Sample(random(2, 3, 3), 0, 1, 2),
        Sample(random(3, 2, 3), 0, 0, -1),
    ],
)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """The elements of ``a`` on the diagonal of two axes, along a last axis."""
    x = np.moveaxis(as_variable(a), (axis1, axis2), (-2, -1))
    n = np.arange(np.diagonal(np.empty(x.shape[-2:]), offset).size)
    return x[..., n - min(offset, 0), n + max(offset, 0)]


@operation(
    np.trace, method="trace", samples=[Sample(random(3, 3)), Sample(random(2, 4), 1), Sample(random(2, 3, 3), 0, 1, 2)]
)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """The sum of the diagonal of two axes."""
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1)


@operation(
    np.diag,
    samples=[
        Sample(random(3)),
        Sample(random(3), 1),
        Sample(random(3), -2),
        Sample(random(3, 4)),
        Sample(random(3, 4), 1),
    ],
)
def diag(v: Any, k: int = 0) -> Variable:
    """The diagonal of a matrix, or the matrix that has this diagonal and zeros elsewhere."""
    x = as_variable(v)
    if x.ndim == 2:
        return diagonal(x, k)
    rows = np.arange(x.size) - min(k, 0)
    side = x.size + abs(k)
    return PutBack((rows, rows + k), (side, side)).apply(x)


class Triangle(Unary):
    """A matrix with zeros on one side of a diagonal."""

    __slots__ = ("function", "k")

    def __init__(self, function: Any, k: int) -> None:
        self.function = function
        self.k = k

    def compute(self, x: Any) -> Any:
        return self.function(x, self.k)

    @property
    def rule(self) -> str:
        """The same triangle of the gradient."""
        return f"{self.function.__name__}(gy, {self.k})"

    def backward(self, gy: Any) -> Any:
        return self.function(gy, self.k)


@operation(np.tril, samples=[Sample(random(3, 3)), Sample(random(2, 3, 4), 1)])
def tril(m: Any, k: int = 0) -> Variable:
    """``m`` with zeros above diagonal ``k``."""
    return Triangle(np.tril, k).apply(m)


@operation(np.triu, samples=[Sample(random(3, 3)), Sample(random(2, 3, 4), -1)])
def triu(m: Any, k: int = 0) -> Variable:
    """``m`` with zeros below diagonal ``k``."""
    return Triangle(np.triu, k).apply(m)


@operation(
    np.pad,
    samples=[
        Sample(random(3), 1),
        Sample(random(2, 3), ((1, 0), (2, 1)), constant_values=1.5),
        Sample(random(4), (2, 1), "reflect"),
        Sample(random(2, 3), 1, "edge"),
        Sample(random(2, 3), 2, "wrap"),
        Sample(random(3, 2), (1, 2), "symmetric"),
    ],
)
def pad(
    array: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0, reflect_type: str = "even"
) -> Variable:
    """``array`` with borders: constant ones, or its own elements again (edge, reflect, symmetric, wrap)."""
    x = as_variable(array)
    if mode == "constant":
        widths = np.zeros((x.ndim, 2), int)
        for axis, width in pad_width.items() if isinstance(pad_width, dict) else [(..., pad_width)]:
            widths[axis] = width
        index = tuple([slice(before, before + n) for (before, _), n in zip(widths.tolist(), x.shape, strict=True)])
        y = PutBack(index, tuple(widths.sum(axis=1) + x.shape)).apply(x)
        if not np.any(constant_values):
            return y
        return y + np.pad(np.zeros(x.shape, x.dtype), pad_width, mode, constant_values=constant_values)
    options = {"reflect_type": reflect_type} if mode in ("reflect", "symmetric") else {}
    if mode not in ("edge", "reflect", "symmetric", "wrap") or reflect_type != "even":
        raise explain(TypeError, "no_such_option", name="pad", option=f"mode={mode!r}")
    numbers = np.pad(np.arange(x.size).reshape(x.shape), pad_width, mode, **options)
    return x.reshape(-1)[numbers]
