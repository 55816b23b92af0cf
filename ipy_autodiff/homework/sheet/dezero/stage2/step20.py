"""Step 20: operators."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_values(student):
    """A * b + c is right.

    ko: a * b + c의 값이 맞습니다.
    ja: a * b + cの値は正しい値です。
    """
    a, b, c = student.rng.normal(size=(3, 2))
    np.testing.assert_allclose(student.value("a * b + c", a=a, b=b, c=c), a * b + c)


@pytest.mark.points(3)
def test_gradients(student):
    """The gradients of a * b + c are right.

    ko: a * b + c의 기울기가 맞습니다.
    ja: a * b + cの勾配は正しい値です。
    """
    a, b, c = student.rng.normal(size=3)
    found = student.gradients("a * b + c", a=a, b=b, c=c)
    np.testing.assert_allclose([found[name] for name in "abc"], [b, a, 1])


@pytest.mark.points(2)
@pytest.mark.hidden
def test_a_variable_with_itself(student):
    """A Variable times itself is right.

    ko: 자기 자신과의 곱도 맞습니다.
    ja: 自分自身との積も正しい値です。
    """
    x = student.rng.normal()
    source, name, forward, backward = drawn_function(student.rng)
    found = student.gradients(source + f"y = {name}()(x)\ny * y + x * y", x=x)["x"]
    np.testing.assert_allclose(found, 2 * forward * x * backward + forward * x + x * backward)
