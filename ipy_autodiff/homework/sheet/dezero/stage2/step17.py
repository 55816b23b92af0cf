"""Step 17: weak references."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_weak_references(student):
    """A Function's outputs are weak references.

    ko: Function의 outputs는 약한 참조입니다.
    ja: Functionのoutputsは弱参照です。
    """
    x = student.rng.normal()
    np.testing.assert_allclose(
        student.value("y = square(x)\ny.creator.outputs[0]().data + y.generation", x=x), x**2 + 1
    )


@pytest.mark.points(3)
def test_the_graph_goes_by_itself(student):
    """A graph that nobody needs goes without the collector.

    ko: 아무도 쓰지 않는 그래프는 컬렉터 없이 사라집니다.
    ja: 使われなくなった計算グラフは、ガベージコレクタなしで消えます。
    """
    n = int(student.rng.integers(2, 6))
    text = "import gc, weakref\ngc.disable()\ngone = []\nfor _ in range({}):\n    y = square(square(x))\n"
    text += "    weakref.finalize(y, gone.append, 1)\ny = None\nleft = len(gone)\ngc.enable()\nleft"
    assert student.value(text.format(n), x=1.0) == n


@pytest.mark.points(2)
def test_backward(student):
    """The gradients are right as before.

    ko: 기울기는 전처럼 맞습니다.
    ja: 勾配は、これまでどおり正しい値です。
    """
    x = student.rng.uniform(0.5, 1)
    source, name, _forward, backward = drawn_function(student.rng)
    found = student.gradients(source + f"a = square(x)\nadd({name}()(a), square(a))", x=x)["x"]
    np.testing.assert_allclose(found, 2 * x * backward + 4 * x**3)
