"""Step 14: fan-out and cleargrad."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_twice_in_one(student):
    """X of add(x, x) gets both gradients.

    ko: add(x, x)의 x는 두 기울기를 모두 받습니다.
    ja: add(x, x)のxは、両方の勾配を受け取ります。
    """
    assert student.gradients("add(x, x)", x=3.0)["x"] == 2
    assert student.gradients("add(add(x, x), x)", x=3.0)["x"] == 3


@pytest.mark.points(2)
def test_in_two_functions(student):
    """A Variable that goes two ways gets the sum.

    ko: 두 갈래로 쓰인 변수는 기울기의 합을 받습니다.
    ja: 2つの経路で使われた変数は、勾配の和を受け取ります。
    """
    x = student.rng.normal()
    source, name, _forward, backward = drawn_function(student.rng)
    found = student.gradients(source + f"add(square(x), {name}()(x))", x=x)["x"]
    np.testing.assert_allclose(found, 2 * x + backward)


@pytest.mark.points(2)
def test_cleargrad(student):
    """Without cleargrad a second computation adds, after it nothing is left.

    ko: cleargrad가 없으면 두 번째 계산이 더해지고, 부르면 남지 않습니다.
    ja: cleargradがなければ2回目の計算は加算され、呼び出せば何も残りません。
    """
    x = student.rng.normal()
    text = "y = square(x)\ny.backward()\n{}z = square(square(x))\nz.backward()\nx.grad"
    np.testing.assert_allclose(student.value(text.format("x.cleargrad()\n"), x=x), 4 * x**3, rtol=1e-12)
    np.testing.assert_allclose(student.value(text.format(""), x=x), 4 * x**3 + 2 * x)


@pytest.mark.points(1)
@pytest.mark.hidden
def test_nothing_is_changed_in_place(student):
    """Adding a gradient changes no array that others hold.

    ko: 기울기를 더할 때 남이 가진 배열을 바꾸지 않습니다.
    ja: 勾配を加算しても、ほかで使われている配列は変わりません。
    """
    text = "y = add(x, x)\ny.backward()\ny.grad"
    np.testing.assert_array_equal(student.value(text, x=[1.0, 2.0]), 1)
