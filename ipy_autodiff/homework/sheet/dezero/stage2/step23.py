"""Step 23: a package of one's own."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_the_package_has_the_names(student):
    """The package offers Variable, Function, add, mul and square.

    ko: 패키지가 Variable, Function, add, mul, square를 내놓습니다.
    ja: パッケージは、Variable、Function、add、mul、squareを提供します。
    """
    names = ["Variable", "Function", "add", "mul", "square"]
    student.rng.shuffle(names)
    text = "import my_engine\n[hasattr(my_engine, name) * (n + 1) for n, name in enumerate(" + repr(names) + ")]"
    np.testing.assert_array_equal(student.value(text), [1, 2, 3, 4, 5])


@pytest.mark.points(2)
def test_the_notebook_uses_the_package(student):
    """Variable and Function in the notebook are the package's.

    ko: 노트북의 Variable과 Function은 패키지의 것입니다.
    ja: ノートブックのVariableとFunctionは、パッケージのものです。
    """
    text = "import my_engine\n[Variable is my_engine.Variable, Function is my_engine.Function, "
    text += "Variable.__module__ == '__main__']"
    assert student.value(text).tolist() == [1, 1, 0]


@pytest.mark.points(3)
def test_it_works(student):
    """The operators of the package give right gradients.

    ko: 패키지의 연산자로 구한 기울기가 맞습니다.
    ja: パッケージの演算子で求めた勾配は正しい値です。
    """
    x = student.rng.uniform(1, 2)
    source, name, forward, backward = drawn_function(student.rng)
    found = student.gradients(source + f"y = {name}()(x)\n3.0 * square(y) / x - y ** 3", x=x)["x"]
    y = forward * x
    np.testing.assert_allclose(found, (6 * y / x - 3 * y**2) * backward - 3 * y**2 / x**2)
