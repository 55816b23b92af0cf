import numpy as np

# 리스트를 받고 리스트를 돌려주는 버전, backward 까지 직접 만들어 봄
class Variable:
    def __init__(self, data):
        self.data = np.array(data, dtype=float)
        self.grad = None
        self.creator = None

    def backward(self):
        self.grad = np.ones_like(self.data)
        queue = [self.creator]
        while queue:
            f = queue.pop(0)
            gxs = f.backward([o.grad for o in f.outputs])
            for i in range(len(f.inputs)):
                f.inputs[i].grad = gxs[i]
                if f.inputs[i].creator is not None:
                    queue.append(f.inputs[i].creator)

class Function:
    def __call__(self, inputs):
        ys = self.forward([v.data for v in inputs])
        self.inputs = inputs
        self.outputs = []
        for y in ys:
            v = Variable(y)
            v.creator = self
            self.outputs.append(v)
        return self.outputs

class Mul(Function):
    def forward(self, xs):
        return [xs[0] * xs[1]]
    def backward(self, gys):
        return [gys[0] * self.inputs[1].data, gys[0] * self.inputs[0].data]

class Square(Function):
    def forward(self, xs):
        return [xs[0] ** 2]
    def backward(self, gys):
        return [2 * self.inputs[0].data * gys[0]]

# %% use
a = Variable(3.0)
b = Variable(-2.0)
ab = Mul()([a, b])
y = Square()(ab)[0]
y.backward()
print(a.grad, b.grad)
