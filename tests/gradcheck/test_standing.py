from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ipy_autodiff as ad
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import CallLog, Recorder, record_variables
from tests.gradcheck.watching import watched

KEEPS = """
import numpy as np

class Variable:
    def __init__(self, data):
        self.data, self.grad, self.creator = np.asarray(data, dtype=float), None, None

    def cleargrad(self):
        self.grad = None

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        pending = [self.creator]
        while pending:
            f = pending.pop()
            gxs = f.backward(*[y.grad for y in f.outputs])
            for x, gx in zip(f.inputs, gxs if isinstance(gxs, tuple) else (gxs,)):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator is not None:
                    pending.append(x.creator)

class Function:
    def __call__(self, *xs):
        y = Variable(self.forward(*[x.data for x in xs]))
        self.inputs, self.outputs, y.creator = xs, [y], self
        return y

class Square(Function):
    def forward(self, x): return x ** 2
    def backward(self, gy): return 2 * self.inputs[0].data * gy

class Exp(Function):
    def forward(self, x): return np.exp(x)
    def backward(self, gy): return gy * self.outputs[0].data

class Mul(Function):
    def forward(self, a, b): return a * b
    def backward(self, gy): a, b = self.inputs; return gy * b.data, gy * a.data
"""


def trace_after(source: str, of: str = "y", log: CallLog | None = None) -> Trace:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(KEEPS + source, names)
    return Trace(record_variables([names[of]], names, log))


@pytest.mark.parametrize(
    ("source", "kind", "verdict", "code"),
    [
        ("x = Variable([.5, 1.]); y = Exp()(Square()(x)); y.backward(); y.backward()",
         "passes", "fail", "old-gradient-added"),
        ("x = Variable(3.); y = Square()(x)\nfor _ in range(3): y.cleargrad(); y.backward()",
         "passes", "fail", "old-gradient-added"),
        ("x = Variable([.5, 1.]); y = Exp()(x); y.grad = y.data.copy(); y.backward()",
         "value", "fail", "seed-is-the-value"),
        ("x = Variable(3.); y = Square()(x); z = Exp()(x); z.backward()", "other", "inconclusive", None),
        ("x = Variable(3.); y = Square()(x); z = Exp()(y); z.backward()", "other", "inconclusive", None),
        ("x = Variable(3.); y = Square()(x); y.backward(); x.cleargrad(); Exp()(x).backward()",
         "unknown", "inconclusive", None),
        ("x = Variable(3.); y = Square()(x); y.backward(); x.grad = np.array(123.)", "unknown", "inconclusive", None),
        ("x = Variable(3.); y = Square()(x); y.backward(); x.grad = x.grad * 0.1", "unknown", "inconclusive", None),
        ("x = Variable(3.); y = Square()(x); y.backward(); x.data = x.data - .1 * x.grad",
         "before-change", "inconclusive", None),
    ],
)  # fmt: skip
def test_a_gradient_that_is_not_one_passs(source: str, kind: str, verdict: str, code: str | None) -> None:
    trace = trace_after(source)
    (row,) = trace.comparison.rows
    assert row.verdict == verdict
    assert row.reason is not None
    assert row.reason.identifier == f"check.standing-{kind}"
    assert row.backprop is not None
    np.testing.assert_array_equal(row.backprop, row.variable.grad)
    assert [blame.code for blame in trace.blame] == ([] if code is None else [code])
    assert not trace.comparison.ok


@pytest.mark.parametrize(
    "source",
    [
        "x = Variable([.5, 1.]); y = Exp()(Square()(x)); y.backward()",
        "x = Variable([.5, 1.]); y = Exp()(Square()(x))",
        "x = Variable(3.); y = Square()(x); y.backward(); x.cleargrad()",
        "x = Variable(3.)\nfor _ in range(3): x.cleargrad(); y = Square()(x); y.backward()",
    ],
)
def test_a_gradient_that_is_one_passs(source: str) -> None:
    trace = trace_after(source)
    assert trace.comparison.ok
    assert trace.blame == ()


def test_an_engine_that_clears_what_it_begins_with_leaves_open_whose_pass_it_was() -> None:
    x = ad.Variable(np.array(3.0))
    y = x * x
    y.backward()
    y.backward()
    (row,) = ad.trace(y).comparison.rows
    assert (row.verdict, float(row.backprop), float(row.numerical)) == ("inconclusive", 12.0, 6.0)
    assert row.reason is not None
    assert row.reason.identifier == "check.standing-perhaps-passes"


def test_a_pass_that_was_watched_is_known() -> None:
    log = CallLog()
    x = ad.Variable(np.array(3.0))
    with Recorder(log):
        y = x * x
        y.backward()
    y.backward()
    trace = Trace(record_variables([y], {"x": x, "y": y}, log))
    assert [row.verdict for row in trace.comparison.rows] == ["fail"]
    assert [blame.code for blame in trace.blame] == ["old-gradient-added"]


LOOP = """
x, t = Variable([1.0, 2.0]), Variable([3.0, 5.0])
w = Variable([0.5, 0.4])
for i in range(4):
    {clear}
    y = Square()(Mul()(w, Mul()(x, t)))
    y.backward()
    {update}
"""


def test_data_that_nobody_clears_while_parameters_are_cleared_is_right() -> None:
    seen = watched(KEEPS, LOOP.format(clear="w.cleargrad()", update="w.data = w.data - .01 * w.grad"), of="y")
    assert seen.blame == ()
    assert seen.verdicts == {"w": "pass", "x": "inconclusive", "t": "inconclusive"}
    reasons = {row.name: row.reason for row in seen.comparison.rows}
    assert reasons["x"] is not None
    assert reasons["x"].identifier == "check.standing-not-cleared"
    assert seen.comparison.ok


@pytest.mark.parametrize(
    ("clear", "update"),
    [
        ("pass", "w.data = w.data - .01 * w.grad"),
        ("x.cleargrad(); t.cleargrad()", "w.data = w.data - .01 * w.grad"),
        ("w.cleargrad()", "pass"),
        ("w.cleargrad()", "w.data = w.data - .01 * w.grad; x.data = x.data - .01 * x.grad"),
    ],
)
def test_a_forgotten_parameter_is_blamed(clear: str, update: str) -> None:
    seen = watched(KEEPS, LOOP.format(clear=clear, update=update), of="y")
    assert "old-gradient-added" in seen.codes
    assert "fail" in seen.verdicts.values()
