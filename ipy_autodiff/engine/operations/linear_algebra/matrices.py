# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Norms, determinants, inverses, solutions of linear systems and decompositions of matrices.

The gradients of determinant, inverse, Cholesky, eigenvalues and singular values follow M. Giles, "An extended
collection of matrix derivative results for forward and reverse mode algorithmic differentiation" (2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.binary import Binary
from ipy_autodiff.engine.errors import explain
from ipy_autodiff.engine.operation import equations, sum_to
from ipy_autodiff.engine.operations.linear_algebra.decompositions import of_triangle, svd
from ipy_autodiff.engine.operations.linear_algebra.products import turned
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.unary import Unary
from ipy_autodiff.engine.variable import Variable, as_variable, peek

__all__ = ["cholesky", "det", "inv", "matrix_power", "norm", "pinv", "slogdet", "solve"]


class Det(Unary):
    """The determinant."""

    __slots__ = ()
    rule = "gy · det(x) · inv(x).T"

    def compute(self, x: Any) -> Any:
        return np.linalg.det(x)

    def backward(self, gy: Any) -> Any:
        return _as_matrix(gy * self.y) * turned(np.linalg.inv(self.x))


class LogDet(Unary):
    """The logarithm of the determinant's absolute value."""

    __slots__ = ()
    rule = "gy · inv(x).T"

    def compute(self, x: Any) -> Any:
        return np.linalg.slogdet(x)[1]

    def backward(self, gy: Any) -> Any:
        return _as_matrix(gy) * turned(np.linalg.inv(self.x))


def _as_matrix(x: Any) -> Any:
    return x.reshape((*x.shape, 1, 1))


class Inv(Unary):
    """The inverse."""

    __slots__ = ()
    rule = "-inv(x).T @ gy @ inv(x).T"

    def compute(self, x: Any) -> Any:
        return np.linalg.inv(x)

    def backward(self, gy: Any) -> Any:
        transposed = turned(self.y)
        return -(transposed @ gy @ transposed)


class Pinv(Unary):
    """The pseudo-inverse. Its derivative is that of G. Golub and V. Pereyra (1973), for constant rank."""

    __slots__ = ()
    rule = "(gy.T - x @ y @ gy.T) @ y @ y.T + y.T @ y @ (gy.T - gy.T @ y @ x) - y.T @ gy @ y.T"

    def compute(self, x: Any) -> Any:
        return np.linalg.pinv(x)

    def backward(self, gy: Any) -> Any:
        x, y = self.x, self.y
        transposed, g = turned(y), turned(gy)
        outside = g - x @ (y @ g)
        inside = g - (g @ y) @ x
        return outside @ y @ transposed + transposed @ y @ inside - transposed @ gy @ transposed


class Solve(Binary):
    """The solution ``y`` of ``x0 @ y = x1``."""

    __slots__ = ()
    compute = staticmethod(np.linalg.solve)

    @property
    def rule(self) -> tuple[str, str]:
        """With an outer product where the solution is a vector."""
        g = "solve(x0.mT, gy)"
        return f"-outer({g}, y)" if self.y.ndim == 1 else f"-{g} @ y.mT", g

    def _equations(self) -> str:
        return equations(self.rule, self.inputs)

    def backward(self, gy: Any) -> Any:
        g1 = np.linalg.solve(turned(self.x0), gy)
        if self.constant == 0:
            return sum_to(g1, self.x1.shape)
        y = self.y
        g0 = -np.multiply(g1.reshape((-1, 1)), y) if y.ndim == 1 else -(g1 @ turned(y))
        g0 = sum_to(g0, self.x0.shape)
        return g0 if self.constant else (g0, sum_to(g1, self.x1.shape))


class Cholesky(Unary):
    """The lower triangular ``y`` with ``y @ y.T = x`` for a symmetric positive definite ``x``."""

    __slots__ = ()
    rule = "Φ(s + s.T), s = inv(y).T @ Φ(y.T @ gy) @ inv(y), Φ(a) = tril(a) - diag(a) / 2"

    def compute(self, x: Any) -> Any:
        return np.linalg.cholesky(x)

    def backward(self, gy: Any) -> Any:
        y = self.y
        inner = np.tril(turned(y) @ gy)
        halved = inner - 0.5 * inner * np.eye(y.shape[-1])
        inverse = np.linalg.inv(y)
        return of_triangle(turned(inverse) @ halved @ inverse, np.tril)


def _invertible(a: Any, *others: Any) -> tuple[Any, ...]:
    return (a + 5 * np.eye(a.shape[-1]), *others)


def _positive(a: Any) -> tuple[Any, ...]:
    return (np.tril(turned(a) @ a + np.eye(a.shape[-1])) + np.triu(a, 1),)


@operation(np.linalg.det, samples=[Sample(random(2, 2)), Sample(random(3, 3)), Sample(random(2, 3, 3))])
def det(a: Any) -> Variable:
    """The determinant of each matrix. At a singular matrix the gradient raises ``numpy.linalg.LinAlgError``."""
    return Det().apply(a)


@operation(np.linalg.slogdet, samples=[Sample(random(3, 3)), Sample(random(2, 2, 2))], prepare=_invertible)
def slogdet(a: Any) -> tuple[Any, Variable]:
    """The sign of each matrix's determinant, an array, and the logarithm of its absolute value, a Variable."""
    x = as_variable(a)
    return np.linalg.slogdet(peek(x))[0], LogDet().apply(x)


