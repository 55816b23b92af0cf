# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Products of vectors, matrices and tensors: matmul, dot, inner, outer, tensordot, einsum, kron, cross."""

from __future__ import annotations

import operator
from itertools import pairwise
from typing import Any

import numpy as np

from ipy_autodiff.engine.binary import Binary, binary
from ipy_autodiff.engine.operation import Nary, equations, sum_to
from ipy_autodiff.engine.operations.linear_algebra.einsum_notation import Operand, gradient_notation, parse
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.variable import Variable, as_variable

__all__ = [
    "cross",
    "dot",
    "einsum",
    "inner",
    "kron",
    "linear",
    "matmul",
    "multi_dot",
    "outer",
    "tensordot",
    "vdot",
    "vecdot",
]


class Product(Binary):
    """An operation on two operands that is linear in each."""

    __slots__ = ()

    def backward(self, gy: Any) -> Any:
        constant = self.constant
        if constant is None:
            return self.gradient0(gy), self.gradient1(gy)
        return self.gradient0(gy) if constant else self.gradient1(gy)

    def _equations(self) -> str:
        return equations(self.rule, self.inputs)


class MatMul(Product):
    """The matrix product of the last two axes, broadcast over the others."""

    __slots__ = ()
    compute = operator.matmul

    @property
    def rule(self) -> tuple[str, str]:
        """By the number of axes: vectors, matrices, or stacks of matrices that are broadcast."""
        axes = self.x0.ndim, self.x1.ndim
        if axes in _MATMUL_RULES:
            return _MATMUL_RULES[axes]
        row, column = "gy[..., None, :]" if axes[0] == 1 else "gy", "x0[:, None]" if axes[0] == 1 else "x0.mT"
        if axes[1] == 1:
            return "gy[..., None] · x1", "sum_to(gy[..., None, :] @ x0, (1, x1.size))[0]"
        first = "sum_to((x1 @ gy[..., None])[..., 0], x0.shape)" if axes[0] == 1 else "sum_to(gy @ x1.mT, x0.shape)"
        return first, f"sum_to({column} @ {row}, x1.shape)"

    def backward(self, gy: Any) -> Any:
        x0, x1 = self.x0, self.x1
        if self.constant is None and x0.ndim == 2 == x1.ndim:
            return gy @ x1.T, x0.T @ gy
        return Product.backward(self, gy)

    def gradient0(self, gy: Any) -> Any:
        x0, x1 = self.x0, self.x1
        if x1.ndim == 1:
            return gy * x1 if x0.ndim == 1 else gy.reshape((*gy.shape, 1)) * x1
        if x0.ndim == 1:
            return sum_to(np.matmul(x1, gy.reshape((*gy.shape, 1))).reshape(x1.shape[:-1]), x0.shape)
        return sum_to(gy @ turned(x1), x0.shape)

    def gradient1(self, gy: Any) -> Any:
        x0, x1 = self.x0, self.x1
        if x0.ndim == 1:
            return (
                gy * x0
                if x1.ndim == 1
                else sum_to(gy.reshape((*gy.shape[:-1], 1, gy.shape[-1])) * x0.reshape(-1, 1), x1.shape)
            )
        if x1.ndim == 1:
            return sum_to(
                np.matmul(gy.reshape((*gy.shape[:-1], 1, gy.shape[-1])), x0).reshape((*x0.shape[:-2], -1)), x1.shape
            )
        return sum_to(turned(x0) @ gy, x1.shape)


_MATMUL_RULES = {
    (1, 1): ("gy · x1", "gy · x0"),
    (2, 1): ("outer(gy, x1)", "x0.T @ gy"),
    (1, 2): ("x1 @ gy", "outer(x0, gy)"),
    (2, 2): ("gy @ x1.T", "x0.T @ gy"),
}


