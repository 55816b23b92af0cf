import numpy as np

class Variable:
    def __init__(self, data):
        if data is not None:
            if not isinstance(data, np.ndarray):
                raise TypeError('{} is not supported'.format(type(data)))
        self.data = data
        self.grad = None
        self.creator = None

    def set_creator(self, func):
        self.creator = func

def as_array(x):
    if np.isscalar(x):
        return np.array(x)
    return x

class Function:
    def __call__(self, *inputs):
        xs = [x.data for x in inputs]
        ys = self.forward(*xs)
        if type(ys) is not tuple:
            ys = ys,
        outputs = [Variable(as_array(y)) for y in ys]
        for out in outputs:
            out.set_creator(self)
        self.inputs = inputs
        self.outputs = outputs
        return outputs[0] if len(outputs) == 1 else outputs

    def forward(self, *xs):
        raise NotImplementedError()

class Add(Function):
    def forward(self, x0, x1):
        return x0 + x1

class SumAndDifference(Function):
    def forward(self, x0, x1):
        return x0 + x1, x0 - x1

def add(x0, x1):
    return Add()(x0, x1)

def sum_and_difference(x0, x1):
    return SumAndDifference()(x0, x1)

# %% use
x0 = Variable(np.array(2.0))
x1 = Variable(np.array(3.0))
y = add(x0, x1)
print(y.data)

# %%
s, d = sum_and_difference(x0, x1)
y = add(add(s, s), d)
print(y.data)
