# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
# ruff: noqa: SLF001 - the engine's modules share the slots of Variable and Function
"""Decompose matrices: eigenvalues of symmetric ones, singular values, QR.

Sources: M. Giles, "An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008); J. Townsend, "Differentiating the singular value decomposition" (2016); S. Walter and
L. Lehmann, "Algorithmic differentiation of linear algebra functions" (2010).
The vectors of equal values have no derivative.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ipy_autodiff.engine.errors import explain
from ipy_autodiff.engine.function import Function, Output
from ipy_autodiff.engine.operation import Operation
from ipy_autodiff.engine.operations.linear_algebra.products import turned
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.variable import Variable

__all__ = ["eigh", "eigvalsh", "qr", "svd"]


class Decomposition(Operation):
    """An operation with one operand, ``x``, and several results, ``ys``."""

    __slots__ = ("x", "ys")
    kept = ("x", "ys")

    def forward(self, x: Any) -> Any:
        self.x = x
        self.ys = tuple(self.compute(x))
        return self.ys

    def _gradients_as_variables(self, ys: list[Variable], gys: tuple[Any, ...]) -> Iterable[tuple[Variable, Any]]:
        arrays = self.x, self.ys
        try:
            self.x, self.ys = self._inputs[0], self._living()
            return list(self._gradients(ys, gys))
        finally:
            self.x, self.ys = arrays

    def _living(self) -> tuple[Variable, ...]:
        """The results as Variables: those that still exist, and others that lead to this Function in their place."""
        variables = []
        for output, data in zip(self._results, self.ys, strict=True):
            y = output()
            if y is None:
                y = Variable(data)
                y.set_creator(self)
                y._uses = 1
            variables.append(y)
        self._results = tuple([Output(y) for y in variables])
        return tuple(variables)


class Eigh(Decomposition):
    """The eigenvalues and eigenvectors of symmetric matrices; only one triangle is read."""

    __slots__ = ("triangle",)
    rule = "v @ (diag(gw) + f · (v.T @ gv)) @ v.T, f[i, j] = 1 / (w[j] - w[i])"

    def __init__(self, triangle: str) -> None:
        self.triangle = triangle.upper()

    def compute(self, x: Any) -> Any:
        return np.linalg.eigh(x, self.triangle)

    def backward(self, gw: Any, gv: Any) -> Any:
        w, v = self.ys
        inner = _on_diagonal(gw) + _inverse_gaps(w) * (turned(v) @ gv)
        return of_triangle(v @ inner @ turned(v), np.tril if self.triangle == "L" else np.triu)


class Svd(Decomposition):
    """The singular value decomposition without the vectors that belong to no singular value."""

    __slots__ = ()
    rule = (
        "u @ (f · (u.T @ gu - gu.T @ u) @ diag(s) + diag(s) @ (f · (vt @ gvt.T - gvt @ vt.T)) + diag(gs)) @ vt"
        " + (gu - u @ u.T @ gu) @ diag(1 / s) @ vt + u @ diag(1 / s) @ (gvt - gvt @ vt.T @ vt),"
        " f[i, j] = 1 / (s[j]² - s[i]²)"
    )

    def compute(self, x: Any) -> Any:
        return np.linalg.svd(x, full_matrices=False)

    def backward(self, gu: Any, gs: Any, gvt: Any) -> Any:
        u, s, vt = self.ys
        gaps, ut, v, gv = _inverse_gaps(s * s), turned(u), turned(vt), turned(gvt)
        left, right = ut @ gu, vt @ gv
        row = s.reshape((*s.shape[:-1], 1, s.shape[-1]))
        column = turned(row)
        inner = gaps * (left - turned(left)) * row + column * (gaps * (right - turned(right))) + _on_diagonal(gs)
        g = u @ inner @ vt
        if u.shape[-2] > s.shape[-1]:
            g = g + ((gu - u @ left) / row) @ vt
        if v.shape[-2] > s.shape[-1]:
            g = g + (u / row) @ turned(gv - v @ right)
        return g


class Qr(Decomposition):
    """The reduced QR decomposition of matrices that are not wider than high."""

    __slots__ = ()
    rule = "(gq + q @ (m + tril(m, -1).T)) @ inv(r).T, m = tril(r @ gr.T - gq.T @ q)"

    def compute(self, x: Any) -> Any:
        return np.linalg.qr(x)

    def backward(self, gq: Any, gr: Any) -> Any:
        q, r = self.ys
        inner = np.tril(r @ turned(gr) - turned(gq) @ q)
        symmetric = inner + turned(np.tril(inner, -1))
        return turned(np.linalg.solve(r, turned(gq + q @ symmetric)))


def of_triangle(g: Any, triangle: Any) -> Any:
    """The gradient for the elements of one triangle of a symmetric matrix, from the gradient for all of it."""
    both = triangle(g + turned(g))
    return both - 0.5 * both * np.eye(g.shape[-1])


def _on_diagonal(x: Any) -> Any:
    return x.reshape((*x.shape, 1)) * np.eye(x.shape[-1])


def _inverse_gaps(w: Any) -> Any:
    """``1 / (w[j] - w[i])`` off the diagonal, 0 on it."""
    same = np.eye(w.shape[-1])
    gaps = w.reshape((*w.shape[:-1], 1, w.shape[-1])) - w.reshape((*w.shape, 1))
    return (1 - same) / (gaps + same)


def _like_numpys(function: Any, values: Any) -> Any:
    """The values in the named tuple that NumPy's function returns."""
    kind = type(function(np.eye(1)))
    return kind._make(values) if hasattr(kind, "_make") else tuple(values)


