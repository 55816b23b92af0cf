import numpy as np

class Variable:
    def __init__(self, data):
        self.data = data
        self.creator = None

class Function:
    def __call__(self, input):
        self.input = input
        y = self.forward(input.data)
        self.output = Variable(y)
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

# %% use
x = Variable(np.array(0.5))
y = Square()(Exp()(Square()(x)))
f = y.creator
print(type(f).__name__, type(f.input.creator).__name__)
