# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Slide windows over Variables: convolution, its transpose, pooling, and batch normalization."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ipy_autodiff.engine.operations.linear_algebra.products import matmul
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.unary import Unary
from ipy_autodiff.engine.variable import Variable, as_variable, peek

__all__ = [
    "average_pooling",
    "batch_norm",
    "col2im",
    "conv2d",
    "conv_nd",
    "convolve",
    "deconv2d",
    "im2col",
    "max_pool",
    "pooling",
    "sliding_window",
]

Pair = int | tuple[int, ...]


class Windows(Unary):
    """The windows of a shape that fit into an array, a number of steps apart, along new last axes."""

    __slots__ = ("axes", "steps", "window")
    rule = "col2im(gy)"

    def __init__(self, window: tuple[int, ...], steps: tuple[int, ...], axes: tuple[int, ...]) -> None:
        self.window = window
        self.steps = steps
        self.axes = axes

    def compute(self, x: Any) -> Any:
        stepping = [slice(None)] * x.ndim
        for axis, step in zip(self.axes, self.steps, strict=True):
            stepping[axis] = slice(None, None, step)
        return sliding_window_view(x, self.window, self.axes)[tuple(stepping)]

    def backward(self, gy: Any) -> Any:
        gathering = Overlay(self.x.shape, self.window, self.steps, self.axes)
        return gathering.apply(gy) if isinstance(gy, Variable) else gathering.compute(gy)


class Overlay(Unary):
    """Windows laid over each other where they were taken from, and added up."""

    __slots__ = ("axes", "shape", "steps", "window")
    rule = "im2col(gy)"

    def __init__(
        self, shape: tuple[int, ...], window: tuple[int, ...], steps: tuple[int, ...], axes: tuple[int, ...]
    ) -> None:
        self.shape = shape
        self.window = window
        self.steps = steps
        self.axes = axes

    def compute(self, x: Any) -> Any:
        return self.added([x[(..., *offsets)] for offsets in _offsets(self.window)])

    def added(self, pieces: Iterable[Any]) -> Any:
        """The sum of pieces that hold, for each offset in a window, the element there of every window."""
        y: Any = None
        for offsets, piece in zip(_offsets(self.window), pieces, strict=True):
            place = [slice(None)] * len(self.shape)
            for axis, step, offset in zip(self.axes, self.steps, offsets, strict=True):
                place[axis] = slice(offset, offset + step * (piece.shape[axis] - 1) + 1, step)
            if y is None:
                y = np.zeros(self.shape, piece.dtype)
            y[tuple(place)] += piece
        return y

    def backward(self, gy: Any) -> Any:
        windows = Windows(self.window, self.steps, self.axes)
        return windows.apply(gy) if isinstance(gy, Variable) else windows.compute(gy)


class MaxPool(Unary):
    """The largest element of each window of the last axes; the gradient is shared among those that are equal to it."""

    __slots__ = ("steps", "window")
    rule = "col2im(gy · (im2col(x) == y) / sum(im2col(x) == y))"

    def __init__(self, window: tuple[int, ...], steps: tuple[int, ...]) -> None:
        self.window = window
        self.steps = steps

    def compute(self, x: Any) -> Any:
        first, *others = self._pieces(x)
        y = first.copy()
        for piece in others:  # far quicker than one reduction over many small axes
            np.maximum(y, piece, out=y)
        return y

    def backward(self, gy: Any) -> Any:
        x, y = peek(self.x), peek(self.y)
        chosen = [piece == y for piece in self._pieces(x)]
        gy = gy / np.add.reduce(chosen, axis=0, dtype=y.dtype)
        overlay = Overlay(x.shape, self.window, self.steps, self._axes(x))
        if not isinstance(gy, Variable):
            return overlay.added(gy * one for one in chosen)
        windows = np.stack(chosen, axis=-1).reshape((*y.shape, *self.window))
        return overlay.apply(np.reshape(gy, (*y.shape, *[1] * len(self.window))) * windows)

    def _pieces(self, x: Any) -> list[Any]:
        """For each offset in a window, the element there of every window."""
        windows = Windows(self.window, self.steps, self._axes(x)).compute(x)
        return [windows[(..., *offsets)] for offsets in _offsets(self.window)]

    def _axes(self, x: Any) -> tuple[int, ...]:
        return tuple(range(x.ndim - len(self.window), x.ndim))


