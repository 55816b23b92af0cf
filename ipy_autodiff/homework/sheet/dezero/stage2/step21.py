"""Step 21: operators with arrays and numbers."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_numbers(student):
    """Numbers may stand on either side.

    ko: 수는 어느 쪽에 와도 됩니다.
    ja: 数は、どちら側にあってもかまいません。
    """
    a, b, x = student.rng.normal(size=3)
    np.testing.assert_allclose(student.value(f"{a} * x + {b}", x=x), a * x + b)
    np.testing.assert_allclose(student.value(f"{b} + x * {a}", x=x), a * x + b)


@pytest.mark.points(2)
def test_arrays(student):
    """Arrays may stand on either side, and the result is a Variable.

    ko: 배열은 어느 쪽에 와도 되고, 결과는 Variable입니다.
    ja: 配列はどちら側にあってもよく、結果はVariableです。
    """
    a, x = student.rng.normal(size=(2, 3))
    text = f"np.array({a.tolist()}) + x * np.array({a.tolist()})"
    np.testing.assert_allclose(student.value(f"({text}).data", x=x), a + a * x)
    assert student.value(f"type({text}) is Variable", x=x) == 1


@pytest.mark.points(2)
@pytest.mark.hidden
def test_gradients(student):
    """The gradients are right.

    ko: 기울기가 맞습니다.
    ja: 勾配は正しい値です。
    """
    a, b, x = student.rng.normal(size=3)
    source, name, _forward, backward = drawn_function(student.rng)
    found = student.gradients(source + f"{a} * ({b} + {name}()(x)) + np.array(1.0)", x=x)["x"]
    np.testing.assert_allclose(found, a * backward)
