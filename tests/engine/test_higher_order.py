"""Derivatives of derivatives: known values, methods that need them, and points where formulas are delicate."""

from __future__ import annotations

from math import cos, factorial, pi, sin
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.engine import Function, Variable, gelu, sigmoid, softmax, softmax_cross_entropy, softplus


def derivatives(f: Any, at: float, orders: int) -> list[float]:
    """``f`` and its first derivatives at a point."""
    x = Variable(np.array(at))
    y = f(x)
    found = [y.item()]
    for _ in range(orders):
        x.cleargrad()
        y.backward(create_graph=True)
        if x.grad is None:  # nothing depends on x any more
            return found + [0.0] * (orders + 1 - len(found))
        y = x.grad
        found.append(y.item())
    return found


def test_the_eighth_derivative_of_sin() -> None:
    expected = [sin(1 + n * pi / 2) for n in range(9)]
    assert derivatives(np.sin, 1.0, 8) == pytest.approx(expected, rel=1e-14)


def test_the_eighth_derivative_of_tanh() -> None:
    # tanh's derivatives are polynomials in tanh: the derivative of p(t) is p'(t) (1 - t ** 2)
    polynomial, t = np.polynomial.Polynomial([0, 1]), np.tanh(0.7)
    expected = [t]
    for _ in range(8):
        polynomial = polynomial.deriv() * np.polynomial.Polynomial([1, 0, -1])
        expected.append(polynomial(t))
    assert derivatives(np.tanh, 0.7, 8) == pytest.approx(expected, rel=1e-12)


def test_derivatives_of_powers_at_zero() -> None:
    assert derivatives(lambda x: x**4, 0.0, 5) == [0, 0, 0, 0, 24, 0]
    assert derivatives(lambda x: x**2.0, 0.0, 3) == [0, 0, 2, 0]
    assert derivatives(lambda x: x * x * x, 0.0, 4) == [0, 0, 0, 6, 0]
    assert derivatives(lambda x: x**0, 0.0, 1) == [1, 0]


def test_derivatives_of_sinc_at_zero() -> None:
    found = derivatives(np.sinc, 0.0, 6)
    expected = [0.0 if n % 2 else (-1) ** (n // 2) * pi**n / (n + 1) for n in range(7)]
    assert found == pytest.approx(expected, abs=1e-9, rel=1e-12)
    for x in (1e-9, 0.3, 0.49, 0.51, 0.9, 1.1, 2.5):
        values = derivatives(np.sinc, x, 4)
        series = [
            sum(
                (-1) ** k * pi ** (2 * k) / ((2 * k + 1) * factorial(2 * k - n)) * x ** (2 * k - n)
                for k in range((n + 1) // 2, 60)
            )
            for n in range(5)
        ]
        assert values == pytest.approx(series, rel=1e-8, abs=1e-8)


def test_a_product_with_zeros_to_second_order() -> None:
    x = Variable(np.array([0.0, 2.0, 0.0, 3.0]))
    y = np.prod(x)
    y.backward(create_graph=True)
    np.testing.assert_array_equal(x.grad.data, np.zeros(4))
    first = x.grad
    x.cleargrad()
    first[0].backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 6.0, 0.0])


def test_running_products_with_zeros() -> None:
    data = np.array([1.5, 0.0, 2.0, 0.0, 3.0])
    x, w = Variable(data), np.arange(1.0, 6.0)
    np.sum(np.cumprod(x) * w).backward()
    expected = [sum(w[i] * np.prod(np.delete(data[: i + 1], j)) for i in range(j, len(data))) for j in range(len(data))]
    np.testing.assert_allclose(x.grad, expected)


def test_newtons_method() -> None:
    x = Variable(np.array(2.0))
    for _ in range(10):
        y = x**4 - 2 * x**2
        x.cleargrad()
        y.backward(create_graph=True)
        first = x.grad
        x.cleargrad()
        first.backward()
        x.data -= first.data / x.grad
    assert x.data == pytest.approx(1.0, abs=1e-12)


def test_a_hessian_vector_product() -> None:
    rng = np.random.default_rng(0)
    data, v = rng.normal(size=4), rng.normal(size=4)
    matrix = rng.normal(size=(4, 4))
    x = Variable(data)
    y = np.sum(np.exp(x * 0.3)) + x @ matrix @ x
    y.backward(create_graph=True)
    product = np.sum(x.grad * v)
    x.cleargrad()
    product.backward()
    hessian = np.diag(0.09 * np.exp(0.3 * data)) + matrix + matrix.T
    np.testing.assert_allclose(x.grad, hessian @ v)


def test_a_gradient_penalty() -> None:
    rng = np.random.default_rng(1)
    x, w = Variable(rng.normal(size=(5, 3))), Variable(rng.normal(size=(3, 1)))

    def penalty() -> Variable:
        x.cleargrad()
        np.sum(np.tanh(x @ w)).backward(create_graph=True)
        g = x.grad
        x.cleargrad()
        w.cleargrad()
        return np.mean((np.sqrt(np.sum(g * g, axis=1)) - 1.0) ** 2)

    penalty().backward()
    found = w.grad.copy()
    for place in range(3):
        values = []
        for step in (1e-5, -1e-5):
            w.data[place] += step
            values.append(penalty().item())
            w.data[place] -= step
        assert found[place, 0] == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-6)


