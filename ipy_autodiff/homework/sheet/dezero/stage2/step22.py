"""Step 22: more operators."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_values(student):
    """The values are right, from the right too.

    ko: 값이 맞습니다. 오른쪽에서 와도 맞습니다.
    ja: 値は、右側から演算しても正しい値です。
    """
    x, y = student.rng.uniform(1, 2, size=2)
    for text in ("-x", "x - y", "x / y", "x ** 3", "2.0 - x", "1.5 / x", "x - 2.0", "x / 1.5"):
        inputs = {"x": x, "y": y} if "y" in text else {"x": x}
        np.testing.assert_allclose(student.value(text, **inputs), eval(text, dict(inputs)))


@pytest.mark.points(3)
def test_subtraction_and_division(student):
    """The gradients of - and / are right.

    ko: -와 /의 기울기가 맞습니다.
    ja: -と/の勾配は正しい値です。
    """
    x, y, c = student.rng.uniform(1, 2, size=3)
    found = student.gradients(f"{c} / x - x / y - y", x=x, y=y)
    np.testing.assert_allclose([found["x"], found["y"]], [-c / x**2 - 1 / y, x / y**2 - 1])


@pytest.mark.points(2)
def test_powers(student):
    """The gradients of - and ** are right.

    ko: -와 **의 기울기가 맞습니다.
    ja: -と**の勾配は正しい値です。
    """
    x = student.rng.uniform(1, 2)
    n = int(student.rng.integers(3, 6))
    source, name, forward, backward = drawn_function(student.rng)
    found = student.gradients(source + f"-({name}()(x) ** {n})", x=x)["x"]
    np.testing.assert_allclose(found, -n * (forward * x) ** (n - 1) * backward)
