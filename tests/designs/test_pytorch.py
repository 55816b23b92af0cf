"""PyTorch's tensors and custom Functions: read where the cell has PyTorch, and left as they are."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.check_gradients import check_gradients
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.tracing import CallLog, Recorder, record_cell
from ipy_autodiff.tracing.following import Follower
from ipy_autodiff.tracing.watching.tensor_calls import TensorCalls
from tests.designs.torch_table import lines
from tests.tracing.watched import run_cell, watch

torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None
pytestmark = pytest.mark.torch

FUNCTIONS = """
import torch
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 2
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return 2 * x * g
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, power):
        ctx.save_for_backward(x, w)
        ctx.power = power
        return x * w ** power
    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g * w ** ctx.power, (g * x * ctx.power * w ** (ctx.power - 1)).sum(), None
"""
CELL = """
x = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
w = torch.tensor(3.0, requires_grad=True)
y = (Scale.apply(Square.apply(x), w, 2) + torch.sin(x)).sum()
y.backward()
"""
MODEL = """
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
x, t = torch.randn(5, 3), torch.tensor([0, 1, 1, 0, 1])
loss = torch.nn.functional.cross_entropy(model(x), t)
loss.backward()
"""


@pytest.mark.parametrize("import_in_cell", [False, True])
def test_right_functions_are_clean(import_in_cell: bool) -> None:
    source, cells = (FUNCTIONS, [CELL]) if not import_in_cell else ("", [FUNCTIONS + CELL])
    recording, _, _ = watch(source, cells)
    assert recording is not None
    assert [function.name for function in recording.graph.functions] == ["Square", "Scale", "sin", "+", "sum"]
    assert [leaf.name for leaf in recording.graph.leaves] == ["x", "w"]
    comparison = compare(recording)
    assert [row.verdict for row in comparison.rows] == ["pass", "pass"], str(comparison)
    assert comparison.ok
    assert find_blame(recording, comparison) == ()
    square = next(step for step in recording.steps if step.function.name == "Square")
    assert square.backward_lines is not None
    assert square.line is not None
    assert all(step.backward_lines is None for step in recording.steps if step.function.name in ("sin", "+", "sum"))


@pytest.mark.parametrize(
    ("right", "wrong", "where"),
    [
        ("return 2 * x * g", "return x * g", "Square"),
        ("return 2 * x * g", "return 2 * x", "Square"),
        ("return 2 * x * g", "return 2 * x * g + 1", "Square"),
        ("g * w ** ctx.power, ", "g * w * ctx.power, ", "Scale"),
        ("w ** (ctx.power - 1)", "w ** ctx.power", "Scale"),
        (".sum(), None", ".mean(), None", "Scale"),
    ],
)
def test_a_wrong_backward_is_placed(right: str, wrong: str, where: str) -> None:
    assert right in FUNCTIONS
    recording, _, _ = watch(FUNCTIONS.replace(right, wrong), [CELL])
    assert recording is not None
    comparison = compare(recording)
    assert not comparison.ok
    assert {blame.where for blame in find_blame(recording, comparison)} == {where}


def test_a_module_has_its_parameters_names() -> None:
    recording, _, _ = watch("import torch", [MODEL])
    assert recording is not None
    names = [leaf.name for leaf in recording.graph.leaves]
    assert names == ["model[0].weight", "model[0].bias", "model[2].weight", "model[2].bias"]
    assert [function.name for function in recording.graph.functions] == ["linear", "tanh", "linear", "cross_entropy"]
    assert compare(recording).ok


def test_looking_changes_nothing() -> None:
    recording, namespace, _ = watch("import torch", [MODEL])
    assert recording is not None
    parameters = list(namespace["model"].parameters())
    before = [(p.detach().clone(), p.grad.clone(), p._version, id(p.grad)) for p in parameters]
    state = torch.get_rng_state()
    comparison = compare(recording)
    find_blame(recording, comparison)
    Follower(recording).at({recording.graph.leaves[1]: np.zeros(4)})
    for parameter, (data, gradient, version, key) in zip(parameters, before, strict=True):
        assert torch.equal(parameter.detach(), data)
        assert torch.equal(parameter.grad, gradient)
        assert (parameter._version, id(parameter.grad)) == (version, key)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_gradient_that_was_not_cleared_is_no_pass() -> None:
    recording, _, _ = watch(FUNCTIONS, [CELL + CELL.splitlines()[-2] + "\ny.backward()\n"])
    assert recording is not None
    assert not compare(recording).ok


def test_a_slider_gives_what_a_plain_run_gives() -> None:
    recording, _, _ = watch(FUNCTIONS, [CELL])
    assert recording is not None
    assert recording.of is not None
    leaf = recording.graph.leaves[1]
    position = Follower(recording).at({leaf: np.array(1.5, np.float32)})
    plain: dict[str, Any] = {}
    exec(FUNCTIONS + CELL.replace("3.0", "1.5"), plain)
    np.testing.assert_allclose(position.values[recording.of], plain["y"].item(), rtol=1e-6)
    np.testing.assert_allclose(position.gradients[leaf], plain["w"].grad.item(), rtol=1e-6)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("x = torch.ones(2, requires_grad=True)\nwith torch.no_grad():\n    y = x * 2", "no_grad"),
        ("x = torch.ones(2, requires_grad=True)\ny = (x * 2).detach()", "detached"),
        ("x = torch.ones(2, requires_grad=True, device='meta')\ny = x * 2", "meta"),
        ("x = torch.ones(2, requires_grad=True, dtype=torch.complex64)\ny = x * 2", "complex64"),
    ],
)
def test_what_is_not_read_is_said(cell: str, said: str) -> None:
    namespace: dict[str, Any] = {"torch": torch}
    recorder = Recorder(CallLog(), "<cell>", cell)
    run_cell(cell, recorder, namespace)
    record_cell(recorder, namespace, cell)
    assert said in " ".join(map(str, recorder.tensors.remarks))


def test_an_operation_in_place_is_one_of_the_graph() -> None:
    cell = "x = torch.tensor([1.0, 2.0], requires_grad=True)\ny = x * 3\ny += x\ny[0] = x[1] * x[0]\ny.sum().backward()"
    recording, _, _ = watch("import torch", [cell])
    assert recording is not None
    comparison = compare(recording)
    assert comparison.ok, str(comparison)
    np.testing.assert_array_equal(recording.graph.leaves[0].grad, [2.0, 5.0])


def test_random_masks_are_drawn_again_alike() -> None:
    cell = """
