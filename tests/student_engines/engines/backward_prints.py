import numpy as np

class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
            print("seed", self.grad)
        f = self.creator
        if f is None:
            print("여기까지! grad =", self.grad)
            return
        f.input.grad = f.backward(self.grad)
        f.input.backward()

class Function:
    calls = 0

    def __call__(self, input):
        Function.calls += 1
        print(f"[{Function.calls}] {self.__class__.__name__} forward: {input.data}")
        self.input = input
        output = Variable(np.asarray(self.forward(input.data)))
        output.creator = self
        self.output = output
        return output

class Square(Function):
    def forward(self, x):
        return x ** 2
    def backward(self, gy):
        print("Square.backward", gy)
        return 2 * self.input.data * gy

class Exp(Function):
    def forward(self, x):
        return np.exp(x)
    def backward(self, gy):
        print("Exp.backward", gy)
        return np.exp(self.input.data) * gy

# %% use
x = Variable(np.array(0.5))
y = Square()(Exp()(Square()(x)))
y.backward()

# %%
x = Variable(np.array(0.25))
y = Exp()(Square()(x))
y.backward()
print(Function.calls, x.grad)
