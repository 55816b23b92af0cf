"""Step 3: Functions chain, since what comes out of one can go into the next."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_chain

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function

# For the chain: a mistake in Exp is found by the tests of Exp.
EXP = """
class Exp(Function):
    def forward(self, x):
        import numpy
        return numpy.exp(x)
"""


@pytest.mark.points(1)
def test_exp_computes(student):
    """Exp's forward computes the exponential.

    ko: Exp의 forward는 지수 함수를 계산합니다.
    ja: Expのforwardは指数関数を計算します。
    """
    x = student.rng.normal(size=4)
    np.testing.assert_allclose(student.value("Exp().forward(x.data)", x=x), np.exp(x))


@pytest.mark.points(1)
def test_exp_is_a_function(student):
    """Exp is a Function, so it can be called with a Variable.

    ko: Exp는 Function이므로 Variable로 호출할 수 있습니다.
    ja: ExpはFunctionなので、Variableで呼び出せます。
    """
    x = student.rng.normal()
    np.testing.assert_allclose(student.value("Exp()(x).data", x=x), student.value("Exp().forward(x.data)", x=x))


@pytest.mark.points(2)
def test_chain(student):
    """chain(x) squares, takes the exponential and squares again; other orders work too.

    ko: chain(x)는 제곱하고, 지수 함수를 취하고, 다시 제곱합니다. 다른 순서로 이어도 됩니다.
    ja: chain(x)は、2乗し、指数関数を適用し、もう一度2乗します。ほかの順番でもつながります。
    """
    x = student.rng.uniform(-1, 1)
    np.testing.assert_allclose(student.repaired(EXP).value("chain(x)", x=x), np.exp(x**2) ** 2)
    expression, x, value, _ = drawn_chain(student.rng, "Square()", "Exp()")
    np.testing.assert_allclose(student.repaired(EXP).value(expression, x=x), value)


@pytest.mark.points(1)
@pytest.mark.hidden
def test_chain_of_arrays(student):
    """chain(x) takes arrays too.

    ko: chain(x)는 배열도 받습니다.
    ja: chain(x)は配列も受け取ります。
    """
    x = student.rng.uniform(-1, 1, size=(2, 2))
    np.testing.assert_allclose(student.repaired(EXP).value("chain(x)", x=x), np.exp(x**2) ** 2)
