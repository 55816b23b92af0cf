"""Step 24: functions with many operations."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(1)
def test_sphere(student):
    """Sphere and its gradients are right.

    ko: sphere와 그 기울기가 맞습니다.
    ja: sphereとその勾配は正しい値です。
    """
    x, y = student.rng.normal(size=2)
    np.testing.assert_allclose(student.value("sphere(x, y)", x=x, y=y), x**2 + y**2)
    found = student.gradients("sphere(x, y)", x=x, y=y)
    np.testing.assert_allclose([found["x"], found["y"]], [2 * x, 2 * y])


@pytest.mark.points(2)
def test_matyas(student):
    """Matyas and its gradients are right.

    ko: matyas와 그 기울기가 맞습니다.
    ja: matyasとその勾配は正しい値です。
    """
    x, y = student.rng.normal(size=2)
    np.testing.assert_allclose(student.value("matyas(x, y)", x=x, y=y), 0.26 * (x**2 + y**2) - 0.48 * x * y)
    found = student.gradients("matyas(x, y)", x=x, y=y)
    np.testing.assert_allclose([found["x"], found["y"]], [0.52 * x - 0.48 * y, 0.52 * y - 0.48 * x])


@pytest.mark.points(3)
def test_goldstein(student):
    """Goldstein and its gradients are right.

    ko: goldstein과 그 기울기가 맞습니다.
    ja: goldsteinとその勾配は正しい値です。
    """

    def f(x, y):
        a = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
        return a * (30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2))

    x, y = student.rng.uniform(0.5, 1.5, size=2)
    np.testing.assert_allclose(student.value("goldstein(x, y)", x=x, y=y), f(x, y))
    found = student.gradients("goldstein(x, y)", x=x, y=y)
    h = 1e-30j  # f is a polynomial: its complex step is exact
    np.testing.assert_allclose(
        [found["x"], found["y"]], [f(x + h, y).imag / 1e-30, f(x, y + h).imag / 1e-30], rtol=1e-9
    )
