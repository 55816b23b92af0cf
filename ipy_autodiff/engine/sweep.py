# ruff: noqa: SLF001 - the engine's modules share the slots of Variable and Function, for speed
"""Send gradients from a Variable back to the leaves, each Function once, after all that consumed its outputs.

A Function whose output was used once is ready as soon as its only consumer is done, so a chain or a tree of calls needs
no ordering at all. Only Variables that were used more often wait, in a heap with the latest generation first, until
nothing else is ready. Gradients live in the sweep alone and are released as it passes.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from sys import getrefcount
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.engine.errors import explain
from ipy_autodiff.engine.ownership import ALONE, can_add, owns

if TYPE_CHECKING:
    from ipy_autodiff.engine.function import Function
    from ipy_autodiff.engine.variable import Variable

__all__ = ["accumulate", "sweep"]

float64 = np.float64
generic = np.generic
ndarray = np.ndarray


def sweep(y: Variable, seed: Any, retain_grad: bool, create_graph: bool) -> None:
    """Add ``y``'s derivatives, times ``seed``, to the leaves' gradients; see ``Variable.backward``."""
    if y._creator is None:
        y._grad = seed
    elif retain_grad or create_graph:
        _sweep_with_care(y, seed, retain_grad, create_graph)
    else:
        y._grad = None
        _sweep_fast(y, seed)


def _sweep_fast(y: Variable, g: Any) -> None:
    """Over arrays and scalars, keeping no gradient but the leaves'."""
    f: Any = y._creator
    ready: list[Any] = []
    box: list[Any] = []
    waiting = Waiting()
    if not f._called_directly:
        waiting.add(y, g)
        f, g = _next(waiting)
    while f is not None:
        if g.__class__ is float64:
            g = f.backward(g)
        else:  # an array is handed over and not kept, so that ``backward`` may write into what nobody else sees
            box.append(g)
            g = None
            g = f.backward(box.pop())
        x = f._input
        if g.__class__ is tuple:
            g, g1 = g
            x1 = f._input1
            c = x1._creator
            if c is None:
                if x1._grad is None and g1.__class__ is float64:
                    x1._grad = g1
                else:
                    accumulate(x1, g1)
            elif x1._uses == 1:
                ready.append(c)
                ready.append(g1)
            else:
                waiting.add(x1, g1)
            g1 = None
        c = x._creator
        if c is not None:
            if x._uses == 1:
                f = c
                continue
            waiting.add(x, g)
        elif x._grad is None and g.__class__ is float64:
            x._grad = g
        else:
            accumulate(x, g)
        if ready:
            g = ready.pop()
            f = ready.pop()
        else:
            f, g = _next(waiting)


def _next(waiting: Waiting) -> tuple[Any, Any]:
    """The next Function on one or two Variables, and its gradient; (None, None) at the end. Others are dealt with."""
    while waiting:
        f, ys = waiting.pop()
        if f._called_directly:
            return f, waiting.gradients.pop(ys[0])
        for x, g in f._gradients(ys, waiting.take(f, ys)):
            if x._creator is None:
                accumulate(x, g)
            else:
                waiting.add(x, g)
    return None, None


def _sweep_with_care(y: Variable, seed: Any, retain_grad: bool, create_graph: bool) -> None:
    """Over arrays or Variables, keeping the gradients in between where they are asked for."""
    waiting = Waiting()
    waiting.add(y, seed)
    while waiting:
        f, ys = waiting.pop()
        for x in ys:
            if x is y:
                y._grad = seed if retain_grad else None
            elif retain_grad:
                accumulate(x, waiting.gradients[x])
        gys = waiting.take(f, ys)
        for x, g in f._gradients_as_variables(ys, gys) if create_graph else f._gradients(ys, gys):
            if x._creator is None:
                accumulate(x, g)
            else:
                waiting.add(x, g)


class Waiting:
    """The Variables whose gradients may not be complete yet, what has reached each so far, and their creators."""

    __slots__ = ("gradients", "heap", "reached", "tickets")

    def __init__(self) -> None:
        self.gradients: dict[Variable, Any] = {}
        self.reached: dict[Function, list[Variable]] = {}
        self.heap: list[tuple[int, int, Function]] = []
        self.tickets = count()

    def __bool__(self) -> bool:
        return bool(self.heap)

    def add(self, x: Variable, g: Any) -> None:
        """Add ``g`` to the gradient of ``x``."""
        gradients = self.gradients
        if x in gradients:
            old = gradients[x]
            if getrefcount(old) == ALONE and can_add(old, g):
                old += g
            elif getrefcount(g) == ALONE and can_add(g, old):
                g += old
                gradients[x] = g
            else:
                gradients[x] = old + g
            return
        gradients[x] = g
        f: Any = x._creator
        if f in self.reached:
            self.reached[f].append(x)
        else:
            self.reached[f] = [x]
            heappush(self.heap, (-x.generation, next(self.tickets), f))

    def pop(self) -> tuple[Any, list[Variable]]:
        """The Function of the latest generation, and those of its outputs that a gradient has reached."""
        f = heappop(self.heap)[2]
        return f, self.reached.pop(f)

    def take(self, f: Function, ys: list[Variable]) -> tuple[Any, ...]:
        """The gradients of all outputs of ``f``: zeros for those that nothing used."""
        outputs = getattr(f, "_results", None)
        if not isinstance(outputs, tuple) or len(outputs) == 1:
            return (self.gradients.pop(ys[0]),)
        gys = []
        for output in outputs:
            y = output()
            gys.append(self.gradients.pop(y) if y in self.gradients else np.zeros(output.shape, output.dtype))
        return tuple(gys)


def accumulate(x: Variable, g: Any) -> None:
    """Add ``g`` to the gradient that ``x`` shows, in an array that nobody else sees and in the precision of ``x``."""
    old = x._grad
    if not isinstance(g, ndarray | generic):  # a Variable
        if g.dtype != x.dtype and x.dtype.kind == "f":
            g = g.astype(x.dtype)
        x._grad = g if old is None else old + g
        return
    dtype = x._data.dtype
    if g.dtype != dtype or dtype.kind != "f":
        if g.dtype.kind == "c" or dtype.kind not in "fiub":
            raise explain(TypeError, "not_differentiable", dtype=g.dtype if dtype.kind in "fiub" else dtype)
        if dtype.kind == "f":
            g = g.astype(dtype)
    if old is None:
        x._grad = g.copy() if g.__class__ is ndarray and (getrefcount(g) > ALONE or not owns(g)) else g
    elif not isinstance(old, ndarray | generic):
        x._grad = old._data + g
    elif getrefcount(old) == ALONE and can_add(old, g):
        old += g
    else:
        x._grad = old + g
