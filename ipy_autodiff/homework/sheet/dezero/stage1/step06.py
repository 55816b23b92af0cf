"""Step 6: every Function knows its own derivative; the backward pass is still walked by hand."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(1)
def test_variables_have_a_gradient(student):
    """A new Variable's .grad is None.

    ko: 새 Variable의 .grad는 None입니다.
    ja: 新しいVariableの.gradはNoneです。
    """
    assert student.value("x.grad is None", x=1.0)


@pytest.mark.points(1)
def test_functions_remember_their_input(student):
    """A Function keeps the Variable that it was called with.

    ko: Function은 호출될 때 받은 Variable을 기억합니다.
    ja: Functionは、呼び出されたときのVariableを覚えています。
    """
    mark = round(student.rng.uniform(1, 2), 6)
    assert student.value(f"x.mark = {mark}\nf = Square()\nf(x)\nf.input.mark", x=1.0) == mark


@pytest.mark.points(2)
def test_backward_of_square(student):
    """Square's backward gives 2 * x * gy, for any gy.

    ko: Square의 backward는 어떤 gy에도 2 * x * gy를 돌려줍니다.
    ja: Squareのbackwardは、どのgyに対しても2 * x * gyを返します。
    """
    x, gy = student.rng.normal(size=(2, 4))
    found = student.value("f = Square()\nf(x)\nf.backward(gy.data)", x=x, gy=gy)
    np.testing.assert_allclose(found, 2 * x * gy)


@pytest.mark.points(2)
def test_backward_of_exp(student):
    """Exp's backward gives exp(x) * gy, for any gy.

    ko: Exp의 backward는 어떤 gy에도 exp(x) * gy를 돌려줍니다.
    ja: Expのbackwardは、どのgyに対してもexp(x) * gyを返します。
    """
    x, gy = student.rng.normal(size=(2, 4))
    found = student.value("f = Exp()\nf(x)\nf.backward(gy.data)", x=x, gy=gy)
    np.testing.assert_allclose(found, np.exp(x) * gy)


@pytest.mark.points(2)
def test_the_pass_by_hand(student):
    """backward_by_hand(x) leaves the gradient of (exp(x ** 2)) ** 2 in x.grad.

    ko: backward_by_hand(x)는 (exp(x ** 2)) ** 2의 기울기를 x.grad에 남깁니다.
    ja: backward_by_hand(x)は、(exp(x ** 2)) ** 2の勾配をx.gradに残します。
    """
    x = student.rng.uniform(0.1, 1)
    found = student.value("backward_by_hand(x)\nx.grad", x=x)
    np.testing.assert_allclose(found, 4 * x * np.exp(2 * x**2))
