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
        if f is not None:
            f.input.grad = f.backward(self.grad)
            f.input.backward()

class Function:
    def __call__(self, input: Variable) -> Variable:
        output = self.forward(input)   # Variable을 그대로 넘긴다
        output.creator = self
        self.input = input
        self.output = output
        return output

    def forward(self, x: Variable) -> Variable:
        raise NotImplementedError

    def backward(self, gy):
        raise NotImplementedError

class Square(Function):
    def forward(self, x: Variable) -> Variable:
        return Variable(x.data ** 2)

    def backward(self, gy):
        return 2 * self.input.data * gy

class Exp(Function):
    def forward(self, x: Variable) -> Variable:
        return Variable(np.exp(x.data))

    def backward(self, gy):
        return np.exp(self.input.data) * gy

# %% use
x = Variable(np.array(0.5))
y = Square()(Exp()(Square()(x)))
y.backward()
print(x.grad)
