"""Step 9: functions instead of classes, no seed by hand, and only arrays in the box."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_chain, drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(1)
def test_functions(student):
    """square(x) and exp(x) can be called.

    ko: square(x)와 exp(x)로 호출할 수 있습니다.
    ja: square(x)とexp(x)を呼び出せます。
    """
    x = student.rng.uniform(-1, 1, size=3)
    np.testing.assert_allclose(student.value("square(x)", x=x), x**2)
    np.testing.assert_allclose(student.value("exp(x)", x=x), np.exp(x))


@pytest.mark.points(2)
def test_the_gradient_of_a_chain(student):
    """The gradient of a chain of square and exp, as square(exp(square(x))), is right.

    ko: square(exp(square(x)))처럼 square와 exp를 이은 식의 기울기가 맞습니다.
    ja: square(exp(square(x)))のようにsquareとexpをつないだ式の勾配は正しい値です。
    """
    for _ in range(2):
        expression, x, _, slope = drawn_chain(student.rng, "square", "exp")
        np.testing.assert_allclose(student.gradients(expression, x=x)["x"], slope)


@pytest.mark.points(2)
def test_no_seed_by_hand(student):
    """y.backward() sets y.grad to ones by itself, of y's shape.

    ko: y.backward()가 y와 모양이 같은 1로 y.grad를 스스로 채웁니다.
    ja: y.backward()は、yと同じ形状の1をy.gradに自動で設定します。
    """
    x = student.rng.normal(size=(2, 2))
    gradients = student.gradients("square(x)", x=x)
    assert not gradients.seeded, "y.grad had to be set by hand"
    np.testing.assert_allclose(gradients["x"], 2 * x)
    seed = student.value("y = square(x)\ny.backward()\ny.grad", x=x)
    assert seed.shape == (2, 2)
    np.testing.assert_array_equal(seed, 1)


@pytest.mark.points(1)
def test_only_arrays(student):
    """Variable takes arrays and None; anything else is a TypeError.

    ko: Variable은 배열과 None만 받고, 다른 것에는 TypeError를 일으킵니다.
    ja: Variableは配列とNoneだけを受け取り、それ以外はTypeErrorになります。
    """
    assert student.raises("Variable(1.0)", TypeError)
    assert student.raises("Variable([1.0])", TypeError)
    assert not student.raises("Variable(None)", TypeError)
    assert not student.raises("Variable(x.data)", TypeError, x=[1.0, 2.0])


@pytest.mark.points(2)
def test_data_stays_an_array(student):
    """The data of a result is an array even where NumPy makes a number of it.

    ko: NumPy가 스칼라로 바꾸는 경우에도 결과의 data는 배열입니다.
    ja: NumPyが数にしてしまう場合でも、結果のdataは配列です。
    """
    assert student.type("square(x)", x=2.0) == "ndarray"


@pytest.mark.points(1)
@pytest.mark.hidden
def test_backpropagation_and_not_differences(student):
    """The gradient comes from backward, and is exact.

    ko: 기울기는 backward에서 나오며 정확합니다.
    ja: 勾配はbackwardから得られ、正確です。
    """
    x = student.rng.uniform(0.1, 1)
    source, name, forward, backward = drawn_function(student.rng)
    gradients = student.gradients(source + f"square({name}()(square(x)))", x=x)
    assert gradients.forward_calls == 3
    np.testing.assert_allclose(gradients["x"], 4 * forward * backward * x**3, rtol=1e-12)
