"""Beside ``torch.autograd.gradcheck``: what each finds of custom Functions, and at which cost.

Run as a module it prints the table: ``python -m tests.designs.torch_table``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ipy_autodiff.gradcheck.check_gradients import check_gradients

SOURCE = """
import torch
class Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return torch.tanh(x @ w)
    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        g = g * (1 - torch.tanh(x @ w) ** 2)
        return g @ w.T, x.T @ g
"""
CASES = (
    ("right", "", ""),
    ("half the gradient", "return g @ w.T,", "return g @ w.T / 2,"),
    ("a square forgotten", "torch.tanh(x @ w) ** 2)", "torch.tanh(x @ w))"),
    ("gy forgotten", "g = g * (1", "g = (1"),
    ("not proportional to gy", "g = g * (1", "g = g * g.abs() * (1"),
    ("a part in 10,000", "return g @ w.T,", "return g @ w.T * 1.0001,"),
    ("a part in 100,000,000", "return g @ w.T,", "return g @ w.T * 1.00000001,"),
    ("no gradient for w", "x.T @ g\n", "None\n"),
    ("one element", "return g @ w.T, x.T @ g", "gw = x.T @ g; gw[0, 0] *= 2; return g @ w.T, gw"),
)


class Line(NamedTuple):
    """One case: whether each of the two says that all is right, what ours says, and how long each took."""

    case: str
    gradcheck: bool
    ours: bool
    said: str
    seconds: tuple[float, float]


def lines() -> list[Line]:
    """All cases, by both."""
    import torch

    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
    found = []
    for case, right, wrong in CASES:
        assert right in SOURCE
        names: dict[str, Any] = {}
        exec(SOURCE.replace(right, wrong) if right else SOURCE, names)
        own = names["Own"]
        tensors = [torch.tensor(one, requires_grad=True) for one in (x, w)]
        theirs, first = _timed(partial(torch.autograd.gradcheck, own.apply, tensors, raise_exception=False))
        ours, second = _timed(partial(check_gradients, _applied(own), x, w))
        said = next((str(one) for one in ours.remarks if "Own" in str(one)), "")
        found.append(Line(case, bool(theirs), ours.ok, said, (first, second)))
    return found


def _applied(own: Any) -> Callable[[Any, Any], Any]:
    return lambda x, w: own.apply(x, w)


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    result = call()
    return result, time.process_time() - started


if __name__ == "__main__":
    for line in lines():
        verdicts = " ".join("right" if one else "wrong" for one in (line.gradcheck, line.ours))
        print(f"{line.case:24} {verdicts:12} {line.seconds[0]:.3f} s {line.seconds[1]:.3f} s  {line.said}")
