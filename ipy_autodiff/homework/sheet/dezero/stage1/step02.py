"""Step 2: a Function takes a Variable and gives a new one; subclasses say how."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_name

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function

VARIABLE = """
class Variable:
    def __init__(self, data):
        self.data = data
"""


@pytest.mark.points(1)
def test_square_computes(student):
    """Square's forward squares an array.

    ko: Square의 forward는 배열을 제곱합니다.
    ja: Squareのforwardは配列を2乗します。
    """
    x = student.rng.normal(size=(2, 3))
    np.testing.assert_allclose(student.repaired(VARIABLE).value("Square().forward(x.data)", x=x), x**2)


@pytest.mark.points(2)
def test_calling_gives_a_variable(student):
    """Calling a Function with a Variable gives a new Variable with the result in .data.

    ko: Function을 Variable로 호출하면 결과를 .data에 담은 새 Variable이 나옵니다.
    ja: FunctionをVariableで呼び出すと、結果を.dataに持つ新しいVariableが返ります。
    """
    x = student.rng.normal(size=3)
    student = student.repaired(VARIABLE)
    np.testing.assert_allclose(student.value("Square()(x).data", x=x), x**2)
    np.testing.assert_array_equal(student.value("Square()(x)\nx.data", x=x), x)


@pytest.mark.points(2)
def test_any_subclass_works(student):
    """A new subclass needs only a forward.

    ko: 새 하위 클래스는 forward만 정의하면 됩니다.
    ja: 新しいサブクラスに必要なのはforwardだけです。
    """
    x = student.rng.normal(size=3)
    name, shift = drawn_name(student.rng), round(student.rng.uniform(1, 2), 3)
    source = f"class {name}(Function):\n    def forward(self, x):\n        return x + {shift}\n"
    shifted = student.repaired(VARIABLE).value(source + f"{name}()(x).data", x=x)
    np.testing.assert_allclose(shifted, x + shift)


@pytest.mark.points(1)
def test_the_base_class_computes_nothing(student):
    """Function itself raises NotImplementedError.

    ko: Function 자체는 NotImplementedError를 일으킵니다.
    ja: Function自身はNotImplementedErrorを発生させます。
    """
    assert student.repaired(VARIABLE).raises("Function()(x)", NotImplementedError, x=1.0)
