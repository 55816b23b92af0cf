import numpy as np

class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None

    def set_creator(self, func):
        self.creator = func

    # 재귀
    def backward(self):
        f = self.creator
        if f is not None:
            f.input.grad = f.backward(self.grad)
            f.input.backward()

    # 반복문
    def backward_list(self):
        funcs = [self.creator]
        while funcs:
            f = funcs.pop(0)
            f.input.grad = f.backward(f.output.grad)
            if f.input.creator is not None:
                funcs.append(f.input.creator)

class Function:
    def __call__(self, input):
        y = self.forward(input.data)
        output = Variable(y)
        output.set_creator(self)
        self.input = input
        self.output = output
        return output

class Square(Function):
    def forward(self, x):
        return x**2
    def backward(self, gy):
        return 2 * self.input.data * gy

class Exp(Function):
    def forward(self, x):
        return np.exp(x)
    def backward(self, gy):
        return np.exp(self.input.data) * gy

# %% use
x = Variable(np.array(0.5))
a = Square()(x)
b = Exp()(a)
y = Square()(b)
y.grad = np.array(1.0)
y.backward_list()
print('backward_list:', x.grad)
