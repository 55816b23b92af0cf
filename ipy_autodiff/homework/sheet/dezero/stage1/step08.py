"""Step 8: the same by a loop, which does not stop at a thousand Functions."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function

OWN = """
class _Scale(Function):
    def forward(self, x):
        return 1.0001 * x
    def backward(self, gy):
        return {factor} * gy

class _Square(Function):
    def forward(self, x):
        return x * x
    def backward(self, gy):
        return 2 * self.input.data * gy

def _scaled(x, times):
    for _ in range(times):
        x = _Scale()(x)
    return x
"""


def drawn(rng):
    """The Functions, with a backward that is not the derivative of its forward; and the factor of that backward."""
    factor = round(rng.uniform(1.00005, 1.0003), 7)
    return OWN.replace("{factor}", str(factor)), factor


@pytest.mark.points(2)
def test_backward(student):
    """y.backward() fills x.grad.

    ko: y.backward()가 x.grad를 채웁니다.
    ja: y.backward()でx.gradが求まります。
    """
    x = student.rng.uniform(0.5, 1)
    own, factor = drawn(student.rng)
    found = student.gradients(own + "_Square()(_scaled(_Square()(x), 1))", x=x)["x"]
    np.testing.assert_allclose(found, 4 * 1.0001 * factor * x**3)


@pytest.mark.points(3)
def test_a_long_chain(student):
    """A chain of 6000 Functions is no problem.

    ko: 함수가 6000개 이어져도 문제없습니다.
    ja: 6000個のFunctionがつながっていても問題ありません。
    """
    own, factor = drawn(student.rng)
    found = student.gradients(own + "_scaled(x, 6000)", x=1.0)["x"]
    np.testing.assert_allclose(found, factor**6000, rtol=1e-9)


@pytest.mark.points(1)
@pytest.mark.hidden
def test_no_work_is_done_twice(student):
    """Each Function's backward runs once.

    ko: 각 Function의 backward는 한 번만 실행됩니다.
    ja: それぞれのFunctionのbackwardは1回だけ実行されます。
    """
    own, _ = drawn(student.rng)
    calls = student.gradients(own + "_scaled(x, 200)", x=1.0).backward_calls
    assert 200 <= calls <= 203
