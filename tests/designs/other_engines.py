"""Engines of many designs, each as small as it can be: the text, a cell, and one mistake."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ENGINES", "Engine"]


class Engine(NamedTuple):
    """An engine's text, a cell that uses it, and one change that makes it wrong."""

    name: str
    text: str
    cell: str
    right: str
    wrong: str
    where: str
    """The operator that is to be named, or part of its name in lower case."""


_SWEEP = """
    def backward(self):
        order, seen = [], set()
        def walk(v):
            if id(v) in seen: return
            seen.add(id(v))
            for p in v.parents: walk(p)
            order.append(v)
        walk(self)
        self.grad = np.ones_like(self.data) if isinstance(self.data, np.ndarray) else 1.0
        for v in order[::-1]:
            %s
"""

CLOSURE_OVER_ARRAYS = (
    """
import numpy as np
class Tensor:
    def __init__(self, data, parents=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self.parents = parents
        self.backward_fn = lambda: None
    def __add__(self, other):
        out = Tensor(self.data + other.data, (self, other))
        def back():
            self.grad += out.grad
            other.grad += out.grad
        out.backward_fn = back
        return out
    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other))
        def back():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad
        out.backward_fn = back
        return out
    def sin(self):
        out = Tensor(np.sin(self.data), (self,))
        def back(): self.grad += np.cos(self.data) * out.grad
        out.backward_fn = back
        return out
    def sum(self):
        out = Tensor(self.data.sum(), (self,))
        def back(): self.grad += np.ones_like(self.data) * out.grad
        out.backward_fn = back
        return out
"""
    + _SWEEP % "v.backward_fn()"
)

CLOSURE_TAKES_GRADIENT = (
    """
import math
import numpy as np
class Node:
    def __init__(self, value, parents=(), vjp=None):
        self.value, self.grad, self.parents, self.vjp = value, 0.0, parents, vjp
    @property
    def data(self): return self.value
    def __mul__(self, other):
        return Node(self.value * other.value, (self, other), lambda g: (g * other.value, g * self.value))
    def __add__(self, other):
        return Node(self.value + other.value, (self, other), lambda g: (g, g))
    def sin(self):
        return Node(math.sin(self.value), (self,), lambda g: (g * math.cos(self.value),))
"""
    + _SWEEP
    % """if v.vjp is not None:
                for p, g in zip(v.parents, v.vjp(v.grad)): p.grad += g"""
)

DEPENDENCIES = """
import numpy as np
from typing import NamedTuple
class Dependency(NamedTuple):
    tensor: object
    grad_fn: object
class Tensor:
    def __init__(self, data, requires_grad=False, depends_on=None):
        self.data = np.asarray(data, dtype=float)
        self.requires_grad = requires_grad
        self.depends_on = depends_on or []
        self.grad = None
        if requires_grad: self.zero_grad()
    def zero_grad(self): self.grad = Tensor(np.zeros_like(self.data))
    def backward(self, grad=None):
        if grad is None: grad = Tensor(1.0)
        self.grad.data = self.grad.data + grad.data
        for d in self.depends_on:
            d.tensor.backward(Tensor(d.grad_fn(grad.data)))
    def __mul__(self, other): return mul(self, other)
    def __add__(self, other): return add(self, other)
    def tanh(self): return tanh(self)
    def sum(self): return total(self)
def mul(a, b):
    def grad_a(g): return g * b.data
    def grad_b(g): return g * a.data
    deps = [Dependency(a, grad_a)] if a.requires_grad else []
    if b.requires_grad: deps.append(Dependency(b, grad_b))
    return Tensor(a.data * b.data, a.requires_grad or b.requires_grad, deps)
def add(a, b):
    return Tensor(a.data + b.data, True, [Dependency(a, lambda g: g), Dependency(b, lambda g: g)])
def tanh(t):
    y = np.tanh(t.data)
    def grad_fn(g): return g * (1 - y * y)
    return Tensor(y, t.requires_grad, [Dependency(t, grad_fn)])
def total(t):
    def grad_fn(g): return g * np.ones_like(t.data)
    return Tensor(t.data.sum(), t.requires_grad, [Dependency(t, grad_fn)])
"""

