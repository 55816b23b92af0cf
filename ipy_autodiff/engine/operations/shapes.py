# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Change a Variable's shape or the order of its elements: reshape, transpose, broadcast, copy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.operation import sum_to as summed_to
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.unary import Elementwise, Unary
from ipy_autodiff.engine.variable import Variable, as_variable, peek

__all__ = [
    "astype",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "broadcast_to",
    "copy",
    "expand_dims",
    "flatten",
    "full",
    "matrix_transpose",
    "moveaxis",
    "ravel",
    "reshape",
    "rollaxis",
    "squeeze",
    "sum_to",
    "swapaxes",
    "transpose",
]

Shape = int | tuple[int, ...]


class Reshape(Unary):
    """The same elements in another shape."""

    __slots__ = ("order", "shape")

    def __init__(self, shape: Any, order: str = "C") -> None:
        self.shape = shape
        self.order = order

    def compute(self, x: Any) -> Any:
        return x.reshape(self.shape) if self.order == "C" else np.asarray(x).reshape(self.shape, order=self.order)

    @property
    def rule(self) -> str:
        """With the order where it is not NumPy's own."""
        return "reshape(gy, x.shape)" if self.order == "C" else "reshape(gy, x.shape, order='{0.order}')"

    def backward(self, gy: Any) -> Any:
        if self.order == "C":
            return gy.reshape(self.x.shape)
        # the same elements in the other order are the transpose of the reversed shape in this one
        return gy.transpose().reshape(self.x.shape[::-1]).transpose()


@operation(
    np.reshape,
    samples=[
        Sample(random(2, 3), (3, 2)),
        Sample(random(2, 3), -1),
        Sample(random(), (1, 1)),
        Sample(random(2, 3), (3, 2), "F"),
    ],
)
def reshape(a: Any, shape: Shape, order: str = "C") -> Variable:
    """``a`` in another ``shape``; one of its numbers may be -1."""
    return Reshape(shape, _order(order, a)).apply(a)


@operation(np.ravel, method="ravel", samples=[Sample(random(2, 3)), Sample(random(2, 3), "F"), Sample(random())])
def ravel(a: Any, order: str = "C") -> Variable:
    """``a``'s elements in a row."""
    return Reshape((-1,), _order(order, a)).apply(a)


@operation(method="flatten", samples=[Sample(random(2, 3))])
def flatten(a: Any, order: str = "C") -> Variable:
    """``a``'s elements in a row."""
    return ravel(a, order)


def _order(order: str, a: Any) -> str:
    if order in ("A", "K"):
        data = peek(a)
        return "F" if data.flags.f_contiguous and not data.flags.c_contiguous else "C"
    return order


@operation(
    np.squeeze,
    method="squeeze",
    samples=[Sample(random(1, 3, 1)), Sample(random(1, 3, 1), 0), Sample(random(1, 1), (0, 1))],
)
def squeeze(a: Any, axis: Any = None) -> Variable:
    """``a`` without its axes of length 1, or without those that ``axis`` names."""
    x = as_variable(a)
    return Reshape(np.squeeze(peek(x), axis).shape).apply(x)


@operation(np.expand_dims, samples=[Sample(random(2, 3), 1), Sample(random(2), (0, 2)), Sample(random(), 0)])
def expand_dims(a: Any, axis: Any) -> Variable:
    """``a`` with new axes of length 1 at these places."""
    x = as_variable(a)
    return Reshape(np.expand_dims(peek(x), axis).shape).apply(x)


@operation(np.atleast_1d, samples=[Sample(random()), Sample(random(2))])
def atleast_1d(*arrays: Any) -> Any:
    """Each array with one axis at least."""
    return _at_least(np.atleast_1d, arrays)


@operation(np.atleast_2d, samples=[Sample(random()), Sample(random(2)), Sample(random(2, 3))])
def atleast_2d(*arrays: Any) -> Any:
    """Each array with two axes at least, new ones in front."""
    return _at_least(np.atleast_2d, arrays)


@operation(np.atleast_3d, samples=[Sample(random()), Sample(random(2)), Sample(random(2, 3))])
def atleast_3d(*arrays: Any) -> Any:
    """Each array with three axes at least."""
    return _at_least(np.atleast_3d, arrays)


def _at_least(function: Any, arrays: tuple[Any, ...]) -> Any:
    variables = [as_variable(a) for a in arrays]
    results = tuple([Reshape(function(peek(x)).shape).apply(x) for x in variables])
    return results if len(results) != 1 else results[0]


class Transpose(Unary):
    """The axes in another order."""

    __slots__ = ("axes",)

    def __init__(self, axes: tuple[int, ...] | None = None) -> None:
        self.axes = axes

    def compute(self, x: Any) -> Any:
        return x.transpose(self.axes)

    @property
    def rule(self) -> str:
        """With the order that undoes this one."""
        axes = self._back()
        order = () if axes is None else tuple(map(int, axes))
        return "gy.T" if order == tuple(range(len(order)))[::-1] else f"transpose(gy, {order})"

    def backward(self, gy: Any) -> Any:
        return gy.transpose(self._back())

    def _back(self) -> Any:
        """The order of axes that undoes this one."""
        return self.axes if self.axes is None else np.argsort(self.axes)


