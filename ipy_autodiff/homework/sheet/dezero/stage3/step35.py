"""Step 35: derivatives of tanh."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_tanh(student):
    """Tanh and its gradient are right.

    ko: tanh와 그 기울기가 맞습니다.
    ja: tanhとその勾配は正しい値です。
    """
    x = student.rng.normal(size=3)
    np.testing.assert_allclose(student.value("tanh(x)", x=x), np.tanh(x))
    np.testing.assert_allclose(student.gradients("tanh(x)", x=x)["x"], 1 - np.tanh(x) ** 2)


@pytest.mark.points(3)
def test_higher_derivatives(student):
    """The second and third derivatives are right.

    ko: 2차, 3차 미분이 맞습니다.
    ja: 2階微分と3階微分は正しい値です。
    """
    x = student.rng.normal()
    y = np.tanh(x)
    s = 1 - y * y
    found = student.value("[v.data for v in derivatives(tanh, x, 3)]", x=x)
    np.testing.assert_allclose(found, [y, s, -2 * y * s, s * (6 * y * y - 2)], atol=1e-12)


@pytest.mark.points(1)
def test_in_a_chain(student):
    """It is right within a chain, twice over.

    ko: 합성함수 안에서도 2차까지 맞습니다.
    ja: 合成関数の中でも、2階まで正しい値です。
    """
    x = student.rng.uniform(0.2, 0.6)
    source, name, forward, backward = drawn_function(student.rng)
    found = student.value(source + f"[v.data for v in derivatives(lambda x: tanh({name}()(x)), x, 2)]", x=x)
    y = np.tanh(forward * x)
    s = 1 - y * y
    np.testing.assert_allclose(found, [y, s * backward, -2 * y * s * backward**2])
