"""Step 27: a Taylor series."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_sine(student):
    """my_sin is near the sine.

    ko: my_sin은 사인에 가깝습니다.
    ja: my_sinはサインに近い値です。
    """
    x = student.rng.uniform(-3, 3)
    np.testing.assert_allclose(student.value("my_sin(x)", x=x), np.sin(x), atol=1e-4)


@pytest.mark.points(2)
def test_cosine(student):
    """Its gradient is near the cosine.

    ko: 기울기는 코사인에 가깝습니다.
    ja: その勾配はコサインに近い値です。
    """
    x = student.rng.uniform(-3, 3)
    np.testing.assert_allclose(student.gradients("my_sin(x)", x=x)["x"], np.cos(x), atol=1e-3)


@pytest.mark.points(2)
def test_the_threshold(student):
    """A smaller threshold comes nearer, from within the series.

    ko: threshold가 작을수록 급수로 더 가까워집니다.
    ja: thresholdを小さくすると、級数による値がより近づきます。
    """
    x = student.rng.uniform(1, 3)
    np.testing.assert_allclose(student.gradients("my_sin(x, 1e-14)", x=x)["x"], np.cos(x), atol=1e-11)
    far, near = (abs(student.value(f"my_sin(x, {limit})", x=x) - np.sin(x)) for limit in (0.3, 1e-12))
    assert near < 1e-11 < far
