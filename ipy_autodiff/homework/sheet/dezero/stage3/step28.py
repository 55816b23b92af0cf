"""Step 28: gradient descent."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_a_bowl(student):
    """On a bowl it goes where it should.

    ko: 그릇 모양 함수에서 가야 할 곳으로 갑니다.
    ja: お椀形の関数で、行くべきところへ進みます。
    """
    x, y = student.rng.normal(size=2)
    n = int(student.rng.integers(3, 9))
    found = student.value(f"descend(lambda x, y: x ** 2 + 3 * y ** 2, [x, y], 0.1, {n})\n[x.data, y.data]", x=x, y=y)
    np.testing.assert_allclose(found, [x * 0.8**n, y * 0.4**n])


@pytest.mark.points(2)
def test_by_backward(student):
    """It follows what backward says.

    ko: backward가 말하는 방향으로 움직입니다.
    ja: backwardが示す方向へ進みます。
    """
    x = student.rng.normal()
    n = int(student.rng.integers(3, 9))
    source, name, _forward, backward = drawn_function(student.rng)
    found = student.value(source + f"descend({name}(), [x], 0.01, {n})\nx.data", x=x)
    np.testing.assert_allclose(found, x - n * 0.01 * backward)


@pytest.mark.points(2)
def test_rosenbrock(student):
    """It goes down Rosenbrock's valley.

    ko: 로젠브록 함수의 골짜기를 내려갑니다.
    ja: ローゼンブロック関数の谷を下ります。
    """
    x, y = 0.0, 2.0
    for _ in range(50):
        gx, gy = -400 * x * (y - x * x) + 2 * (x - 1), 200 * (y - x * x)
        x, y = x - 0.001 * gx, y - 0.001 * gy
    found = student.value("descend(rosenbrock, [a, b], 0.001, 50)\n[a.data, b.data]", a=0.0, b=2.0)
    np.testing.assert_allclose(found, [x, y])
