"""The book's step 8 as a cell: an engine with a loop, and two Functions."""

ENGINE = """
import numpy as np

class Variable:
    def __init__(self, data):
        self.data, self.grad, self.creator = data, None, None
    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        functions = [self.creator]
        while functions:
            f = functions.pop()
            f.input.grad = f.backward(f.output.grad)
            if f.input.creator is not None:
                functions.append(f.input.creator)

class Function:
    def __call__(self, input):
        self.input, self.output = input, Variable(np.asarray(self.forward(input.data)))
        self.output.creator = self
        return self.output

class Square(Function):
    def forward(self, x):
        return x ** 2
    def backward(self, gy):
        return 2 * self.input.data * gy

class Exp(Function):
    def forward(self, x):
        return np.exp(x)
    def backward(self, gy):
        return np.exp(self.input.data) * gy

def square(x):
    return Square()(x)

def exp(x):
    return Exp()(x)
"""
