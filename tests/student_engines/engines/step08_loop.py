import numpy as np


class Variable():
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None

    def set_creator(self, func):
        self.creator = func

    def backward(self):
        stack = [self.creator]
        while len(stack) != 0:
            func = stack.pop()
            in_, out = func.input, func.output
            in_.grad = func.backward(out.grad)
            if in_.creator:
                stack.append(in_.creator)


class Function():
    def __call__(self, input):
        output = Variable(self.forward(input.data))
        output.set_creator(self)
        self.input, self.output = input, output
        return output

    def forward(self, in_data):
        raise NotImplementedError()

    def backward(self, grad):
        raise NotImplementedError()


class Sqare(Function):
    def forward(self, in_data):
        return in_data ** 2

    def backward(self, grad):
        return 2 * self.input.data * grad


class Exponential(Function):
    def forward(self, in_data):
        return np.exp(in_data)

    def backward(self, grad):
        return np.exp(self.input.data) * grad

# %% use
f1, f2, f3 = Sqare(), Exponential(), Sqare()
x = Variable(np.array([0.5, -0.25, 1.0]))
y = f3(f2(f1(x)))
y.grad = np.ones(3)
y.backward()
print(x.grad)
