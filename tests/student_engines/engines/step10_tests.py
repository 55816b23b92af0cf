import io
import unittest
import numpy as np

def as_array(x):
    return np.array(x) if np.isscalar(x) else x

class Variable:
    def __init__(self, data):
        if data is not None and not isinstance(data, np.ndarray):
            raise TypeError(f'{type(data)} is not supported')
        self.data = data
        self.grad = None
        self.creator = None

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        f = self.creator
        while f is not None:
            f.input.grad = f.backward(f.output.grad)
            f = f.input.creator

class Function:
    def __call__(self, input: Variable) -> Variable:
        self.input = input
        self.output = Variable(as_array(self.forward(input.data)))
        self.output.creator = self
        return self.output

    def forward(self, x: np.ndarray):
        raise NotImplementedError()

    def backward(self, gy: np.ndarray):
        raise NotImplementedError()

class Square(Function):
    def forward(self, x):
        return x ** 2

    def backward(self, gy):
        return 2 * self.input.data * gy

def square(x):
    return Square()(x)

def numerical_diff(f, x, eps=1e-4):
    y0, y1 = f(Variable(x.data - eps)), f(Variable(x.data + eps))
    return (y1.data - y0.data) / (2 * eps)

class SquareTest(unittest.TestCase):
    def test_forward(self):
        self.assertEqual(square(Variable(np.array(2.0))).data, np.array(4.0))

    def test_backward(self):
        x = Variable(np.array(3.0))
        square(x).backward()
        self.assertEqual(x.grad, np.array(6.0))

    def test_gradient_check(self):
        x = Variable(np.random.rand(1))
        square(x).backward()
        self.assertTrue(np.allclose(x.grad, numerical_diff(square, x)))

# %% use
suite = unittest.defaultTestLoader.loadTestsFromTestCase(SquareTest)
result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
print(result.testsRun, result.wasSuccessful())

# %%
x = Variable(np.random.default_rng(1).random((2, 3)))
y = square(x)
y.backward()
num_grad = numerical_diff(square, x)
np.allclose(x.grad, num_grad)
