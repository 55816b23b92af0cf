"""Step 13: backward with several inputs."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function, drawn_name

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(3)
def test_a_sum_of_squares(student):
    """The gradients of add(square(x0), square(x1)) are right.

    ko: add(square(x0), square(x1))의 기울기가 맞습니다.
    ja: add(square(x0), square(x1))の勾配は正しい値です。
    """
    x0, x1 = student.rng.normal(size=2)
    found = student.gradients("add(square(x0), square(x1))", x0=x0, x1=x1)
    np.testing.assert_allclose([found["x0"], found["x1"]], [2 * x0, 2 * x1])


@pytest.mark.points(2)
def test_each_input_has_its_own(student):
    """Each input gets the gradient that is returned for it.

    ko: 각 입력은 자기 몫으로 돌려받은 기울기를 받습니다.
    ja: それぞれの入力は、自分のために返された勾配を受け取ります。
    """
    a, b, c = student.rng.uniform(2, 5, size=3).round(3)
    name = drawn_name(student.rng)
    source = f"""
    class {name}(Function):
        def forward(self, x, y):
            return {a} * x + y
        def backward(self, gy):
            return {b} * gy, {c} * gy
    """
    found = student.gradients(source + f"square({name}()(x0, x1))", x0=1.5, x1=0.5)
    slope = 2 * (a * 1.5 + 0.5)
    np.testing.assert_allclose([found["x0"], found["x1"]], [slope * b, slope * c])


@pytest.mark.points(1)
@pytest.mark.hidden
def test_backpropagation_and_not_differences(student):
    """The gradient comes from backward.

    ko: 기울기는 backward에서 나옵니다.
    ja: 勾配はbackwardから得られます。
    """
    source, name, forward, backward = drawn_function(student.rng)
    found = student.gradients(source + f"square({name}()(x))", x=1.25)["x"]
    np.testing.assert_allclose(found, 2 * forward * 1.25 * backward)
