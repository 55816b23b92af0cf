"""Step 36: double backprop."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_the_books_example(student):
    """Z = gx ** 3 + y of y = x ** 2 is right.

    ko: y = x ** 2일 때 z = gx ** 3 + y의 미분이 맞습니다.
    ja: y = x ** 2のとき、z = gx ** 3 + yの微分は正しい値です。
    """
    x = student.rng.normal()
    found = student.value("double_backprop(lambda x: x ** 2, lambda gx, y: gx ** 3 + y, x)", x=x)
    np.testing.assert_allclose(found, 24 * x**2 + 2 * x)


@pytest.mark.points(2)
def test_another(student):
    """Another formula is right.

    ko: 다른 식도 맞습니다.
    ja: 別の式でも正しい値です。
    """
    a, b, x = student.rng.uniform(1, 2, size=3)
    found = student.value(f"double_backprop(lambda x: {a} * x ** 3, lambda gx, y: {b} * gx * y, x)", x=x)
    np.testing.assert_allclose(found, 15 * a * a * b * x**4)


@pytest.mark.points(2)
@pytest.mark.hidden
def test_by_backward(student):
    """Both passes go through backward.

    ko: 두 번 모두 backward를 지납니다.
    ja: 2回ともbackwardを通ります。
    """
    x = student.rng.uniform(1, 2)
    source, name, forward, backward = drawn_function(student.rng)
    found = student.value(source + f"double_backprop(lambda x: {name}()(x) ** 2, lambda gx, y: gx ** 2 + y, x)", x=x)
    y = forward * x
    np.testing.assert_allclose(found, 8 * y * backward**3 + 2 * y * backward)
