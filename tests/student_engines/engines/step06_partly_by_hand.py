import numpy as np

class Variable(object):
    def __init__(self, data):
        self.data, self.grad, self.creator = data, None, None

class Function(object):
    def __call__(self, x):
        self.x = x.data
        self.input, self.output = x, Variable(self.forward(x.data))
        self.output.creator = self
        return self.output
    def forward(self, x): raise NotImplementedError
    def backward(self, dout): raise NotImplementedError

class Sin(Function):
    def forward(self, x): return np.sin(x)
    def backward(self, dout): return dout * np.cos(self.x)

class Square(Function):
    def forward(self, x): return x * x
    def backward(self, dout): return dout * 2 * self.x

# %% use
x = Variable(np.array(0.3))
F, G, H = Sin(), Square(), Sin()
a = F(x)
b = G(a)
y = H(b)
y.grad = np.array(1.0)
b.grad = H.backward(y.grad)   # 나머지는 나중에
print(b.grad)