def turned(x: Any) -> Any:
    """The last two axes exchanged."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


matmul = binary(
    MatMul,
    np.matmul,
    name="matmul",
    samples=[
        Sample(random(2, 3), random(3, 4)),
        Sample(random(3), random(3)),
        Sample(random(2, 3), random(3)),
        Sample(random(3), random(3, 2)),
        Sample(random(2, 2, 3), random(3, 4)),
        Sample(random(2, 1, 2, 3), random(3, 3, 4)),
        Sample(random(2, 2, 3), random(3)),
        Sample(random(3), random(2, 3, 4)),
        Sample(random(0, 3), random(3, 2)),
    ],
)


class TensorDot(Product):
    """The sum of products over pairs of axes."""

    __slots__ = ("axes0", "axes1")

    def __init__(self, axes0: tuple[int, ...], axes1: tuple[int, ...]) -> None:
        self.axes0 = axes0
        self.axes1 = axes1

    def compute(self, x0: Any, x1: Any) -> Any:
        return np.tensordot(x0, x1, (self.axes0, self.axes1))

    @property
    def rule(self) -> tuple[str, str]:
        """The sums over the axes that are not paired; the axes of the gradient are then put in order."""
        return "tensordot(gy, x1)", "tensordot(x0, gy)"

    def gradient0(self, gy: Any) -> Any:
        free0, free1 = self._free()
        g = np.tensordot(gy, self.x1, (range(len(free0), len(free0) + len(free1)), free1))
        return np.transpose(g, np.argsort([*free0, *_sorted_by(self.axes0, self.axes1)]))

    def gradient1(self, gy: Any) -> Any:
        free0, free1 = self._free()
        g = np.tensordot(self.x0, gy, (free0, range(len(free0))))
        return np.transpose(g, np.argsort([*_sorted_by(self.axes1, self.axes0), *free1]))

    def _free(self) -> tuple[list[int], list[int]]:
        return (
            [axis for axis in range(self.x0.ndim) if axis not in self.axes0],
            [axis for axis in range(self.x1.ndim) if axis not in self.axes1],
        )


def _sorted_by(axes: tuple[int, ...], others: tuple[int, ...]) -> list[int]:
    return [axis for _, axis in sorted(zip(others, axes, strict=True))]


@operation(
    np.tensordot,
    samples=[
        Sample(random(2, 3, 4), random(3, 4, 2)),
        Sample(random(2, 3), random(3, 4), 1),
        Sample(random(2, 3), random(2, 3), 0),
        Sample(random(2, 3, 4), random(4, 2), ((2, 0), (0, 1))),
        Sample(random(3, 2), random(3, 4), (0, 0)),
    ],
)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Variable:
    """The sum of products over the last ``axes`` axes of ``a`` and the first of ``b``, or over pairs of axes."""
    if isinstance(axes, int):
        pairs = tuple(range(np.ndim(a) - axes, np.ndim(a))), tuple(range(axes))
    else:
        first, second = axes
        pairs = (_as_tuple(first, np.ndim(a)), _as_tuple(second, np.ndim(b)))
    return TensorDot(*pairs).apply(_as_operand(a), _as_operand(b))


def _as_tuple(axes: Any, ndim: int) -> tuple[int, ...]:
    return tuple([int(axis) % ndim for axis in (axes if isinstance(axes, tuple | list | range) else (axes,))])


def _as_operand(x: Any) -> Any:
    return x if isinstance(x, Variable) else np.asarray(x)


@operation(
    np.dot,
    method="dot",
    samples=[
        Sample(random(3), random(3)),
        Sample(random(2, 3), random(3, 2)),
        Sample(random(), random(2)),
        Sample(random(2, 2, 3), random(2, 3, 4)),
        Sample(random(2, 3), random(3)),
    ],
)
def dot(a: Any, b: Any) -> Variable:
    """The product over the last axis of ``a`` and the second last (or only) one of ``b``."""
    if not np.ndim(a) or not np.ndim(b):
        return np.multiply(a, b)
    if np.ndim(b) <= 2:
        return matmul(a, b)
    return tensordot(a, b, (np.ndim(a) - 1, np.ndim(b) - 2))


@operation(
    np.inner, samples=[Sample(random(3), random(3)), Sample(random(2, 3), random(4, 3)), Sample(random(), random(2))]
)
def inner(a: Any, b: Any) -> Variable:
    """The product over the last axes of both."""
    if not np.ndim(a) or not np.ndim(b):
        return np.multiply(a, b)
    return tensordot(a, b, (-1, -1))


@operation(np.outer, samples=[Sample(random(2), random(3)), Sample(random(2, 2), random(3))])
def outer(a: Any, b: Any) -> Variable:
    """The products of each element of ``a`` with each of ``b``, as a matrix."""
    return tensordot(np.reshape(a, -1), np.reshape(b, -1), 0)


@operation(np.vdot, samples=[Sample(random(3), random(3)), Sample(random(2, 3), random(2, 3))])
def vdot(a: Any, b: Any) -> Variable:
    """The sum of the products of all elements."""
    return matmul(np.reshape(a, -1), np.reshape(b, -1))


@operation(
    *[np.vecdot] if hasattr(np, "vecdot") else [],
    samples=[Sample(random(2, 3), random(3)), Sample(random(3), random(3))],
)
def vecdot(x1: Any, x2: Any) -> Variable:
    """The sums of products along the last axis, broadcast over the others."""
    return np.sum(np.multiply(x1, x2), axis=-1)


@operation(
    np.kron,
    samples=[
        Sample(random(2, 2), random(3, 2)),
        Sample(random(2), random(3)),
        Sample(random(2), random(2, 3)),
        Sample(random(), random(2)),
    ],
)
def kron(a: Any, b: Any) -> Variable:
    """The Kronecker product: ``b`` in blocks, each multiplied by an element of ``a``."""
    x0, x1 = as_variable(a), as_variable(b)
    ndim = max(x0.ndim, x1.ndim)
    shape0, shape1 = (1,) * (ndim - x0.ndim) + x0.shape, (1,) * (ndim - x1.ndim) + x1.shape
    apart0 = x0.reshape([n for length in shape0 for n in (length, 1)])
    apart1 = x1.reshape([n for length in shape1 for n in (1, length)])
    return (apart0 * apart1).reshape([m * n for m, n in zip(shape0, shape1, strict=True)])


@operation(
    np.cross,
    samples=[
        Sample(random(3), random(3)),
        Sample(random(2, 3), random(3)),
        Sample(random(3, 2), random(2, 3), axisa=0),
    ],
)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Variable:
    """The vector product of vectors of three numbers."""
    if axis is not None:
        axisa = axisb = axisc = axis
    x0, x1 = np.moveaxis(as_variable(a), axisa, -1), np.moveaxis(as_variable(b), axisb, -1)
    after, before = [1, 2, 0], [2, 0, 1]
    y = x0[..., after] * x1[..., before] - x0[..., before] * x1[..., after]
    return np.moveaxis(y, -1, axisc)


class Einsum(Nary):
    """A sum of products in Einstein's notation, without ellipses."""

    __slots__ = ("operands", "optimize", "result")

    def __init__(self, operands: list[str], result: str, optimize: Any) -> None:
        self.operands = operands
        self.result = result
        self.optimize = optimize

    def compute(self, *xs: Any) -> Any:
        return np.einsum(f"{','.join(self.operands)}->{self.result}", *xs, optimize=self.optimize)

    @property
    def rule(self) -> tuple[str, ...]:
        """In the same notation, the gradient in the operand's place."""
        return tuple(map(self._rule, range(len(self.operands))))

    def _rule(self, number: int) -> str:
        notation, factors = self._factors(number, self.y)
        names = ["gy", *[f"x{place}" for place in range(len(self.xs)) if place != number]]
        names += [f"{'eye' if factor.ndim == 2 else 'ones'}({len(factor)})" for factor in factors[len(names) :]]
        side, shape = f"einsum('{notation}', {', '.join(names)})", self.xs[number].shape
        stretched = np.einsum(notation, *factors).shape != shape
        return f"sum_to({side}, x{number}.shape)" if stretched else side

    def gradient(self, number: int, gy: Any) -> Any:
        notation, factors = self._factors(number, gy)
        g, shape = np.einsum(notation, *factors, optimize=self.optimize), self.xs[number].shape
        lengths = [min(m, n) if n == 1 else m for m, n in zip(g.shape, shape, strict=True)]
        return np.broadcast_to(sum_to(g, tuple(lengths)), shape)

    def _factors(self, number: int, gy: Any) -> tuple[str, list[Any]]:
        operands = [Operand(letters, x) for letters, x in zip(self.operands, self.xs, strict=True)]
        return gradient_notation(operands, self.result, number, gy)


