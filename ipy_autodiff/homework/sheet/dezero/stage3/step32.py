"""Step 32: second derivatives."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function

D2 = "y = {}\ny.backward(create_graph=True)\ngx = x.grad\nx.cleargrad()\ngx.backward()\nx.grad"


@pytest.mark.points(1)
def test_first_derivative(student):
    """The first derivative is right, and a Variable.

    ko: 1차 미분이 맞고, Variable입니다.
    ja: 1階微分は正しい値で、Variableです。
    """
    x = student.rng.normal()
    np.testing.assert_allclose(student.value("y = x ** 3\ny.backward()\n(x.grad + x).data", x=x), 3 * x**2 + x)


@pytest.mark.points(3)
def test_second_derivative(student):
    """The second derivative is right.

    ko: 2차 미분이 맞습니다.
    ja: 2階微分は正しい値です。
    """
    x = student.rng.uniform(1, 2)
    np.testing.assert_allclose(student.value(D2.format("x ** 4 - 2 * x * square(x) / 3 - x"), x=x), 12 * x**2 - 4 * x)


@pytest.mark.points(2)
def test_through_any_function(student):
    """It goes through any Function whose backward computes with Variables.

    ko: backward가 Variable로 계산하는 어떤 Function도 지나갑니다.
    ja: backwardがVariableで計算するなら、どのFunctionでも微分できます。
    """
    x = student.rng.uniform(1, 2)
    source, name, forward, backward = drawn_function(student.rng)
    found = student.value(source + D2.format(f"{name}()(x) ** 3"), x=x)
    np.testing.assert_allclose(found, 6 * forward * x * backward**2)


@pytest.mark.points(1)
@pytest.mark.hidden
def test_nothing_is_recorded_unasked(student):
    """Without create_graph the gradient has no graph.

    ko: create_graph가 없으면 기울기에 그래프가 없습니다.
    ja: create_graphを指定しなければ、勾配に計算グラフはありません。
    """
    text = "y = x ** 3\ny.backward({})\nx.grad.creator is None"
    assert student.value(text.format(""), x=1.5)
    assert not student.value(text.format("create_graph=True"), x=1.5)
