import numpy as np

class Variable:
    def __init__(self, data):
        if data is not None and not isinstance(data, np.ndarray):
            raise TypeError(f"{type(data)} not allowed")
        self.data = data
        self.grad = None
        self.creator = None

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        funcs = [self.creator]
        while funcs:
            f = funcs.pop()
            gys = [output.grad for output in f.outputs]
            gxs = f.backward(*gys)
            if not isinstance(gxs, tuple):
                gxs = (gxs,)
            for x, gx in zip(f.inputs, gxs):
                x.grad = gx
                if x.creator is not None:
                    funcs.append(x.creator)

class Function:
    def __call__(self, *inputs):
        ys = self.forward(*[i.data for i in inputs])
        if not isinstance(ys, tuple):
            ys = (ys,)
        outputs = [Variable(np.asarray(y)) for y in ys]
        for o in outputs:
            o.creator = self
        self.inputs, self.outputs = inputs, outputs
        return outputs if len(outputs) > 1 else outputs[0]

class Square(Function):
    def forward(self, x):
        return x ** 2
    def backward(self, gy):
        x = self.inputs[0].data
        return 2 * x * gy

class Add(Function):
    def forward(self, a, b):
        return a + b
    def backward(self, gy):
        return gy, gy

class Polar(Function):
    """길이와 각도: 출력이 두 개"""
    def forward(self, a, b):
        return np.hypot(a, b), np.arctan2(b, a)
    def backward(self, g_length, g_angle):
        a, b = self.inputs[0].data, self.inputs[1].data
        r2 = a * a + b * b
        r = np.sqrt(r2)
        return g_length * a / r - g_angle * b / r2, g_length * b / r + g_angle * a / r2

square = lambda x: Square()(x)
add = lambda a, b: Add()(a, b)

# %% use
x = Variable(np.array(2.0))
y = Variable(np.array(3.0))
z = add(square(x), square(y))
z.backward()
print(z.data, x.grad, y.grad)

# %%
x = Variable(np.array(3.0))
y = Variable(np.array(4.0))
length, angle = Polar()(x, y)
z = add(length, angle)
z.backward()
print(x.grad, y.grad)
