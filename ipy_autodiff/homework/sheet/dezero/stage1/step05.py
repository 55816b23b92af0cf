"""Step 5: the chain rule on paper, from the output back to the input."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function

# Inputs arrive as Variables, which this step's notebook has none of.
BOX = "class Variable:\n    def __init__(self, data):\n        self.data = data"


@pytest.mark.points(3)
def test_chain_rule(student):
    """chain_gradient(x) gives dy/dx of y = (exp(x ** 2)) ** 2.

    ko: chain_gradient(x)는 y = (exp(x ** 2)) ** 2의 dy/dx를 구합니다.
    ja: chain_gradient(x)は、y = (exp(x ** 2)) ** 2のdy/dxを求めます。
    """
    x = student.rng.uniform(0.1, 1, size=5)
    np.testing.assert_allclose(
        student.repaired(BOX).value("chain_gradient(x.data)", x=x), 4 * x * np.exp(2 * x**2), rtol=1e-6
    )


@pytest.mark.points(2)
def test_no_differences(student):
    """It multiplies derivatives: its error is rounding, not the error of a difference.

    ko: 미분을 곱해서 구합니다. 오차는 반올림뿐이며 차분의 오차가 없습니다.
    ja: 微分を掛け合わせて求めます。誤差は丸め誤差だけで、差分の誤差はありません。
    """
    x = student.rng.uniform(0.1, 1, size=5)
    np.testing.assert_allclose(
        student.repaired(BOX).value("chain_gradient(x.data)", x=x), 4 * x * np.exp(2 * x**2), rtol=1e-12
    )


@pytest.mark.points(1)
@pytest.mark.hidden
def test_negative_numbers(student):
    """The sign is right left of zero too.

    ko: 0의 왼쪽에서도 부호가 맞습니다.
    ja: 0より左でも符号は正しくなります。
    """
    x = -student.rng.uniform(0.1, 1, size=5)
    np.testing.assert_allclose(
        student.repaired(BOX).value("chain_gradient(x.data)", x=x), 4 * x * np.exp(2 * x**2), rtol=1e-6
    )