def test_create_graph_twice_from_one_graph() -> None:
    x = Variable(np.array(2.0))
    y = x**2
    y.backward(create_graph=True)
    first = x.grad
    x.cleargrad()
    (first**3 + y).backward()
    assert x.grad == 100.0


def test_a_plain_sweep_after_create_graph_adds_to_an_array() -> None:
    x = Variable(np.array(2.0))
    y = x**2
    y.backward(create_graph=True)
    y.backward()
    assert isinstance(x.grad, np.ndarray)
    assert x.grad == 8.0


def test_retained_gradients_with_create_graph() -> None:
    x = Variable(np.array(0.5))
    a = np.sin(x)
    y = a**3
    y.backward(retain_grad=True, create_graph=True)
    assert isinstance(a.grad, Variable)
    assert a.grad.item() == pytest.approx(3 * sin(0.5) ** 2)
    assert x.grad.item() == pytest.approx(3 * sin(0.5) ** 2 * cos(0.5))


@pytest.mark.parametrize("f", [sigmoid, softplus, gelu, np.arctan, np.log1p, np.sqrt, np.cbrt, np.arcsinh])
def test_third_derivatives_against_differences_of_second_ones(f: Any) -> None:
    eps = 1e-5
    third = derivatives(f, 0.7, 3)[3]
    difference = (derivatives(f, 0.7 + eps, 2)[2] - derivatives(f, 0.7 - eps, 2)[2]) / (2 * eps)
    assert third == pytest.approx(difference, rel=1e-7)


def test_the_hessian_of_the_cross_entropy() -> None:
    data, label = np.array([[0.2, -1.0, 0.7]]), np.array([2])
    x = Variable(data)
    softmax_cross_entropy(x, label).backward(create_graph=True)
    first = x.grad
    rows = []
    for place in range(3):
        x.cleargrad()
        first[0, place].backward()
        rows.append(x.grad[0].copy())
    p = softmax(Variable(data)).data[0]
    np.testing.assert_allclose(rows, np.diag(p) - np.outer(p, p), atol=1e-15)


@pytest.mark.parametrize(("used", "first", "second"), [(0, 6.0, 2.0), (1, 27.0, 18.0)])
def test_an_output_that_nothing_uses_has_a_gradient_of_zero_that_is_a_variable(
    used: int, first: float, second: float
) -> None:
    handed: list[type] = []

    class Powers(Function):
        def forward(self, x: Any) -> Any:
            return x**2, x**3

        def backward(self, gy0: Any, gy1: Any) -> Any:
            handed.extend((type(gy0), type(gy1)))
            (x,) = self.inputs
            return gy0.reshape(()) * 2 * x + gy1.reshape(()) * 3 * x**2

    x = Variable(np.array(3.0))
    y = Powers()(x)[used]
    y.backward(create_graph=True)
    gradient = x.grad
    x.cleargrad()
    gradient.backward()
    assert handed == [Variable, Variable]
    assert (gradient.item(), x.grad.item()) == (first, second)


def test_an_output_that_nothing_uses_is_no_hindrance_where_backward_needs_arrays() -> None:
    class Parts(Function):
        def forward(self, x: Any) -> Any:
            return x[:1], x[1:]

        def backward(self, gy0: Any, gy1: Any) -> Any:
            return np.concatenate([np.asarray(gy0.data), np.asarray(gy1.data)])

    x = Variable(np.array([1.0, 2.0, 3.0]))
    Parts()(x)[0].backward(create_graph=True)
    assert np.array_equal(x.grad.data, [1.0, 0.0, 0.0])
