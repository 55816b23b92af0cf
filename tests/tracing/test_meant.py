"""The graph that a reader means: the last that was swept back from, with the data that it was computed with."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.tracing import Recording, record_variables
from tests.tracing.double_backprop_engine import SOURCE
from tests.tracing.watched import watch

ENGINE = """
import numpy as np
class Variable:
    def __init__(self, data): self.data, self.grad, self.creator = data, None, None
    def backward(self):
        if self.grad is None: self.grad = np.ones_like(self.data)
        waiting = [self.creator]
        while waiting:
            f = waiting.pop()
            gxs = f.backward(f.result.grad)
            for x, gx in zip(f.args, gxs):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator is not None: waiting.append(x.creator)
    def __mul__(self, other): return Mul()(self, other)
    def __add__(self, other): return Add()(self, other)
class Function:
    def __call__(self, *args):
        self.args = [a if isinstance(a, Variable) else Variable(a) for a in args]
        self.result = Variable(np.asarray(self.forward(*[a.data for a in self.args])))
        self.result.creator = self
        return self.result
class Mul(Function):
    def forward(self, a, b): return a * b
    def backward(self, g): return g * self.args[1].data, g * self.args[0].data
class Add(Function):
    def forward(self, a, b): return a + b
    def backward(self, g): return g, g
class Layer:
    def __init__(self, w): self.w = Variable(np.array(w))
    def __call__(self, x):
        self.inputs = [x]
        return self.forward(x)
    def forward(self, x): return self.w * x
    def params(self): yield self.w
    def weight(self): return self.w
"""


def seen(cell: str, *before: str) -> tuple[Recording, dict[str, Any]]:
    recording, namespace, _ = watch(ENGINE, [*before, cell])
    assert recording is not None
    return recording, namespace


def right(recording: Recording) -> None:
    comparison = compare(recording)
    assert comparison.ok, str(comparison)
    assert not find_blame(recording, comparison)


def test_being_shown_changes_no_gradient_whatever_the_inputs_are_called() -> None:
    recording, namespace = seen("x = Variable(np.array(3.0))\ny = x * x")
    right(recording)
    assert namespace["x"].grad is None
    assert namespace["y"].grad is None


def test_a_layer_is_no_function_and_its_parameters_are_leaves() -> None:
    cell = "x = Variable(np.array(2.0)); l = Layer(3.0)\ny = l(x); y.backward()\n"
    cell += "for p in l.params(): p.data = p.data - 0.1 * p.grad\nl.weight()"
    recording, _ = seen(cell)
    assert [function.name for function in recording.graph.functions] == ["Mul"]
    assert {node.role for node in recording.graph.functions[0].inputs} == {"leaf"}
    right(recording)


def test_a_prediction_after_the_backward_pass_is_left_out_and_named() -> None:
    cell = (
        "x = Variable(np.array(2.0)); w = Variable(np.array(3.0))\nloss = w * x\nloss.backward()\nw.data = w.data - 1.0"
    )
    recording, _ = seen(cell + "\ny_pred = w * x")
    assert recording.of is not None
    assert recording.of.name == "loss"
    assert recording.left_out == ("y_pred",)
    assert [f.blanks["variables"] for f in recording.findings if f.code == "changed-since"] == ["w"]
    right(recording)


def test_a_root_that_nobody_keeps_is_shown() -> None:
    recording, _ = seen("x = Variable(np.array(2.0))\n(x * x).backward()\nz = x + x")
    assert [function.name for function in recording.graph.functions] == ["Mul"]
    assert recording.swept_by == "cell"


def test_an_array_that_is_used_twice_cuts_no_graph() -> None:
    cell = (
        "w = Variable(np.array(2.0)); v = Variable(np.array(3.0))\na = np.array(5.0)\ny = w * a + v * a\ny.backward()"
    )
    recording, _ = seen(cell)
    assert not [finding for finding in recording.findings if finding.mistake]
    right(recording)


def test_a_state_that_is_detached_between_backward_passes_is_no_mistake() -> None:
    cell = "class S: pass\ns = S(); s.h = Variable(np.array(1.0)); w = Variable(np.array(2.0))\n"
    cell += "for _ in range(2):\n    w.grad = None\n    s.h = w * s.h\n    s.h.backward()\n    s.h = Variable(s.h.data)"
    recording, _ = seen(cell)
    assert not [finding for finding in recording.findings if finding.mistake]


def test_a_graph_whose_leaves_were_updated_later_blames_no_function() -> None:
    namespace: dict[str, Any] = {}
    exec(ENGINE, namespace)
    exec("w = Variable(np.array(2.0))\ny = w * w\ny.backward()\nw.data = w.data - 0.1 * w.grad", namespace)
    recording = record_variables([namespace["y"]], namespace)
    assert [f.blanks["variables"] for f in recording.findings if f.code == "changed-unseen"] == ["w"]
    assert not find_blame(recording, compare(recording))
    np.testing.assert_allclose(namespace["w"].grad, 4.0)


def test_none_for_no_bias_is_no_leaf_to_check() -> None:
    source = (
        ENGINE
        + "\nclass Affine(Function):\n    def forward(self, x, b): return x * 2.0 if b is None else x * 2.0 + b\n"
    )
    source += "    def backward(self, g): return g * 2.0, None\n"
    source = source.replace(
        "for x, gx in zip(f.args, gxs):", "for x, gx in zip(f.args, gxs):\n                if gx is None: continue"
    )
    recording, _, _ = watch(source, ["x = Variable(np.array(1.5))\ny = Affine()(x, None)\ny.backward()"])
    assert recording is not None
    assert [leaf.name for leaf in recording.wrt] == ["x"]
    assert not [finding for finding in recording.findings if finding.code == "data-is-no-array"]


UNCHAINED = (
    ENGINE
    + """
