"""Right code is not blamed: labels, missing biases, constants, detached states, whatever the engine hands back."""

from __future__ import annotations

import pytest

from tests.gradcheck.test_standing import KEEPS
from tests.gradcheck.watching import watched

CLASSIFIERS = {
    "an index": "x[np.arange(len(t)), t]",
    "a table": "(x * np.eye(x.shape[1])[t]).sum(axis=1)",
    "a comparison": "(x * (t[:, None] == np.arange(x.shape[1]))).sum(axis=1)",
    "a cast": "x[np.arange(len(t)), t.astype(int)]",
}
SPREAD = "g = np.zeros_like(x); g[np.arange(len(t)), t.astype(int)] = gy"
LABELS = """
class Picked(Function):
    def forward(self, x, t): return {picked}
    def backward(self, gy):
        x, t = (v.data for v in self.inputs)
        {spread}
        return {returned}
"""
CELL = """
x, t = Variable([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]]), Variable([0, 2])
{prepare}
y = Picked()(Square()(x), t)
y.backward()
"""


@pytest.mark.parametrize("returned", ["g", "(g,)", "g, None"])
@pytest.mark.parametrize("picked", CLASSIFIERS.values(), ids=CLASSIFIERS.keys())
def test_labels_need_no_gradient(picked: str, returned: str) -> None:
    seen = watched(
        KEEPS + LABELS.format(picked=picked, spread=SPREAD, returned=returned),
        CELL.format(prepare="t.data = t.data.astype(int)"),
        of="y",
    )
    assert seen.blame == ()
    assert seen.verdicts == {"x": "pass"}
    assert seen.comparison.ok
    assert [remark.identifier for remark in seen.comparison.remarks] == ["check.labels"]


@pytest.mark.parametrize("prepare", ["a.data = a.data.astype(int)", "pass"], ids=["integers", "floats"])
def test_a_number_needs_its_gradient_although_it_is_an_integer(prepare: str) -> None:
    half = "class Half(Function):\n    def forward(self, a, b): return a * b\n    def backward(self, gy): return gy * "
    half += "self.inputs[1].data\n"
    cell = f"b, a = Variable(3.0), Variable(2.0)\n{prepare}\ny = Half()(b, a)\ny.backward()"
    seen = watched(KEEPS + half, cell, of="y")
    assert [(blame.where, blame.code) for blame in seen.blame] == [("Half", "gradient-count")]


OPTIONAL = """
class Linear(Function):
    def forward(self, x, w, b):
        return x @ w if b is None else x @ w + b
    def backward(self, gy):
        x, w, b = (v.data for v in self.inputs)
        return gy @ w.T, x.T @ gy, None if b is None else gy.sum(axis=0)

class Nothing(Variable):
    def __init__(self):
        self.data = self.grad = self.creator = None
"""


CELLS = {
    "no bias": """
x, w = Variable(np.ones((2, 3))), Variable(np.ones((3, 2)))
y = Square()(Linear()(x, w, Nothing()))
y.backward()
""",
    "a constant": """
x, k = Variable(2.0), Variable(3.0)
y = Mul()(Mul()(k, x), Variable(5.0))
y.backward()
""",
    "one array twice": """
a = np.array(5.0)
x, w = Variable(2.0), Variable(3.0)
y = Mul()(Mul()(x, Variable(a)), Mul()(w, Variable(a)))
y.backward()
""",
    "detached": """
x = Variable(2.0)
h = Square()(x)
h = Variable(h.data)
y = Mul()(h, x)
y.backward()
""",
    "by hand": """
x = Variable(2.0)
h = Square()(x)
y = Exp()(h)
y.grad = np.array(1.0)
h.grad = y.creator.backward(y.grad)
x.grad = h.creator.backward(h.grad)
""",
    "by hand, the other way round": """
x = Variable(2.0)
a = Square()(x)
b = Exp()(x)
y = Mul()(a, b)
y.grad = np.array(1.0)
a.grad, b.grad = y.creator.backward(y.grad)
x.grad = b.creator.backward(b.grad)
x.grad = x.grad + a.creator.backward(a.grad)
""",
}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
def test_right_code_is_not_blamed(cell: str) -> None:
    seen = watched(KEEPS + OPTIONAL, cell, of="y")
    assert seen.blame == ()
    assert "fail" not in seen.verdicts.values()
    assert seen.comparison.ok
