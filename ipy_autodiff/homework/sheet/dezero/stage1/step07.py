"""Step 7: a Variable remembers its creator, and calls it back by recursion."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function

# Functions of the sheet's own: a mistake in the student's Square or Exp was step 6's.
SQUARE = """
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
    source, name, *_ = drawn_function(student.rng)
    mark = round(student.rng.uniform(1, 2), 6)
    assert student.value(source + f"f = {name}()\nf.mark = {mark}\ny = f(x)\ny.creator.mark", x=1.0) == mark
    assert student.value("x.creator is None", x=1.0)


@pytest.mark.points(1)
def test_the_way_back(student):
    """From the output the links lead back to the input.

    ko: 출력에서 연결을 따라가면 입력에 이릅니다.
    ja: 出力からつながりをたどると、入力に戻ります。
    """
    source, name, *_ = drawn_function(student.rng)
    there, here = student.rng.uniform(1, 2, size=2).round(6)
    text = f"x.mark = {there}\ny = _Square()({name}()(x))\ny.mark = {here}\n"
    assert student.value(SQUARE + source + text + "y.creator.input.creator.input.mark", x=1.0) == there
    assert student.value(SQUARE + source + text + "y.creator.output.mark", x=1.0) == here


@pytest.mark.points(3)
def test_backward(student):
    """y.backward() fills x.grad.

    ko: y.backward()가 x.grad를 채웁니다.
    ja: y.backward()でx.gradが求まります。
    """
    x = student.rng.uniform(0.5, 1)
    source, name, forward, backward = drawn_function(student.rng)
    gradient = student.gradients(SQUARE + source + f"_Square()({name}()(_Square()(x)))", x=x)["x"]
    np.testing.assert_allclose(gradient, 4 * forward * backward * x**3)


@pytest.mark.points(1)
def test_gradients_on_the_way(student):
    """The Variables in between have their gradients too.

    ko: 중간 Variable에도 기울기가 남습니다.
    ja: 途中のVariableにも勾配があります。
    """
    x = student.rng.uniform(0.5, 1)
    source, name, forward, _ = drawn_function(student.rng)
    text = f"a = {name}()(x)\ny = _Square()(a)\ny.grad = one.data\ny.backward()\na.grad"
    np.testing.assert_allclose(student.value(SQUARE + source + text, x=x, one=1.0), 2 * forward * x)


@pytest.mark.points(1)
@pytest.mark.hidden
def test_backpropagation_and_not_differences(student):
    """Each backward runs once, and no forward runs again.

    ko: backward는 한 번씩만, forward는 다시 실행되지 않습니다.
    ja: それぞれのbackwardは1回だけ実行され、forwardは再び実行されません。
    """
    x = student.rng.uniform(0.5, 1)
    source, name, _, backward = drawn_function(student.rng)
    gradients = student.gradients(SQUARE + source + f"{name}()({name}()(_Square()(x)))", x=x)
    np.testing.assert_allclose(gradients["x"], 2 * backward**2 * x)
    assert gradients.forward_calls == 3
    assert gradients.backward_calls >= 3
