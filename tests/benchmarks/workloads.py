"""Forward and backward passes of the same programs: by hand in NumPy, with this engine, and with each installed peer.

``ENGINES`` maps an engine's name to its workloads; each returns the gradients that the hand-written one returns. Every
call builds a fresh graph.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

import ipy_autodiff as ad
from ipy_autodiff import Variable

Workload = Callable[[], Any]

rng = np.random.default_rng(0)
X, W1, W2 = rng.normal(size=(100, 784)), rng.normal(size=(784, 100)) * 0.05, rng.normal(size=(100, 10)) * 0.1
B1, B2 = np.zeros(100), np.zeros(10)
BIG = rng.normal(size=1_000_000)
VECTOR = rng.normal(size=10)
STEPS, WEIGHTS = rng.normal(size=(20, 4, 16)), rng.normal(size=(16, 16)) * 0.1
ROWS, LABELS = rng.normal(size=(32, 5)), rng.integers(0, 5, 32)
CHAIN = 1000


def goldstein_price(x: Any, y: Any) -> Any:
    a = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    b = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    return a * b


class ByHand:
    """The limit: the same passes with the derivative written out."""

    def seed(self) -> Any:
        x = np.array(0.5)
        a = x**2
        b = np.exp(a)
        y = b**2
        gy = np.ones_like(y)
        return 2 * x * (b * (2 * b * gy))

    def gold(self) -> Any:
        x, y = np.array(1.0), np.array(1.0)
        s, d = x + y + 1, 2 * x - 3 * y
        p = 19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2
        q = 18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2
        a, b = 1 + s**2 * p, 30 + d**2 * q
        gs, gp, gd, gq = 2 * s * p * b, s**2 * b, 2 * d * q * a, d**2 * a
        gx = gs + gp * (-14 + 6 * x + 6 * y) + 2 * gd + gq * (-32 + 24 * x - 36 * y)
        gy = gs + gp * (-14 + 6 * x + 6 * y) - 3 * gd + gq * (48 - 36 * x + 54 * y)
        return gx, gy

    def chain(self) -> Any:
        xs = [np.array(0.5)]
        for _ in range(CHAIN):
            xs.append(np.sin(xs[-1]))
        g = np.array(1.0)
        for x in reversed(xs[:-1]):
            g = np.cos(x) * g
        return g

    def mlp(self) -> Any:
        a = np.tanh(X @ W1 + B1)
        o = a @ W2 + B2
        (o**2).sum()
        go = 2 * o
        gh = (go @ W2.T) * (1 - a * a)
        return X.T @ gh, gh.sum(0), a.T @ go, go.sum(0), gh @ W1.T

    def big(self) -> Any:
        b = np.exp(-(BIG**2))
        b.sum()
        return 2 * BIG * (-b * np.ones_like(b))

    def vector(self) -> Any:
        s, t = np.exp(np.sin(VECTOR) * 2), np.tanh(VECTOR)
        d = 1 + VECTOR**2
        q = s * t / d
        q.sum()
        return 2 * q * np.cos(VECTOR) + s / d * (1 - t * t) - q / d * 2 * VECTOR

    def recurrent(self) -> Any:
        states = [np.zeros((4, 16))]
        for step in STEPS:
            states.append(np.tanh(states[-1] @ WEIGHTS + step))
        g, gw = 2 * states[-1], np.zeros_like(WEIGHTS)
        for before, after in zip(states[-2::-1], states[:0:-1], strict=True):
            g = g * (1 - after * after)
            gw += before.T @ g
            g = g @ WEIGHTS.T
        return gw

    def classifier(self) -> Any:
        shifted = ROWS - ROWS.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        sums = powers.sum(axis=1, keepdims=True)
        (shifted[np.arange(32), LABELS] - np.log(sums[:, 0])).sum()
        g = powers / sums
        g[np.arange(32), LABELS] -= 1
        return g / 32


class Ours:
    def seed(self) -> Any:
        x = Variable(np.array(0.5))
        ad.square(ad.exp(ad.square(x))).backward()
        return x.grad

    def gold(self) -> Any:
        x, y = Variable(np.array(1.0)), Variable(np.array(1.0))
        goldstein_price(x, y).backward()
        return x.grad, y.grad

    def chain(self) -> Any:
        x = y = Variable(np.array(0.5))
        for _ in range(CHAIN):
            y = np.sin(y)
        y.backward()
        return x.grad

    def mlp(self) -> Any:
        x, w1, w2, b1, b2 = map(Variable, (X, W1, W2, B1, B2))
        np.sum((np.tanh(x @ w1 + b1) @ w2 + b2) ** 2).backward()
        return w1.grad, b1.grad, w2.grad, b2.grad, x.grad

    def big(self) -> Any:
        x = Variable(BIG)
        np.sum(np.exp(-(x**2))).backward()
        return x.grad

    def vector(self) -> Any:
        x = Variable(VECTOR)
        np.sum(np.exp(np.sin(x) * 2) * np.tanh(x) / (1 + x**2)).backward()
        return x.grad

    def recurrent(self) -> Any:
        w, h = Variable(WEIGHTS), Variable(np.zeros((4, 16)))
        for step in STEPS:
            h = np.tanh(h @ w + step)
        np.sum(h * h).backward()
        return w.grad

    def classifier(self) -> Any:
        x = Variable(ROWS)
        ad.softmax_cross_entropy(x, LABELS).backward()
        return x.grad


class Micrograd:
    def gold(self) -> Any:
        from micrograd.engine import Value

        x, y = Value(1.0), Value(1.0)
        goldstein_price(x, y).backward()
        return x.grad, y.grad


class Autograd:
    def __init__(self) -> None:
        import autograd.numpy as anp
        from autograd import grad

        def chain(x: Any) -> Any:
            for _ in range(CHAIN):
                x = anp.sin(x)
            return x

        def mlp(p: Any) -> Any:
            w1, b1, w2, b2, x = p
            return anp.sum((anp.tanh(x @ w1 + b1) @ w2 + b2) ** 2)

        def recurrent(w: Any) -> Any:
            h = np.zeros((4, 16))
            for step in STEPS:
                h = anp.tanh(anp.dot(h, w) + step)
            return anp.sum(h * h)

        def classifier(x: Any) -> Any:
            shifted = x - anp.max(x, axis=1, keepdims=True)
            log_softmax = shifted - anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True))
            return -anp.sum(log_softmax[np.arange(32), LABELS]) / 32

        def vector(x: Any) -> Any:
            return anp.sum(anp.exp(anp.sin(x) * 2) * anp.tanh(x) / (1 + x**2))

        self.seed = partial(grad(lambda x: anp.exp(x**2) ** 2), 0.5)
        self.gold = partial(grad(goldstein_price, (0, 1)), 1.0, 1.0)
        self.chain = partial(grad(chain), 0.5)
        self.mlp = partial(grad(mlp), (W1, B1, W2, B2, X))
        self.big = partial(grad(lambda x: anp.sum(anp.exp(-(x**2)))), BIG)
        self.vector = partial(grad(vector), VECTOR)
        self.recurrent = partial(grad(recurrent), WEIGHTS)
        self.classifier = partial(grad(classifier), ROWS)


class MyGrad:
    def __init__(self) -> None:
        import mygrad

        self.mg = mygrad

    def seed(self) -> Any:
        x = self.mg.tensor(0.5)
        (self.mg.exp(x**2) ** 2).backward()
        return x.grad

    def gold(self) -> Any:
        x, y = self.mg.tensor(1.0), self.mg.tensor(1.0)
        goldstein_price(x, y).backward()
        return x.grad, y.grad

    def chain(self) -> Any:
        x = y = self.mg.tensor(0.5)
        for _ in range(CHAIN):
            y = self.mg.sin(y)
        y.backward()
        return x.grad

    def mlp(self) -> Any:
        x, w1, w2, b1, b2 = map(self.mg.tensor, (X, W1, W2, B1, B2))
        ((self.mg.tanh(x @ w1 + b1) @ w2 + b2) ** 2).sum().backward()
        return w1.grad, b1.grad, w2.grad, b2.grad, x.grad

    def big(self) -> Any:
        x = self.mg.tensor(BIG)
        self.mg.exp(-(x**2)).sum().backward()
        return x.grad

    def vector(self) -> Any:
        x, mg = self.mg.tensor(VECTOR), self.mg
        mg.sum(mg.exp(mg.sin(x) * 2) * mg.tanh(x) / (1 + x**2)).backward()
        return x.grad

    def recurrent(self) -> Any:
        w, h = self.mg.tensor(WEIGHTS), self.mg.tensor(np.zeros((4, 16)))
        for step in STEPS:
            h = self.mg.tanh(h @ w + step)
        (h * h).sum().backward()
        return w.grad

    def classifier(self) -> Any:
        from mygrad.nnet.losses import softmax_crossentropy

        x = self.mg.tensor(ROWS)
        softmax_crossentropy(x, LABELS).backward()
        return x.grad


class PyTorch:
    def __init__(self) -> None:
        import torch

        self.torch = torch

    def leaf(self, value: Any) -> Any:
        return self.torch.tensor(value, dtype=self.torch.float64, requires_grad=True)

    def seed(self) -> Any:
        x = self.leaf(0.5)
        (self.torch.exp(x**2) ** 2).backward()
        return x.grad

    def gold(self) -> Any:
        x, y = self.leaf(1.0), self.leaf(1.0)
        goldstein_price(x, y).backward()
        return x.grad, y.grad

    def chain(self) -> Any:
        x = y = self.leaf(0.5)
        for _ in range(CHAIN):
            y = self.torch.sin(y)
        y.backward()
        return x.grad

    def mlp(self) -> Any:
        x, w1, w2, b1, b2 = (self.torch.from_numpy(a).requires_grad_() for a in (X, W1, W2, B1, B2))
        ((self.torch.tanh(x @ w1 + b1) @ w2 + b2) ** 2).sum().backward()
        return w1.grad, b1.grad, w2.grad, b2.grad, x.grad

    def big(self) -> Any:
        x = self.torch.from_numpy(BIG).requires_grad_()
        self.torch.exp(-(x**2)).sum().backward()
        return x.grad

    def vector(self) -> Any:
        x, t = self.torch.from_numpy(VECTOR).requires_grad_(), self.torch
        t.sum(t.exp(t.sin(x) * 2) * t.tanh(x) / (1 + x**2)).backward()
        return x.grad

    def recurrent(self) -> Any:
        w, h = self.torch.from_numpy(WEIGHTS).requires_grad_(), self.torch.zeros(4, 16, dtype=self.torch.float64)
        for step in STEPS:
            h = self.torch.tanh(h @ w + self.torch.from_numpy(step))
        (h * h).sum().backward()
        return w.grad

    def classifier(self) -> Any:
        x = self.torch.from_numpy(ROWS).requires_grad_()
        self.torch.nn.functional.cross_entropy(x, self.torch.from_numpy(LABELS)).backward()
        return x.grad


WORKLOADS = ("seed", "gold", "chain", "mlp", "big", "vector", "recurrent", "classifier")
_KINDS = {
    "numpy": ByHand,
    "ours": Ours,
    "micrograd": Micrograd,
    "autograd": Autograd,
    "mygrad": MyGrad,
    "torch": PyTorch,
}
ENGINES: dict[str, dict[str, Workload]] = {
    name: {workload: getattr(engine, workload) for workload in WORKLOADS if hasattr(engine, workload)}
    for name, engine in ((name, kind()) for name, kind in _KINDS.items() if name == "ours" or find_spec(name))
}
