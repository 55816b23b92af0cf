"""The numbers of the book's steps 24 to 42, from this engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ipy_autodiff.engine import Function, Variable, matmul, mean_squared_error, square
from ipy_autodiff.engine import sum as total


def pair() -> tuple[Variable, Variable]:
    return Variable(np.array(1.0)), Variable(np.array(1.0))


def test_test_functions_of_optimization() -> None:
    x, y = pair()
    (x**2 + y**2).backward()
    assert (x.grad, y.grad) == (2.0, 2.0)
    x, y = pair()
    (0.26 * (x**2 + y**2) - 0.48 * x * y).backward()
    assert (x.grad, y.grad) == (pytest.approx(0.04), pytest.approx(0.04))
    x, y = pair()
    a = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    b = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    z = a * b
    z.backward()
    assert (x.grad, y.grad) == (-5376.0, 8064.0)


def test_the_taylor_series_of_sin() -> None:
    x = Variable(np.array(np.pi / 4))
    y: Any = 0
    factor = 1.0
    for i in range(100):
        term = (-1) ** i / factor * x ** (2 * i + 1)
        y = y + term
        if abs(term.data) < 1e-4:
            break
        factor *= (2 * i + 2) * (2 * i + 3)
    y.backward()
    assert y.data == pytest.approx(0.7071064695751781, rel=1e-15)
    assert x.grad == pytest.approx(0.7071032148228457, rel=1e-15)


def test_gradient_descent_on_rosenbrocks_function() -> None:
    x0, x1 = Variable(np.array(0.0)), Variable(np.array(2.0))
    for _ in range(1000):
        y = 100 * (x1 - x0**2) ** 2 + (x0 - 1) ** 2
        x0.cleargrad()
        x1.cleargrad()
        y.backward()
        x0.data -= 0.001 * x0.grad
        x1.data -= 0.001 * x1.grad
    assert x0.data == pytest.approx(0.68371186, abs=1e-7)
    assert x1.data == pytest.approx(0.46595268, abs=1e-7)


def test_newtons_method_by_hand() -> None:
    x = Variable(np.array(2.0))
    seen = []
    for _ in range(7):
        seen.append(float(x.data))
        y = x**4 - 2 * x**2
        x.cleargrad()
        y.backward()
        x.data -= x.grad / (12 * x.data**2 - 4)
    assert seen == pytest.approx(
        [2.0, 1.4545454545, 1.1510467894, 1.0253259290, 1.0009084519, 1.0000012353, 1.0], rel=1e-9
    )


def test_tensors() -> None:
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    c = Variable(np.array([[10, 20, 30], [40, 50, 60]]))
    t = x + c
    y = total(t)
    y.backward(retain_grad=True)
    assert y.data == 231
    assert y.grad == 1
    np.testing.assert_array_equal(t.grad, np.ones((2, 3)))
    np.testing.assert_array_equal(x.grad, np.ones((2, 3)))
    x0, x1 = Variable(np.array([1, 2, 3])), Variable(np.array([10]))
    (x0 + x1).backward()
    np.testing.assert_array_equal(x1.grad, [3])
    x = Variable(np.ones((2, 3, 4, 5)))
    assert x.sum(keepdims=True).shape == (1, 1, 1, 1)


def test_linear_regression() -> None:
    np.random.seed(0)  # noqa: NPY002 - the book's
    data = np.random.rand(100, 1)  # noqa: NPY002
    x, y = Variable(data), Variable(5 + 2 * data + np.random.rand(100, 1))  # noqa: NPY002
    w, b = Variable(np.zeros((1, 1))), Variable(np.zeros(1))
    for _ in range(100):
        loss = mean_squared_error(y, matmul(x, w) + b)
        w.cleargrad()
        b.cleargrad()
        loss.backward()
        w.data -= 0.1 * w.grad
        b.data -= 0.1 * b.grad
    assert loss.data == pytest.approx(0.07908606512411756, rel=1e-12)
    assert (w.data.item(), b.data.item()) == (pytest.approx(2.11807369), pytest.approx(5.46608905))


def test_the_first_steps() -> None:
    class Exp(Function):
        def forward(self, x: Any) -> Any:
            return np.exp(x)

        def backward(self, gy: Any) -> Any:
            return np.exp(self.input.data) * gy

    x = Variable(np.array(0.5))
    y = square(Exp()(square(x)))
    y.backward()
    assert x.grad == 3.297442541400256
