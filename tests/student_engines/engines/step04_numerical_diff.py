import numpy as np

class Variable:
    def __init__(self, data):
        self.data = data

class Function:
    def __call__(self, input):
        return Variable(self.forward(input.data))

    def forward(self, x):
        raise NotImplementedError()

class Square(Function):
    def forward(self, x): return x**2

class Exp(Function):
    def forward(self, x): return np.exp(x)

def numerical_diff(func, at, h=1e-4):
    plus = func(Variable(at.data + h))
    minus = func(Variable(at.data - h))
    return (plus.data - minus.data) / (2 * h)

def f(x):
    # 합성 함수
    return Square()(Exp()(Square()(x)))

# %% use
x = Variable(np.array(2.0))
numerical_diff(Square(), x)

# %%
x = Variable(np.array(0.5))
dy = numerical_diff(f, x)
print('dy =', dy)

# %%
y = f(x)
y.data
