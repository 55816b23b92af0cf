import numpy as np

class Variable:
    creator = None
    grad = None

    def __init__(self, data):
        self.data = data

    def backward_list(self, seed=None):
        self.grad = np.ones_like(self.data) if seed is None else seed
        todo = [self.creator]
        while todo:
            f = todo.pop()
            if f is None: continue
            f.input_.grad = f.backward(f.output_.grad)
            todo.append(f.input_.creator)

class Function:
    def __call__(self, x):
        self.input_ = x
        self.output_ = Variable(np.asarray(self.forward(x.data)))
        self.output_.creator = self
        return self.output_

class Cube(Function):
    def forward(self, x):
        return x ** 3
    def backward(self, gy):
        return 3 * self.input_.data ** 2 * gy

class Sin(Function):
    def forward(self, x):
        return np.sin(x)
    def backward(self, gy):
        return np.cos(self.input_.data) * gy

def cube(x): return Cube()(x)
def sin(x): return Sin()(x)

# %% use
x = Variable(np.array(0.7))
y = sin(cube(x))
y.backward_list()
x.grad
