import numpy as np

class Variable:
    __array_priority__ = 200

    def __init__(self, data):
        if not isinstance(data, np.ndarray):
            data = np.array(data, dtype=np.float64)
        self.data = data
        self.grad = None
        self.creator = None
        self.generation = 0

    def __repr__(self):
        return f"변수({self.data})"

    def __mul__(self, other):
        return Mul()(self, other)
    __rmul__ = __mul__

    def __add__(self, other):
        return Add()(self, other)

    def __radd__(self, other):
        return Add()(other, self)

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        order = []
        def visit(v):                 # 위상 정렬
            f = v.creator
            if f is None or f in order:
                return
            for i in f.inputs:
                visit(i)
            order.append(f)
        visit(self)
        for f in reversed(order):
            grads = f.backward(f.output.grad)
            for i, g in zip(f.inputs, grads):
                i.grad = g + (0 if i.grad is None else i.grad)

class Function:
    def __call__(self, *args):
        self.inputs = [a if isinstance(a, Variable) else Variable(a) for a in args]
        self.output = Variable(self.forward(*[i.data for i in self.inputs]))
        self.output.creator = self
        return self.output

class Mul(Function):
    def forward(self, a, b):
        return a * b
    def backward(self, g):
        a, b = [i.data for i in self.inputs]
        return g * b, g * a

class Add(Function):
    def forward(self, a, b):
        return a + b
    def backward(self, g):
        return g, g

# %% use
a = Variable(3.0)
b = Variable(2.0)
c = Variable(1.0)
y = a * b + c
y.backward()
y, a.grad, b.grad, c.grad

# %%
x = Variable([1.0, -2.0, 3.0])
y = x * x * 2 + 3.0 * x
y.backward()
print(y, x.grad)
