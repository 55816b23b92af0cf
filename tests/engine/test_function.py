"""Functions that students write: what a call leaves behind, and errors that name their class."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.engine import Function, Variable, exp, square, tanh


class Square(Function):
    def forward(self, x: Any) -> Any:
        return x**2

    def backward(self, gy: Any) -> Any:
        return 2 * self.input.data * gy


class SumAndProduct(Function):
    def forward(self, x0: Any, x1: Any) -> Any:
        return x0 + x1, x0 * x1

    def backward(self, gs: Any, gp: Any) -> Any:
        x0, x1 = (x.data for x in self.inputs)
        return gs + gp * x1, gs + gp * x0


def leaf(value: Any) -> Variable:
    return Variable(np.array(value))


def test_after_a_call() -> None:
    f, x = Square(), leaf(3.0)
    y = f(x)
    assert y.creator is f
    assert (f.input, f.output, f.inputs, f.outputs) == (x, y, (x,), (y,))
    assert f.generation == 0
    y.backward()
    assert x.grad == 6.0


def test_several_outputs_and_one_that_nothing_uses() -> None:
    x0, x1 = leaf(3.0), leaf([1.0, 2.0])
    f = SumAndProduct()
    s, p = f(x0, x1 * 1.0) if False else f(leaf([3.0, 3.0]), x1)
    assert f.outputs == (s, p)
    np.sum(p).backward()
    np.testing.assert_array_equal(x1.grad, [3.0, 3.0])
    x1.cleargrad()
    (np.sum(s) + np.sum(p)).backward()
    np.testing.assert_array_equal(x1.grad, [4.0, 4.0])
    del p
    x1.cleargrad()
    np.sum(s).backward()
    np.testing.assert_array_equal(x1.grad, [1.0, 1.0])
    assert x0.grad is None


def test_one_instance_called_several_times() -> None:
    f, x = Square(), leaf(0.5)
    a = f(x)
    y = f(exp(a))
    assert y.creator is f
    assert f.output is y
    assert a.creator is not f
    assert isinstance(a.creator, Square)
    assert a.creator.inputs == (x,)
    y.backward()
    assert x.grad == pytest.approx(3.297442541400256)


def test_separate_graphs_of_one_instance() -> None:
    f = Square()
    x1, x2 = leaf(1.0), leaf(2.0)
    y1, y2 = f(x1), f(x2)
    y1.backward()
    y2.backward()
    assert (x1.grad, x2.grad) == (2.0, 4.0)
    assert f.input is x2


def test_state_kept_by_forward_belongs_to_the_call() -> None:
    class Scale(Function):
        def __init__(self) -> None:  # without super().__init__()
            self.calls = 0

        def forward(self, x: Any) -> Any:
            self.calls += 1
            self.factor = float(self.calls)
            return x * self.factor

        def backward(self, gy: Any) -> Any:
            return gy * self.factor

    f, x = Scale(), leaf(1.0)
    y = f(x) + f(x) * 10.0
    y.backward()
    assert x.grad == 21.0


def test_builtin_instances_too() -> None:
    f = type(tanh(leaf(0.1)).creator)()
    x = leaf(0.3)
    y = f(f(x))
    y.backward()
    t = np.tanh(0.3)
    assert x.grad == pytest.approx((1 - np.tanh(t) ** 2) * (1 - t**2))


@pytest.mark.parametrize("returned", [2, 2.0, np.float64(2.0), True, np.array(2.0), [2.0]])
def test_numbers_from_forward_become_arrays(returned: Any) -> None:
    class Constant(Function):
        def forward(self, x: Any) -> Any:
            return returned

        def backward(self, gy: Any) -> Any:
            return 0.0

    x = leaf(1.0)
    y = Constant()(x)
    y = y[0] if isinstance(y, tuple) else y
    assert isinstance(y.data, np.ndarray)
    assert y.shape == ()
    (y * 1.0).backward()
    assert isinstance(x.grad, np.ndarray)
    assert x.grad == 0.0


def answering(*answer: Any) -> type[Function]:
    class Odd(Function):
        def forward(self, *xs: Any) -> Any:
            return sum(xs)

        def backward(self, gy: Any) -> Any:
            return answer[0] if len(answer) == 1 else answer

    return Odd


@pytest.mark.parametrize(
    ("answer", "inputs", "error", "said"),
    [
        ((None,), [1.0], TypeError, "Odd.*None"),
        ((1.0, None), [1.0, 2.0], TypeError, "Odd.*None for input 2"),
        ((1.0,), [1.0, 2.0], ValueError, r"Odd.backward returned 1 gradient\(s\), but Odd has 2"),
        ((1.0, 2.0), [1.0], ValueError, r"Odd.backward returned 2 gradient\(s\), but Odd has 1"),
        ((np.ones(3),), [1.0], ValueError, r"Odd.*\(3,\).*\(\)"),
        (
            (np.ones((2, 3)), np.ones((2, 3))),
            [np.ones((2, 3)), np.ones(3)],
            ValueError,
            "Odd.*input 2.*sum its",
        ),
        (("gradient",), [1.0], TypeError, "Odd.*<U8"),
        ((1j,), [1.0], TypeError, "Odd.*complex"),
    ],
)
def test_a_wrong_answer_of_backward_is_named(answer: Any, inputs: list[Any], error: type, said: str) -> None:
    y = answering(*answer)()(*[Variable(np.array(value)) for value in inputs])
    with pytest.raises(error, match=said):
        np.sum(y).backward()


@pytest.mark.parametrize("wrong", [None, "text", object(), {}])
def test_a_wrong_answer_of_forward_is_named(wrong: Any) -> None:
    class Odd(Function):
        def forward(self, x: Any) -> Any:
            return wrong

    with pytest.raises(TypeError, match="Odd"):
        Odd()(leaf(1.0))


def test_a_variable_from_forward_is_an_error() -> None:
    class Odd(Function):
        def forward(self, x: Any) -> Any:
            return square(Variable(x))

    with pytest.raises(TypeError, match=r"Odd.*Variable"):
        Odd()(leaf(1.0))


def test_missing_methods_are_named() -> None:
    class Empty(Function):
        pass

    class ForwardOnly(Function):
        def forward(self, x: Any) -> Any:
            return x

    with pytest.raises(NotImplementedError, match="Empty has no forward"):
        Empty()(leaf(1.0))
    with pytest.raises(NotImplementedError, match="ForwardOnly has no backward"):
        ForwardOnly()(leaf(1.0)).backward()


def test_gradients_come_as_arrays_that_may_be_written_to() -> None:
    class Relu(Function):
        def forward(self, x: Any) -> Any:
            return np.maximum(x, 0)

        def backward(self, gy: Any) -> Any:
            assert isinstance(gy, np.ndarray)
            gy[self.input.data < 0] = 0.0
            return gy

    x = Variable(np.array([[-1.0, 2.0]] * 3000))
    np.sum(Relu()(x)).backward()
    np.testing.assert_array_equal(x.grad, [[0.0, 1.0]] * 3000)
    s = leaf(-1.0)
    Relu()(s).backward()
    assert s.grad == 0.0


def test_a_backward_that_writes_into_its_gradient_harms_no_other_branch() -> None:
    class Halve(Function):
        def forward(self, x: Any) -> Any:
            return x / 2

        def backward(self, gy: Any) -> Any:
            gy /= 2
            return gy

    x, z = Variable(np.ones((100, 100))), Variable(np.ones((100, 100)))
    y = Halve()(x) + Halve()(z) + (x + z)
    seed = np.ones((100, 100))
    y.grad = seed
    y.backward()
    assert np.all(seed == 1.0)
    assert np.all(x.grad == 1.5)
    assert np.all(z.grad == 1.5)


def test_backward_may_work_on_the_variables() -> None:
    class Cube(Function):
        def forward(self, x: Any) -> Any:
            return x**3

        def backward(self, gy: Any) -> Any:
            (x,) = self.inputs
            return 3 * x**2 * gy

    x = leaf(2.0)
    y = Cube()(x)
    y.backward()
    assert x.grad == 12.0
    assert isinstance(x.grad, np.ndarray)
    for expected in (12.0, 12.0, 6.0):
        x.cleargrad()
        y.backward(create_graph=True)
        assert x.grad.data == expected
        y = x.grad


def twice(function: Function, value: Any = 3.0) -> Any:
    x = Variable(np.array(value))
    np.sum(function(x)).backward(create_graph=True)
    first = x.grad
    x.cleargrad()
    np.sum(first).backward()
    return x.grad


class Saved(Function):
    def forward(self, x: Any) -> Any:
        self.x = x
        return x**2

    def backward(self, gy: Any) -> Any:
        return 2 * self.x * gy


class SavedInAList(Function):
    def forward(self, x: Any) -> Any:
        self.saved = [x]
        return x**2

    def backward(self, gy: Any) -> Any:
        return 2 * self.saved[0] * gy


class SavedOnTheClass(Function):
    def forward(self, x: Any) -> Any:
        SavedOnTheClass.x = x
        return x**2

    def backward(self, gy: Any) -> Any:
        return 2 * SavedOnTheClass.x * gy


class SavedInASlot(Function):
    __slots__ = ("x",)

    def forward(self, x: Any) -> Any:
        self.x = x
        return x**2

    def backward(self, gy: Any) -> Any:
        return 2 * self.x * gy


class SavedInACache(Function):
    def __init__(self) -> None:
        self.cache: dict[str, Any] = {}

    def forward(self, x: Any) -> Any:
        self.cache["x"] = x
        return x**2

    def backward(self, gy: Any) -> Any:
        return 2 * self.cache["x"] * gy


class Number(Function):
    def forward(self, x: Any) -> Any:
        self.x = float(x)
        return x**2

    def backward(self, gy: Any) -> Any:
        return 2 * self.x * gy


class Written(Function):
    def forward(self, x: Any) -> Any:
        return x**2

    def backward(self, gy: Any) -> Any:
        gx = np.zeros_like(gy)
        gx[...] = 2 * self.input.data * gy
        return gx


class Detached(Function):
    def forward(self, x: Any) -> Any:
        return x**2

    def backward(self, gy: Any) -> Any:
        return 2 * Variable(self.inputs[0].data) * gy


@pytest.mark.parametrize(
    "kind",
    [Square, Saved, SavedInAList, SavedInASlot, SavedInACache, SavedOnTheClass, Number, Written, Detached],
    ids=lambda kind: kind.__name__,
)
@pytest.mark.parametrize("value", [3.0, 0.0, 3])
def test_a_backward_on_raw_data_is_differentiated_once_and_then_says_so(kind: type[Function], value: Any) -> None:
    x = Variable(np.array(value))
    kind()(x).backward(create_graph=True)
    assert x.grad.data == 2 * value
    with pytest.raises(RuntimeError, match=f"{kind.__name__} cannot be differentiated twice"):
        twice(kind(), value)


class Linear(Function):
    def __init__(self) -> None:
        self.factor = 3.0
        self.matrix = np.eye(1)

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return self.factor * x

    def backward(self, gy: Any) -> Any:
        return (gy * self.factor).reshape(self.shape)


class Masked(Function):
    def forward(self, x: Any) -> Any:
        self.mask = x > 0
        return x * self.mask

    def backward(self, gy: Any) -> Any:
        return gy * self.mask


@pytest.mark.parametrize("kind", [Linear, Masked], ids=lambda kind: kind.__name__)
def test_a_linear_backward_needs_no_data(kind: type[Function]) -> None:
    x = leaf(2.0)
    y = kind()(x * x)
    y.backward(create_graph=True)
    first = x.grad
    x.cleargrad()
    first.backward()
    assert x.grad == 2.0 * first.data / (2 * 2.0)


def test_raw_functions_do_not_hinder_what_does_not_go_through_them() -> None:
    x, z = leaf(3.0), leaf(2.0)
    (Square()(x) + z**3).backward(create_graph=True)
    second = z.grad
    z.cleargrad()
    second.backward()
    assert z.grad == 12.0


def test_no_cycles_and_no_copies_of_the_graph_remain() -> None:
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0)
        f = Square()
        y = f(exp(f(x)))
        assert f.output is y
        middle = weakref.ref(y.creator.input)
        end = weakref.ref(y)
        y.backward()
        del y, f
        assert end() is None
        assert middle() is None
    finally:
        gc.enable()


def test_an_output_that_is_gone_is_none() -> None:
    f = Square()
    f(leaf(1.0))
    assert f.outputs == (None,)
    assert f.output is None


def test_under_no_grad_nothing_is_kept() -> None:
    from ipy_autodiff.engine import no_grad

    f = Square()
    with no_grad():
        y = f(leaf(2.0))
    assert y.creator is None
    assert not hasattr(f, "inputs")


def test_outputs_of_a_builtin_reached_by_another_way() -> None:
    x = leaf(1.0)
    y = exp(x * 2.0)
    product = next(f for f in gc.get_referrers(x) if isinstance(f, Function))
    assert product.output is y.creator.input


def test_inputs_and_outputs_can_be_set_one_or_all() -> None:
    f = SumAndProduct()
    x0, x1 = leaf(2.0), leaf(3.0)
    s, p = f(x0, x1)
    other = leaf(5.0)
    f.input = other
    assert f.inputs == (other, x1)
    f.inputs = [x1, x0]
    assert f.inputs == (x1, x0)
    t = leaf(0.0)
    f.output = t
    assert f.outputs == (t, p)
    product = (x0 * x1).creator
    product.input = other
    assert product.inputs == (other, x1)
    assert s.creator is f


def test_outputs_set_on_a_copy_leave_those_that_are_gone_in_their_places() -> None:
    f = SumAndProduct()
    x0, x1 = leaf(2.0), leaf(3.0)
    p = f(x0, x1)[1]
    duplicate = Variable(p.data)
    f.outputs = (duplicate,)
    duplicate.set_creator(f)
    assert f.outputs == (None, duplicate)
    duplicate.backward()
    assert (x0.grad, x1.grad) == (3.0, 2.0)
