"""tmp."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.operation import Elementwise, elementwise
from ipy_autodiff.engine.registry import ufuncs
from ipy_autodiff.engine.variable import Variable

class Square(Elementwise):
    __slots__ = ()
    compute = np.square
    def derivative(self) -> Any:
        return 2 * self.x
square=elementwise(Square,np.square)
class Exp(Elementwise):
    __slots__ = ()
    compute=np.exp
    def derivative(self) -> Any:
        return self.y
exp=elementwise(Exp,np.exp)
class Log(Elementwise):
    __slots__ = ()
    compute=np.log
    def derivative(self) -> Any:
        return 1 / self.x
log=elementwise(Log,np.log)
class Sin(Elementwise):
    __slots__ = ()
    compute=np.sin
    def derivative(self) -> Any:
        return np.cos(self.x)
sin=elementwise(Sin,np.sin)
class Cos(Elementwise):
    __slots__ = ()
    compute=np.cos
    def derivative(self) -> Any:
        return -np.sin(self.x)
cos=elementwise(Cos,np.cos)
class Tanh(Elementwise):
    __slots__ = ()
    compute=np.tanh
    def derivative(self) -> Any:
        return 1 - self.y * self.y
tanh=elementwise(Tanh,np.tanh)
class Sigmoid(Elementwise):
    __slots__ = ()
    def compute(x): return np.tanh(x * 0.5) * 0.5 + 0.5
    def derivative(self) -> Any:
        return self.y * (1 - self.y)
sigmoid=elementwise(Sigmoid)
class ReLU(Elementwise):
    __slots__ = ()
    def compute(x): return np.maximum(x,0)
    def derivative(self) -> Any:
        return self.x > 0
relu=elementwise(ReLU)
def au(self,ufunc,method,*inputs,**kwargs):
    if method=="__call__" and not kwargs:
        return ufuncs[ufunc](*inputs)
    return NotImplemented
Variable.__array_ufunc__=au