CONTEXT_APPLY = """
import numpy as np
class Context:
    def save_for_backward(self, *items): self.saved_tensors = items
class Node:
    def __init__(self, op, ctx, inputs): self.op, self.ctx, self.inputs = op, ctx, inputs
    def apply(self, g): return self.op.backward(self.ctx, g)
class Function:
    @classmethod
    def apply(cls, *tensors):
        ctx = Context()
        out = Tensor(cls.forward(ctx, *[t.data for t in tensors]))
        out.grad_fn = Node(cls, ctx, tensors)
        return out
class Mul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b
    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g * b, g * a
class Exp(Function):
    @staticmethod
    def forward(ctx, a):
        y = np.exp(a)
        ctx.save_for_backward(y)
        return y
    @staticmethod
    def backward(ctx, g):
        y, = ctx.saved_tensors
        return g * y
class Sum(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.shape = a.shape
        return np.asarray(a.sum())
    @staticmethod
    def backward(ctx, g): return np.full(ctx.shape, g)
class Tensor:
    def __init__(self, data): self.data, self.grad, self.grad_fn = np.asarray(data, float), None, None
    def __mul__(self, other): return Mul.apply(self, other)
    def exp(self): return Exp.apply(self)
    def sum(self): return Sum.apply(self)
    def backward(self):
        order, seen = [], set()
        def visit(t):
            if id(t) in seen or t.grad_fn is None: return
            seen.add(id(t))
            for p in t.grad_fn.inputs: visit(p)
            order.append(t)
        visit(self)
        self.grad = np.ones_like(self.data)
        for t in reversed(order):
            gs = t.grad_fn.apply(t.grad)
            for p, g in zip(t.grad_fn.inputs, gs if isinstance(gs, tuple) else (gs,)):
                p.grad = g if p.grad is None else p.grad + g
"""

TINYGRAD = """
import numpy as np
class Function:
    def __init__(self, *tensors):
        self.parents, self.saved_tensors = tensors, []
    def save_for_backward(self, *x): self.saved_tensors.extend(x)
    @classmethod
    def apply(cls, *tensors):
        ctx = cls(*tensors)
        ret = Tensor(cls.forward(ctx, *[t.data for t in tensors]))
        ret._ctx = ctx
        return ret
class Mul(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y
    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return y * grad_output, x * grad_output
class ReLU(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.maximum(x, 0)
    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        return grad_output * (x > 0)
class Sum(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.array([x.sum()])
    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        return grad_output * np.ones_like(x)
class Tensor:
    def __init__(self, data): self.data, self.grad, self._ctx = np.asarray(data, float), None, None
    def mul(self, o): return Mul.apply(self, o)
    def relu(self): return ReLU.apply(self)
    def sum(self): return Sum.apply(self)
    def deepwalk(self):
        out, seen = [], set()
        def walk(t):
            seen.add(t)
            if t._ctx:
                for p in t._ctx.parents:
                    if p not in seen: walk(p)
                out.append(t)
        walk(self)
        return out
    def backward(self):
        self.grad = np.ones_like(self.data)
        for t in reversed(self.deepwalk()):
            grads = t._ctx.backward(t._ctx, t.grad)
            grads = [grads] if len(t._ctx.parents) == 1 else grads
            for p, g in zip(t._ctx.parents, grads):
                p.grad = g if p.grad is None else p.grad + g
"""

MINITORCH = """
import math
from dataclasses import dataclass
class Context:
    def __init__(self): self.saved_values = ()
    def save_for_backward(self, *values): self.saved_values = values
@dataclass
class ScalarHistory:
    last_fn: object = None
    ctx: object = None
    inputs: tuple = ()
class ScalarFunction:
    @classmethod
    def apply(cls, *vals):
        scalars = [v if isinstance(v, Scalar) else Scalar(v) for v in vals]
        ctx = Context()
        return Scalar(cls.forward(ctx, *[s.data for s in scalars]), ScalarHistory(cls, ctx, tuple(scalars)))
class Mul(ScalarFunction):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b
    @staticmethod
    def backward(ctx, d):
        a, b = ctx.saved_values
        return b * d, a * d
class Add(ScalarFunction):
    @staticmethod
    def forward(ctx, a, b): return a + b
    @staticmethod
    def backward(ctx, d): return d, d
class Log(ScalarFunction):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return math.log(a)
    @staticmethod
    def backward(ctx, d):
        a, = ctx.saved_values
        return d / a
class Scalar:
    def __init__(self, v, history=None):
        self.data, self.history, self.derivative, self.unique_id = float(v), history, None, id(self)
    def __mul__(self, o): return Mul.apply(self, o)
    def __add__(self, o): return Add.apply(self, o)
    def log(self): return Log.apply(self)
    def backward(self, d=1.0):
        order, seen = [], set()
        def visit(v):
            if v.unique_id in seen: return
            seen.add(v.unique_id)
            for p in v.history.inputs if v.history else (): visit(p)
            order.append(v)
        visit(self)
        totals = {self.unique_id: d}
        for v in reversed(order):
            g = totals[v.unique_id]
            if v.history is None:
                v.derivative = (v.derivative or 0.0) + g
                continue
            back = v.history.last_fn.backward(v.history.ctx, g)
            for p, x in zip(v.history.inputs, back if isinstance(back, tuple) else (back,)):
                totals[p.unique_id] = totals.get(p.unique_id, 0.0) + x
"""

