"""Step 10: tests of one's own. They have to pass for what is right, and to fail for what is wrong."""

import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function

RUN = """
import io, unittest
suite = unittest.defaultTestLoader.loadTestsFromTestCase(SquareTest)
result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
[result.testsRun, len(result.failures) + len(result.errors)]
"""
FUNCTION = """
class {name}(Function):
    def forward(self, x):
        return {forward}
    def backward(self, gy):
        return {backward}

def square(x):
    return {name}()(x)
"""


def ran(student, forward, backward):
    """How many of the student's tests ran with this square, and how many of them failed."""
    repaired = student.repaired(FUNCTION.format(name="Square", forward=forward, backward=backward))
    count, failed = repaired.value(RUN)
    return count, failed


@pytest.mark.points(2)
def test_right_code_passes(student):
    """SquareTest has at least three tests, and they pass for a right square.

    ko: SquareTest에는 테스트가 셋 이상 있고, 올바른 square는 모두 통과합니다.
    ja: SquareTestには3つ以上のテストがあり、正しいsquareなら合格します。
    """
    count, failed = ran(student, "x ** 2", "2 * self.input.data * gy")
    assert failed == 0
    assert count >= 3


@pytest.mark.points(2)
def test_a_wrong_forward_is_noticed(student):
    """A square that computes x ** 3 fails.

    ko: x ** 3을 계산하는 square는 통과하지 못합니다.
    ja: x ** 3を計算するsquareは不合格になります。
    """
    assert ran(student, "x ** 3", "3 * self.input.data ** 2 * gy")[1] > 0


@pytest.mark.points(2)
def test_a_wrong_backward_is_noticed(student):
    """A square whose backward gives x * gy fails.

    ko: backward가 x * gy를 돌려주는 square는 통과하지 못합니다.
    ja: backwardがx * gyを返すsquareは不合格になります。
    """
    assert ran(student, "x ** 2", "self.input.data * gy")[1] > 0


@pytest.mark.points(2)
@pytest.mark.hidden
def test_a_small_mistake_is_noticed(student):
    """A backward that is wrong by one in a thousand fails.

    ko: 천분의 일만큼 틀린 backward도 통과하지 못합니다.
    ja: 1000分の1だけ間違ったbackwardも不合格になります。
    """
    assert ran(student, "x ** 2", "2.002 * self.input.data * gy")[1] > 0
