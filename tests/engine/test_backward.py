"""The sweep: gradients add up, in the right order, once a Function, and leave nothing behind."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.engine import Function, Variable, exp, no_grad, sin, square


def leaf(value: Any) -> Variable:
    return Variable(np.array(value))


def test_a_variable_used_twice_gets_the_sum() -> None:
    x = leaf(3.0)
    (x + x).backward()
    assert x.grad == 2.0
    x.cleargrad()
    ((x + x) + x).backward()
    assert x.grad == 3.0


def test_gradients_add_up_until_they_are_cleared() -> None:
    x = leaf(3.0)
    y = x * 2.0
    y.backward()
    y.backward()
    assert x.grad == 4.0
    x.cleargrad()
    assert x.grad is None
    y.backward()
    assert x.grad == 2.0


def test_a_function_waits_for_all_that_used_its_output() -> None:
    x = leaf(2.0)
    a = square(x)
    y = square(a) + square(a)
    y.backward()
    assert (y.data, x.grad) == (32.0, 64.0)
    assert (x.generation, a.generation, y.generation) == (0, 1, 3)


def test_a_long_way_and_a_short_way() -> None:
    x = leaf(0.3)
    a = sin(x)
    long = a
    for _ in range(5):
        long = exp(long * 0.1)
    y = long * a + a
    y.backward()
    eps = 1e-6

    def value(t: float) -> float:
        a = np.sin(t)
        long = a
        for _ in range(5):
            long = np.exp(long * 0.1)
        return long * a + a

    assert x.grad == pytest.approx((value(0.3 + eps) - value(0.3 - eps)) / (2 * eps), rel=1e-8)


def test_each_function_is_called_once() -> None:
    calls: list[str] = []

    class Tap(Function):
        def forward(self, x: Any) -> Any:
            return x * 1.0

        def backward(self, gy: Any) -> Any:
            calls.append("tap")
            return gy

    x = leaf(1.0)
    y = Tap()(x)
    for _ in range(60):
        y = y + y
    y.backward()
    assert calls == ["tap"]
    assert x.grad == 2.0**60


def test_only_leaves_keep_their_gradient_unless_asked() -> None:
    x = leaf(2.0)
    a = square(x)
    y = exp(a)
    y.backward()
    assert a.grad is None
    assert y.grad is None
    x.cleargrad()
    y.backward(retain_grad=True)
    assert y.grad == 1.0
    assert a.grad == np.exp(4.0)
    assert x.grad == 4 * np.exp(4.0)


def test_the_seed_is_ones_or_what_was_set() -> None:
    x = Variable(np.array([1.0, 2.0]))
    y = x * 3.0
    y.backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])
    x.cleargrad()
    seed = np.array([1.0, -2.0])
    y.grad = seed
    y.backward()
    np.testing.assert_array_equal(x.grad, [3.0, -6.0])
    np.testing.assert_array_equal(seed, [1.0, -2.0])
    z = square(leaf(3.0))
    z.grad = 2.0
    z.backward()
    assert z.creator.input.grad == 12.0


def test_a_seed_that_does_not_fit() -> None:
    y = Variable(np.ones(3)) * 2.0
    y.grad = np.ones(2)
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        y.backward()


def test_a_seed_of_integers() -> None:
    x = leaf(2.0)
    y = x + 1.0
    y.grad = np.array(3)
    y.backward()
    assert x.grad == 3.0
    assert x.grad.dtype == np.float64


def test_backward_of_a_leaf() -> None:
    x = leaf([1.0, 2.0])
    x.backward()
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


def test_no_gradient_reaches_what_is_not_used() -> None:
    x, y = leaf(1.0), leaf(2.0)
    (x * 2.0).backward()
    assert y.grad is None


def test_no_grad_records_nothing_here_and_now() -> None:
    x = leaf(2.0)
    with no_grad():
        assert square(x).creator is None
        with no_grad():
            pass
        assert (x * 2).creator is None
    assert square(x).creator is not None

    @no_grad()
    def evaluate() -> Variable:
        return x + 1.0

    assert evaluate().creator is None
    assert evaluate().data == 3.0


def test_no_grad_ends_with_an_exception() -> None:
    x = leaf(2.0)
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert square(x).creator is not None


def test_no_grad_holds_for_its_own_thread() -> None:
    x = leaf(2.0)
    found: list[bool] = []
    with no_grad():
        thread = threading.Thread(target=lambda: found.append(square(x).creator is not None))
        thread.start()
        thread.join()
    assert found == [True]


def test_threads_sweep_their_own_graphs() -> None:
    wrong: list[int] = []

    def work(seed: int) -> None:
        for i in range(200):
            x = leaf(seed + i * 0.01)
            (sin(x * 2.0) * x + x).backward()
            t = seed + i * 0.01
            if not np.isclose(x.grad, 2 * np.cos(2 * t) * t + np.sin(2 * t) + 1):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_precision_is_that_of_the_variable() -> None:
    x = Variable(np.array([1.0, 2.0], np.float32))
    w = Variable(np.array([3.0, 4.0]))
    y = np.sum(exp(x * 0.5) * 2)
    assert y.dtype == np.float32
    y.backward()
    assert x.grad.dtype == np.float32
    x.cleargrad()
    np.sum(x * w).backward()
    assert (x.grad.dtype, w.grad.dtype) == (np.float32, np.float64)
    s = Variable(np.array(2.0, np.float32))
    square(s).backward()
    assert s.grad.dtype == np.float32


def test_integers_have_gradients_of_floating_point() -> None:
    x = Variable(np.array([1, 2, 3]))
    np.sum(x**2).backward()
    assert x.grad.dtype == np.float64
    np.testing.assert_array_equal(x.grad, [2.0, 4.0, 6.0])
    n = Variable(np.array(3))
    (n * n).backward()
    assert n.grad == 6.0
    assert n.grad.dtype == np.float64


@pytest.mark.parametrize("array", [np.array([1j, 2.0]), np.array(["a"]), np.array([object()]), np.array(1j)])
def test_what_is_no_real_number_cannot_be_differentiated(array: np.ndarray) -> None:
    x = Variable(array)
    with pytest.raises(TypeError, match=str(array.dtype).replace("<", "<")):
        x.backward()


def test_complex_numbers_in_between_are_an_error_too() -> None:
    x = Variable(np.array([1.0, 2.0]))
    y = np.abs(x * 1j) * 1j
    with pytest.raises(TypeError, match="complex"):
        y.backward()
    z = Variable(np.array([1j]))
    with pytest.raises(TypeError, match="complex"):
        np.sum(np.abs(z)).backward()


def test_a_failed_sweep_leaves_no_half_gradients() -> None:
    class Broken(Function):
        broken = True

        def forward(self, x: Any) -> Any:
            return x

        def backward(self, gy: Any) -> Any:
            if self.broken:
                raise ArithmeticError("not today")
            return gy

    x = leaf(2.0)
    y = Broken()(square(x)) + x * 3.0 + x * x
    with pytest.raises(ArithmeticError, match="not today"):
        y.backward()
    x.cleargrad()
    Broken.broken = False
    y.backward()
    assert x.grad == 4.0 + 3.0 + 4.0


BIG = (300, 100)


def test_gradients_are_nobody_elses_arrays() -> None:
    x, y = Variable(np.ones(BIG)), Variable(np.ones(BIG))
    z = x + y
    z.backward()
    assert not np.shares_memory(x.grad, y.grad)
    x.grad *= 5.0
    assert np.all(y.grad == 1.0)
    w = Variable(np.ones(BIG))
    np.sum(w).backward()
    w.grad += 1.0
    t = Variable(np.ones(BIG))
    t.T.backward()
    assert t.grad.base is None


def test_an_array_that_somebody_holds_is_not_written_to() -> None:
    x = Variable(np.ones(BIG))
    y = -(x * 2.0)
    seed = np.ones(BIG)
    y.grad = seed
    y.backward()
    assert np.all(seed == 1.0)
    held = x.grad
    y.backward()
    assert np.all(held == -2.0)
    assert np.all(x.grad == -4.0)
    given = np.ones(BIG)
    y.creator.backward(given)
    y.creator.backward(*[given])
    assert np.all(given == 1.0)


def test_a_function_that_keeps_its_gradient_keeps_it() -> None:
    class Keep(Function):
        def forward(self, x: Any) -> Any:
            return x * 1.0

        def backward(self, gy: Any) -> Any:
            self.gy, self.copy = gy, gy.copy()
            return gy

    x = Variable(np.ones(BIG))
    keep = Keep()
    np.sum(-keep(exp(x) * 3.0)).backward()
    np.testing.assert_array_equal(keep.gy, keep.copy)


def test_saved_values_survive_the_sweep() -> None:
    x = Variable(np.full(BIG, 0.5))
    t = np.tanh(x)
    y = np.sum(exp(t) * t + np.sqrt(exp(t)) - t / (x + 1.0) + np.maximum(t, 0.1) ** 2)
    before = {id(v): v.data.copy() for v in (x, t)}
    y.backward()
    first = x.grad.copy()
    x.cleargrad()
    y.backward()
    np.testing.assert_array_equal(first, x.grad)
    assert all(np.array_equal(v.data, before[id(v)]) for v in (x, t))


def test_backward_under_observation_gives_the_same() -> None:
    import sys

    x = Variable(np.linspace(-1, 1, 30000).reshape(BIG))
    y = np.sum(np.tanh(exp(x) * 2.0) * x)
    y.backward()
    first = x.grad.copy()
    x.cleargrad()
    seen: list[Any] = []
    sys.setprofile(lambda frame, event, arg: seen.append(frame.f_locals.get("gy")) if event == "call" else None)
    try:
        y.backward()
    finally:
        sys.setprofile(None)
    np.testing.assert_array_equal(first, x.grad)
