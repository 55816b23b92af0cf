"""NumPy's own functions, operators and methods on Variables; and plain errors where there is no rule."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.engine import Variable, array, no_grad

OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "//": operator.floordiv,
    "%": operator.mod,
}
OTHERS: list[Any] = [
    2,
    2.5,
    True,
    np.float64(1.5),
    np.float32(1.5),
    np.int64(2),
    np.array([1.0, 2.0, 3.0]),
    [1.0, 2.0, 3.0],
]


def leaf(*values: float) -> Variable:
    return Variable(np.array(values, dtype=float))


@pytest.mark.parametrize("symbol", OPERATORS)
@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_operators_both_ways_round(symbol: str, other: Any) -> None:
    f = OPERATORS[symbol]
    for data in (np.array([1.5, 2.0, 0.5]), np.array(1.25)):
        x = Variable(data)
        constant = np.asarray(other) if isinstance(other, list) else other
        for y, expected in ((f(x, other), f(data, constant)), (f(other, x), f(constant, data))):
            assert isinstance(y, Variable)
            np.testing.assert_allclose(y.data, expected, rtol=1e-15)
            assert y.shape == np.shape(expected)
            x.cleargrad()
            np.sum(y).backward()
            assert x.grad.shape == x.shape


def test_unary_operators_and_builtins() -> None:
    x = leaf(-1.5, 2.5)
    assert np.all((-x).data == -x.data)
    assert np.all((+x).data == x.data)
    assert np.all(abs(x).data == abs(x.data))
    np.testing.assert_array_equal(round(x).data, np.round(x.data))
    quotient, rest = divmod(x, 2.0)
    assert np.all((quotient * 2.0 + rest).data == x.data)
    total: Any = sum([x, x, x])
    assert total.data.tolist() == [-4.5, 7.5]
    assert [v.item() for v in x] == [-1.5, 2.5]
    assert 2.5 in x
    assert 3.0 not in x
    assert bool(leaf(1.0))
    assert not Variable(np.array(0.0))


@pytest.mark.parametrize("f", [operator.lt, operator.le, operator.gt, operator.ge])
def test_comparisons_give_arrays_of_bool(f: Any) -> None:
    x, y = leaf(1.0, 2.0, 3.0), leaf(3.0, 2.0, 1.0)
    for found, expected in (
        (f(x, y), f(x.data, y.data)),
        (f(x, 2.0), f(x.data, 2.0)),
        (f(2.0, y), f(2.0, y.data)),
        (f(x.data, y), f(x.data, y.data)),
    ):
        assert found.dtype == bool
        np.testing.assert_array_equal(found, expected)


def test_numpys_comparisons_and_questions() -> None:
    x = leaf(1.0, np.nan, -np.inf)
    for function in (np.isnan, np.isfinite, np.isinf, np.signbit, np.logical_not):
        assert function(x).dtype == bool
    np.testing.assert_array_equal(np.equal(x, x), [True, False, True])
    np.testing.assert_array_equal(np.not_equal(x, 1.0), [False, True, True])
    assert np.array_equal(leaf(1.0), leaf(1.0))
    assert np.allclose(leaf(1.0), [1.0])
    assert np.any(x > 0)
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((3,), 1, 3)
    assert isinstance(np.zeros_like(x), np.ndarray)
    assert np.argmax(leaf(1.0, 5.0, 2.0)) == leaf(1.0, 5.0, 2.0).argmax() == 1
    assert np.argsort(leaf(3.0, 1.0)).tolist() == leaf(3.0, 1.0).argsort().tolist() == [1, 0]
    np.testing.assert_array_equal(np.where(leaf(0.0, 1.0))[0], [1])


def test_methods_of_the_array() -> None:
    data = np.arange(6.0).reshape(2, 3) + 1
    x = Variable(data)
    for name, args, kwargs in [
        ("sum", (), {}),
        ("sum", (0,), {}),
        ("sum", (), {"axis": 1, "keepdims": True}),
        ("mean", (1,), {}),
        ("prod", (), {}),
        ("max", (), {"axis": 0}),
        ("min", (), {}),
        ("var", (), {"ddof": 1}),
        ("std", (0,), {}),
        ("cumsum", (1,), {}),
        ("cumprod", (), {}),
        ("reshape", (3, 2), {}),
        ("reshape", ((3, 2),), {}),
        ("reshape", (-1,), {}),
        ("reshape", (3, 2), {"order": "F"}),
        ("transpose", (), {}),
        ("transpose", (1, 0), {}),
        ("transpose", ((1, 0),), {}),
        ("ravel", (), {}),
        ("flatten", (), {}),
        ("swapaxes", (0, 1), {}),
        ("squeeze", (), {}),
        ("take", ([0, 1],), {"axis": 1}),
        ("repeat", (2,), {}),
        ("diagonal", (), {}),
        ("trace", (), {}),
        ("dot", (np.ones(3),), {}),
        ("clip", (2, 4), {}),
        ("round", (), {}),
        ("astype", (np.float32,), {}),
        ("copy", (), {}),
        ("conj", (), {}),
    ]:
        y, expected = getattr(x, name)(*args, **kwargs), getattr(data, name)(*args, **kwargs)
        assert isinstance(y, Variable), name
        np.testing.assert_array_equal(y.data, expected, err_msg=name)
        assert y.dtype == expected.dtype
        x.cleargrad()
        y.backward()
        assert x.grad.shape == x.shape
    np.testing.assert_array_equal(x.T.data, data.T)
    np.testing.assert_array_equal(x.mT.data, data.mT if hasattr(data, "mT") else data.T)
    np.testing.assert_array_equal(x.real.data, data)
    assert (x.nbytes, x.itemsize, x.tolist(), x.item(5)) == (48, 8, data.tolist(), 6.0)
    assert x.all() == data.all()


INDICES = [
    (0,),
    (-1, 2),
    (slice(None, None, -1),),
    (..., 1),
    (None, 0),
    (np.array([0, 1, 1]),),
    ([1, 0], [2, 2]),
    (slice(None), [0, 0, 2]),
    (np.array([[True, False, True], [False, False, True]]),),
    (np.array([True, False]),),
    (),
    (0, 0),
    (slice(0, 0),),
]


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_every_kind_of_index(index: tuple[Any, ...]) -> None:
    data = np.arange(6.0).reshape(2, 3)
    x = Variable(data)
    y = x[index] if len(index) != 1 else x[index[0]]
    np.testing.assert_array_equal(y.data, data[index])
    (y * 2.0).backward()
    expected = np.zeros((2, 3))
    np.add.at(expected, index, 2.0)
    np.testing.assert_array_equal(x.grad, expected)


def test_a_variable_of_integers_or_bools_as_index() -> None:
    x = leaf(1.0, 2.0, 3.0)
    assert x[Variable(np.array([2, 0]))].data.tolist() == [3.0, 1.0]
    assert x[Variable(np.array([True, False, True]))].data.tolist() == [1.0, 3.0]


def test_ufunc_methods() -> None:
    x = Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
    for y, expected in [
        (np.add.reduce(x), [4.0, 6.0]),
        (np.add.reduce(x, axis=None), 10.0),
        (np.multiply.reduce(x, axis=1), [2.0, 12.0]),
        (np.maximum.reduce(x, axis=0, keepdims=True), [[3.0, 4.0]]),
        (np.minimum.reduce(x, axis=1), [1.0, 3.0]),
        (np.add.accumulate(x, axis=1), [[1.0, 3.0], [3.0, 7.0]]),
        (np.multiply.accumulate(x), [[1.0, 2.0], [3.0, 8.0]]),
        (np.multiply.outer(x[0], [1.0, 10.0]), [[1.0, 10.0], [2.0, 20.0]]),
        (np.subtract.outer([1.0], x[0]), [[0.0, -1.0]]),
    ]:
        assert isinstance(y, Variable)
        np.testing.assert_array_equal(y.data, expected)
    assert np.logical_and.reduce(x > 0, axis=None)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: np.fft.fft(x), "fft.fft"),
        (lambda x: np.linalg.eig(x.reshape(1, -1)[:, :1]), "linalg.eig"),
        (lambda x: np.histogram2d(x, x), "histogram2d"),
        (lambda x: np.gcd(x, 1), "gcd"),
        (lambda x: np.bitwise_and(x, 1), "bitwise_and"),
        (lambda x: np.nextafter(x, 1.0), "nextafter"),
        (lambda x: np.hypot.reduce(x), "hypot.reduce"),
        (lambda x: np.add.reduceat(x, [0]), "add.reduceat"),
        (lambda x: np.insert(x, 0, 1.0), "insert"),
        (lambda x: np.unique(x), "unique"),
    ],
)
def test_a_function_without_a_rule_says_how_to_write_one(call: Any, name: str) -> None:
    with pytest.raises(TypeError, match=rf"numpy\.{name} has no gradient rule.*class MyFunction\(Function\)"):
        call(leaf(1.0, 2.0))


@pytest.mark.parametrize(
    ("call", "option"),
    [
        (lambda x: np.sum(x, dtype=np.float32), "dtype"),
        (lambda x: np.sum(x, where=np.array([True, False])), "where"),
        (lambda x: np.sum(x, initial=1.0), "initial"),
        (lambda x: np.exp(x, where=np.array([True, False])), "where"),
        (lambda x: np.exp(x, dtype=np.float32), "dtype"),
        (lambda x: np.add.reduce(x, dtype=np.float32), "dtype"),
        (lambda x: np.add.reduce(x, initial=2.0), "initial"),
        (lambda x: np.pad(x, 1, "mean"), "mean"),
        (lambda x: np.meshgrid(x, x, sparse=True), "sparse"),
        (lambda x: np.gradient(x, edge_order=2), "edge_order"),
        (lambda x: np.linalg.svd(x.reshape(1, 2)), "full_matrices"),
        (lambda x: np.quantile(x, 0.5, method="nearest"), "nearest"),
    ],
)
def test_an_option_without_a_rule_is_named(call: Any, option: str) -> None:
    with pytest.raises(TypeError, match=option):
        call(leaf(1.0, 2.0))


def test_options_that_change_nothing_are_fine() -> None:
    x = leaf(1.0, 2.0)
    assert np.sum(x, None, None, None, False).data == 3.0
    assert np.sum(x, axis=0, dtype=None, out=None).data == 3.0
    assert np.exp(x, where=True).shape == (2,)
    assert np.var(x, 0, None, None, 1).data == 0.5


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.exp(x, out=np.zeros(2)),
        lambda x: np.exp(np.zeros(2), out=x),
        lambda x: np.add(x, 1.0, np.zeros(2)),
        lambda x: np.sum(x, out=np.zeros(())),
        lambda x: np.add(np.zeros(2), 1.0, out=x),
    ],
)
def test_writing_into_an_array_is_an_error(call: Any) -> None:
    with pytest.raises(TypeError, match="cannot write into an existing array"):
        call(leaf(1.0, 2.0))


def test_in_place_operators() -> None:
    x = leaf(1.0, 2.0)
    y = x
    y += 1.0
    y *= x
    assert y is not x
    np.sum(y).backward()
    np.testing.assert_array_equal(x.grad, 2 * x.data + 1)
    a = np.ones(2)
    with pytest.raises(TypeError, match="cannot write"):
        a += x
    with pytest.raises(TypeError, match="assigned"):
        x[0] = 1.0
    with pytest.raises(TypeError, match=r"np\.sort"):
        x.sort()
    with pytest.raises(TypeError, match=r"assigned|no gradient rule"):
        np.put(x, 0, 1.0)
    with pytest.raises(TypeError):
        np.copyto(x, 1.0)
    with pytest.raises(TypeError):
        np.zeros(2)[:] = x


@pytest.mark.parametrize(
    "convert",
    [
        float,
        int,
        complex,
        math.exp,
        np.asarray,
        np.array,
        lambda x: np.array([x, x]),
        lambda x: np.add(np.ones(1), [x]),
    ],
)
def test_nothing_leaves_the_graph_silently(convert: Any) -> None:
    x = Variable(np.array(1.0))
    with pytest.raises(TypeError, match=r"x\.data"):
        convert(x)


def test_where_nothing_is_recorded_conversion_is_fine() -> None:
    x = Variable(np.array(1.5))
    with no_grad():
        assert float(x) == 1.5
        assert int(x) == 1
        assert np.asarray(x) == 1.5


def test_array_of_variables() -> None:
    x, y = Variable(np.array(1.0)), Variable(np.array(2.0))
    z = array([[x, y], [y, 3.0]])
    np.testing.assert_array_equal(z.data, [[1.0, 2.0], [2.0, 3.0]])
    np.sum(z * [[1.0, 2.0], [3.0, 4.0]]).backward()
    assert (x.grad, y.grad) == (1.0, 5.0)


@pytest.mark.parametrize("other", [None, "text", object(), {}, ["a"]])
def test_operands_that_are_no_numbers(other: Any) -> None:
    for f in (operator.add, operator.mul, operator.pow):
        with pytest.raises(TypeError):
            f(leaf(1.0), other)
        with pytest.raises(TypeError):
            f(other, leaf(1.0))


def test_attributes_that_only_the_array_has() -> None:
    x = leaf(1.0)
    with pytest.raises(AttributeError, match=r"x\.data\.tobytes"):
        x.tobytes()
    assert not hasattr(x, "strides")
    with pytest.raises(AttributeError):
        x.nonsense  # noqa: B018
    with pytest.raises(TypeError, match="iterated"):
        list(Variable(np.array(1.0)))


def test_shapes_that_do_not_fit_raise_numpys_error() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        leaf(1.0, 2.0) + leaf(1.0, 2.0, 3.0)
    with pytest.raises(ValueError, match="matmul"):
        leaf(1.0, 2.0) @ leaf(1.0, 2.0, 3.0)


def test_constants_are_not_made_variables() -> None:
    x = leaf(1.0, 2.0)
    y = 3.0 * x
    assert y.creator.inputs == (3.0, x)
    assert y.creator.backward(np.ones(2)).tolist() == [3.0, 3.0]
    big = np.ones((2, 2))
    assert (x @ big).creator.inputs[1] is big
    assert isinstance((x * big).creator.backward(big), np.ndarray)


def test_warnings_are_numpys_own() -> None:
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        Variable(np.array(1.0)) / 0.0
    with pytest.warns(RuntimeWarning, match="invalid"):
        np.log(Variable(np.array(-1.0)))


def test_subclasses_of_variable_and_of_ndarray() -> None:
    class Parameter(Variable):
        pass

    w = Parameter(np.array([1.0, 2.0]))
    y = np.sum(w * 2.0 + 1.0 * w - w / w) + np.sum(np.exp(w))
    y.backward()
    np.testing.assert_allclose(w.grad, 3.0 + np.exp(w.data))
    matrix: Any = np.asarray(np.arange(4.0)).reshape(2, 2).view(type("Matrix", (np.ndarray,), {}))
    x = Variable(matrix)
    np.sum(x * x).backward()
    np.testing.assert_array_equal(np.asarray(x.grad), 2 * np.asarray(matrix))
