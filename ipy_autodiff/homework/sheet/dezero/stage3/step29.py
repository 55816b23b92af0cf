"""Step 29: Newton's method by hand."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_a_parabola_takes_one_step(student):
    """A parabola takes one step.

    ko: 포물선은 한 걸음이면 됩니다.
    ja: 放物線なら1回で到達します。
    """
    a, c, x = student.rng.uniform(1, 3, size=3)
    found = student.value(f"newton(lambda x: {a} * (x - {c}) ** 2, lambda x: 2 * {a}, x, 1)\nx.data", x=x)
    np.testing.assert_allclose(found, c)


@pytest.mark.points(2)
def test_step_by_step(student):
    """Each step is the one of the formula.

    ko: 매 걸음이 식과 같습니다.
    ja: 毎回の更新は式のとおりです。
    """
    x = x0 = student.rng.uniform(1.5, 2.5)
    n = int(student.rng.integers(2, 4))
    for _ in range(n):
        x = x - (4 * x**3 - 4 * x) / (12 * x**2 - 4)
    found = student.value(f"newton(lambda x: x ** 4 - 2 * x ** 2, lambda x: 12 * x ** 2 - 4, x, {n})\nx.data", x=x0)
    np.testing.assert_allclose(found, x)


@pytest.mark.points(2)
@pytest.mark.hidden
def test_by_backward(student):
    """f′ comes from backward.

    ko: f′는 backward에서 나옵니다.
    ja: f′はbackwardから得られます。
    """
    x = student.rng.normal()
    source, name, _forward, backward = drawn_function(student.rng)
    found = student.value(source + f"newton({name}(), lambda x: 4.0, x, 3)\nx.data", x=x)
    np.testing.assert_allclose(found, x - 3 * backward / 4)