def _offsets(window: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    return product(*map(range, window))


@operation(
    sliding_window_view, samples=[Sample(random(5), 2), Sample(random(3, 4), (2, 2)), Sample(random(3, 4), 3, 1)]
)
def sliding_window(x: Any, window_shape: Any, axis: Any = None) -> Variable:
    """All windows of a shape that fit into ``x``, along new last axes."""
    x = as_variable(x)
    window = tuple(window_shape) if isinstance(window_shape, tuple | list) else (window_shape,)
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    return Windows(window, (1,) * len(window), tuple([a % x.ndim for a in axes])).apply(x)


def _pair(value: Pair, n: int = 2) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,) * n


def _padded(x: Any, pad: Pair, n: int) -> Any:
    """``x``, a Variable or an array, with zeros around its last ``n`` axes."""
    borders = _pair(pad, n)
    return np.pad(x, [(0, 0)] * (x.ndim - n) + [(border, border) for border in borders]) if any(borders) else x


def _windows(x: Any, window: tuple[int, ...], stride: Pair, pad: Pair) -> Any:
    """The windows of the last axes of ``x``, a Variable or an array that is to stay one, padded with zeros."""
    n = len(window)
    x = _padded(x if isinstance(x, Variable) else np.asarray(x), pad, n)
    windows = Windows(window, _pair(stride, n), tuple(range(x.ndim - n, x.ndim)))
    return windows.apply(x) if isinstance(x, Variable) else windows.compute(x)


@operation(samples=[Sample(random(1, 2, 3, 3), 2), Sample(random(2, 1, 3, 2), (2, 1), 1, 1, to_matrix=False)])
def im2col(x: Any, kernel_size: Pair, stride: Pair = 1, pad: Pair = 0, to_matrix: bool = True) -> Variable:
    """The windows of images (batch, channels, height, width), one a row or as (batch, channels, kernel, places)."""
    windows = _windows(as_variable(x), _pair(kernel_size), stride, pad)
    if to_matrix:
        columns = np.transpose(windows, (0, 2, 3, 1, 4, 5))
        return columns.reshape((columns.shape[0] * columns.shape[1] * columns.shape[2], -1))
    return np.transpose(windows, (0, 1, 4, 5, 2, 3))


