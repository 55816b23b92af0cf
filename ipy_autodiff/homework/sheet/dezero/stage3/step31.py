"""Step 31: backward as a computation."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_values(student):
    """The gradients are right.

    ko: 기울기의 값이 맞습니다.
    ja: 勾配は正しい値です。
    """
    x, y, g = student.rng.normal(size=3)
    np.testing.assert_allclose(student.value("square_backward(x, g)", x=x, g=g), 2 * x * g)
    np.testing.assert_allclose(student.value("cube_backward(x, g)", x=x, g=g), 3 * x**2 * g)
    found = student.value("[v.data for v in mul_backward(x, y, g)]", x=x, y=y, g=g)
    np.testing.assert_allclose(found, [g * y, g * x])


@pytest.mark.points(3)
def test_differentiated_again(student):
    """They can be differentiated again, by gy too.

    ko: 다시 미분할 수 있습니다. gy로도 미분할 수 있습니다.
    ja: もう一度微分できます。gyでも微分できます。
    """
    x, y, g = student.rng.normal(size=3)
    found = student.gradients("cube_backward(x, g)", x=x, g=g)
    np.testing.assert_allclose([found["x"], found["g"]], [6 * x * g, 3 * x**2])
    found = student.gradients("square_backward(x, g)", x=x, g=g)
    np.testing.assert_allclose([found["x"], found["g"]], [2 * g, 2 * x])
    found = (
        student.gradients("mul_backward(x, y, g)[0]", y=y, g=g, x=x)
        if False
        else student.gradients("gx, gy = mul_backward(x, y, g)\ngx * gy", x=x, y=y, g=g)
    )
    np.testing.assert_allclose([found[name] for name in "xyg"], [g * g * y, g * g * x, 2 * g * x * y])
