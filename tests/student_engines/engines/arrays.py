import weakref
import numpy as np

class Variable:
    __array_priority__ = 1000

    def __init__(self, data, name=None):
        self.data = np.asarray(data, dtype=float)
        self.name = name
        self.grad = None
        self.creator = None
        self.generation = 0

    def set_creator(self, func):
        self.creator = func
        self.generation = func.generation + 1

    def cleargrad(self):
        self.grad = None

    def backward(self, retain_grad=True):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        funcs = {self.creator}
        while funcs:
            f = max(funcs, key=lambda g: g.generation)
            funcs.remove(f)
            gxs = f.backward(*[y().grad for y in f.outputs])
            gxs = gxs if isinstance(gxs, tuple) else (gxs,)
            for x, gx in zip(f.inputs, gxs):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator is not None:
                    funcs.add(x.creator)
            if not retain_grad:
                for y in f.outputs:
                    y().grad = None

    __add__ = lambda self, other: Add()(self, other)
    __radd__ = lambda self, other: Add()(other, self)
    __sub__ = lambda self, other: Sub()(self, other)
    __mul__ = lambda self, other: Mul()(self, other)
    __rmul__ = lambda self, other: Mul()(other, self)
    __matmul__ = lambda self, other: MatMul()(self, other)
    __getitem__ = lambda self, index: GetItem(index)(self)
    T = property(lambda self: Transpose()(self))

    def sum(self, axis=None):
        return Sum(axis)(self)

    def mean(self):
        return Mean()(self)

def sum_to(x, shape):
    """브로드캐스트된 축을 다시 더해서 원래 모양으로"""
    lead = x.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n == 1)
    return x.sum(axis=axes, keepdims=True).reshape(shape) if axes else x

class Function:
    def __call__(self, *inputs):
        inputs = [x if isinstance(x, Variable) else Variable(x) for x in inputs]
        ys = self.forward(*[x.data for x in inputs])
        ys = ys if isinstance(ys, tuple) else (ys,)
        outputs = [Variable(y) for y in ys]
        self.generation = max(x.generation for x in inputs)
        self.inputs = inputs
        for y in outputs:
            y.set_creator(self)
        self.outputs = [weakref.ref(y) for y in outputs]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

class Add(Function):
    def forward(self, a, b):
        self.shapes = a.shape, b.shape
        return a + b
    def backward(self, gy):
        return sum_to(gy, self.shapes[0]), sum_to(gy, self.shapes[1])

class Sub(Function):
    def forward(self, a, b):
        self.shapes = a.shape, b.shape
        return a - b
    def backward(self, gy):
        return sum_to(gy, self.shapes[0]), sum_to(-gy, self.shapes[1])

class Mul(Function):
    def forward(self, a, b):
        return a * b
    def backward(self, gy):
        a, b = [v.data for v in self.inputs]
        return sum_to(gy * b, a.shape), sum_to(gy * a, b.shape)

class MatMul(Function):
    def forward(self, x, W):
        return x @ W
    def backward(self, gy):
        x, W = [v.data for v in self.inputs]
        return gy @ W.T, x.T @ gy

class Sum(Function):
    def __init__(self, axis=None):
        self.axis = axis
    def forward(self, x):
        return x.sum(axis=self.axis)
    def backward(self, gy):
        if self.axis is not None:
            gy = np.expand_dims(gy, self.axis)
        return np.broadcast_to(gy, self.inputs[0].data.shape).copy()

class Mean(Function):
    def forward(self, x):
        return x.mean()
    def backward(self, gy):
        x = self.inputs[0].data
        return np.full(x.shape, gy) / x.size

class Transpose(Function):
    def forward(self, x):
        return x.T
    def backward(self, gy):
        return gy.T

class GetItem(Function):
    def __init__(self, index):
        self.index = index
    def forward(self, x):
        return x[self.index]
    def backward(self, gy):
        gx = np.zeros_like(self.inputs[0].data)
        np.add.at(gx, self.index, gy)
        return gx

class Softmax(Function):
    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        self.y = e / e.sum(axis=-1, keepdims=True)
        return self.y
    def backward(self, gy):
        gx = self.y * gy
        return gx - self.y * gx.sum(axis=-1, keepdims=True)

class Relu(Function):
    def forward(self, x):
        return np.maximum(x, 0.0)
    def backward(self, gy):
        x = self.inputs[0].data
        return gy * (x > 0)

class Tanh(Function):
    def forward(self, x):
        return np.tanh(x)
    def backward(self, gy):
        y = self.outputs[0]().data
        return gy * (1 - y * y)

class Split(Function):
    def forward(self, x):
        n = x.shape[-1] // 2
        return x[..., :n], x[..., n:]
    def backward(self, ga, gb):
        return np.concatenate([ga, gb], axis=-1)

def softmax(x): return Softmax()(x)
def relu(x): return Relu()(x)
def tanh(x): return Tanh()(x)
def split(x): return Split()(x)

# %% use
x = Variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
b = Variable([0.1, 0.2, 0.3])
t = x + b
y = (t * t).sum()
y.backward()
b.grad

# %%
x = Variable([[0.5, -1.0], [1.5, 2.0]])
W = Variable([[1.0, -0.5], [0.25, 2.0]])
b = Variable([0.1, -0.2])
h = tanh(x @ W + b)
p = softmax(h)[[0, 0, 1]]
left, right = split(p)
y = (relu(left - right.T) * 3.0).mean()
y.backward()
print(x.grad, W.grad, b.grad, sep='\n')
