import numpy as np

class Variable:
    def __init__(self, data):
        self.data = data

class Function:
    def __call__(self, v):
        result = self.forward(v.data)   # 값을 꺼내서 계산하고
        return Variable(result)         # 다시 상자에 담는다

    def forward(self, x):
        raise NotImplementedError("forward를 구현하세요")

class Square(Function):
    def forward(self, x):
        return x ** 2

class Exp(Function):
    def forward(self, x):
        return np.exp(x)

# %% use
x = Variable(np.array(10))
f = Square()
z = f(x)
print(type(z), z.data)

# %%
A, B, C = Square(), Exp(), Square()
x = Variable(np.array(0.5))
a = A(x)
b = B(a)
y = C(b)
print(y.data)
