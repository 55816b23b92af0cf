"""Engines over bare arrays, as readers write them: layers with parameters, gates over numbers, pairs of functions."""

from __future__ import annotations

BOOK = """
import numpy as np
from collections import OrderedDict

def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

class Affine:
    def __init__(self, W, b):
        self.W, self.b, self.x, self.dW, self.db = W, b, None, None, None
    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b
    def backward(self, dout):
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx

class Relu:
    def forward(self, x):
        self.mask = (x <= 0)
        out = x.copy()
        out[self.mask] = 0
        return out
    def backward(self, dout):
        dout[self.mask] = 0
        return dout

class SoftmaxWithLoss:
    def forward(self, x, t):
        self.t = t
        self.y = softmax(x)
        return -np.sum(self.t * np.log(self.y + 1e-7)) / x.shape[0]
    def backward(self, dout=1):
        return (self.y - self.t) / self.t.shape[0]

class Net:
    def __init__(self, *sizes):
        rng = np.random.default_rng(0)
        self.params, self.layers = {}, OrderedDict()
        for n, (a, b) in enumerate(zip(sizes, sizes[1:]), 1):
            self.params[f'W{n}'], self.params[f'b{n}'] = rng.normal(size=(a, b)), 0.1 * rng.normal(size=b)
            self.layers[f'Affine{n}'] = Affine(self.params[f'W{n}'], self.params[f'b{n}'])
            if n < len(sizes) - 1:
                self.layers[f'Relu{n}'] = Relu()
        self.last = SoftmaxWithLoss()
    def loss(self, x, t):
        for layer in self.layers.values():
            x = layer.forward(x)
        return self.last.forward(x, t)
    def gradient(self, x, t):
        loss = self.loss(x, t)
        dout = self.last.backward(1)
        layers = list(self.layers.values())
        layers.reverse()
        for layer in layers:
            dout = layer.backward(dout)
        return loss
"""
BOOK_CELL = """
net = Net(3, 3, 3)
x, t = np.random.default_rng(1).normal(size=(3, 3)), np.eye(3)[[0, 1, 2]]
loss = net.gradient(x, t)
"""
GATES = """
class MulLayer:
    def __init__(self):
        self.x = self.y = None
    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y
    def backward(self, dout):
        return dout * self.y, dout * self.x
class AddLayer:
    def forward(self, x, y):
        return x + y
    def backward(self, dout):
        return dout * 1, dout * 1
"""
GATES_CELL = """
apple = 100; apple_num = 2; orange = 150; orange_num = 3; tax = 1.1
apples, oranges, add, taxed = MulLayer(), MulLayer(), AddLayer(), MulLayer()
apple_price = apples.forward(apple, apple_num)
orange_price = oranges.forward(orange, orange_num)
all_price = add.forward(apple_price, orange_price)
price = taxed.forward(all_price, tax)
dall_price, dtax = taxed.backward(1)
dapple_price, dorange_price = add.backward(dall_price)
dorange, dorange_num = oranges.backward(dorange_price)
dapple, dapple_num = apples.backward(dapple_price)
"""
PAIRS = """
import numpy as np
def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1).dot(w) + b, (x, w, b)
def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = dout.sum(axis=0)
    return dx, dw, db
def relu_forward(x):
    return np.maximum(0, x), x
def relu_backward(dout, cache):
    return dout * (cache > 0)
def affine_relu_forward(x, w, b):
    a, one = affine_forward(x, w, b)
    out, two = relu_forward(a)
    return out, (one, two)
def affine_relu_backward(dout, cache):
    one, two = cache
    return affine_backward(relu_backward(dout, two), one)
def softmax_loss(x, y):
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    dx = p.copy()
    dx[np.arange(len(y)), y] -= 1
    return loss, dx / len(y)
"""
PAIRS_CELL = """
rng = np.random.default_rng(0)
x, y = rng.normal(size=(4, 3)), np.array([0, 1, 1, 0])
w1, b1, w2, b2 = rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(5, 2)), rng.normal(size=2)
h, c1 = affine_relu_forward(x, w1, b1)
scores, c2 = affine_forward(h, w2, b2)
loss, dscores = softmax_loss(scores, y)
dh, dw2, db2 = affine_backward(dscores, c2)
dx, dw1, db1 = affine_relu_backward(dh, c1)
"""
LISTS = """
import numpy as np
class MatMul:
    def __init__(self, W):
        self.params, self.grads, self.x = [W], [np.zeros_like(W)], None
    def forward(self, x):
        W, = self.params
        self.x = x
        return np.dot(x, W)
    def backward(self, dout):
        W, = self.params
        dx = np.dot(dout, W.T)
        self.grads[0][...] = np.dot(self.x.T, dout)
        return dx
class Sigmoid:
    def __init__(self):
        self.params, self.grads = [], []
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out
    def backward(self, dout):
        return dout * (1.0 - self.out) * self.out
"""
LISTS_CELL = """
rng = np.random.default_rng(0)
layers = [MatMul(rng.normal(size=(3, 4))), Sigmoid(), MatMul(rng.normal(size=(4, 2)))]
x = rng.normal(size=(2, 3))
for epoch in range(20):
    out = x
    for layer in layers:
        out = layer.forward(out)
    dout = np.ones_like(out)
    for layer in reversed(layers):
        dout = layer.backward(dout)
    for layer in layers:
        for place in range(len(layer.params)):
            layer.params[place] -= 0.01 * layer.grads[place]
"""
KEPT = """
import numpy as np
class Dense:
    def __init__(self, n, m):
        self.weights, self.biases = np.random.default_rng(0).normal(size=(n, m)), np.zeros((1, m))
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases
    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)
class Tanh:
    def forward(self, inputs):
        self.output = np.tanh(inputs)
    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output ** 2)
class MeanSquare:
    def forward(self, y_pred, y_true):
        self.p, self.t = y_pred, y_true
        return np.mean((y_pred - y_true) ** 2)
    def backward(self):
        return 2 * (self.p - self.t) / self.p.size
"""
KEPT_CELL = """
X, Y = np.random.default_rng(1).normal(size=(4, 3)), np.random.default_rng(2).normal(size=(4, 2))
d1, a1, d2, loss = Dense(3, 5), Tanh(), Dense(5, 2), MeanSquare()
d1.forward(X); a1.forward(d1.output); d2.forward(a1.output)
L = loss.forward(d2.output, Y)
d2.backward(loss.backward()); a1.backward(d2.dinputs); d1.backward(a1.dinputs)
"""
ENGINES = {
    "book": (BOOK, BOOK_CELL, "Affine Relu Affine SoftmaxWithLoss"),
    "gates": (GATES, GATES_CELL, "MulLayer MulLayer AddLayer MulLayer"),
    "pairs": (PAIRS, PAIRS_CELL, "affine relu affine softmax_loss"),
    "lists": (LISTS, LISTS_CELL, "MatMul Sigmoid MatMul"),
    "kept": (KEPT, KEPT_CELL, "Dense Tanh Dense MeanSquare"),
}
MISTAKES = (
    ("book", "self.dW = np.dot(self.x.T, dout)", "self.dW = np.dot(dout.T, self.x)", "Affine"),
    ("book", "self.db = np.sum(dout, axis=0)", "self.db = dout", "Affine"),
    ("book", "self.db = np.sum(dout, axis=0)", "self.db = np.mean(dout, axis=0)", "Affine"),
    ("book", "(self.y - self.t) / self.t.shape[0]", "(self.y - self.t)", "SoftmaxWithLoss"),
    ("book", "(self.y - self.t) /", "(self.t - self.y) /", "SoftmaxWithLoss"),
    ("book", "dout[self.mask] = 0", "dout[~self.mask] = 0", "Relu"),
    ("book", "return np.dot(x, self.W) + self.b", "y = np.dot(x, self.W) + self.b; x *= 0.5; return y", "Affine"),
    ("book", "dx = np.dot(dout, self.W.T)", "dx = np.dot(dout, self.W)", "Affine"),
    ("book", "        self.dW = np.dot(self.x.T, dout)\n", "", "Affine"),
    ("book", "layers.reverse()", "pass", "engine"),
    ("book", "layers.reverse()", "layers.reverse(); layers.pop()", "engine"),
    ("book", "dout = layer.backward(dout)", "layer.backward(dout)", "engine"),
    ("book", "dout = self.last.backward(1)", "self.last.backward(1); dout = np.ones((3, 3))", "engine"),
    ("gates", "return dout * self.y, dout * self.x", "return dout * self.x, dout * self.y", "MulLayer"),
    ("gates", "return dout * 1, dout * 1", "return dout * 1, 0.0", "AddLayer"),
    ("pairs", "(cache > 0)", "(cache < 0)", "relu"),
    ("pairs", "db = dout.sum(axis=0)", "db = dout.mean(axis=0)", "affine"),
    ("pairs", "dx[np.arange(len(y)), y] -= 1", "pass", "softmax_loss"),
    ("lists", "(1.0 - self.out) * self.out", "(1.0 - self.out)", "Sigmoid"),
    ("lists", "self.grads[0][...] = np.dot(self.x.T, dout)", "self.grads[0][...] += np.dot(self.x.T, dout)", "engine"),
    ("kept", "(1 - self.output ** 2)", "(1 - self.output)", "Tanh"),
    ("kept", "np.dot(dvalues, self.weights.T)", "np.dot(dvalues, self.weights.T) / 2", "Dense"),
)
