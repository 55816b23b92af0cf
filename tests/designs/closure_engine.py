"""A scalar engine whose values keep closures, as it is typed along with a lecture, and the mistakes made in it."""

from __future__ import annotations

from typing import NamedTuple

ENGINE = """
import math
class Value:
    def __init__(self, data, children=(), op='', label=''):
        self.data = data
        self.grad = 0.0
        self._backward = lambda: None
        self._prev = set(children)
        self._op = op
        self.label = label
    def __repr__(self):
        return f"Value(data={self.data})"
    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), '+')
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out
    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), '*')
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out
    def __pow__(self, other):
        out = Value(self.data ** other, (self,), f'**{other}')
        def _backward():
            self.grad += other * self.data ** (other - 1) * out.grad
        out._backward = _backward
        return out
    def __radd__(self, other): return self + other
    def __rmul__(self, other): return self * other
    def __neg__(self): return self * -1
    def __sub__(self, other): return self + (-other)
    def __truediv__(self, other): return self * other ** -1
    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,), 'tanh')
        def _backward():
            self.grad += (1 - t ** 2) * out.grad
        out._backward = _backward
        return out
    def exp(self):
        out = Value(math.exp(self.data), (self,), 'exp')
        def _backward():
            self.grad += out.data * out.grad
        out._backward = _backward
        return out
    def backward(self):
        topo = []
        visited = set()
        def build_topo(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build_topo(child)
                topo.append(v)
        build_topo(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()
"""

CELL = """
a = Value(2.0)
b = Value(-0.7)
c = a * b
s = (c + a ** 2 * 0.2).tanh()
e = s.exp()
f = s * s + e * 0.5
d = e + f
d.backward()
"""


class Mistake(NamedTuple):
    """One change of the engine's text, and where it is to be found."""

    name: str
    right: str
    wrong: str
    where: str
    """The operator's label, ``engine`` for the sweep, or ``graph``."""


_ORDER = """\
                for child in v._prev:
                    build_topo(child)
                topo.append(v)
"""
_PREORDER = """\
                topo.append(v)
                for child in v._prev:
                    build_topo(child)
"""
_TANH = "        out._backward = _backward\n        return out\n    def exp"

MISTAKES = (
    Mistake(
        "forgotten-child-of-times", "self.data * other.data, (self, other)", "self.data * other.data, (self,)", "*"
    ),
    Mistake("forgotten-child-of-tanh", "Value(t, (self,), 'tanh')", "Value(t, (), 'tanh')", "tanh"),
    Mistake("equals-in-times", "self.grad += other.data", "self.grad = other.data", "*"),
    Mistake("equals-in-plus", "self.grad += out.grad", "self.grad = out.grad", "+"),
    Mistake("equals-in-tanh", "self.grad += (1 - t", "self.grad = (1 - t", "tanh"),
    Mistake("no-topological-order", _ORDER, _PREORDER, "engine"),
    Mistake("no-visited-set", "                visited.add(v)\n", "", "engine"),
    Mistake("not-reversed", "in reversed(topo)", "in topo", "engine"),
    Mistake("seed-missing", "        self.grad = 1.0\n", "", "engine"),
    Mistake("never-stored", _TANH, _TANH.replace("        out._backward = _backward\n", "", 1), "tanh"),
    Mistake("called-instead-of-stored", _TANH, _TANH.replace("= _backward", "= _backward()"), "tanh"),
    Mistake("self-for-out", "(1 - t ** 2) * out.grad", "(1 - t ** 2) * self.grad", "tanh"),
    Mistake("ignores-out", "(1 - t ** 2) * out.grad", "(1 - t ** 2)", "tanh"),
    Mistake("wrong-power", "self.data ** (other - 1)", "self.data ** other", "**2"),
    Mistake("forgotten-factor", "other * self.data ** (other - 1)", "self.data ** (other - 1)", "**2"),
    Mistake("wrong-sign", "(1 - t ** 2)", "(t ** 2 - 1)", "tanh"),
    Mistake("not-squared", "(1 - t ** 2)", "(1 - t)", "tanh"),
    Mistake("operands-swapped", "self.grad += other.data * out.grad", "self.grad += self.data * out.grad", "*"),
    Mistake("data-of-the-input", "+= out.data * out.grad", "+= self.data * out.grad", "exp"),
    Mistake("one-side-forgotten", "            other.grad += self.data * out.grad\n", "", "*"),
    Mistake("stored-on-another", _TANH, _TANH.replace("out._b", "self._b"), "tanh"),
)
