"""Step 18: retain_grad and no_grad."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_gradients_on_the_way(student):
    """Gradients on the way are dropped unless they are asked for.

    ko: 중간 기울기는 요청하지 않으면 버립니다.
    ja: 途中の勾配は、指定しない限り消されます。
    """
    x = student.rng.normal()
    text = "a = square(x)\ny = square(a)\ny.backward({})\n"
    np.testing.assert_allclose(student.value(text.format("retain_grad=True") + "a.grad", x=x), 2 * x**2)
    assert student.value(text.format("") + "[a.grad is None, y.grad is None, x.grad is None]", x=x).tolist() == [
        1,
        1,
        0,
    ]


@pytest.mark.points(2)
def test_no_grad(student):
    """Within no_grad() nothing is recorded.

    ko: no_grad() 안에서는 기록하지 않습니다.
    ja: no_grad()の中では記録されません。
    """
    x = student.rng.normal()
    text = "with no_grad():\n    y = square(x)\nz = square(x)\n[y.data, y.creator is None, z.creator is None]"
    np.testing.assert_allclose(student.value(text, x=x), [x**2, 1, 0])


@pytest.mark.points(2)
@pytest.mark.hidden
def test_a_setting_is_put_back(student):
    """Settings are put back, after an error too, and may be nested.

    ko: 설정은 오류 뒤에도, 겹쳐 써도 되돌아옵니다.
    ja: 設定は、エラーの後でも、入れ子にしても、元に戻ります。
    """
    text = "try:\n    with no_grad():\n        with using_config('enable_backprop', True):\n"
    text += "            inner = square(x).creator is None\n"
    text += "        outer = square(x).creator is None\n        1 / 0\nexcept ZeroDivisionError:\n    pass\n"
    text += "[inner, outer, square(x).creator is None]"
    assert student.value(text, x=1.0).tolist() == [0, 1, 0]
