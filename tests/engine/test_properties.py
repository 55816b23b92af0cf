"""Properties that hold for any shapes, values and indices, found by Hypothesis."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ipy_autodiff.engine import Variable, sum_to
from ipy_autodiff.engine.registry import OPERATIONS, Registered
from tests.engine.checking import LAYOUTS, check

UNARY = [operation for operation in OPERATIONS if operation.elementwise == 1]
BINARY = [operation for operation in OPERATIONS if operation.elementwise == 2]
SMALL = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
seeds = st.integers(0, 2**32 - 1)


def drawn(operation: Registered, shape: tuple[int, ...], layout: str, rng: np.random.Generator) -> np.ndarray:
    return LAYOUTS[layout](np.asarray(rng.uniform(*operation.domain, shape)))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(UNARY), SMALL, st.sampled_from(sorted(LAYOUTS)), seeds)
def test_elementwise_operations(operation: Registered, shape: tuple[int, ...], layout: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    check(lambda x: [operation.function(x)], [drawn(operation, shape, layout, rng)], 2, rng)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(BINARY),
    hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=3),
    st.sampled_from(sorted(LAYOUTS)),
    st.sampled_from(sorted(LAYOUTS)),
    seeds,
)
def test_operations_on_two_operands(operation: Registered, shapes: Any, first: str, second: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = [
        drawn(operation, shape, layout, rng) for shape, layout in zip(shapes.input_shapes, (first, second), strict=True)
    ]
    check(lambda x0, x1: [operation.function(x0, x1)], arrays, 2, rng)


@settings(max_examples=100, deadline=None)
@given(st.data(), hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
def test_any_index(data: st.DataObject, shape: tuple[int, ...]) -> None:
    index = data.draw(
        st.one_of(
            hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True),
            hnp.integer_array_indices(shape),
            hnp.arrays(bool, shape),
        )
    )
    array = np.arange(float(np.prod(shape))).reshape(shape)
    x = Variable(array)
    y = x[index]
    np.testing.assert_array_equal(y.data, array[index])
    weights = np.arange(1.0, y.size + 1).reshape(y.shape)
    np.sum(y * weights).backward()
    expected = np.zeros(shape)
    np.add.at(expected, index, weights)
    np.testing.assert_array_equal(x.grad, expected)


@settings(max_examples=60, deadline=None)
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_side=3, max_dims=3))
def test_sum_to_undoes_broadcasting(shapes: Any) -> None:
    small, large = shapes.input_shapes[0], shapes.result_shape
    x = Variable(np.arange(float(np.prod(large))).reshape(large))
    y = sum_to(x, small)
    assert y.shape == small
    z = np.broadcast_to(y, large)
    z.backward()
    assert x.grad.shape == large
    assert np.all(x.grad == np.prod(large, dtype=int) // max(np.prod(small, dtype=int), 1)) or x.size == 0


def programs() -> st.SearchStrategy[list[tuple[int, int, int]]]:
    """Straight-line programs: each step applies an operation to two earlier values."""
    return st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=25)


@settings(max_examples=100, deadline=None)
@given(programs(), hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=1, max_side=2, max_dims=2), seeds)
def test_random_graphs_swept_in_three_ways(program: list[tuple[int, int, int]], shapes: Any, seed: int) -> None:
    """The fast sweep, the one that keeps gradients and the one on Variables agree, however values are shared."""
    rng = np.random.default_rng(seed)
    leaves = [Variable(np.asarray(rng.uniform(0.5, 1.5, shape))) for shape in shapes.input_shapes]

    def run() -> Variable:
        values: list[Variable] = list(leaves)
        for kind, first, second in program:
            a, b = values[first % len(values)], values[second % len(values)]
            values.append([a + b, a * b, a - b * 0.5, np.tanh(a), np.sin(a) * 2.0, np.maximum(a, b)][kind])
        return np.sum(values[-1]) + np.sum(values[len(values) // 2])

    found = []
    for options in ({}, {"retain_grad": True}, {"create_graph": True}):
        for x in leaves:
            x.cleargrad()
        y = run()
        assume(np.isfinite(y.data))
        y.backward(**options)
        found.append([None if x.grad is None else np.asarray(getattr(x.grad, "_data", x.grad)) for x in leaves])
    for other in found[1:]:
        for g, h in zip(found[0], other, strict=True):
            assert (g is None) == (h is None)
            if g is not None:
                np.testing.assert_allclose(g, h, rtol=1e-9, atol=1e-9)
