"""Step 4: a derivative from differences alone."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function

CUBE = "def cube(x):\n    return Variable(x.data ** 3)\n"


@pytest.mark.points(2)
def test_derivative_of_a_square(student):
    """numerical_diff gives the derivative of Square.

    ko: numerical_diff가 Square의 미분을 구합니다.
    ja: numerical_diffはSquareの微分を求めます。
    """
    x, a = student.rng.uniform(1, 3, size=2).round(3)
    found = student.value(f"numerical_diff(lambda v: Variable({a} * v.data ** 2), x)", x=x)
    assert found == pytest.approx(2 * a * x, rel=1e-4)


@pytest.mark.points(2)
def test_the_difference_is_central(student):
    """The difference is taken on both sides of x.

    ko: 차분은 x의 양쪽에서 취합니다.
    ja: 差分はxの両側でとります。
    """
    x, eps = student.rng.uniform(1, 3), round(student.rng.uniform(0.05, 0.2), 3)
    central = 3 * x**2 + eps**2
    assert student.value(CUBE + f"numerical_diff(cube, x, {eps})", x=x) == pytest.approx(central, rel=1e-9)


@pytest.mark.points(1)
def test_eps_is_a_ten_thousandth(student):
    """Without being told, eps is 1e-4.

    ko: 따로 정하지 않으면 eps는 1e-4입니다.
    ja: 指定しなければ、epsは1e-4です。
    """
    x = student.rng.uniform(0.1, 0.2)
    steep = "def steep(x):\n    return Variable(1 / (x.data - 1e-3))\n"

    def f(value):
        return 1 / (value - 1e-3)

    expected = (f(x + 1e-4) - f(x - 1e-4)) / 2e-4
    assert student.value(steep + "numerical_diff(steep, x)", x=x) == pytest.approx(expected, rel=1e-8)


@pytest.mark.points(1)
@pytest.mark.hidden
def test_derivative_of_a_chain(student):
    """It works for a chain of Functions.

    ko: 이어 붙인 함수에도 쓸 수 있습니다.
    ja: 関数をつなげたものにも使えます。
    """
    x = student.rng.uniform(0.2, 0.8)
    true = 4 * x * np.exp(2 * x**2)
    found = student.value("numerical_diff(lambda v: Variable(np.exp(v.data ** 2) ** 2), x)", x=x)
    assert found == pytest.approx(true, rel=1e-5)
