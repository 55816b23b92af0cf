"""A reader's engine after the book's step 36: gradients are Variables, and backward may build a graph of its own."""

SOURCE = """
import contextlib
import weakref

import numpy as np


class Config:
    enable_backprop = True


@contextlib.contextmanager
def using_config(name, value):
    old = getattr(Config, name)
    setattr(Config, name, value)
    try:
        yield
    finally:
        setattr(Config, name, old)


class Variable:
    __array_priority__ = 200

    def __init__(self, data, name=None):
        self.data, self.name, self.grad = data, name, None
        self.creator, self.generation = None, 0

    def cleargrad(self):
        self.grad = None

    def backward(self, create_graph=False):
        if self.grad is None:
            self.grad = Variable(np.ones_like(self.data))
        waiting, seen = [self.creator], {self.creator}
        while waiting:
            waiting.sort(key=lambda each: each.generation)
            f = waiting.pop()
            gys = [output().grad for output in f.outputs]
            with using_config("enable_backprop", create_graph):
                gxs = f.backward(*gys)
                for x, gx in zip(f.inputs, gxs if isinstance(gxs, tuple) else (gxs,)):
                    x.grad = gx if x.grad is None else x.grad + gx
                    if x.creator is not None and x.creator not in seen:
                        seen.add(x.creator)
                        waiting.append(x.creator)
            for output in f.outputs:
                output().grad = None

    __add__ = __radd__ = lambda self, other: Add()(self, other)
    __mul__ = __rmul__ = lambda self, other: Mul()(self, other)
    __neg__ = lambda self: Neg()(self)
    __sub__ = lambda self, other: Add()(self, Neg()(as_variable(other)))
    __rsub__ = lambda self, other: Add()(as_variable(other), Neg()(self))
    __pow__ = lambda self, power: Pow(power)(self)


def as_variable(x):
    return x if isinstance(x, Variable) else Variable(np.asarray(x))


class Function:
    def __call__(self, *inputs):
        inputs = [as_variable(x) for x in inputs]
        output = Variable(np.asarray(self.forward(*[x.data for x in inputs])))
        if Config.enable_backprop:
            self.generation = max(x.generation for x in inputs)
            output.creator, output.generation = self, self.generation + 1
            self.inputs, self.outputs = inputs, [weakref.ref(output)]
        return output


class Add(Function):
    def forward(self, a, b): return a + b
    def backward(self, gy): return gy, gy


class Mul(Function):
    def forward(self, a, b): return a * b
    def backward(self, gy): return gy * self.inputs[1], gy * self.inputs[0]


class Neg(Function):
    def forward(self, x): return -x
    def backward(self, gy): return -gy


class Pow(Function):
    def __init__(self, power): self.power = power
    def forward(self, x): return x ** self.power
    def backward(self, gy): return gy * self.power * self.inputs[0] ** (self.power - 1)


class Sin(Function):
    def forward(self, x): return np.sin(x)
    def backward(self, gy): return gy * cos(self.inputs[0])


class Cos(Function):
    def forward(self, x): return np.cos(x)
    def backward(self, gy): return gy * -sin(self.inputs[0])


class Tanh(Function):
    def forward(self, x): return np.tanh(x)
    def backward(self, gy):
        y = self.outputs[0]()
        return gy * (1 - y * y)


def sin(x): return Sin()(x)
def cos(x): return Cos()(x)
def tanh(x): return Tanh()(x)
"""
