"""Step 7: a Variable remembers its creator, and calls it back by recursion."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function

# Functions of the sheet's own: a mistake in the student's Square or Exp was step 6's.
OWN = """
class _Double(Function):
    def forward(self, x):
        return 2 * x
    def backward(self, gy):
        return 2 * gy

class _Square(Function):
    def forward(self, x):
        return x * x
    def backward(self, gy):
        return 2 * self.input.data * gy
"""


@pytest.mark.points(1)
def test_creator(student):
    """A Variable that came out of a Function knows it as its .creator.

    ko: Function에서 나온 Variable은 그 Function을 .creator로 기억합니다.
    ja: Functionから出てきたVariableは、そのFunctionを.creatorとして覚えています。
    """
    assert student.value(OWN + "f = _Double()\ny = f(x)\ny.creator is f", x=1.0)
    assert student.value("x.creator is None", x=1.0)


@pytest.mark.points(1)
def test_the_way_back(student):
    """From the output the links lead back to the input.

    ko: 출력에서 연결을 따라가면 입력에 이릅니다.
    ja: 出力からつながりをたどると、入力に戻ります。
    """
    assert student.value(OWN + "y = _Square()(_Double()(x))\ny.creator.input.creator.input is x", x=1.0)
    assert student.value(OWN + "y = _Double()(x)\ny.creator.output is y", x=1.0)


@pytest.mark.points(3)
def test_backward(student):
    """y.backward() fills x.grad.

    ko: y.backward()가 x.grad를 채웁니다.
    ja: y.backward()でx.gradが求まります。
    """
    x = student.rng.uniform(0.5, 1)
    gradient = student.gradients(OWN + "_Square()(_Double()(_Square()(x)))", x=x)["x"]
    np.testing.assert_allclose(gradient, 16 * x**3)


@pytest.mark.points(1)
def test_gradients_on_the_way(student):
    """The Variables in between have their gradients too.

    ko: 중간 Variable에도 기울기가 남습니다.
    ja: 途中のVariableにも勾配があります。
    """
    x = student.rng.uniform(0.5, 1)
    text = "a = _Double()(x)\ny = _Square()(a)\ny.grad = one.data\ny.backward()\na.grad"
    np.testing.assert_allclose(student.value(OWN + text, x=x, one=1.0), 4 * x)


@pytest.mark.points(1)
@pytest.mark.hidden
def test_backpropagation_and_not_differences(student):
    """Each backward runs once, and no forward runs again.

    ko: backward는 한 번씩만, forward는 다시 실행되지 않습니다.
    ja: それぞれのbackwardは1回だけ実行され、forwardは再び実行されません。
    """
    gradients = student.gradients(OWN + "_Square()(_Double()(_Square()(x)))", x=student.rng.normal())
    assert gradients.forward_calls == 3
    assert gradients.backward_calls >= 3