@operation(
    np.transpose,
    samples=[
        Sample(random(2, 3)),
        Sample(random(2, 3, 4), (1, 2, 0)),
        Sample(random(2, 3, 4), (0, -1, 1)),
        Sample(random()),
    ],
)
def transpose(a: Any, axes: Any = None) -> Variable:
    """``a`` with its axes in this order; reversed by default."""
    x = as_variable(a)
    return Transpose(None if axes is None else tuple([axis % x.ndim for axis in axes])).apply(x)


@operation(np.swapaxes, method="swapaxes", samples=[Sample(random(2, 3, 4), 0, -1)])
def swapaxes(a: Any, axis1: int, axis2: int) -> Variable:
    """``a`` with two axes exchanged."""
    order = list(range(np.ndim(a)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(a, order)


@operation(*[np.matrix_transpose] if hasattr(np, "matrix_transpose") else [], samples=[Sample(random(2, 3, 4))])
def matrix_transpose(x: Any) -> Variable:
    """``x`` with its last two axes exchanged."""
    return swapaxes(x, -1, -2)


@operation(np.moveaxis, samples=[Sample(random(2, 3, 4), 0, -1), Sample(random(2, 3, 4), (0, 1), (-1, 0))])
def moveaxis(a: Any, source: Any, destination: Any) -> Variable:
    """``a`` with some axes moved to other places; the others keep their order."""
    return transpose(a, _order_after(np.moveaxis, a, source, destination))


@operation(np.rollaxis, samples=[Sample(random(2, 3, 4), 2), Sample(random(2, 3, 4), 0, 2)])
def rollaxis(a: Any, axis: int, start: int = 0) -> Variable:
    """``a`` with one axis moved to stand before axis ``start``."""
    return transpose(a, _order_after(np.rollaxis, a, axis, start))


def _order_after(function: Any, a: Any, *where: Any) -> tuple[int, ...]:
    """The order of axes that ``function`` makes, read off an empty array whose lengths are the axes' numbers."""
    return function(np.empty(range(np.ndim(a))), *where).shape


class BroadcastTo(Unary):
    """The elements repeated to a larger shape."""

    __slots__ = ("shape",)
    rule = "sum_to(gy, x.shape)"

    def __init__(self, shape: Any) -> None:
        self.shape = shape

    def compute(self, x: Any) -> Any:
        return np.broadcast_to(x, self.shape)

    def backward(self, gy: Any) -> Any:
        return summed_to(gy, self.x.shape)


@operation(
    np.broadcast_to,
    samples=[
        Sample(random(3), (2, 3)),
        Sample(random(2, 1), (4, 2, 3)),
        Sample(random(), (2, 2)),
        Sample(random(2), (2,)),
    ],
)
def broadcast_to(array: Any, shape: Shape) -> Variable:
    """``array`` repeated to ``shape`` by the rules of broadcasting."""
    return BroadcastTo(shape).apply(array)


@operation(samples=[Sample((2, 3), random()), Sample((2, 3), random(3))])
def full(shape: Shape, fill_value: Any) -> Variable:
    """A Variable of ``shape`` that holds ``fill_value`` everywhere, as ``numpy.full`` makes an array of a number."""
    return broadcast_to(fill_value, shape)


@operation(np.broadcast_arrays, samples=[Sample(random(3), random(2, 1))])
def broadcast_arrays(*arrays: Any) -> tuple[Variable, ...]:
    """The arrays, all broadcast to one shape."""
    shape = np.broadcast_shapes(*[np.shape(a) for a in arrays])
    return tuple([broadcast_to(a, shape) for a in arrays])


class SumTo(Unary):
    """The sum over the axes along which a smaller shape would be broadcast."""

    __slots__ = ("shape",)
    rule = "broadcast_to(gy, x.shape)"

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def compute(self, x: Any) -> Any:
        return summed_to(x, self.shape)

    def backward(self, gy: Any) -> Any:
        return np.broadcast_to(gy, self.x.shape)


@operation(
    samples=[
        Sample(random(2, 3), (3,)),
        Sample(random(4, 2, 3), (2, 1)),
        Sample(random(2, 3), ()),
        Sample(random(2), (2,)),
    ]
)
def sum_to(a: Any, shape: tuple[int, ...]) -> Variable:
    """``a`` summed over the axes along which ``shape`` would be broadcast to its own: what broadcasting undoes."""
    return SumTo(shape).apply(a)


class Copy(Elementwise):
    """The same elements in memory of their own."""

    __slots__ = ()
    rule = "gy"

    def compute(self, x: Any) -> Any:
        return x.copy()

    def backward(self, gy: Any) -> Any:
        return gy


@operation(np.copy, method="copy", samples=[Sample(random(2, 3))])
def copy(a: Any) -> Variable:
    """A Variable with a copy of ``a``'s array, through which gradients flow."""
    return Copy().apply(a)


class AsType(Elementwise):
    """The same elements as another dtype; no gradient flows through integers."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)

    def compute(self, x: Any) -> Any:
        return x.astype(self.dtype)

    @property
    def rule(self) -> str:
        """Nothing flows through integers."""
        return "gy" if self.dtype.kind == "f" else "gy · 0"

    def derivative(self) -> Any:
        return 1.0 if self.dtype.kind == "f" else 0.0


@operation(*[np.astype] if hasattr(np, "astype") else [], method="astype", samples=[Sample(random(2, 3), np.float64)])
def astype(x: Any, dtype: Any) -> Variable:
    """``x`` as ``dtype``; the gradient is that of ``x`` where both are floating point, else zero."""
    return AsType(dtype).apply(x)