NEEDLE = """
import numpy as np
class Op:
    def __call__(self, *args): return Tensor.make(self, args)
class EWiseMul(Op):
    def compute(self, a, b): return a * b
    def gradient(self, out_grad, node):
        a, b = node.inputs
        return out_grad * b, out_grad * a
class EWiseAdd(Op):
    def compute(self, a, b): return a + b
    def gradient(self, out_grad, node): return out_grad, out_grad
class Log(Op):
    def compute(self, a): return np.log(a)
    def gradient(self, out_grad, node): return Reciprocal()(node.inputs[0]) * out_grad
class Reciprocal(Op):
    def compute(self, a): return 1 / a
    def gradient(self, out_grad, node): raise NotImplementedError
class Tensor:
    def __init__(self, data):
        self.op, self.inputs, self.cached_data, self.grad = None, (), np.asarray(data, float), None
    @staticmethod
    def make(op, inputs):
        t = Tensor.__new__(Tensor)
        t.op, t.inputs, t.grad = op, inputs, None
        t.cached_data = op.compute(*[i.cached_data for i in inputs])
        return t
    @property
    def data(self):
        t = Tensor(self.cached_data)
        return t
    def __mul__(self, o): return EWiseMul()(self, o)
    def __add__(self, o): return EWiseAdd()(self, o)
    def log(self): return Log()(self)
    def backward(self):
        order, seen = [], set()
        def visit(t):
            if id(t) in seen: return
            seen.add(id(t))
            for p in t.inputs: visit(p)
            order.append(t)
        visit(self)
        collected = {id(self): [Tensor(np.ones_like(self.cached_data))]}
        for t in reversed(order):
            parts = collected[id(t)]
            total = parts[0]
            for part in parts[1:]: total = total + part
            t.grad = total
            if t.op is None: continue
            grads = t.op.gradient(total, t)
            for p, g in zip(t.inputs, grads if isinstance(grads, tuple) else (grads,)):
                collected.setdefault(id(p), []).append(g)
"""

MYTORCH = """
import numpy as np
class ContextManager:
    def __init__(self): self.saved_tensors = []
    def save_for_backward(self, *items): self.saved_tensors.extend(items)
class AccumulateGrad:
    def __init__(self, variable): self.variable, self.next_functions = variable, []
    def apply(self, g):
        v = self.variable
        v.grad = Tensor(g.data.copy()) if v.grad is None else Tensor(v.grad.data + g.data)
class BackwardFunction:
    def __init__(self, cls):
        self.forward_cls, self.ctx, self.next_functions = cls, ContextManager(), []
    def apply(self, g): return self.forward_cls.backward(self.ctx, g)
class Function:
    @classmethod
    def apply(cls, *args):
        node = BackwardFunction(cls)
        out = cls.forward(node.ctx, *args)
        for a in args:
            if a.grad_fn is None: a.grad_fn = AccumulateGrad(a)
            node.next_functions.append(a.grad_fn)
        out.grad_fn, out.is_leaf = node, False
        return out
class Add(Function):
    @staticmethod
    def forward(ctx, a, b): return Tensor(a.data + b.data)
    @staticmethod
    def backward(ctx, g): return g, g
class Mul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return Tensor(a.data * b.data)
    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return Tensor(g.data * b.data), Tensor(g.data * a.data)
class Tanh(Function):
    @staticmethod
    def forward(ctx, a):
        out = Tensor(np.tanh(a.data))
        ctx.save_for_backward(out)
        return out
    @staticmethod
    def backward(ctx, g):
        out, = ctx.saved_tensors
        return (Tensor(g.data * (1 - out.data ** 2)),)
class Tensor:
    def __init__(self, data):
        self.data, self.grad, self.grad_fn, self.is_leaf = np.asarray(data, float), None, None, True
    def __mul__(self, o): return Mul.apply(self, o)
    def __add__(self, o): return Add.apply(self, o)
    def tanh(self): return Tanh.apply(self)
    def backward(self):
        def go(fn, g):
            out = fn.apply(g)
            if out is None: return
            for f, x in zip(fn.next_functions, out if isinstance(out, tuple) else (out,)): go(f, x)
        go(self.grad_fn, Tensor(np.ones_like(self.data)))
"""

