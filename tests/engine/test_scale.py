"""Graphs of a million Functions: no recursion, linear time, nothing kept longer than needed."""

from __future__ import annotations

import gc
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.engine import Function, Variable, exp, no_grad, sin
from ipy_autodiff.engine.garbage_collection import INTERVAL

MILLION = 1_000_000


class Twice(Function):
    calls = 0

    def forward(self, x: Any) -> Any:
        return x, x

    def backward(self, g0: Any, g1: Any) -> Any:
        Twice.calls += 1
        return g0 + g1


class Same(Function):
    def forward(self, x: Any) -> Any:
        return x

    def backward(self, gy: Any) -> Any:
        return gy


@pytest.mark.parametrize(
    ("step", "length"),
    [
        (lambda y: y * 1.0, MILLION),
        (lambda y: np.absolute(y), MILLION // 10),
        (lambda y: y * 0.5 + y * 0.5, MILLION // 20),
        (lambda y: Same()(y), MILLION // 20),
        (lambda y: sum(Twice()(y)) / 2.0, MILLION // 50),
        (lambda y: np.concatenate([y.reshape(1), y.reshape(1)])[0], MILLION // 50),
    ],
    ids=["unary", "numpy", "ladder", "student", "two outputs", "arrays"],
)
def test_a_deep_graph_forward_backward_and_released(step: Callable[[Variable], Variable], length: int) -> None:
    x = Variable(np.array(2.0))
    y = x
    for _ in range(length):
        y = step(y)
    y.backward()
    assert y.data == 2.0
    assert x.grad == 1.0
    end = weakref.ref(y)
    del y
    assert end() is None


def test_a_deep_graph_is_swept_on_variables_too() -> None:
    x = Variable(np.array(0.5))
    y = x
    for _ in range(20_000):
        y = y * 1.0
    y.backward(create_graph=True)
    assert x.grad.item() == 1.0
    y.backward(retain_grad=True)
    x.cleargrad()


def test_a_ladder_of_two_to_the_thousand_paths() -> None:
    calls = 0

    class Count(Function):
        def forward(self, x: Any) -> Any:
            return x

        def backward(self, gy: Any) -> Any:
            nonlocal calls
            calls += 1
            return gy

    x = Variable(np.array(1.0))
    y = x
    for _ in range(1000):
        y = Count()(y)
        y = y + y
    y.backward()
    assert calls == 1000
    assert x.grad == 2.0**1000


def test_a_wide_graph() -> None:
    leaves = [Variable(np.array(float(i))) for i in range(20_000)]
    y: Any = sum(x * x for x in leaves)
    y.backward()
    assert all(x.grad == 2.0 * i for i, x in enumerate(leaves))


def test_graphs_are_freed_by_reference_counting_alone() -> None:
    gc.collect()
    gc.disable()
    try:
        x = Variable(np.ones((3, 3)))
        y = np.sum(np.tanh(x @ x.T + 1.0)[0] ** 2) + np.linalg.det(x + np.eye(3)) + np.stack([x, x]).sum()
        assert y.creator.output is y
        variables, functions = [], []
        pending = [y]
        while pending:
            v = pending.pop()
            variables.append(weakref.ref(v))
            if v.creator is not None:
                functions.append(type(v.creator))
                pending.extend(i for i in v.creator.inputs if isinstance(i, Variable))
        del v, pending
        y.backward()
        assert len(functions) >= 10
        held = weakref.ref(x)
        del x, y
        assert held() is None
        assert all(reference() is None for reference in variables)
    finally:
        gc.enable()


def test_gradients_in_between_are_released_as_the_sweep_passes() -> None:
    size = 1 << 20

    class Watch(Function):
        seen: list[int] = []  # noqa: RUF012

        def forward(self, x: Any) -> Any:
            return x

        def backward(self, gy: Any) -> Any:
            Watch.seen.append(tracemalloc.get_traced_memory()[0])
            return gy

    x = Variable(np.ones(size // 8))
    y = x
    for _ in range(20):
        y = Watch()(sin(y))
    y = np.sum(y)
    tracemalloc.start()
    try:
        y.backward()
    finally:
        tracemalloc.stop()
    assert max(Watch.seen) - min(Watch.seen) < 4 * size


def test_large_gradients_are_written_in_place() -> None:
    size = 1 << 21
    x = Variable(np.ones(size // 8))
    y = np.sum(-exp(-(x**2)) * 3.0)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        y.backward()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * size


def test_memory_of_a_function_is_small() -> None:
    x = Variable(np.array(1.0))
    y = x
    length = 10_000
    tracemalloc.start()
    try:
        for _ in range(length):
            y = y * 1.5e-3
        each = tracemalloc.get_traced_memory()[0] / length
    finally:
        tracemalloc.stop()
    assert each < 300


def test_under_no_grad_memory_does_not_grow() -> None:
    x = Variable(np.ones(1000))
    y = x
    tracemalloc.start()
    try:
        with no_grad():
            for _ in range(100):
                y = sin(y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * 8000


def test_the_collector_is_left_as_it_was() -> None:
    thresholds, enabled, callbacks = gc.get_threshold(), gc.isenabled(), list(gc.callbacks)
    frozen = gc.get_freeze_count()
    y = Variable(np.array(1.0))
    for _ in range(3 * INTERVAL):
        y = y * 1.0
    assert (gc.get_threshold(), gc.isenabled(), gc.callbacks) == (thresholds, enabled, callbacks)
    assert gc.get_freeze_count() <= frozen


def test_the_recursion_limit_does_not_matter() -> None:
    limit = sys.getrecursionlimit()
    y = x = Variable(np.array(1.0))
    for _ in range(3 * limit):
        y = Same()(y)
    y.backward()
    assert x.grad == 1.0
