import numpy as np

# 파이토치처럼 Tensor 라고 부르기
class Tensor:
    def __init__(self, data, requires_grad=True):
        self.data = np.asarray(data, dtype=np.float64)
        self.requires_grad = requires_grad
        self.grad = None
        self.creator = None

    def backward(self, grad=1.0):
        self.grad = np.full_like(self.data, grad)
        ops = [self.creator]
        while ops:
            op = ops.pop(0)
            in_grads = op.backward(op.output_.grad)
            for t, g in zip(op.input_, in_grads):
                if not t.requires_grad:
                    continue
                t.grad = g if t.grad is None else t.grad + g
                if t.creator is not None:
                    ops.append(t.creator)

class Operation:
    def __call__(self, *tensors, **kwargs):
        self.input_ = tensors
        self.output_ = Tensor(self.forward(*[t.data for t in tensors], **kwargs))
        self.output_.creator = self
        return self.output_

class MatMul(Operation):
    def forward(self, a, b):
        return a.dot(b)
    def backward(self, g):
        a, b = self.input_
        return g.dot(b.data.T), a.data.T.dot(g)

class LeakyReLU(Operation):
    slope = 0.1
    def forward(self, a):
        return np.where(a > 0, a, self.slope * a)
    def backward(self, g):
        a, = self.input_
        return [np.where(a.data > 0, g, self.slope * g)]

# %% use
x = Tensor([[1.0, -2.0], [0.5, 3.0]])
w = Tensor([[0.2, -1.0, 0.7], [1.5, 0.3, -0.4]])
h = MatMul()(x, w)
out = LeakyReLU()(h)
out.backward()
print(x.grad, w.grad)
