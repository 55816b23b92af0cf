"""Layers and pairs of functions over bare arrays: read as they are, right ones clean, wrong ones placed."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.check_gradients import check_gradients
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.tracing.following import Follower
from tests.designs.layers_engines import BOOK, BOOK_CELL, ENGINES, MISTAKES, PAIRS
from tests.tracing.watched import watch


@pytest.mark.parametrize("name", ENGINES)
def test_a_right_engine_is_read_and_is_clean(name: str) -> None:
    source, cell, functions = ENGINES[name]
    recording, _, _ = watch(source, [cell])
    assert recording is not None
    assert " ".join(function.name for function in recording.graph.functions) == functions
    assert recording.swept_by == "cell"
    assert len(recording.steps) == len(recording.graph.functions)
    comparison = compare(recording)
    assert [row.verdict for row in comparison.rows] == ["pass"] * len(comparison.rows), str(comparison)
    assert comparison.ok
    assert find_blame(recording, comparison) == ()


@pytest.mark.parametrize(("name", "right", "wrong", "where"), MISTAKES)
def test_a_mistake_is_placed(name: str, right: str, wrong: str, where: str) -> None:
    source, cell, _ = ENGINES[name]
    assert right in source
    recording, _, _ = watch(source.replace(right, wrong), [cell])
    assert recording is not None
    comparison = compare(recording)
    assert not comparison.ok, str(comparison)
    assert where in {blame.where for blame in find_blame(recording, comparison)}


def test_names_and_lines_are_the_readers() -> None:
    recording, _, _ = watch(BOOK, [BOOK_CELL])
    assert recording is not None
    names = [leaf.name for leaf in recording.graph.leaves]
    assert names == ["x", "net.params['W1']", "net.params['b1']", "net.params['W2']", "net.params['b2']"]
    assert recording.of is not None
    assert recording.of.name == "loss"
    lines = BOOK.splitlines()
    relu = next(step for step in recording.steps if step.function.name == "Relu")
    assert relu.backward_lines is not None
    assert "def backward" in lines[relu.backward_lines[1] - 1]
    assert lines[relu.backward_lines[2] - 1].strip() == "return dout"


def test_looking_changes_nothing() -> None:
    recording, namespace, _ = watch(BOOK, [BOOK_CELL])
    assert recording is not None
    before = copy.deepcopy({name: vars(layer) for name, layer in namespace["net"].layers.items()})
    np.random.seed(5)  # noqa: NPY002 - the notebook's own
    compare(recording)
    follower = Follower(recording)
    follower.at({recording.graph.leaves[0]: np.zeros((3, 3))})
    drawn = np.random.rand()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    assert drawn == np.random.rand()  # noqa: NPY002
    for name, layer in namespace["net"].layers.items():
        for attribute, value in vars(layer).items():
            np.testing.assert_array_equal(value, before[name][attribute])


def test_a_moved_leaf_gives_what_a_plain_run_gives() -> None:
    recording, _, _ = watch(BOOK, [BOOK_CELL])
    assert recording is not None
    assert recording.of is not None
    leaf = recording.graph.leaves[0]
    moved = np.random.default_rng(3).normal(size=(3, 3))
    position = Follower(recording).at({leaf: moved})
    plain: dict[str, Any] = {"moved": moved}
    exec(BOOK + BOOK_CELL.replace("net.gradient(x, t)", "net.gradient(moved, t)"), plain)
    assert float(position.values[recording.of]) == plain["loss"]
    by_name = {node.name: gradient for node, gradient in position.gradients.items()}
    np.testing.assert_array_equal(by_name["net.params['W1']"], plain["net"].layers["Affine1"].dW)


def test_a_pass_that_begins_with_weights_is_of_the_weighted_sum() -> None:
    cell = """
rng = np.random.default_rng(0)
x, w, b, dout = (rng.normal(size=shape) for shape in ((4, 3), (3, 5), 5, (4, 5)))
for _ in range(5):
    affine_forward(x + 1, w, b)
out, cache = affine_forward(x, w, b)
dx, dw, db = affine_backward(dout, cache)
"""
    recording, _, _ = watch(PAIRS, [cell])
    assert recording is not None
    assert [function.name for function in recording.graph.functions] == ["affine", "Σ gy·out"]
    assert compare(recording).ok


def test_a_pass_in_a_later_cell_is_seen() -> None:
    forward = BOOK_CELL.replace("net.gradient(x, t)", "net.loss(x, t)")
    backward = """
dout = net.last.backward(1)
for layer in reversed(list(net.layers.values())):
    dout = layer.backward(dout)
"""
    recording, _, _ = watch(BOOK, [forward, backward])
    assert recording is not None
    assert recording.swept_by == "cell"
    assert compare(recording).ok


def test_without_a_backward_call_the_layers_are_swept_on_copies() -> None:
    recording, namespace, _ = watch(BOOK, [BOOK_CELL.replace("net.gradient(x, t)", "net.loss(x, t)")])
    assert recording is not None
    assert recording.swept_by == "replay"
    assert namespace["net"].layers["Affine1"].dW is None
    assert compare(recording).ok


def test_memory_does_not_grow_with_a_loop() -> None:
    _, namespace, _ = watch(BOOK, [BOOK_CELL + "for _ in range(50): net.gradient(x.copy(), t)\n"])
    assert len(namespace["net"].params) == 4


@pytest.mark.parametrize(("right", "wrong", "ok"), [("", "", True), ("(cache > 0)", "(cache < 0)", False)])
def test_check_gradients_of_functions_over_arrays(right: str, wrong: str, ok: bool) -> None:
    names: dict[str, Any] = {}
    exec(PAIRS.replace(right, wrong) if right else PAIRS, names)
    both = names["affine_relu_forward"]
    rng = np.random.default_rng(0)
    x, w, b = (rng.normal(size=shape) for shape in ((4, 3), (3, 2), 2))
    compared = check_gradients(lambda x, w, b: both(x, w, b)[0], x, w, b)
    assert compared.ok is ok
    assert ("relu.backward" in str(compared)) is not ok