@operation(np.linalg.inv, samples=[Sample(random(3, 3)), Sample(random(2, 2, 2))], prepare=_invertible)
def inv(a: Any) -> Variable:
    """The inverse of each matrix."""
    return Inv().apply(a)


@operation(
    np.linalg.solve,
    samples=[
        Sample(random(3, 3), random(3, 2)),
        Sample(random(2, 2), random(2)),
        Sample(random(2, 2, 2), random(2, 2, 1)),
    ],
    prepare=_invertible,
)
def solve(a: Any, b: Any) -> Variable:
    """The ``x`` with ``a @ x = b``; a ``b`` with one axis is a vector, any other is matrices."""
    return Solve().apply(a, b)


@operation(np.linalg.cholesky, samples=[Sample(random(3, 3)), Sample(random(2, 2, 2))], prepare=_positive)
def cholesky(a: Any) -> Variable:
    """The lower triangular factor of each symmetric positive definite matrix; only the lower triangle is read."""
    return Cholesky().apply(a)


@operation(
    np.linalg.pinv,
    samples=[Sample(random(3, 2)), Sample(random(2, 3)), Sample(random(2, 3, 2)), Sample(random(3, 3))],
)
def pinv(a: Any) -> Variable:
    """The pseudo-inverse of each matrix; the gradient is right as long as the rank stays the same."""
    return Pinv().apply(a)


@operation(np.linalg.matrix_power, samples=[Sample(random(3, 3), n) for n in (0, 1, 2, 5, -2)], prepare=_invertible)
def matrix_power(a: Any, n: int) -> Variable:
    """The ``n``-th power of each square matrix; negative powers are those of the inverse."""
    x = as_variable(a)
    if n < 0:
        x, n = inv(x), -n
    result: Any = None
    while n:
        if n % 2:
            result = x if result is None else result @ x
        n //= 2
        x = x @ x if n else x
    return as_variable(np.broadcast_to(np.eye(x.shape[-1]), x.shape) + 0.0 * x) if result is None else result


@operation(
    np.linalg.norm,
    samples=[
        Sample(random(4)),
        Sample(random(2, 3)),
        Sample(random(2, 3), axis=1),
        Sample(random(2, 3), 3, axis=0),
        Sample(random(4), 1),
        Sample(random(4), np.inf),
        Sample(random(4), -np.inf),
        Sample(random(4), 2.5, keepdims=True),
        Sample(random(2, 3), "fro"),
        Sample(random(2, 3), 1),
        Sample(random(2, 3), -np.inf),
        Sample(random(2, 2, 3), axis=(1, 2)),
        Sample(random(2, 3), 2),
        Sample(random(2, 3), "nuc", keepdims=True),
        Sample(random(3, 2, 2), -2, axis=(0, 1)),
        Sample(random(4), 0),
    ],
)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Variable:  # noqa: A002 - NumPy's name
    """The norm of vectors along one axis or of matrices along two, of the kinds that ``numpy.linalg.norm`` has.

    Where the Euclidean norm is 0, its gradient is 0.
    """
    x = as_variable(x)
    if axis is None and (ord is None or x.ndim == 1):
        return _restored(_vector_norm(x.reshape(-1), ord, (0,)), x.ndim, keepdims)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1 or ord in (None, "fro"):
        return _vector_norm(x, None if ord == "fro" else ord, axes, keepdims)
    if ord in (2, -2, "nuc"):
        s = svd(np.moveaxis(x, axes, (-2, -1)), compute_uv=False)
        y = np.sum(s, axis=-1) if ord == "nuc" else s[..., 0 if ord == 2 else -1]
        return np.expand_dims(y, axes) if keepdims else y
    if ord not in (1, -1, np.inf, -np.inf):
        raise explain(TypeError, "no_such_option", name="linalg.norm", option=f"ord={ord!r}")
    along, across = axes if abs(ord) == 1 else axes[::-1]
    sums = np.sum(np.abs(x), axis=along, keepdims=True)
    y = (np.max if ord > 0 else np.min)(sums, axis=across, keepdims=True)
    return y if keepdims else np.squeeze(y, axes)


def _restored(y: Variable, ndim: int, keepdims: bool) -> Variable:
    return y.reshape((1,) * ndim) if keepdims else y


def _vector_norm(x: Variable, order: Any, axes: tuple[int, ...], keepdims: bool = False) -> Variable:
    if order is None or order == 2:
        squares = np.sum(x * x, axis=axes, keepdims=keepdims)
        nothing = np.equal(squares, 0)
        return np.where(nothing, 0.0, np.sqrt(np.where(nothing, 1.0, squares))) if np.any(nothing) else np.sqrt(squares)
    if order == 0:
        return np.sum(np.not_equal(x, 0) + 0.0 * x, axis=axes, keepdims=keepdims)
    size = np.abs(x)
    if abs(order) == np.inf:
        return (np.max if order > 0 else np.min)(size, axis=axes, keepdims=keepdims)
    if order == 1:
        return np.sum(size, axis=axes, keepdims=keepdims)
    return np.sum(size**order, axis=axes, keepdims=keepdims) ** (1 / order)