TINYTORCH = """
import numpy as np
class Backward:
    def __init__(self, *tensors): self.saved_tensors = tensors
class MulBackward(Backward):
    def apply(self, g):
        a, b = self.saved_tensors
        return g * b.data, g * a.data
class SumBackward(Backward):
    def apply(self, g):
        a, = self.saved_tensors
        return (np.ones_like(a.data) * g,)
class ExpBackward(Backward):
    def apply(self, g):
        a, = self.saved_tensors
        return (np.exp(a.data) * g,)
class Tensor:
    def __init__(self, data): self.data, self.grad, self._grad_fn = np.asarray(data, float), None, None
    def __mul__(self, o):
        out = Tensor(self.data * o.data)
        out._grad_fn = MulBackward(self, o)
        return out
    def exp(self):
        out = Tensor(np.exp(self.data))
        out._grad_fn = ExpBackward(self)
        return out
    def sum(self):
        out = Tensor(self.data.sum())
        out._grad_fn = SumBackward(self)
        return out
    def backward(self, g=None):
        g = np.ones_like(self.data) if g is None else g
        self.grad = g if self.grad is None else self.grad + g
        if self._grad_fn is not None:
            for t, x in zip(self._grad_fn.saved_tensors, self._grad_fn.apply(g)): t.backward(x)
"""

ENGINES = (
    Engine(
        "closures over arrays",
        CLOSURE_OVER_ARRAYS,
        "W = Tensor([[1.0, -0.5], [0.3, 2.0]]); x = Tensor([[0.5], [1.5]])\n"
        "b = Tensor([[0.1], [0.2]])\ny = ((W @ x + b).sin() + b).sum()\ny.backward()\n",
        "self.data.T @ out.grad",
        "self.data @ out.grad",
        "matmul",
    ),
    Engine(
        "closures taking the gradient",
        CLOSURE_TAKES_GRADIENT,
        "a = Node(0.7); b = Node(-1.3)\ny = (a * b + a).sin() * a\ny.backward()\n",
        "g * math.cos(self.value)",
        "-g * math.cos(self.value)",
        "sin",
    ),
    Engine(
        "dependencies",
        DEPENDENCIES,
        "a = Tensor([1.0, 0.5], True); b = Tensor([0.3, -0.2], True)\n"
        "s = (a * b + a).tanh()\ny = (s * s).sum()\ny.backward()\n",
        "1 - y * y",
        "1 - y",
        "tanh",
    ),
    Engine(
        "context and apply",
        CONTEXT_APPLY,
        "a = Tensor([1.0, 0.5]); b = Tensor([0.3, -0.2])\ny = ((a * b).exp() * a).sum()\ny.backward()\n",
        "return g * y",
        "return g + y",
        "exp",
    ),
    Engine(
        "tinygrad",
        TINYGRAD,
        "a = Tensor([1.0, -0.5]); b = Tensor([0.3, 0.2])\ny = a.mul(b).relu().mul(a).sum()\ny.backward()\n",
        "y * grad_output, x * grad_output",
        "x * grad_output, y * grad_output",
        "mul",
    ),
    Engine(
        "minitorch",
        MINITORCH,
        "a = Scalar(2.0); b = Scalar(0.7)\ny = (a * b + a).log() * b\ny.backward()\n",
        "return d / a",
        "return d / a ** 2",
        "log",
    ),
    Engine(
        "needle",
        NEEDLE,
        "a = Tensor([2.0, 1.2]); b = Tensor([0.7, 0.4])\ny = (a * b + a).log() * b\ny.backward()\n",
        "out_grad * b, out_grad * a",
        "out_grad * a, out_grad * b",
        "mul",
    ),
    Engine(
        "mytorch",
        MYTORCH,
        "a = Tensor([2.0, 1.2]); b = Tensor([0.7, 0.4])\ny = (a * b + a).tanh() * b\ny.backward()\n",
        "1 - out.data ** 2",
        "1 - out.data",
        "tanh",
    ),
    Engine(
        "tinytorch",
        TINYTORCH,
        "a = Tensor([1.0, 0.5]); b = Tensor([0.3, -0.2])\ny = ((a * b).exp() * a).sum()\ny.backward()\n",
        "g * b.data, g * a.data",
        "g * a.data, g * b.data",
        "mul",
    ),
)
