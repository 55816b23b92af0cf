"""Step 15: the order of a complex graph."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_each_once(student):
    """Each Function stands there once.

    ko: 각 Function은 한 번만 나옵니다.
    ja: それぞれのFunctionは1回だけ現れます。
    """
    n = int(student.rng.integers(2, 6))
    text = "a = square(x)\n" + "a = add(a, square(a))\n" * n + "len(backward_order(a))"
    assert student.value(text, x=1.0) == 2 * n + 1


@pytest.mark.points(3)
def test_after_those_that_use_it(student):
    """A Function stands after those that use its output.

    ko: Function은 그 출력을 쓰는 Function보다 뒤에 나옵니다.
    ja: Functionは、その出力を使うFunctionより後に現れます。
    """
    n = int(student.rng.integers(2, 6))
    text = "a = square(x)\nb = a\n" + "b = square(b)\n" * n + "y = add({})\norder = backward_order(y)\n"
    text += "[order.index(y.creator), order.index(a.creator)]"
    for pair in ("a, b", "b, a"):
        np.testing.assert_array_equal(student.value(text.format(pair), x=1.0), [0, n + 1])
