import numpy as np

class Variable:
    __slots__ = ["data", "grad", "creator"]
    def __init__(self, data, creator=None):
        self.data, self.grad, self.creator = data, None, creator
    def __eq__(self, other):
        return bool(np.all(self.data == other.data))
    def backward(self, grad=None):
        self.grad = np.ones_like(self.data) if grad is None else grad
        if self.creator:
            for v, g in zip(self.creator.inputs, self.creator.backward(self.grad)):
                v.backward(g)

class Function:
    __slots__ = ["inputs", "outputs"]
    def __call__(self, *inputs):
        self.inputs = inputs
        self.outputs = (Variable(self.forward(*[v.data for v in inputs]), self),)
        return self.outputs[0]

class Multiply(Function):
    __slots__ = []
    def forward(self, a, b):
        return np.multiply(a, b)
    def backward(self, gy):
        a, b = self.inputs
        return gy * b.data, gy * a.data

class Cos(Function):
    __slots__ = []
    def forward(self, a):
        return np.cos(a)
    def backward(self, gy):
        return [-np.sin(self.inputs[0].data) * gy]

# %% use
x = Variable(np.array([2.0, 2.0]))
w = Variable(np.array([2.0, 2.0]))
y = Cos()(Multiply()(x, w))
y.backward()
print(x.grad, w.grad)
