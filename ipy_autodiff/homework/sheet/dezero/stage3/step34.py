"""Step 34: derivatives of sine."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_sine_and_cosine(student):
    """sin, cos and their gradients are right.

    ko: sin, cos과 그 기울기가 맞습니다.
    ja: sinとcos、その勾配は正しい値です。
    """
    x = student.rng.normal(size=3)
    np.testing.assert_allclose(student.value("sin(x)", x=x), np.sin(x))
    np.testing.assert_allclose(student.gradients("sin(x)", x=x)["x"], np.cos(x))
    np.testing.assert_allclose(student.gradients("cos(x)", x=x)["x"], -np.sin(x))


@pytest.mark.points(3)
def test_derivatives_of_sine(student):
    """The derivatives of sine go round.

    ko: 사인의 미분은 네 번마다 되돌아옵니다.
    ja: サインの微分は4回で元に戻ります。
    """
    x = student.rng.normal()
    n = int(student.rng.integers(4, 7))
    found = student.value(f"[v.data for v in derivatives(sin, x, {n})]", x=x)
    np.testing.assert_allclose(found, [np.sin(x + k * np.pi / 2) for k in range(n + 1)], atol=1e-12)


@pytest.mark.points(2)
@pytest.mark.hidden
def test_derivatives_by_backward(student):
    """Derivatives asks backward.

    ko: derivatives는 backward로 구합니다.
    ja: derivativesはbackwardで求めます。
    """
    x = student.rng.uniform(1, 2)
    source, name, forward, backward = drawn_function(student.rng)
    found = student.value(source + f"[v.data for v in derivatives(lambda x: {name}()(x) ** 3, x, 2)]", x=x)
    y = forward * x
    np.testing.assert_allclose(found, [y**3, 3 * y**2 * backward, 6 * y * backward**2])
