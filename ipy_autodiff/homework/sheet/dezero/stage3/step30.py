"""Step 30: what higher derivatives need."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_a_polynomial(student):
    """The second derivative of a polynomial is near.

    ko: 다항식의 2차 미분에 가깝습니다.
    ja: 多項式の2階微分に近い値です。
    """
    a, x = student.rng.uniform(1, 2, size=2)
    found = student.value(f"second_derivative(lambda x: {a} * x ** 4, x.data)", x=x)
    np.testing.assert_allclose(found, 12 * a * x**2, rtol=1e-5)


@pytest.mark.points(1)
def test_central_with_this_eps(student):
    """The difference is central, with the eps that is given.

    ko: 주어진 eps의 중앙 차분입니다.
    ja: 与えられたepsでの中心差分です。
    """
    x, eps = student.rng.uniform(0.2, 1, size=2)
    found = student.value(f"second_derivative(lambda x: x ** 4, x.data, {eps})", x=x)
    np.testing.assert_allclose(found, 12 * x**2 + 4 * eps**2, rtol=1e-9)


@pytest.mark.points(2)
def test_of_backprops_gradients(student):
    """It is the difference of gradients by backprop.

    ko: 역전파로 구한 기울기의 차분입니다.
    ja: 逆伝播で求めた勾配の差分です。
    """
    x = student.rng.uniform(1, 2)
    source, name, forward, backward = drawn_function(student.rng)
    found = student.value(source + f"second_derivative(lambda x: {name}()(x) ** 2, x.data)", x=x)
    np.testing.assert_allclose(found, 2 * forward * backward, rtol=1e-6)
