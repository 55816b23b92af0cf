import weakref
import numpy as np

class Variable:
    __slots__ = ('data', 'grad', 'creator', '__weakref__')   # 메모리 절약
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None
    def backward(self):
        self.grad = np.ones_like(self.data)
        f = self.creator
        while f is not None:
            f.input.grad = f.backward(f.output().grad)
            f = f.input.creator

class Function:
    __slots__ = ('input', 'output')
    def __call__(self, input):
        self.input = input
        output = Variable(np.asarray(self.forward(input.data)))
        output.creator = self
        self.output = weakref.ref(output)
        return output

class Sigmoid(Function):
    __slots__ = ('y',)
    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y
    def backward(self, gy):
        return gy * self.y * (1 - self.y)

class Scale(Function):
    __slots__ = ('k',)
    def __init__(self, k):
        self.k = k
    def forward(self, x):
        return self.k * x
    def backward(self, gy):
        return self.k * gy

# %% use
x = Variable(np.array(0.4))
h = Scale(3.0)(x)
y = Sigmoid()(h)
y.backward()
x.grad
