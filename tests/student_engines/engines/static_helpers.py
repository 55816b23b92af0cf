import numpy as np

class Variable:
    def __init__(self, data):
        self.data = Variable.check(data)
        self.grad = None
        self.creator = None

    @staticmethod
    def check(data):
        if isinstance(data, np.ndarray):
            return data
        raise TypeError("ndarray only")

    @classmethod
    def of(cls, number):
        return cls(np.array(number, dtype=float))

    def backward(self):
        self.grad = Function.seed(self)
        f = self.creator
        while f is not None:
            xs, gxs = f.inputs, Function.as_tuple(f.backward(*[y.grad for y in f.outputs]))
            for x, gx in zip(xs, gxs):
                x.grad = gx
            f = xs[0].creator

class Function:
    @staticmethod
    def seed(v):
        return np.ones_like(v.data)

    @staticmethod
    def as_tuple(xs):
        return xs if isinstance(xs, tuple) else (xs,)

    @classmethod
    def apply(cls, *inputs):
        f = cls()
        ys = Function.as_tuple(f.forward(*[x.data for x in inputs]))
        f.inputs = inputs
        f.outputs = tuple(Variable(np.asarray(y)) for y in ys)
        for y in f.outputs:
            y.creator = f
        return f.outputs[0] if len(f.outputs) == 1 else f.outputs

class Softplus(Function):
    @staticmethod
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def forward(self, x):
        return np.logaddexp(0, x)

    def backward(self, gy):
        return gy * Softplus.sigmoid(self.inputs[0].data)

class Affine(Function):
    def forward(self, x, w, b):
        return x * w + b

    def backward(self, gy):
        x, w, b = [v.data for v in self.inputs]
        return gy * w, gy * x, gy

softplus, affine = Softplus.apply, Affine.apply

# %% use
x, w, b = Variable.of(1.5), Variable.of(-2.0), Variable.of(0.5)
y = softplus(affine(x, w, b))
y.backward()
x.grad, w.grad, b.grad
