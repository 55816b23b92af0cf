import numpy as np

class Variable:
    def __init__(self, data):
        self._data = np.asarray(data)
        self._grad = None
        self._creator = None

    @property
    def data(self):
        return self._data

    @property
    def grad(self):
        return self._grad

    @grad.setter
    def grad(self, value):
        if value is not None and np.shape(value) != self._data.shape:
            raise ValueError(f'shape mismatch: {np.shape(value)} != {self._data.shape}')
        self._grad = value

    @property
    def creator(self):
        return self._creator

    def set_creator(self, func):
        self._creator = func

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        stack = [self.creator]
        while stack:
            func = stack.pop()
            func.input.grad = func.backward(func.output.grad)
            if func.input.creator is not None:
                stack.append(func.input.creator)

class Function:
    @property
    def input(self):
        return self._input

    @property
    def output(self):
        return self._output

    def __call__(self, input):
        self._input = input
        self._output = Variable(self.forward(input.data))
        self._output.set_creator(self)
        return self._output

class Sqrt(Function):
    def forward(self, x):
        return np.sqrt(x)
    def backward(self, gy):
        return gy / (2 * np.sqrt(self.input.data))

class Exp(Function):
    def forward(self, x):
        return np.exp(x)
    def backward(self, gy):
        return gy * self.output.data

# %% use
x = Variable([[0.5, 1.0], [1.5, 2.0]])
y = Exp()(Sqrt()(x))
y.backward()
x.grad
