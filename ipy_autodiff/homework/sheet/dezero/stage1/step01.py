"""Step 1: a Variable is a box for an array."""

import numpy as np
import pytest

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(1)
def test_variable_is_defined(student):
    """There is a class named Variable.

    ko: Variable라는 클래스가 있습니다.
    ja: Variableというクラスがあります。
    """
    assert student.has("Variable")


@pytest.mark.points(2)
def test_variable_keeps_its_data(student):
    """A Variable keeps the array that it was made of in .data.

    ko: Variable은 받은 배열을 .data에 담아 둡니다.
    ja: Variableは、作るときに渡された配列を.dataに入れています。
    """
    data = student.rng.normal(size=(2, 3))
    np.testing.assert_array_equal(student.value("x.data", x=data), data)


@pytest.mark.points(1)
def test_data_can_be_replaced(student):
    """Another array can be put into the box.

    ko: 상자에 다른 배열을 넣을 수 있습니다.
    ja: 箱に別の配列を入れられます。
    """
    old, new = student.rng.normal(size=2)
    assert student.value("x.data = other.data\nx.data", x=old, other=new) == new


@pytest.mark.points(1)
@pytest.mark.hidden
def test_boxes_are_apart(student):
    """Two Variables do not share their data.

    ko: 두 Variable은 데이터를 함께 쓰지 않습니다.
    ja: 2つのVariableはデータを共有しません。
    """
    a, b = student.rng.normal(size=2)
    assert student.value("x.data", x=a, y=b) == a
    assert student.value("y.data", x=a, y=b) == b
