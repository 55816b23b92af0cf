"""Functions of one variable, element by element: powers, exponentials, trigonometry, activation functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.operation import Elementwise
from ipy_autodiff.engine.variable import Variable

class Square(Elementwise):
    __slots__ = ("x",)

    def forward(self, x: Any) -> Any:
        self.x = x
        return x**2

    def derivative(self) -> Any:
        return 2 * self.x

class Exp(Elementwise):
    __slots__ = ("y",)

    def forward(self, x: Any) -> Any:
        self.y = y = np.exp(x)
        return y

    def derivative(self) -> Any:
        return self.y

class Log(Elementwise):
    __slots__ = ("x",)

    def forward(self, x: Any) -> Any:
        self.x = x
        return np.log(x)

    def derivative(self) -> Any:
        return 1 / self.x

class Sin(Elementwise):
    __slots__ = ("x",)

    def forward(self, x: Any) -> Any:
        self.x = x
        return np.sin(x)

    def derivative(self) -> Any:
        return np.cos(self.x)

class Cos(Elementwise):
    __slots__ = ("x",)

    def forward(self, x: Any) -> Any:
        self.x = x
        return np.cos(x)

    def derivative(self) -> Any:
        return -np.sin(self.x)

class Tanh(Elementwise):
    __slots__ = ("y",)

    def forward(self, x: Any) -> Any:
        self.y = y = np.tanh(x)
        return y

    def derivative(self) -> Any:
        return 1 - self.y * self.y

class Sigmoid(Elementwise):
    __slots__ = ("y",)

    def forward(self, x: Any) -> Any:
        self.y = y = np.tanh(x * 0.5) * 0.5 + 0.5
        return y

    def derivative(self) -> Any:
        return self.y * (1 - self.y)

class ReLU(Elementwise):
    __slots__ = ("x",)

    def forward(self, x: Any) -> Any:
        self.x = x
        return np.maximum(x, 0)

    def derivative(self) -> Any:
        return self.x > 0

def square(x: Any) -> Variable: return Square().apply(x)
def exp(x: Any) -> Variable: return Exp().apply(x)
def log(x: Any) -> Variable: return Log().apply(x)
def sin(x: Any) -> Variable: return Sin().apply(x)
def cos(x: Any) -> Variable: return Cos().apply(x)
def tanh(x: Any) -> Variable: return Tanh().apply(x)
def sigmoid(x: Any) -> Variable: return Sigmoid().apply(x)
def relu(x: Any) -> Variable: return ReLU().apply(x)
UF={np.sin:sin,np.cos:cos,np.exp:exp,np.tanh:tanh,np.square:square,np.log:log}
def au(self,ufunc,method,*inputs,**kwargs):
    if method=="__call__" and not kwargs:
        rule=UF.get(ufunc)
        if rule is not None: return rule(*inputs)
        if ufunc is np.multiply: return inputs[1].__rmul__(inputs[0])
    return NotImplemented
Variable.__array_ufunc__=au
