"""Step 33: Newton's method."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(3)
def test_step_by_step(student):
    """Each step is the one of the formula.

    ko: 매 걸음이 식과 같습니다.
    ja: 毎回の更新は式のとおりです。
    """
    x = x0 = student.rng.uniform(1.5, 2.5)
    n = int(student.rng.integers(2, 4))
    for _ in range(n):
        x = x - (4 * x**3 - 4 * x) / (12 * x**2 - 4)
    np.testing.assert_allclose(student.value(f"newton(lambda x: x ** 4 - 2 * x ** 2, x, {n})\nx.data", x=x0), x)


@pytest.mark.points(3)
def test_by_backward(student):
    """Both derivatives come from backward.

    ko: 두 미분 모두 backward에서 나옵니다.
    ja: 両方の微分がbackwardから得られます。
    """
    x = student.rng.uniform(1, 2)
    source, name, forward, backward = drawn_function(student.rng)
    found = student.value(source + f"newton(lambda x: {name}()(x) ** 2, x, 1)\nx.data", x=x)
    np.testing.assert_allclose(found, x - forward * x / backward)
