"""Mistakes planted in an engine that is spelled unlike the book's, one for each code that ``blame`` knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ENGINE = """\
import numpy as np

class Tensor:
    def __init__(self, data):
        self.data = np.asarray(data)
        self.grad, self.creator, self.level = None, None, 0

    def zero_grad(self):
        self.grad = None

    def backward(self):
        self.grad = np.ones_like(self.data, dtype=float)
        waiting, met = [self.creator], {self.creator}
        while waiting:
            waiting.sort(key=lambda op: op.level)
            op = waiting.pop()
            answers = op.backward(*[out.grad for out in op.outputs_])
            if not isinstance(answers, (tuple, list)):
                answers = [answers]
            for tensor, answer in zip(op.inputs_, answers):
                if tensor.grad is None:
                    tensor.grad = answer
                else:
                    tensor.grad = tensor.grad + answer
                if tensor.creator and tensor.creator not in met:
                    met.add(tensor.creator)
                    waiting.append(tensor.creator)

class Op:
    def __call__(self, *tensors):
        self.inputs_ = tensors
        results = self.forward(*[t.data for t in tensors])
        if not isinstance(results, tuple):
            results = (results,)
        self.level = max(t.level for t in tensors)
        self.outputs_ = []
        for result in results:
            out = Tensor(result)
            out.creator, out.level = self, self.level + 1
            self.outputs_.append(out)
        return self.outputs_[0] if len(results) == 1 else tuple(self.outputs_)

    @property
    def a(self):
        return self.inputs_[0].data

    @property
    def b(self):
        return self.inputs_[1].data

    @property
    def out(self):
        return self.outputs_[0].data

class Times(Op):
    def forward(self, a, b):
        return a * b
    def backward(self, dy):
        return dy * self.b, dy * self.a

class Plus(Op):
    def forward(self, a, b):
        return a + b
    def backward(self, dy):
        return dy, dy

class Over(Op):
    def forward(self, a, b):
        return a / b
    def backward(self, dy):
        return dy / self.b, -dy * self.a / self.b ** 2

class Sine(Op):
    def forward(self, a):
        return np.sin(a)
    def backward(self, dy):
        return dy * np.cos(self.a)

class Cosine(Op):
    def forward(self, a):
        return np.cos(a)
    def backward(self, dy):
        return -dy * np.sin(self.a)

class Ln(Op):
    def forward(self, a):
        return np.log(a)
    def backward(self, dy):
        return dy / self.a

class Power(Op):
    def forward(self, a):
        return a ** 4
    def backward(self, dy):
        return 4 * a_cubed(self.a) * dy

def a_cubed(a):
    return a ** 3

class Logistic(Op):
    def forward(self, a):
        return 1 / (1 + np.exp(-a))
    def backward(self, dy):
        return dy * self.out * (1 - self.out)

class HyperbolicTangent(Op):
    def forward(self, a):
        return np.tanh(a)
    def backward(self, dy):
        return dy * (1 - self.out ** 2)

class Leaky(Op):
    def forward(self, a):
        self.slope = np.where(a > 0, 1.0, 0.1)
        return a * self.slope
    def backward(self, dy):
        return dy * self.slope

class Total(Op):
    def forward(self, a):
        return a.sum()
    def backward(self, dy):
        return dy * np.ones(self.a.shape)

class RowMeans(Op):
    def forward(self, a):
        return a.mean(axis=1)
    def backward(self, dy):
        return np.repeat(dy[:, None], self.a.shape[1], axis=1) / self.a.shape[1]

class Product(Op):
    def forward(self, a, b):
        return a @ b
    def backward(self, dy):
        return dy @ self.b.T, self.a.T @ dy

class AddBias(Op):
    def forward(self, a, b):
        return a + b
    def backward(self, dy):
        return dy, dy.sum(axis=0)

class Pick(Op):
    def __init__(self, places):
        self.places = places
    def forward(self, a):
        return a[self.places]
    def backward(self, dy):
        answer = np.zeros(self.a.shape)
        np.add.at(answer, self.places, dy)
        return answer

