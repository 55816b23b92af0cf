import numpy as np

# 입력이 하나뿐인 함수 모음
class Variable:
    def __init__(self, data):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"Variable에는 ndarray만 넣을 수 있습니다: {type(data)}")
        self.data = data
        self.grad = None
        self.creator = None

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        f = self.creator
        while f is not None:
            f.input_.grad = f.backward(f.output_.grad)
            f = f.input_.creator

class Function:
    def __call__(self, input_):
        self.input_ = input_
        self.output_ = Variable(np.asarray(self.forward(input_.data)))
        self.output_.creator = self
        return self.output_

    @property
    def x(self):
        return self.input_.data

    @property
    def y(self):
        return self.output_.data

class Square(Function):
    def forward(self, x):
        return x ** 2
    def backward(self, gy):
        return 2 * self.x * gy

class Cube(Function):
    def forward(self, x):
        return x ** 3
    def backward(self, gy):
        return 3 * self.x ** 2 * gy

class Exp(Function):
    def forward(self, x):
        return np.exp(x)
    def backward(self, gy):
        return self.y * gy

class Log(Function):
    def forward(self, x):
        return np.log(x)
    def backward(self, gy):
        return gy / self.x

class Sin(Function):
    def forward(self, x):
        return np.sin(x)
    def backward(self, gy):
        return gy * np.cos(self.x)

class Cos(Function):
    def forward(self, x):
        return np.cos(x)
    def backward(self, gy):
        return -gy * np.sin(self.x)

class Tanh(Function):
    def forward(self, x):
        return np.tanh(x)
    def backward(self, gy):
        return gy * (1 - self.y ** 2)

class Sigmoid(Function):
    def forward(self, x):
        return 1 / (1 + np.exp(-x))
    def backward(self, gy):
        return gy * self.y * (1 - self.y)

class Relu(Function):
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask
    def backward(self, gy):
        return gy * self.mask

class Reciprocal(Function):
    def forward(self, x):
        return 1 / x
    def backward(self, gy):
        return -gy / self.x ** 2

class Sqrt(Function):
    def forward(self, x):
        return np.sqrt(x)
    def backward(self, gy):
        return gy * 0.5 / self.y

class Negative(Function):
    def forward(self, x):
        return -x
    def backward(self, gy):
        return -gy

class AddOne(Function):
    def forward(self, x):
        return x + 1
    def backward(self, gy):
        return gy

class Dropout(Function):
    def __init__(self, ratio=0.5, seed=0):
        self.ratio = ratio
        self.rng = np.random.default_rng(seed)
        self.mask = None
    def forward(self, x):
        if self.mask is None:        # 마스크는 한 번만 뽑는다
            self.mask = self.rng.random(x.shape) > self.ratio
        return x * self.mask / (1 - self.ratio)
    def backward(self, gy):
        return gy * self.mask / (1 - self.ratio)

square, cube, exp, log, sin, cos, tanh, sigmoid, relu, reciprocal, sqrt, negative, add_one = [
    (lambda f: lambda x: f()(x))(f)
    for f in (Square, Cube, Exp, Log, Sin, Cos, Tanh, Sigmoid, Relu, Reciprocal, Sqrt, Negative, AddOne)
]

def dropout(x, ratio=0.5, seed=0):
    return Dropout(ratio, seed)(x)

# %% use
x = Variable(np.array([0.5, 1.0, 2.0, 3.0]))
y = tanh(dropout(relu(cube(log(sqrt(square(x)))))))
y.backward()
x.grad

# %%
x = Variable(np.array([0.5, 1.0, 2.0]))
h = reciprocal(add_one(exp(negative(x))))
y = cos(sin(sigmoid(h)))
y.backward()
x.grad