def _symmetric(a: Any, *options: Any) -> tuple[Any, ...]:
    return (a + turned(a) + 3 * np.diag(np.arange(a.shape[-1])), *options)


@operation(
    np.linalg.eigh,
    samples=[Sample(random(3, 3)), Sample(random(2, 2, 2)), Sample(random(3, 3), "U")],
    prepare=_symmetric,
)
def eigh(a: Any, UPLO: str = "L") -> Any:  # noqa: N803 - NumPy's name for it
    """The eigenvalues of symmetric matrices in ascending order, and their eigenvectors as columns."""
    return _like_numpys(np.linalg.eigh, Function.__call__(Eigh(UPLO), a))


@operation(np.linalg.eigvalsh, samples=[Sample(random(3, 3))], prepare=_symmetric)
def eigvalsh(a: Any, UPLO: str = "L") -> Variable:  # noqa: N803
    """The eigenvalues of symmetric matrices in ascending order."""
    return eigh(a, UPLO)[0]


@operation(
    np.linalg.svd,
    samples=[Sample(random(*shape), full_matrices=False) for shape in [(3, 3), (4, 2), (2, 4), (2, 3, 2)]]
    + [Sample(random(3, 2), compute_uv=False)],
)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Orthonormal ``u`` and ``vt`` and descending singular values ``s`` with ``u * s @ vt = a``, or ``s`` alone.

    Only ``full_matrices=False`` has a rule, or square matrices, where it makes no difference.
    """
    u, s, vt = Function.__call__(Svd(), a)
    if not compute_uv:
        return s
    if full_matrices and u.shape[-2] != vt.shape[-1]:
        raise explain(TypeError, "no_such_option", name="linalg.svd", option="full_matrices=True")
    return _like_numpys(np.linalg.svd, (u, s, vt))


@operation(np.linalg.qr, samples=[Sample(random(3, 3)), Sample(random(4, 2)), Sample(random(2, 3, 2))])
def qr(a: Any) -> Any:
    """Orthonormal ``q`` and upper triangular ``r`` with ``q @ r = a``, for matrices that are not wider than high."""
    if np.shape(a)[-1] > np.shape(a)[-2]:
        raise explain(TypeError, "no_such_option", name="linalg.qr", option=f"shape {np.shape(a)}")
    return _like_numpys(np.linalg.qr, Function.__call__(Qr(), a))