@operation(
    samples=[Sample(random(4, 8), (1, 2, 3, 3), 2), Sample(random(1, 1, 2, 2, 2, 2), (1, 1, 3, 3), 2, to_matrix=False)]
)
def col2im(
    col: Any, input_shape: tuple[int, ...], kernel_size: Pair, stride: Pair = 1, pad: Pair = 0, to_matrix: bool = True
) -> Variable:
    """The images of ``input_shape`` that the windows of ``im2col`` add up to."""
    n, channels, height, width = input_shape
    window, steps, borders = _pair(kernel_size), _pair(stride), _pair(pad)
    full = (height + 2 * borders[0], width + 2 * borders[1])
    places = [(size - k) // step + 1 for size, k, step in zip(full, window, steps, strict=True)]
    if to_matrix:
        windows = np.transpose(as_variable(col).reshape((n, *places, channels, *window)), (0, 3, 1, 2, 4, 5))
    else:
        windows = np.transpose(as_variable(col), (0, 1, 4, 5, 2, 3))
    y = Overlay((n, channels, *full), window, steps, (2, 3)).apply(windows)
    return y[:, :, borders[0] : borders[0] + height, borders[1] : borders[1] + width]


@operation(
    samples=[
        Sample(random(2, 1, 4), random(2, 1, 2)),
        Sample(random(1, 1, 4, 3), random(2, 1, 2, 2), stride=(2, 1), padding=1),
    ]
)
def conv_nd(x: Any, filter_bank: Any, *, stride: Pair = 1, padding: Pair = 0) -> Variable:
    """The cross-correlation of ``x``, of shape (batch, channels, ...), with filters of shape (filters, channels, ...).

    The result has the shape (batch, filters, ...).
    """
    filters, _, *window = np.shape(filter_bank)
    n = len(window)
    windows = _windows(x, tuple(window), stride, padding)
    batch, _, *places = np.shape(windows)[: 2 + n]
    order = (0, 1, *range(2 + n, 2 + 2 * n), *range(2, 2 + n))  # each column is a window, as a matrix product needs it
    columns = np.transpose(windows, order).reshape((batch, -1, prod(places)))
    return matmul(np.reshape(filter_bank, (filters, -1)), columns).reshape((batch, filters, *places))


@operation(
    samples=[
        Sample(random(1, 2, 3, 3), random(2, 2, 2, 2), random(2)),
        Sample(random(1, 1, 3, 3), random(1, 1, 2, 2), None, 2, 1),
    ]
)
def conv2d(x: Any, W: Any, b: Any = None, stride: Pair = 1, pad: Pair = 0) -> Variable:  # noqa: N803
    """``x`` (batch, channels, height, width) filtered by ``W`` (filters, channels, height, width), plus ``b``."""
    y = conv_nd(x, W, stride=stride, padding=pad)
    return y if b is None else y + np.reshape(b, (1, -1, 1, 1))


@operation(
    samples=[
        Sample(random(1, 2, 2, 2), random(2, 1, 2, 2), random(1)),
        Sample(random(1, 1, 2, 2), random(1, 1, 3, 3), None, 2, 1),
    ]
)
def deconv2d(x: Any, W: Any, b: Any = None, stride: Pair = 1, pad: Pair = 0, outsize: Any = None) -> Variable:  # noqa: N803
    """The transpose of ``conv2d``: ``x`` (batch, channels, height, width), ``W`` (channels, results, height, width)."""
    x = as_variable(x)
    window, steps, borders = tuple(np.shape(W)[2:]), _pair(stride), _pair(pad)
    if outsize is None:
        full = tuple([s * (n - 1) + k for s, n, k in zip(steps, x.shape[2:], window, strict=True)])
    else:
        full = tuple([n + 2 * border for n, border in zip(_pair(outsize), borders, strict=True)])
    tiles = np.moveaxis(np.tensordot(x, W, ((1,), (0,))), 3, 1)
    y = Overlay((*tiles.shape[:2], *full), window, steps, (2, 3)).apply(tiles)
    y = y[:, :, borders[0] : full[0] - borders[0], borders[1] : full[1] - borders[1]]
    return y if b is None else y + np.reshape(b, (1, -1, 1, 1))


@operation(samples=[Sample(random(1, 2, 4, 4), (2, 2), 2), Sample(random(2, 5), (3,), 1)])
def max_pool(x: Any, pool: tuple[int, ...], stride: Pair) -> Variable:
    """The largest element of each window of the last axes of ``x``."""
    return MaxPool(pool, _pair(stride, len(pool))).apply(x)


@operation(samples=[Sample(random(1, 2, 4, 4), 2, 2), Sample(random(1, 1, 3, 3), 2)])
def pooling(x: Any, kernel_size: Pair, stride: Pair = 1, pad: Pair = 0) -> Variable:
    """The largest element of each window of the last two axes, padded with zeros."""
    return MaxPool(_pair(kernel_size), _pair(stride)).apply(_padded(as_variable(x), pad, 2))


@operation(samples=[Sample(random(1, 2, 4, 4), 2, 2), Sample(random(1, 1, 3, 3), 2, 1, 1)])
def average_pooling(x: Any, kernel_size: Pair, stride: Pair = 1, pad: Pair = 0) -> Variable:
    """The mean of each window of the last two axes, padded with zeros."""
    return np.mean(_windows(as_variable(x), _pair(kernel_size), stride, pad), axis=(-2, -1))


@operation(
    np.convolve,
    samples=[Sample(random(5), random(3), mode) for mode in ("full", "same", "valid")] + [Sample(random(2), random(4))],
)
def convolve(a: Any, v: Any, mode: str = "full") -> Variable:
    """The convolution of two vectors: in full, of the longer one's length, or only where they overlap completely."""
    long, short = (a, v) if np.size(a) >= np.size(v) else (v, a)
    n, border = np.size(short), np.size(short) - 1
    y = Windows((n,), (1,), (0,)).apply(np.pad(as_variable(long), border)) @ np.flip(short)
    if mode == "full":
        return y
    start = border if mode == "valid" else border // 2
    return y[start : start + np.size(long) - (border if mode == "valid" else 0)]


@operation(samples=[Sample(random(4, 2), random(2), random(2)), Sample(random(2, 2, 2, 2), random(2), random(2))])
def batch_norm(x: Any, gamma: Any, beta: Any, eps: float = 2e-5) -> Variable:
    """``x`` normalized over its batch (and over places, if it has any), times ``gamma``, plus ``beta``."""
    x = as_variable(x)
    axes = (0, *range(2, x.ndim))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    normalized = (x - np.mean(x, axis=axes, keepdims=True)) / np.sqrt(np.var(x, axis=axes, keepdims=True) + eps)
    return normalized * np.reshape(gamma, shape) + np.reshape(beta, shape)
