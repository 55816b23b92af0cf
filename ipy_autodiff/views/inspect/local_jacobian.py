"""Tell which elements of a Function's inputs feed which of its outputs, and with which derivative; for any engine.

Nothing goes by a Function's name. Its own ``forward`` and ``backward`` run on copies, a few times: a relation is taken
for true when a random cotangent comes back as the relation says (a linear map that agrees there agrees everywhere, but
for chance), and when a changed element changes only what it is said to feed.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import array_of
from ipy_autodiff.tracing import ReplayError
from ipy_autodiff.tracing.graph import Array, FunctionNode
from ipy_autodiff.tracing.replay import Replay

__all__ = ["MOST_ELEMENTS", "Derivative", "Relation", "relations"]

MOST_ELEMENTS = 4096
"""Arrays with more elements are not looked into."""

Labels = tuple[int, ...]
Derivative = float | Array | tuple[int, Labels] | None
_BATCH = 8
_FAILURES = (ReplayError, RecursionError, AttributeError)  # the last: an object without forward


@dataclass(frozen=True, eq=False)
class Relation:
    """Which elements of one input feed which of one output.

    Either by the axes' labels: ``x[i, k]`` feeds ``y[i, j]`` for all ``j``; an axis of label -1 has one place. Or,
    where ``x_labels`` is None, as pairs of flat places.
    """

    input: int
    """The input's place among the Function's inputs."""
    output: int
    x_labels: Labels | None = None
    y_labels: Labels | None = None
    x_places: Array | None = None
    y_places: Array | None = None
    derivative: Derivative = None
    """Of a fed element with respect to what feeds it: one number; an array of the input's or the output's shape, or one
    for each pair; another input, by its place and labels, whose element it is; None where backward does not say."""
    by_rows: bool = False
    """Whether it took a call of backward for each element of the outputs."""


def relations(function: FunctionNode, replay: Replay, budget: int = 0, until: float = math.inf) -> tuple[Relation, ...]:
    """The relations between each input and each output; empty where they are not known.

    Where nothing simpler holds, one ``backward`` for each element of the outputs shows them, if there are at most
    ``budget`` of these. The inputs and outputs are taken as recorded. A Function that is still at it when
    ``time.perf_counter()`` comes to ``until`` is given up.
    """
    xs = [array_of(node.data) for node in function.inputs]
    ys = [array_of(node.data) for node in function.outputs]
    arrays = [array for array in (*xs, *ys) if array is not None and array.dtype.kind in "biuf"]
    if len(arrays) < len(xs) + len(ys) or not xs or not ys or max(array.size for array in arrays) > MOST_ELEMENTS:
        return ()
    if any(array.size == 0 for array in arrays):
        return ()
    call = _Call(function, replay, arrays[: len(xs)], arrays[len(xs) :])
    with np.errstate(all="ignore"):
        return call.elementwise() or call.product() or call.routing() or call.reduction() or call.rows(budget, until)


class _Call:
    """One call of a Function that can be tried with other numbers."""

    def __init__(self, function: FunctionNode, replay: Replay, xs: list[Array], ys: list[Array]) -> None:
        self.function = function
        self.replay = replay
        self.xs = xs
        self.ys = ys
        self.random = np.random.default_rng(0)
        self.gys = [self.random.uniform(0.5, 1.5, y.shape).astype(_floating(y)) for y in ys]

    def elementwise(self) -> tuple[Relation, ...]:
        """Each element of the output from those that stand at its place, after broadcasting."""
        if len(self.ys) != 1:
            return ()
        (y,), (gy,) = self.ys, self.gys
        try:
            fits = np.broadcast_shapes(*(x.shape for x in self.xs)) == y.shape
        except ValueError:
            fits = False
        if not fits or y.size == 1:
            return ()
        full = [np.array(np.broadcast_to(x, y.shape)) for x in self.xs]
        if not self._stays_at_its_place(full, self._half(y.shape)):
            return ()
        ones, back = self._vjp(full, [np.ones_like(gy)]), self._vjp(full, [gy])
        labels = tuple(range(y.ndim))
        found = []
        for place, x in enumerate(self.xs):
            local = ones[place]
            told = local is not None and local.shape == y.shape and _close(back[place], local * gy)
            derivative = _constant(local) if told else None
            if isinstance(derivative, np.ndarray) and len(full) == 2 and np.array_equal(derivative, full[1 - place]):
                derivative = (1 - place, _broadcast_labels(self.xs[1 - place].shape, y.shape))
            found.append(Relation(place, 0, _broadcast_labels(x.shape, y.shape), labels, derivative=derivative))
        if any(relation.derivative is None for relation in found):  # one half of the elements may miss what is wrong
            bits = range((y.size - 1).bit_length())
            masks = [np.arange(y.size).reshape(y.shape) >> bit & 1 == one for bit in bits for one in (0, 1)]
            if not all(self._stays_at_its_place(full, mask) for mask in masks):
                return ()
        return tuple(found)

    def routing(self) -> tuple[Relation, ...]:
        """Elements that pass through as they are: reshape, transpose, indexing, joining, the largest of some."""
        together = np.concatenate([x.ravel().astype(float) for x in self.xs])
        order = np.argsort(together, kind="stable")
        codes = np.empty(together.size)
        codes[order] = np.arange(together.size) - np.count_nonzero(together < 0) + self.random.uniform(0.1, 0.9)
        codes += self.random.uniform(0, 0.09, codes.size)
        starts = np.cumsum([0, *(x.size for x in self.xs)])
        given = [
            codes[start : start + x.size].reshape(x.shape).astype(_floating(x))
            for start, x in zip(starts[:-1], self.xs, strict=True)
        ]
        coded = self._apply(given)
        if coded is None or [y.shape for y in coded] != [y.shape for y in self.ys]:
            return ()
        known = np.concatenate([x.ravel() for x in given])
        by_code = np.argsort(known, kind="stable")
        found = []
        for output, y in enumerate(coded):
            places = by_code[np.minimum(np.searchsorted(known[by_code], y.ravel()), known.size - 1)]
            passed = known[places] == y.ravel()
            kept = together[places] == self.ys[output].ravel()
            if not np.all(np.where(passed, kept, self.ys[output].ravel() == y.ravel())) or not passed.any():
                return ()
            for place, start in enumerate(starts[:-1]):
                fed = np.flatnonzero(passed & (places >= start) & (places < starts[place + 1]))
                if fed.size:
                    found.append(Relation(place, output, x_places=places[fed] - start, y_places=fed))
        return self._with_ones(found)

    def product(self) -> tuple[Relation, ...]:
        """A matrix product, its second factor transposed or not, with or without something added."""
        if len(self.ys) != 1 or not 2 <= len(self.xs) <= 3:
            return ()
        (y,), (a, b), rest = self.ys, self.xs[:2], self.xs[2:]
        for turned in (False, True) if b.ndim == 2 else (False,):
            labelled = _product_labels(a.shape, b.shape[::-1] if turned else b.shape)
            if labelled is None:
                continue
            a_labels, b_labels, y_labels = labelled
            product = np.matmul(a, b.T if turned else b)
            if product.shape != y.shape or not _close(y, product + rest[0] if rest else product, loose=True):
                continue
            b_labels = b_labels[::-1] if turned else b_labels
            found = [
                Relation(0, 0, a_labels, y_labels, derivative=(1, b_labels)),
                Relation(1, 0, b_labels, y_labels, derivative=(0, a_labels)),
            ]
            if rest:
                axes = _broadcast_labels(rest[0].shape, y.shape)
                labels = tuple(-1 if axis < 0 else y_labels[axis] for axis in axes)
                found.append(Relation(2, 0, labels, y_labels, derivative=1.0))
            back = self._vjp(self.xs, self.gys)
            due = [_contracted(self.gys[0], relation, self.xs) for relation in found]
            return tuple(
                relation if _close(gx, gx_due, loose=True) else _without_derivative(relation)
                for relation, gx, gx_due in zip(found, back, due, strict=False)
            )
        return ()

    def reduction(self) -> tuple[Relation, ...]:
        """Each element of the output from a row, a column or all of one input: sums, means, norms, losses."""
        if len(self.ys) != 1:
            return ()
        (y,), (gy,) = self.ys, self.gys
        ones, back = self._vjp(self.xs, [np.ones_like(gy)]), self._vjp(self.xs, [gy])
        found = []
        for place, x in enumerate(self.xs):
            local, gx = ones[place], back[place]
            one = next(
                (
                    Relation(place, 0, tuple(range(x.ndim)), labels, derivative=_constant(local))
                    for labels in _reductions(x.shape, y.shape)
                    if local is not None
                    and local.shape == x.shape
                    and _close(gx, local * _spread(gy, labels, x.shape))
                    and self._feeds_only(place, labels)
                ),
                None,
            )
            if one is None and y.size == 1:  # all of it goes into a single number, whatever backward says
                one = Relation(place, 0, tuple(range(x.ndim)), (-1,) * y.ndim)
            if one is not None:
                found.append(one)
            elif local is not None:
                return ()
        return tuple(found)

    def rows(self, budget: int, until: float) -> tuple[Relation, ...]:
        """Whatever it is, one row of the derivative after the other."""
        if sum(y.size for y in self.ys) > budget:
            return ()
        found = []
        for output, y in enumerate(self.ys):
            rows: dict[int, list[Array]] = {place: [] for place in range(len(self.xs))}
            for element in range(y.size):
                if time.perf_counter() > until:
                    return ()
                gys = [np.zeros_like(gy) for gy in self.gys]
                gys[output].flat[element] = 1
                for place, gx in enumerate(self._vjp(self.xs, gys)):
                    if gx is not None and gx.shape == self.xs[place].shape and place in rows:
                        rows[place].append(gx.ravel())
                    else:
                        rows.pop(place, None)
            for place, stacked in rows.items():
                matrix = np.array(stacked)
                y_places, x_places = np.nonzero(matrix)
                derivative = _constant(matrix[y_places, x_places])
                one = Relation(place, output, x_places=x_places, y_places=y_places, derivative=derivative, by_rows=True)
                found.append(one)
        return tuple(found)

    def _stays_at_its_place(self, full: Sequence[Array], mask: Array) -> bool:
        """Whether changes of the masked elements change nothing at other places."""
        y = self.ys[0]
        again = self._apply([np.where(mask, _other(x), x) for x in full])
        return again is not None and again[0].shape == y.shape and _equal(again[0][~mask], y[~mask])

    def _with_ones(self, found: list[Relation]) -> tuple[Relation, ...]:
        """The relations with the derivative one, where ``backward`` says the same."""
        back = self._vjp(self.xs, self.gys)
        right = []
        for place, x in enumerate(self.xs):
            due = np.zeros(x.size)
            for relation in found:
                if relation.input == place and relation.x_places is not None:
                    np.add.at(due, relation.x_places, self.gys[relation.output].ravel()[relation.y_places])
            right.append(_close(back[place], due.reshape(x.shape)))
        return tuple(
            Relation(one.input, one.output, x_places=one.x_places, y_places=one.y_places, derivative=1.0)
            if right[one.input]
            else one
            for one in found
        )

    def _feeds_only(self, place: int, y_labels: Labels) -> bool:
        """Whether changes of this input change only what they are said to feed."""
        y = self.ys[0]
        if y.size == 1:
            return True
        mask = self._half(y.shape)
        x = self.xs[place]
        moved = np.where(_spread(mask, y_labels, x.shape), _other(x), x)
        again = self._apply([*self.xs[:place], moved, *self.xs[place + 1 :]])
        return again is not None and again[0].shape == y.shape and _equal(again[0][~mask], y[~mask])

    def _half(self, shape: tuple[int, ...]) -> Array:
        mask = self.random.random(shape) < 0.5
        mask.flat[0], mask.flat[-1] = True, False
        return mask

    def _apply(self, xs: Sequence[Array]) -> tuple[Array, ...] | None:
        try:
            ys = self.replay.apply(self.function, xs)
        except _FAILURES:
            return None
        return ys if len(ys) == len(self.ys) else None

    def _vjp(self, xs: Sequence[Array], gys: Sequence[Array]) -> list[Array | None]:
        """What ``backward`` answers, an array for each input; None for those that it does not answer."""
        try:
            answer = [array_of(item) for item in self.replay.vjp(self.function, xs, gys)]
        except _FAILURES:
            answer = []
        return [*answer, *[None] * len(xs)][: len(xs)]


def _broadcast_labels(x: tuple[int, ...], y: tuple[int, ...]) -> Labels:
    """Which axis of ``y`` each axis of ``x`` is broadcast to; -1 for one that is repeated along it."""
    axes = range(len(y) - len(x), len(y))
    return tuple(-1 if size < y[axis] else axis for axis, size in zip(axes, x, strict=True))


def _product_labels(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[Labels, Labels, Labels] | None:
    """The labels of ``a``, ``b`` and ``a @ b``; None where these shapes cannot be multiplied."""
    if not a or not b or a[-1] != b[-2 if len(b) > 1 else 0]:
        return None
    try:
        batch = np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        return None
    row, column, inner = len(batch), len(batch) + 1, len(batch) + 2

    def before(shape: tuple[int, ...]) -> Labels:
        lead = shape[:-2]
        labels = range(len(batch) - len(lead), len(batch))
        return tuple(-1 if size < batch[label] else label for size, label in zip(lead, labels, strict=True))

    a_labels = (*before(a), row, inner) if len(a) > 1 else (inner,)
    b_labels = (*before(b), inner, column) if len(b) > 1 else (inner,)
    y_labels = (*range(len(batch)), *((row,) if len(a) > 1 else ()), *((column,) if len(b) > 1 else ()))
    return a_labels, b_labels, y_labels


def _contracted(gy: Array, relation: Relation, xs: Sequence[Array]) -> Array:
    """What a relation by labels makes of a cotangent: the gradient of its input."""
    assert relation.x_labels is not None
    assert relation.y_labels is not None
    factors = [(gy, relation.y_labels)]
    if isinstance(relation.derivative, tuple):
        other, labels = relation.derivative
        factors.append((xs[other], labels))
    operands: list[Any] = []
    for array, labels in factors:
        dropped = tuple(axis for axis, label in enumerate(labels) if label < 0)
        operands += [array.squeeze(dropped), [label for label in labels if label >= 0]]
    wanted = [label for label in relation.x_labels if label >= 0]
    return np.asarray(np.einsum(*operands, wanted)).reshape(xs[relation.input].shape)


def _reductions(x: tuple[int, ...], y: tuple[int, ...]) -> Iterator[Labels]:
    """How the axes of ``y`` can be some of the axes of ``x``, with or without axes of length one for the others."""
    if len(x) > _BATCH:
        return
    for count in range(len(x), -1, -1):
        for kept in itertools.combinations(range(len(x)), count):
            if tuple(x[axis] for axis in kept) == y:
                yield kept
            elif tuple(size if axis in kept else 1 for axis, size in enumerate(x)) == y:
                yield tuple(axis if axis in kept else -1 for axis in range(len(x)))
    if all(size == 1 for size in y):
        yield (-1,) * len(y)


def _spread(array: Array, labels: Labels, shape: tuple[int, ...]) -> Array:
    """An array whose axes are some of those of ``shape``, repeated along the others."""
    kept = {label: size for label, size in zip(labels, array.shape, strict=True) if label >= 0}
    return np.broadcast_to(array.reshape([kept.get(axis, 1) for axis in range(len(shape))]), shape)


def _other(x: Array) -> Array:
    """Other numbers of the same kind and nearly all of the same sign."""
    return 1.25 * x + 0.0625 if x.dtype.kind == "f" else x + 1 if x.dtype.kind in "iu" else ~x


def _without_derivative(relation: Relation) -> Relation:
    return Relation(relation.input, relation.output, relation.x_labels, relation.y_labels)


def _constant(local: Array | None) -> Derivative:
    """One number where all are equal."""
    if local is None or local.size == 0:
        return None
    return float(local.flat[0]) if np.all(local == local.flat[0]) else local


def _floating(array: Array) -> np.dtype[Any]:
    return array.dtype if array.dtype.kind == "f" else np.dtype(float)


def _equal(first: Array, second: Array) -> bool:
    return bool(np.array_equal(first, second, equal_nan=first.dtype.kind == "f" == second.dtype.kind))


def _close(first: Array | None, second: Array, loose: bool = False) -> bool:
    """Whether two arrays are equal up to the rounding of their own dtype."""
    if first is None or first.shape != second.shape or first.dtype.kind not in "biuf":
        return False
    coarse = min((first.dtype, second.dtype), key=lambda dtype: dtype.itemsize)
    epsilon = float(np.finfo(coarse).eps) if coarse.kind == "f" else 1e-15
    sizes = np.abs(second)
    scale = float(sizes.max(initial=0.0)) if loose else sizes
    within: Callable[[Array], Array] = lambda gap: gap <= 256 * epsilon * scale  # noqa: E731
    gap = np.abs(np.subtract(first, second, dtype=float))
    return bool(np.all(within(gap) | (first == second) | (np.isnan(first) & np.isnan(second))))
