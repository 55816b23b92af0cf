"""Step 12: variable arguments, unpacked."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_name

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_add(student):
    """add(x0, x1) is one Variable.

    ko: add(x0, x1)은 Variable 하나를 돌려줍니다.
    ja: add(x0, x1)は1つのVariableです。
    """
    x0, x1 = student.rng.normal(size=(2, 3))
    np.testing.assert_allclose(student.value("add(x0, x1)", x0=x0, x1=x1), x0 + x1)


@pytest.mark.points(3)
def test_any_number(student):
    """A Function may have any number of inputs and outputs.

    ko: Function의 입력과 출력은 몇 개여도 됩니다.
    ja: Functionの入力と出力は、いくつでもかまいません。
    """
    a, b = student.rng.uniform(2, 5, size=2).round(3)
    name = drawn_name(student.rng)
    source = f"class {name}(Function):\n    def forward(self, *xs):\n        return {a} * sum(xs), {b} * xs[0]\n"
    x = student.rng.normal(size=3)
    found = student.value(source + f"[y.data for y in {name}()(x0, x1, x2)]", x0=x[0], x1=x[1], x2=x[2])
    np.testing.assert_allclose(found, [a * x.sum(), b * x[0]])


@pytest.mark.points(1)
@pytest.mark.hidden
def test_data_stays_an_array(student):
    """The data of a result is an array.

    ko: 결과의 data는 배열입니다.
    ja: 結果のdataは配列です。
    """
    assert student.type("add(x0, x1)", x0=1.0, x1=2.0) == "ndarray"
