import heapq
import itertools
import numpy as np

counter = itertools.count()

class Variable:
    # 세대를 우선순위 큐로 관리
    def __init__(self, data, creator=None):
        self.data = data
        self.grad = None
        self.creator = creator
        self.generation = creator.generation + 1 if creator else 0

    def backward(self):
        self.grad = np.ones_like(self.data)
        heap, seen = [], set()
        def push(f):
            if f is not None and id(f) not in seen:
                seen.add(id(f))
                heapq.heappush(heap, (-f.generation, next(counter), f))
        push(self.creator)
        while heap:
            _, _, f = heapq.heappop(heap)
            for v, g in zip(f.inputs, f.backward(f.outputs[0].grad)):
                v.grad = g if v.grad is None else v.grad + g
                push(v.creator)

class Function:
    def __call__(self, *inputs):
        self.inputs = list(inputs)
        self.generation = max(v.generation for v in inputs)
        self.outputs = [Variable(np.asarray(self.forward(*[v.data for v in inputs])), self)]
        return self.outputs[0]

class Mul(Function):
    def forward(self, x0, x1):
        return x0 * x1
    def backward(self, gy):
        x0, x1 = self.inputs
        return [gy * x1.data, gy * x0.data]

class Tanh(Function):
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y
    def backward(self, gy):
        return [gy * (1 - self.y ** 2)]

class Plus(Function):
    def forward(self, x0, x1):
        return x0 + x1
    def backward(self, gy):
        return [gy, gy]

# %% use
w = Variable(np.array(0.5))
x = Variable(np.array(-1.5))
h = Mul()(w, x)
h = Tanh()(Plus()(h, x))
y = Mul()(Plus()(h, x), h)
y.backward()
w.grad, x.grad
