import numpy as np

class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None
    def backward(self):
        if self.grad is None: self.grad = np.ones_like(self.data)
        v = self
        while v.creator is not None:
            v.creator.input.grad = v.creator.backward(v.grad)
            v = v.creator.input

class Function:
    def __call__(self, input):
        self.input = input
        out = Variable(np.asarray(self.forward(input.data)))
        out.creator = self
        return out      # output 은 저장하지 않음

def make(name, f, df):
    # 클래스를 함수로 찍어내기
    return type(name, (Function,), {
        'forward': lambda self, x: f(x),
        'backward': lambda self, gy: df(self.input.data) * gy,
    })

Square = make('Square', lambda x: x**2, lambda x: 2*x)
Exp = make('Exp', np.exp, np.exp)

# %% use
x = Variable(np.array(0.5)); a = Square()(x); b = Exp()(a); y = Square()(b); y.backward(); x.grad
