"""Engines whose values keep a closure, as many write them after a lecture on backpropagation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.tracing import record_variables
from ipy_autodiff.tracing.following import Follower
from tests.tracing.watched import watch

ENGINE = """
import math
class Value:
    def __init__(self, data, children=(), op=''):
        self.data, self.grad, self._prev, self._op = data, 0.0, set(children), op
        self._backward = lambda: None
    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), '+')
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out
    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), '*')
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out
    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,), 'tanh')
        def _backward():
            self.grad += (1 - t ** 2) * out.grad
        out._backward = _backward
        return out
    def backward(self):
        order, seen = [], set()
        def visit(v):
            if v not in seen:
                seen.add(v)
                for child in v._prev: visit(child)
                order.append(v)
        visit(self)
        self.grad = 1.0
        for v in reversed(order): v._backward()
"""
CELL = "a = Value(2.0); b = Value(-1.9)\nd = (a * b + a * 1.8).tanh()\nd.backward()\n"


def test_a_right_engine_is_right_and_stays_as_it_was() -> None:
    recording, _, _ = watch(ENGINE, [CELL])
    assert recording is not None
    assert [function.name for function in recording.graph.functions] == ["*", "*", "+", "tanh"]
    assert recording.swept_by == "cell"
    assert all(step.line == 2 for step in recording.steps)
    values = [node.object for node in recording.graph.variables]
    before = [(v.data, v.grad, v._backward, set(v._prev)) for v in values]
    comparison = compare(recording)
    assert comparison.ok, str(comparison)
    assert not find_blame(recording, comparison)
    assert [(v.data, v.grad, v._backward, set(v._prev)) for v in values] == before


@pytest.mark.parametrize(
    ("operator", "right", "wrong"),
    [("tanh", "(1 - t ** 2)", "(1 - t)"), ("*", "self.grad += other.data", "self.grad += self.data")],
)
def test_a_wrong_closure_is_found_where_it_is(operator: str, right: str, wrong: str) -> None:
    recording, _, _ = watch(ENGINE.replace(right, wrong), [CELL])
    assert recording is not None
    comparison = compare(recording)
    assert not comparison.ok
    assert {blame.where for blame in find_blame(recording, comparison)} == {operator}


def test_a_gradient_that_replaces_another_is_no_pass() -> None:
    recording, _, _ = watch(ENGINE.replace("self.grad += other.data", "self.grad = other.data"), [CELL])
    assert recording is not None
    assert not compare(recording).ok


def test_a_graph_that_nobody_watched_is_read_from_the_closures() -> None:
    namespace: dict[str, Any] = {}
    exec(ENGINE + CELL, namespace)
    recording = record_variables([namespace["d"]], namespace)
    assert sorted(function.name for function in recording.graph.functions) == ["*", "*", "+", "tanh"]
    assert compare(recording).ok


def test_a_moved_leaf_gives_what_a_plain_run_gives() -> None:
    recording, _, _ = watch(ENGINE, [CELL])
    assert recording is not None
    assert recording.of is not None
    leaf = next(leaf for leaf in recording.graph.leaves if leaf.name == "a")
    position = Follower(recording).at({leaf: np.array(0.3)})
    plain: dict[str, Any] = {}
    exec(ENGINE + CELL.replace("Value(2.0)", "Value(0.3)"), plain)
    assert float(position.values[recording.of]) == plain["d"].data
    assert float(position.gradients[leaf]) == plain["a"].grad


NETWORK = """
import random
random.seed(3)
def neuron(n): return [Value(random.uniform(-1, 1)) for _ in range(n)], Value(0.1)
def layer(n, m): return [neuron(n) for _ in range(m)]
layers = [layer(2, 4), layer(4, 4), layer(4, 1)]
def run(x):
    for neurons in layers:
        out = []
        for weights, bias in neurons:
            s = bias
            for w, one in zip(weights, x): s = s + w * one
            out.append(s.tanh())
        x = out
    return x[0]
"""


def test_a_network_of_37_parameters_is_judged_and_left_as_it_was() -> None:
    recording, _, _ = watch(ENGINE + NETWORK, ["x = [Value(0.5), Value(-1.0)]\ny = run(x)\ny.backward()\n"])
    assert recording is not None
    values = [node.object for node in recording.graph.variables]
    before = [(v.data, v.grad, v._backward, v._prev, set(v._prev)) for v in values]
    comparison = compare(recording)
    assert len(comparison.rows) == 39
    assert {row.verdict for row in comparison.rows} == {"pass"}
    assert [(v.data, v.grad, v._backward, v._prev, set(v._prev)) for v in values] == before