class SoftMax(Op):
    def forward(self, a):
        e = np.exp(a)
        return e / e.sum()
    def backward(self, dy):
        return self.out * (dy - (dy * self.out).sum())

class Halves(Op):
    def forward(self, a):
        return a[:2], a[2:]
    def backward(self, dy, dz):
        return np.concatenate([dy, dz])
"""


@dataclass(frozen=True)
class Planted:
    name: str
    code: str
    where: str
    cell: str
    edits: Mapping[str, str]

    @property
    def source(self) -> str:
        source = ENGINE
        for old, new in self.edits.items():
            assert source.count(old) == 1, f"{self.name}: {old!r}"
            source = source.replace(old, new)
        return source


def planted(code: str, where: str, cell: str, edits: Mapping[str, str], name: str = "") -> Planted:
    return Planted(name or code, code, where, cell, edits)


_ONE = "x = Tensor([0.7, -1.3, 2.1])\ny = Total()({op}()(x))\ny.backward()\n"
_POSITIVE = "x = Tensor([0.7, 1.3, 2.1])\ny = Total()({op}()(x))\ny.backward()\n"
_TWO = "u = Tensor([0.7, -1.3])\nv = Tensor([2.0, 0.5])\ny = Total()(Times()({op}()(u, v), v))\ny.backward()\n"
_MATRIX = "x = Tensor(np.arange(6.0).reshape(2, 3) - 2.2)\n"
_SQUARE = "x = Tensor([[1.0, 2.0], [3.0, -1.0]])\n"
_TWICE = "x = Tensor(1.5)\nt = Times()(x, x)\ny = Plus()(Times()(t, t), t)\ny.backward()\n"


def op(template: str, name: str) -> str:
    return template.format(op=name)


PLANTED = (
    planted("missing-gy", "Cosine", op(_ONE, "Cosine"), {"return -dy * np.sin(self.a)": "return -np.sin(self.a)"}),
    planted("local-derivative-missing", "Ln", op(_POSITIVE, "Ln"), {"return dy / self.a\n": "return dy\n"}),
    planted("gy-twice", "Sine", op(_ONE, "Sine"), {"dy * np.cos(self.a)": "dy * dy * np.cos(self.a)"}),
    planted("sign", "Cosine", op(_ONE, "Cosine"), {"-dy * np.sin(self.a)": "dy * np.sin(self.a)"}),
    planted("operands-swapped", "Times", op(_TWO, "Plus"), {"dy * self.b, dy * self.a": "dy * self.a, dy * self.b"}),
    planted("own-operand", "Times", op(_TWO, "Plus"), {"dy * self.b, dy * self.a": "dy * self.b, dy * self.b"}),
    planted("operand-missing", "Over", op(_TWO, "Over"), {"-dy * self.a / self.b ** 2": "-dy / self.b ** 2"}),
    planted("input-missing", "Power", op(_ONE, "Power"), {"4 * a_cubed(self.a)": "4 * a_cubed(self.a) / self.a"}),
    planted("factor", "Power", op(_ONE, "Power"), {"4 * a_cubed": "3 * a_cubed"}),
    planted(
        "mean-factor",
        "RowMeans",
        _MATRIX + "y = Total()(RowMeans()(x))\ny.backward()",
        {"axis=1) / self.a.shape[1]": "axis=1)"},
    ),
    planted(
        "unbroadcast-mean",
        "AddBias",
        _MATRIX + "b = Tensor([0.1, 0.2, 0.3])\ny = Total()(AddBias()(x, b))\ny.backward()",
        {"dy, dy.sum(axis=0)": "dy, dy.mean(axis=0)"},
    ),
    planted(
        "unbroadcast-missing",
        "AddBias",
        _MATRIX + "b = Tensor([0.1, 0.2, 0.3])\ny = Total()(AddBias()(x, b))\ny.backward()",
        {"dy, dy.sum(axis=0)": "dy, dy"},
    ),
    planted("output-for-input", "Sine", op(_ONE, "Sine"), {"np.cos(self.a)": "np.cos(self.out)"}),
    planted(
        "input-for-output", "Logistic", op(_ONE, "Logistic"), {"self.out * (1 - self.out)": "self.a * (1 - self.a)"}
    ),
    planted(
        "tanh-not-squared",
        "HyperbolicTangent",
        op(_ONE, "HyperbolicTangent"),
        {"(1 - self.out ** 2)": "(1 - self.out)"},
    ),
    planted(
        "sigmoid-formula", "Logistic", op(_ONE, "Logistic"), {"dy * self.out * (1 - self.out)": "dy * (1 - self.out)"}
    ),
    planted("cos-formula", "Cosine", op(_ONE, "Cosine"), {"-dy * np.sin(self.a)": "dy * np.cos(self.a)"}),
    planted("sin-formula", "Sine", op(_ONE, "Sine"), {"dy * np.cos(self.a)": "dy * np.sin(self.a)"}),
    planted("log-formula", "Ln", op(_POSITIVE, "Ln"), {"dy / self.a\n": "dy * np.log(self.a)\n"}),
    planted("wrong-power", "Power", op(_ONE, "Power"), {"return a ** 3": "return a ** 4"}),
    planted(
        "transpose-missing",
        "Product",
        _SQUARE + "w = Tensor([[0.5, -1.0], [1.5, 2.0]])\ny = Total()(Product()(x, w))\ny.backward()",
        {"dy @ self.b.T": "dy @ self.b"},
    ),
    planted(
        "wrong-axis",
        "RowMeans",
        _SQUARE + "w = Tensor([2.0, 5.0])\ny = Total()(Times()(RowMeans()(x), w))\ny.backward()",
        {
            "return a.mean(axis=1)": "return a.sum(axis=1)",
            "return np.repeat(dy[:, None], self.a.shape[1], axis=1) / self.a.shape[1]": (
                "return np.broadcast_to(dy, self.a.shape)"
            ),
        },
    ),
    planted(
        "repeated-index",
        "Pick",
        "x = Tensor([1.0, 2.0, 3.0])\ny = Total()(Pick([2, 0, 2])(x))\ny.backward()",
        {"np.add.at(answer, self.places, dy)": "answer[self.places] = dy"},
    ),
    planted(
        "diagonal-only",
        "SoftMax",
        "x = Tensor([1.0, 2.0, 0.5])\nw = Tensor([1.0, -2.0, 3.0])\n"
        "y = Total()(Times()(SoftMax()(x), w))\ny.backward()",
        {"self.out * (dy - (dy * self.out).sum())": "dy * self.out * (1 - self.out)"},
    ),
    planted(
        "mixes-elements",
        "Leaky",
        op(_ONE, "Leaky"),
        {"return dy * self.slope": "return dy * self.slope + 0.5 * dy.sum()"},
    ),
    planted("one-side-wrong", "Leaky", op(_ONE, "Leaky"), {"return dy * self.slope": "return dy * (self.slope == 1)"}),
    planted(
        "integer-buffer",
        "Pick",
        "x = Tensor([1.0, 2.0, 3.0])\nw = Tensor([0.5, 1.5])\ny = Total()(Times()(Pick([2, 0])(x), w))\ny.backward()",
        {
            "answer = np.zeros(self.a.shape)": "answer = np.zeros(self.a.shape, int)",
            "np.add.at(answer, self.places, dy)": "answer[self.places] += dy.astype(int)",
        },
    ),
    planted(
        "outputs-swapped",
        "Halves",
        "x = Tensor([1.0, 2.0, 3.0, 4.0])\np, q = Halves()(x)\ny = Total()(Times()(p, Sine()(q)))\ny.backward()",
        {"np.concatenate([dy, dz])": "np.concatenate([dz, dy])"},
    ),
    planted("gy-sign-lost", "Power", op(_ONE, "Power"), {"a_cubed(self.a) * dy": "a_cubed(self.a) * np.abs(dy)"}),
    planted("masked-by-gy", "Leaky", op(_ONE, "Leaky"), {"return dy * self.slope": "return np.where(dy > 0, dy, 0)"}),
    planted("not-linear", "Ln", op(_POSITIVE, "Ln"), {"dy / self.a\n": "dy / self.a + 0.25\n"}),
    planted("backward-wrong", "Ln", op(_POSITIVE, "Ln"), {"dy / self.a\n": "dy / (self.a + 0.25)\n"}),
    planted("gradient-shape", "Sine", op(_ONE, "Sine"), {"dy * np.cos(self.a)": "(dy * np.cos(self.a))[:2]"}),
    planted(
        "sum-not-spread",
        "Total",
        "x = Tensor([1.0, 2.0])\ny = Total()(x)\ny.backward()",
        {"dy * np.ones(self.a.shape)": "dy"},
    ),
    planted("gradient-count", "Times", op(_TWO, "Plus"), {"dy * self.b, dy * self.a": "dy * self.b, dy * self.a, dy"}),
    planted(
        "backward-returns-nothing", "Sine", op(_ONE, "Sine"), {"return dy * np.cos(self.a)": "dy * np.cos(self.a)"}
    ),
    planted(
        "backward-returns-nothing", "Sine", op(_ONE, "Sine"), {"return dy * np.cos(self.a)": "pass"}, "a placeholder"
    ),
    planted("gradient-not-real", "Sine", op(_ONE, "Sine"), {"dy * np.cos(self.a)": "dy * np.cos(self.a) + 0j"}),
    planted("backward-raises", "Sine", op(_ONE, "Sine"), {"np.cos(self.a)": "np.cos(self.x)"}),
    planted(
        "forward-in-place", "Leaky", op(_ONE, "Leaky"), {"return a * self.slope": "a *= self.slope\n        return a"}
    ),
    planted(
        "backward-in-place",
        "Leaky",
        op(_ONE, "Leaky"),
        {"return dy * self.slope": "dy *= self.slope\n        return dy"},
    ),
    planted(
        "output-not-forward",
        "Sine",
        op(_ONE, "Sine"),
        {
            "results = self.forward(*[t.data for t in tensors])": (
                "results = self.forward(*[t.data for t in tensors]) if type(self).__name__ != 'Sine' "
                "else tensors[0].data ** 2"
            )
        },
    ),
    planted(
        "kept-on-class",
        "Leaky",
        "x = Tensor([0.7, -1.3])\ny = Total()(Leaky()(Sine()(Leaky()(Cosine()(Plus()(x, x))))))\ny.backward()",
        {"self.slope = np.where": "Leaky.slope = np.where"},
    ),
    planted(
        "mask-drawn-again",
        "Leaky",
        "np.random.seed(1)\nx = Tensor([0.7, -1.3, 0.2, 0.9])\ny = Total()(Leaky()(x))\ny.backward()",
        {
            "self.slope = np.where(a > 0, 1.0, 0.1)": "self.slope = np.random.rand(*a.shape) < 0.5",
            "return dy * self.slope": "return dy * (np.random.rand(*dy.shape) < 0.5)",
        },
    ),
    planted(
        "backward-changes-state",
        "Leaky",
        op(_ONE, "Leaky"),
        {"return dy * self.slope": "self.slope *= 2\n        return dy * self.slope"},
    ),
    planted("float32-cast", "Sine", op(_ONE, "Sine"), {"dy * np.cos(self.a)": "np.float32(dy * np.cos(self.a))"}),
    planted(
        "function-called-twice", "graph", "f = Sine()\nx = Tensor(0.5)\ny = Times()(f(x), f(Ln()(x)))\ny.backward()", {}
    ),
    planted(
        "no-creator",
        "graph",
        "x = Tensor([1.0, 2.0, 3.0, 4.0])\np, q = Halves()(x)\ny = Total()(Times()(q, q))\ny.backward()",
        {
            "out.creator, out.level = self, self.level + 1": (
                "out.level = self.level + 1\n            if not self.outputs_:\n                out.creator = self"
            )
        },
    ),
    planted(
        "data-changed", "graph", "x = Tensor([0.5, 1.0])\ny = Total()(Sine()(x))\nx.data = x.data * 2\ny.backward()", {}
    ),
    planted(
        "seed-shape",
        "engine",
        "x = Tensor([0.5, 1.0])\ny = Plus()(x, x)\ny.backward()",
        {"np.ones_like(self.data, dtype=float)": "np.array(1.0)"},
    ),
    planted(
        "seed-is-the-value",
        "engine",
        "x = Tensor([0.5, 1.0])\ny = Sine()(x)\ny.backward()",
        {"np.ones_like(self.data, dtype=float)": "self.data.copy()"},
    ),
    planted(
        "seed-not-one",
        "engine",
        "x = Tensor([0.5, 1.0])\ny = Sine()(x)\ny.backward()",
        {"np.ones_like(self.data, dtype=float)": "np.ones_like(self.data) / self.data.size"},
    ),
    planted("used-before-complete", "engine", _TWICE, {"waiting.sort(key=lambda op: op.level)": "pass"}),
    planted("wrong-gradient-handed-on", "engine", _TWICE, {"[out.grad for out in op.outputs_]": "[self.grad]"}),
    planted(
        "old-gradient-added", "engine", "x = Tensor(3.0)\nSine()(x).backward()\ny = Times()(x, x)\ny.backward()", {}
    ),
    planted(
        "cleargrad-does-nothing",
        "engine",
        "x = Tensor(3.0)\nSine()(x).backward()\nx.zero_grad()\ny = Times()(x, x)\ny.backward()",
        {"    def zero_grad(self):\n        self.grad = None": "    def zero_grad(self):\n        self.grad == None"},
    ),
    planted(
        "gradient-changed",
        "engine",
        _TWICE,
        {
            "answers = op.backward(*[out.grad for out in op.outputs_])": (
                "answers = op.backward(*[out.grad * (1.0 if out is self else 0.9) for out in op.outputs_])"
            )
        },
    ),
    planted(
        "gradient-not-kept",
        "engine",
        "x = Tensor([0.5, 1.0])\ny = Sine()(Cosine()(x))\ny.backward()",
        {
            "in zip(op.inputs_, answers):": "in [(t, a) for t, a in zip(op.inputs_, answers) if t.creator]:",
        },
    ),
    planted("overwritten", "engine", _TWICE, {"tensor.grad = tensor.grad + answer": "tensor.grad = answer"}),
    planted(
        "given-to-wrong-input",
        "engine",
        op(_TWO, "Over"),
        {"zip(op.inputs_, answers)": "zip(op.inputs_, reversed(answers))"},
    ),
    planted(
        "shared-array",
        "engine",
        "x = Tensor(1.5)\nw = Tensor(2.0)\ny = Plus()(Plus()(x, w), x)\ny.backward()",
        {"tensor.grad = tensor.grad + answer": "tensor.grad += answer"},
    ),
    planted("not-added", "engine", _TWICE, {"tensor.grad + answer": "tensor.grad * answer"}),
    planted(
        "function-visited-twice",
        "engine",
        _TWICE,
        {"if tensor.creator and tensor.creator not in met:": "if tensor.creator:"},
    ),
    planted(
        "function-not-visited", "engine", op(_ONE, "Sine"), {"tensor.creator not in met": "tensor.creator.level > 1"}
    ),
    planted(
        "none-handed-on",
        "engine",
        "x = Tensor([1.0, 2.0, 3.0, 4.0])\np, q = Halves()(x)\ny = Total()(q)\ny.backward()",
        {},
    ),
    planted("sweep-raises", "engine", op(_ONE, "Sine"), {"met.add(tensor.creator)": "met.append(tensor.creator)"}),
)
"""Each with the code and the place that is to be blamed first."""