@operation(
    np.einsum,
    samples=[
        Sample("ij,jk->ik", random(2, 3), random(3, 4)),
        Sample("ij,jk", random(2, 3), random(3, 4)),
        Sample("ii->i", random(3, 3)),
        Sample("ii", random(3, 3)),
        Sample("ij->", random(2, 3)),
        Sample("i,j,k->kji", random(2), random(3), random(2)),
        Sample("ij,ij->j", random(2, 3), random(2, 3)),
        Sample("...ij,...jk->...ik", random(2, 2, 3), random(1, 3, 2)),
        Sample("...i->...", random(2, 3)),
        Sample("iij,jk->ik", random(2, 2, 3), random(3, 2)),
        Sample("ij->ji", random(2, 3), optimize=True),
        Sample(random(2, 3), [0, 1], random(3, 2), [1, 2], [0, 2]),
        Sample("ij,j", random(2, 3), random(1)),
    ],
)
def einsum(*operands: Any, optimize: Any = False) -> Variable:
    """The sum of products that Einstein's notation describes, as ``numpy.einsum`` takes it."""
    letters, result, arrays = parse(operands)
    return Einsum(letters, result, optimize).apply(*[_as_operand(x) for x in arrays])


@operation(
    np.linalg.multi_dot,
    samples=[Sample([random(2, 3), random(3, 4), random(4, 2)]), Sample([random(3), random(3, 2), random(2)])],
)
def multi_dot(arrays: Any) -> Variable:
    """The matrix product of several arrays, in the order that needs the fewest multiplications of three neighbours."""
    arrays = list(arrays)
    while len(arrays) > 2:
        sizes = [np.size(a) * (np.shape(b)[-1] if np.ndim(b) > 1 else 1) for a, b in pairwise(arrays)]
        cheapest = int(np.argmin(sizes))
        arrays[cheapest : cheapest + 2] = [matmul(arrays[cheapest], arrays[cheapest + 1])]
    return matmul(*arrays)


@operation(samples=[Sample(random(2, 3), random(3, 4), random(4)), Sample(random(2, 3), random(3, 4))])
def linear(x: Any, W: Any, b: Any = None) -> Variable:  # noqa: N803 - the field's name for it
    """``x @ W + b``: a fully connected layer."""
    y = matmul(x, W)
    return y if b is None else y + b
