"""An engine as a reader of the book has it after step 22: the notebook that the classroom's mistakes are made in."""

from __future__ import annotations

ENGINE = '''\
import heapq
import weakref
import numpy as np

def as_array(x):
    return np.array(x) if np.isscalar(x) else x

class Variable:
    __array_priority__ = 200

    def __init__(self, data, name=None):
        if data is not None and not isinstance(data, np.ndarray):
            raise TypeError("{} is not supported".format(type(data)))
        self.data, self.name, self.grad, self.creator, self.generation = data, name, None, None, 0

    def set_creator(self, func):
        self.creator = func
        self.generation = func.generation + 1

    def cleargrad(self):
        self.grad = None

    def backward(self, retain_grad=False):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        funcs, seen = [], set()

        def add_func(f):
            if f not in seen:
                seen.add(f)
                heapq.heappush(funcs, (-f.generation, len(seen), f))

        add_func(self.creator)
        while funcs:
            _, _, f = heapq.heappop(funcs)
            gys = [output().grad for output in f.outputs]
            gxs = f.backward(*gys)
            if not isinstance(gxs, tuple):
                gxs = (gxs,)
            for x, gx in zip(f.inputs, gxs):
                if x.grad is None:
                    x.grad = gx
                else:
                    x.grad = x.grad + gx
                if x.creator is not None:
                    add_func(x.creator)
            if not retain_grad:
                for y in f.outputs:
                    y().grad = None

    def __add__(self, other): return Add()(self, other)
    def __radd__(self, other): return Add()(self, other)
    def __sub__(self, other): return Sub()(self, other)
    def __mul__(self, other): return Mul()(self, other)
    def __rmul__(self, other): return Mul()(self, other)
    def __truediv__(self, other): return Div()(self, other)
    def __pow__(self, c): return Pow(c)(self)
    def __matmul__(self, other): return MatMul()(self, other)
    def __getitem__(self, index): return Take(index)(self)

class Function:
    def __call__(self, *inputs):
        inputs = [x if isinstance(x, Variable) else Variable(as_array(x)) for x in inputs]
        xs = [x.data for x in inputs]
        ys = self.forward(*xs)
        if not isinstance(ys, tuple):
            ys = (ys,)
        outputs = [Variable(as_array(y)) for y in ys]
        self.generation = max([x.generation for x in inputs])
        for output in outputs:
            output.set_creator(self)
        self.inputs = inputs
        self.outputs = [weakref.ref(output) for output in outputs]
        return outputs if len(outputs) > 1 else outputs[0]

def sum_to(g, shape):
    lead = g.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n == 1)
    return g.sum(axis=axes, keepdims=True).reshape(shape) if axes else g

class Add(Function):
    def forward(self, a, b):
        self.shapes = a.shape, b.shape
        return a + b
    def backward(self, gy):
        return sum_to(gy, self.shapes[0]), sum_to(gy, self.shapes[1])

class Sub(Function):
    def forward(self, a, b): return a - b
    def backward(self, gy): return gy, -gy

class Mul(Function):
    def forward(self, a, b): return a * b
    def backward(self, gy):
        a, b = self.inputs[0].data, self.inputs[1].data
        return sum_to(gy * b, a.shape), sum_to(gy * a, b.shape)

class Div(Function):
    def forward(self, a, b): return a / b
    def backward(self, gy):
        a, b = self.inputs[0].data, self.inputs[1].data
        return gy / b, -gy * a / b ** 2

class Pow(Function):
    def __init__(self, c): self.c = c
    def forward(self, x): return x ** self.c
    def backward(self, gy): return self.c * self.inputs[0].data ** (self.c - 1) * gy

class MatMul(Function):
    def forward(self, x, W): return x @ W
    def backward(self, gy):
        x, W = self.inputs[0].data, self.inputs[1].data
        return gy @ W.T, x.T @ gy

class Square(Function):
    def forward(self, x): return x ** 2
    def backward(self, gy): return 2 * self.inputs[0].data * gy

class Exp(Function):
    def forward(self, x): return np.exp(x)
    def backward(self, gy): return self.outputs[0]().data * gy

class Sin(Function):
    def forward(self, x): return np.sin(x)
    def backward(self, gy): return np.cos(self.inputs[0].data) * gy

class Tanh(Function):
    def forward(self, x): return np.tanh(x)
    def backward(self, gy):
        y = self.outputs[0]().data
        return gy * (1 - y ** 2)

class Sigmoid(Function):
    def forward(self, x): return 1 / (1 + np.exp(-x))
    def backward(self, gy):
        y = self.outputs[0]().data
        return gy * y * (1 - y)

class Relu(Function):
    def forward(self, x): return np.maximum(x, 0.0)
    def backward(self, gy): return gy * (self.inputs[0].data > 0)

class Abs(Function):
    def forward(self, x): return np.abs(x)
    def backward(self, gy): return gy * np.sign(self.inputs[0].data)

class Clip(Function):
    def __init__(self, low, high): self.low, self.high = low, high
    def forward(self, x): return np.clip(x, self.low, self.high)
    def backward(self, gy):
        x = self.inputs[0].data
        return gy * ((x >= self.low) & (x <= self.high))

class Log10(Function):
    def forward(self, x): return np.log10(x)
    def backward(self, gy): return gy / (self.inputs[0].data * np.log(10))

class Sum(Function):
    def forward(self, x): return x.sum()
    def backward(self, gy): return np.broadcast_to(gy, self.inputs[0].data.shape)

class Mean(Function):
    def forward(self, x): return x.mean()
    def backward(self, gy):
        x = self.inputs[0].data
        return gy * np.ones_like(x) / x.size

class Reshape(Function):
    def __init__(self, shape): self.shape = shape
    def forward(self, x):
        self.x_shape = x.shape
        return x.reshape(self.shape)
    def backward(self, gy): return gy.reshape(self.x_shape)

class Transpose(Function):
    def forward(self, x): return x.T
    def backward(self, gy): return gy.T

class Take(Function):
    def __init__(self, index): self.index = index
    def forward(self, x): return x[self.index]
    def backward(self, gy):
        gx = np.zeros_like(self.inputs[0].data)
        np.add.at(gx, self.index, gy)
        return gx

class Same(Function):
    def forward(self, x): return x
    def backward(self, gy): return gy

class Dropout(Function):
    def __init__(self, keep): self.keep = keep
    def forward(self, x):
        self.mask = np.random.rand(*x.shape) < self.keep
        return x * self.mask / self.keep
    def backward(self, gy): return gy * self.mask / self.keep

class Norm(Function):
    """Keeps a running mean, as batch normalisation does."""
    running = 0.0
    def forward(self, x):
        self.n = x - x.mean()
        self.running = 0.9 * self.running + 0.1 * x.mean()
        return self.n
    def backward(self, gy): return gy - gy.mean()

class Halves(Function):
    def forward(self, x): return x[:2], x[2:]
    def backward(self, ga, gb): return np.concatenate([ga, gb])
'''