torch.manual_seed(1)
x = torch.ones(6, dtype=torch.float64, requires_grad=True)
y = torch.nn.functional.dropout(x * 2, 0.5).sum()
y.backward()
"""
    recording, _, _ = watch("import torch", [cell])
    assert recording is not None
    assert all(row.verdict != "fail" for row in compare(recording).rows)


@pytest.mark.parametrize(("right", "wrong", "ok"), [("", "", True), ("return 2 * x * g", "return x * g", False)])
def test_check_gradients_calls_the_custom_backward(right: str, wrong: str, ok: bool) -> None:
    names: dict[str, Any] = {}
    exec(FUNCTIONS.replace(right, wrong) if right else FUNCTIONS, names)
    square = names["Square"]
    compared = check_gradients(lambda x: square.apply(x).sum(), np.array([1.0, -2.0]))
    assert compared.ok is ok
    assert "torch.Tensor" in str(compared)


def test_check_gradients_sees_what_is_detached() -> None:
    x = torch.tensor([1.0, -2.0], dtype=torch.float64)
    compared = check_gradients(lambda x, y: (x * y.detach()).sum(), x, x)
    assert [row.verdict for row in compared.rows] == ["pass", "fail"]
    assert x.grad is None


def test_beside_gradcheck() -> None:
    found = {line.case: (line.gradcheck, line.ours) for line in lines()}
    assert found.pop("right") == (True, True)
    # What both call right differs by less than can be told from an inexact iteration.
    assert found.pop("a part in 100,000,000") == (True, True)
    assert {case for case, (theirs, _) in found.items() if theirs} <= {"not proportional to gy", "a part in 10,000"}
    assert not any(ours for _, ours in found.values())


@pytest.mark.parametrize("step", ["_begin", "_note", "_value_of"])
def test_what_goes_wrong_with_noting_leaves_the_cell_alone(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError(step)

    monkeypatch.setattr(TensorCalls, step, fails)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    source = (
        "import torch\nx = torch.tensor([1.0, -2.0], requires_grad=True)\ny = (torch.sin(x) * x).sum()\ny.backward()"
    )
    recorder = Recorder(CallLog(), "<cell>", source)
    run_cell(source, recorder, namespace)
    expected = torch.cos(torch.tensor([1.0, -2.0])) * torch.tensor([1.0, -2.0]) + torch.sin(torch.tensor([1.0, -2.0]))
    assert torch.allclose(namespace["x"].grad, expected)
    assert str(recorder.fault) == step
