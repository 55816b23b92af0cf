import numpy as np

class Variable:
    def __init__(self, data):
        if data is not None and not isinstance(data, np.ndarray):
            raise TypeError(str(type(data)) + ' 는 지원하지 않아요')
        self.data = data
        self.grad = None
        self.creator = None

    def set_creator(self, func):
        self.creator = func

def as_array(x):
    if np.isscalar(x): return np.array(x)
    return x

class Function:
    def __call__(self, inputs):
        xs = [x.data for x in inputs]
        ys = self.forward(xs)       # 리스트가 들어가고 튜플이 나온다
        outputs = [Variable(as_array(y)) for y in ys]
        for output in outputs:
            output.set_creator(self)
        self.inputs = inputs
        self.outputs = outputs
        return outputs

    def forward(self, xs):
        raise NotImplementedError()

    def backward(self, gys):
        raise NotImplementedError()

class Add(Function):
    def forward(self, xs):
        x0, x1 = xs
        return (x0 + x1,)

# %% use
xs = [Variable(np.array(2)), Variable(np.array(3))]
ys = Add()(xs)
print(ys[0].data)

# %%
x0 = Variable(np.array(2.0))
x1 = Variable(np.array(3.0))
f = Add()
ys = f([x0, x1])
y = ys[0]
print(y.data)