def unchain_backward(self):
    waiting = [self.creator]
    while waiting:
        f = waiting.pop()
        for x in f.args:
            if x.creator is not None:
                waiting.append(x.creator)
                x.creator = None
Variable.unchain_backward = unchain_backward
"""
)


def test_a_graph_that_is_unchained_after_its_backward_pass_is_shown_as_it_was() -> None:
    cell = "w = Variable(np.array(2.0)); h = Variable(np.array(1.0)); c = Variable(np.array(0.0))\n"
    cell += "for i in range(4):\n    h = w * h\n    if i % 2:\n        w.grad = c.grad = None\n"
    cell += "        loss = h + c\n        loss.backward()\n        loss.unchain_backward()"
    recording, _, _ = watch(UNCHAINED, [cell])
    assert recording is not None
    assert recording.of is not None
    assert (recording.of.name, recording.swept_by) == ("loss", "cell")
    assert [function.name for function in recording.graph.functions] == ["Mul", "Mul", "Add"]
    right(recording)


def test_a_method_that_only_has_backward_in_its_name_is_no_backward_pass() -> None:
    recording, _, _ = watch(UNCHAINED, ["x = Variable(np.array(2.0))\ny = x * x\nz = y * x\ny.unchain_backward()"])
    assert recording is not None
    assert recording.of is not None
    assert (recording.of.name, recording.swept_by, recording.begun) == ("z", "replay", False)


def test_a_pass_from_a_result_is_known_after_many_passes_from_its_gradients() -> None:
    cell = "x = Variable(np.array(2.0))\ny = x * x * x * x * x\ny.backward(create_graph=True)\n"
    cell += "for _ in range(3):\n    gx = x.grad\n    x.cleargrad()\n    gx.backward(create_graph=True)\n"
    recording, _, _ = watch(SOURCE, [cell + "gx = x.grad"])
    assert recording is not None
    assert recording.of is not None
    assert (recording.of.name, recording.swept_by, recording.left_out) == ("y", "cell", ())


def test_gradients_are_not_said_to_be_left_out_but_a_later_result_is() -> None:
    cell = "x = Variable(np.array(2.0))\nunused = Variable(np.array(1.0))\ny = x * x\ny.backward()\n"
    recording, _ = seen(cell + "gx = x.grad\nlast = [x + x for _ in range(2)]\nz = x + x")
    assert recording.left_out == ("last[0]", "last[1]", "z", "unused")


def test_a_pass_that_an_error_or_ctrl_c_ends_was_begun() -> None:
    recording, _ = seen("x = Variable(np.array(2.0))\ny = x * x\nz = y * y")
    assert (recording.swept_by, recording.begun) == ("replay", False)
    broken = "class Fails(Function):\n    def forward(self, a): return a\n    def backward(self, g): raise ValueError\n"
    recording, _ = seen(
        broken + "x = Variable(np.array(2.0))\ny = Fails()(x * x)\ntry: y.backward()\nexcept ValueError: pass"
    )
    assert recording.begun
