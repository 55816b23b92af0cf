"""Cutting a graph: what becomes a leaf, what still gets its gradient, and what memory is freed."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.engine import Function, Variable, exp, matmul, sin, square, tanh


class Double(Function):
    def forward(self, x: Any) -> Any:
        return 2 * x

    def backward(self, gy: Any) -> Any:
        return 2 * gy


def test_unchain_makes_a_leaf() -> None:
    x = Variable(np.array(3.0))
    a = square(x)
    y = exp(a) * a
    a.unchain()
    assert a.creator is None
    assert a.generation == 0
    y.backward()
    assert x.grad is None
    np.testing.assert_allclose(a.grad, np.exp(9.0) * 10.0)


def test_unchain_of_a_leaf_changes_nothing() -> None:
    x = Variable(np.array(3.0), "x")
    x.unchain()
    x.unchain_backward()
    assert (x.creator, x.generation, x.name, float(x.data)) == (None, 0, "x", 3.0)


def test_unchain_backward_cuts_all_that_is_behind_and_keeps_the_variable_itself() -> None:
    x, w = Variable(np.array(2.0)), Variable(np.array(0.5))
    a = square(x)
    b = Double()(a * w)
    c = np.sin(b) + a
    y = c * w
    y.unchain_backward()
    assert [v.creator for v in (x, w, a, b, c)] == [None] * 5
    assert y.creator is not None
    y.backward()
    np.testing.assert_allclose([w.grad, c.grad], [c.data, w.data])
    assert x.grad is a.grad is b.grad is None


def test_a_function_with_several_outputs_and_constants() -> None:
    x = Variable(np.arange(4.0))
    first, second = np.split(x * 3, 2)
    y = first * second + 1.0
    y.unchain_backward()
    assert first.creator is second.creator is None
    y.backward()
    assert x.grad is None


@pytest.mark.parametrize("function", [square, Double()])
def test_a_state_that_is_carried_along_keeps_no_earlier_round_alive(function: Any) -> None:
    w = Variable(np.array(0.3))
    state = Variable(np.array(1.0))
    seen: list[weakref.ref[Any]] = []
    for _ in range(20):
        for _ in range(5):
            state = tanh(function(state) * w)
            seen.append(weakref.ref(state.creator))
        loss = square(state)
        loss.backward()
        loss.unchain_backward()
        assert state.generation == 0
    gc.collect()
    assert sum(creator() is not None for creator in seen) <= 1


def test_truncated_backpropagation_adds_up_the_gradients_of_the_segments() -> None:
    rng = np.random.default_rng(0)
    W, h0 = rng.normal(size=(3, 3)), rng.normal(size=(2, 3))
    w, h = Variable(W), Variable(h0)
    for _ in range(4):
        h = tanh(matmul(h, w))
        loss = np.sum(square(h))
        loss.backward()
        loss.unchain_backward()
    expected, state = np.zeros_like(W), h0
    for _ in range(4):
        after = np.tanh(state @ W)
        expected += state.T @ (2 * after * (1 - after**2))
        state = after
    np.testing.assert_allclose(w.grad, expected, rtol=1e-12)


def test_gradients_that_can_be_differentiated_again_are_cut_too() -> None:
    x = Variable(np.array(0.7))
    y = sin(x) * x
    y.backward(create_graph=True)
    g = x.grad
    h = g * x
    h.unchain_backward()
    assert g.creator is None
    x.cleargrad()
    h.backward()
    np.testing.assert_allclose([x.grad, g.grad], [g.data, 0.7])


def test_the_second_derivative_is_right_where_only_another_branch_was_cut() -> None:
    x = Variable(np.array(0.7))
    fixed = exp(x)
    fixed.unchain()
    y = fixed * x**3
    y.backward(create_graph=True)
    g = x.grad
    x.cleargrad()
    g.backward()
    np.testing.assert_allclose(x.grad, np.exp(0.7) * 6 * 0.7)


def test_a_deep_graph() -> None:
    y = x = Variable(np.array(0.5))
    for _ in range(100_000):
        y = sin(y)
    y.unchain_backward()
    assert y.creator.input.creator is None
    assert x.grad is None


@pytest.mark.parametrize(
    "function",
    [exp, np.sum, lambda x: x * x, lambda x: np.split(x, 2)[0], lambda x: np.append(x, 1.0), lambda x: Double()(x)],
)
def test_functions_and_variables_can_be_weakly_referenced(function: Any) -> None:
    y = function(Variable(np.ones(2)))
    variable, creator = weakref.ref(y), weakref.ref(y.creator)
    assert variable() is y
    assert creator() is y.creator
    del y
    gc.collect()
    assert variable() is creator() is None
