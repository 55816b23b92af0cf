"""Step 11: variable arguments as lists."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_name

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_add(student):
    """Add adds two Variables in a list.

    ko: Add는 리스트로 받은 두 Variable을 더합니다.
    ja: Addは、リストで渡された2つのVariableを足します。
    """
    x0, x1 = student.rng.normal(size=(2, 3))
    np.testing.assert_allclose(student.value("Add()([x0, x1])[0]", x0=x0, x1=x1), x0 + x1)


@pytest.mark.points(2)
def test_any_number(student):
    """Function takes any number of inputs and gives any number of outputs.

    ko: Function은 입력과 출력이 몇 개든 다룰 수 있습니다.
    ja: Functionの入力と出力は、いくつでもかまいません。
    """
    a, b = student.rng.uniform(2, 5, size=2).round(3)
    name = drawn_name(student.rng)
    source = f"class {name}(Function):\n    def forward(self, xs):\n        return {a} * sum(xs), {b} * xs[0], xs[-1]\n"
    x = student.rng.normal(size=3)
    found = student.value(source + f"[y.data for y in {name}()([x0, x1, x2])]", x0=x[0], x1=x[1], x2=x[2])
    np.testing.assert_allclose(found, [a * x.sum(), b * x[0], x[2]])


@pytest.mark.points(2)
@pytest.mark.hidden
def test_links(student):
    """The Function keeps its inputs and outputs, each output its creator.

    ko: Function은 inputs와 outputs를, 출력은 creator를 기억합니다.
    ja: Functionは入力と出力を、それぞれの出力はcreatorを覚えています。
    """
    x0, x1 = student.rng.normal(size=2)
    text = "f = Add()\nys = f([x0, x1])\n[f.inputs[1].data, f.outputs[0].data, ys[0].creator.inputs[0].data]"
    np.testing.assert_allclose(student.value(text, x0=x0, x1=x1), [x1, x0 + x1, x0])
