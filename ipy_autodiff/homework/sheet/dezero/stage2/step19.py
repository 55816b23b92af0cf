"""Step 19: a Variable like an array."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(3)
def test_like_an_array(student):
    """shape, ndim, size and len are those of the data.

    ko: shape, ndim, size, len은 데이터의 것과 같습니다.
    ja: shape、ndim、size、lenはデータのものと同じです。
    """
    shape = tuple(int(n) for n in student.rng.integers(2, 6, size=3))
    found = student.value("[*x.shape, x.ndim, x.size, len(x)]", x=np.zeros(shape))
    np.testing.assert_array_equal(found, [*shape, 3, np.prod(shape), shape[0]])


@pytest.mark.points(1)
def test_dtype(student):
    """Dtype is that of the data.

    ko: dtype은 데이터의 것과 같습니다.
    ja: dtypeはデータのものと同じです。
    """
    for dtype in ("float32", "int64"):
        assert student.value("str(x.dtype)", x=np.zeros(2, dtype)) == dtype


@pytest.mark.points(1)
def test_name(student):
    """A Variable can be given a name.

    ko: Variable에 이름을 붙일 수 있습니다.
    ja: Variableに名前を付けられます。
    """
    assert student.value("Variable(x.data, name='weight').name", x=1.0) == "weight"
    assert student.value("x.name is None", x=1.0)


@pytest.mark.points(2)
def test_repr(student):
    """Repr shows the data, over several lines too.

    ko: repr은 여러 줄이어도 데이터를 보여 줍니다.
    ja: reprは、複数行になってもデータを表示します。
    """
    a, b = student.rng.integers(1, 9, size=2)
    assert student.value("repr(x)", x=[a, b]) == f"variable([{a} {b}])"
    assert student.value("repr(Variable(None))") == "variable(None)"
    assert student.value("repr(x)", x=[[a], [b]]) == f"variable([[{a}]\n          [{b}]])"
