"""What a Variable is: a box for one array, with a name, a gradient and a creator."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from ipy_autodiff.engine import Function, Variable, as_array, as_variable, exp, numerical_diff, square
from ipy_autodiff.messages import speaking


@pytest.mark.parametrize("data", [1.0, 1, np.float64(1.0), np.float32(2), True])
def test_a_number_is_refused_with_the_array_to_write_instead(data: object) -> None:
    with pytest.raises(TypeError, match=r"Variable\(np\.array\("):
        Variable(data)


@pytest.mark.parametrize("data", [None, [1.0, 2.0], "1", (1,), {}])
def test_anything_else_is_refused(data: object) -> None:
    with pytest.raises(TypeError, match=type(data).__name__):
        Variable(data)


def test_a_variable_in_a_variable_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Variable\(x\.data\)"):
        Variable(Variable(np.array(1.0)))


def test_errors_are_said_in_korean_too() -> None:
    with speaking("ko"), pytest.raises(TypeError, match="담을 수 있는데"):
        Variable(1.0)


def test_the_box_holds_the_array_itself() -> None:
    array = np.array([1.0, 2.0])
    x = Variable(array, "x")
    assert x.data is array
    assert (x.name, x.grad, x.creator, x.generation) == ("x", None, None, 0)
    assert (x.shape, x.ndim, x.size, len(x)) == ((2,), 1, 2, 2)
    assert x.dtype == np.float64


@pytest.mark.parametrize("array", [np.array(0.5), np.array(3), np.array(2.0, np.float32), np.array([1.0])])
def test_data_and_gradient_are_always_arrays(array: np.ndarray) -> None:
    x = Variable(array)
    y = exp(square(x) * 2 + 1) / 3
    assert isinstance(y.data, np.ndarray)
    assert y.data is y.data
    y.backward(retain_grad=True)
    assert isinstance(x.grad, np.ndarray)
    assert isinstance(y.grad, np.ndarray)
    assert x.grad is x.grad
    assert x.grad.shape == x.shape


def test_a_result_that_was_looked_at_can_be_changed_in_place() -> None:
    x = Variable(np.array(2.0))
    y = x * 1.0
    y.data[...] = 5.0
    assert (y * 2).data == 10.0


def test_leaf_data_changed_in_place_is_seen() -> None:
    x = Variable(np.array(2.0))
    assert (x * x).data == 4.0
    x.data -= 1.0
    assert (x * x).data == 1.0
    x.data = x.data - 0.5  # NumPy makes a scalar of this
    assert isinstance(x.data, np.ndarray)
    assert (x * x).data == 0.25


def test_data_must_stay_an_array() -> None:
    x = Variable(np.array(2.0))
    with pytest.raises(TypeError, match="list"):
        x.data = [1.0]
    with pytest.raises(TypeError, match="str"):
        x.grad = "1"


def test_equality_is_identity() -> None:
    x, y = Variable(np.array(1.0)), Variable(np.array(1.0))
    assert x == x
    assert x != y
    assert len({x, y, x}) == 2
    assert y not in [x]


def test_the_representation_is_the_books() -> None:
    assert repr(Variable(np.array(1.0))) == "variable(1.0)"
    assert repr(Variable(np.array([[1, 2], [3, 4]]))) == "variable([[1 2]\n          [3 4]])"
    assert repr(square(Variable(np.array(3.0)))) == "variable(9.0)"
    assert f"{Variable(np.array(0.126)):.2f}" == "0.13"
    assert "shape=(0, 3)" in repr(Variable(np.zeros((0, 3)))) or "[]" in repr(Variable(np.zeros((0, 3))))


def test_set_creator_gives_the_generation() -> None:
    x = Variable(np.array(3.0))
    f = type("Square", (Function,), {"forward": lambda self, x: x**2})()
    y = f(x)
    z = Variable(np.array(9.0))
    z.set_creator(f)
    assert z.creator is f
    assert z.generation == y.generation == 1


def test_a_copy_shares_nothing_that_is_set_on_it() -> None:
    x = Variable(np.array(2.0), "x")
    y = exp(x)
    duplicate, function = copy.copy(y), copy.copy(y.creator)
    other = Variable(np.array(0.0))
    function.inputs = (other,)
    function.outputs = (duplicate,)
    duplicate.creator = function
    duplicate.data = np.array(1.0)
    function.forward(other.data)
    duplicate.backward()
    assert other.grad == 1.0
    assert x.grad is None
    assert y.creator.inputs == (x,)
    assert y.creator.outputs == (y,)
    y.backward()
    assert x.grad == np.exp(2.0)


def test_deep_copies_and_pickles() -> None:
    x = Variable(np.array([1.0, 2.0]), "x")
    y = square(x)
    assert y.creator is not None
    duplicate = copy.deepcopy(y)
    assert duplicate.creator.output is duplicate
    duplicate.backward()
    assert x.grad is None
    restored = pickle.loads(pickle.dumps(x))
    assert restored.name == "x"
    np.testing.assert_array_equal(restored.data, x.data)


def test_as_array_and_as_variable() -> None:
    array = np.array([1.0])
    assert as_array(array) is array
    assert as_array(np.float64(2.0)).shape == ()
    assert as_array([1, 2]).shape == (2,)
    x = Variable(array)
    assert as_variable(x) is x
    assert as_variable(2.0).data == 2.0


def test_numerical_diff_is_the_textbooks() -> None:
    assert numerical_diff(square, Variable(np.array(2.0))) == 4.000000000004
    assert numerical_diff(lambda x: square(exp(square(x))), Variable(np.array(0.5))) == 3.2974426293330694
    assert numerical_diff(square, Variable(np.array([1.0, 2.0])), 1e-3).shape == (2,)
