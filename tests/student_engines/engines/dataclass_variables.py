from dataclasses import dataclass, field
from typing import Optional
import numpy as np

@dataclass
class Variable:
    data: np.ndarray
    grad: Optional[np.ndarray] = None
    creator: Optional["Function"] = field(default=None, repr=False)

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        fs = [self.creator] if self.creator else []
        while fs:
            f = fs.pop()
            gxs = f.backward(f.output.grad)
            for x, gx in zip(f.inputs, gxs):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator:
                    fs.append(x.creator)

@dataclass
class Function:
    inputs: tuple = field(default=(), init=False, repr=False)
    output: Optional[Variable] = field(default=None, init=False, repr=False)

    def __call__(self, *inputs):
        self.inputs = inputs
        self.output = Variable(np.asarray(self.forward(*[x.data for x in inputs])), creator=self)
        return self.output

@dataclass
class Axpy(Function):
    a: float = 1.0

    def forward(self, x, y):
        return self.a * x + y

    def backward(self, gz):
        return self.a * gz, gz

@dataclass
class Sin(Function):
    def forward(self, x):
        return np.sin(x)

    def backward(self, gy):
        return (np.cos(self.inputs[0].data) * gy,)

# %% use
x = Variable(np.array([1.0, 2.0, 3.0]))
y = Variable(np.array([1.0, 2.0, 3.0]))
z = Sin()(Axpy(a=2.0)(x, y))
z.backward()
z
