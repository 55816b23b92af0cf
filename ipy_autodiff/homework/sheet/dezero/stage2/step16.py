"""Step 16: generations."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_function

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_generations(student):
    """Variables and Functions have their generations.

    ko: Variable과 Function에 세대가 있습니다.
    ja: VariableとFunctionには世代があります。
    """
    n = int(student.rng.integers(2, 6))
    text = (
        "a = square(x)\n"
        + "a = square(a)\n" * n
        + "y = add(x, a)\n[x.generation, a.generation, y.creator.generation, y.generation]"
    )
    np.testing.assert_array_equal(student.value(text, x=1.0), [0, n + 1, n + 1, n + 2])


@pytest.mark.points(3)
def test_a_diamond(student):
    """A graph that parts and meets again is right.

    ko: 갈라졌다가 다시 만나는 그래프의 기울기가 맞습니다.
    ja: 枝分かれしてまた合流する計算グラフの勾配は正しい値です。
    """
    x = student.rng.uniform(0.5, 1)
    source, name, forward, backward = drawn_function(student.rng)
    found = student.gradients(source + f"a = {name}()(x)\nadd(square(square(a)), a)", x=x)["x"]
    np.testing.assert_allclose(found, (4 * (forward * x) ** 3 + 1) * backward)
    found = student.gradients(source + f"a = {name}()(x)\nadd(a, square(square(a)))", x=x)["x"]
    np.testing.assert_allclose(found, (4 * (forward * x) ** 3 + 1) * backward)


@pytest.mark.points(2)
@pytest.mark.hidden
def test_each_runs_once(student):
    """Each backward runs once.

    ko: backward는 한 번씩만 실행됩니다.
    ja: それぞれのbackwardは1回だけ実行されます。
    """
    text = "a = square(x)\nb = add(a, a)\nadd(b, b)"
    gradients = student.gradients(text, x=1.5)
    np.testing.assert_allclose(gradients["x"], 12)
    assert gradients.backward_calls == 4
