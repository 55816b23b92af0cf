import numpy as np


class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        f = self.creator
        while f:
            f.input.grad = f.backward(f.output.grad)
            f = f.input.creator


class Function:
    def __call__(self, input):
        self.input = input
        self.output = Variable(np.asarray(self.forward(input.data)))
        self.output.creator = self
        return self.output


class Log(Function):
    def forward(self, x):
        return np.log(x)

    def backward(self, gy):
        return gy / self.input.data


class Square(Function):
    def forward(self, x):
        return x ** 2

    def backward(self, gy):
        return 2 * self.input.data * gy


def log(x):
    return Log()(x)


def square(x):
    return Square()(x)
