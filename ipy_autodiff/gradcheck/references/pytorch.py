"""Ask PyTorch for the same gradients: a third reference beside backprop and the numerical derivative.

No name is trusted. Each Function is identified by what it computes: an operation of PyTorch stands for it where both
agree at the recorded inputs and at inputs near by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np

from ipy_autodiff.gradcheck.rows import Comparison
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.graph import Array, FunctionNode, Recording, VariableNode
from ipy_autodiff.tracing.replay import Replay, ReplayError

__all__ = ["NAME", "TorchIsMissing", "with_torch"]

NAME = "PyTorch"
"""The reference's name in ``Row.references``."""

_POINTS = 3
_UNARY = (
    *("square", "exp", "log", "sin", "cos", "tanh", "sigmoid", "relu", "neg", "sqrt", "reciprocal", "abs", "tan"),
    *("arcsin", "arccos", "arctan", "sinh", "cosh", "log1p", "expm1", "log2", "exp2", "rsqrt", "erf", "positive"),
)
_BINARY = ["add", "sub", "mul", "div", "pow", "maximum", "minimum", "atan2", "matmul"]

Operation = Callable[..., Any]


class TorchIsMissing(ImportError):  # noqa: N818 - named after what is wrong
    """PyTorch is not installed where this runs."""


class _NoCounterpart(Exception):  # noqa: N818 - named after what is wrong
    def __init__(self, function: FunctionNode) -> None:
        super().__init__(function.name)
        self.function = function


def with_torch(comparison: Comparison, recording: Recording) -> Comparison:
    """The comparison with PyTorch's gradient in each row's ``references``, or with a remark why there is none.

    Raises ``TorchIsMissing`` where PyTorch is not installed.
    """
    try:
        import torch
    except ImportError:
        raise TorchIsMissing(Message("check.no-torch").text()) from None
    of = recording.of
    if of is None or not comparison.rows:
        return comparison
    replay = Replay(recording.graph)
    try:
        with replay.aside():
            gradients = _gradients(torch, recording, of, replay)
    except _NoCounterpart as error:
        remark = Message("check.no-counterpart", function=error.function.name)
        return replace(comparison, remarks=(*comparison.remarks, remark))
    rows = [
        replace(row, references={**row.references, NAME: gradients[row.variable]}) if row.variable in gradients else row
        for row in comparison.rows
    ]
    return replace(comparison, rows=tuple(rows))


def _gradients(torch: Any, recording: Recording, of: VariableNode, replay: Replay) -> dict[VariableNode, Array]:
    tensors: dict[VariableNode, Any] = {}
    for leaf in recording.graph.leaves:
        if isinstance(leaf.data, np.ndarray) and leaf.data.dtype.kind in "biuf":
            tensors[leaf] = torch.tensor(leaf.data.astype(np.float64), requires_grad=True)
    for function in recording.graph.upstream(of):
        if any(node not in tensors for node in function.inputs) or len(function.outputs) != 1:
            raise _NoCounterpart(function)
        operation = _counterpart(torch, function, replay)
        y = operation(*_arguments(torch, function, [tensors[node] for node in function.inputs]))
        if y.requires_grad and not y.is_leaf:
            y.retain_grad()
        tensors[function.outputs[0]] = y
    tensors[of].sum().backward()
    return {node: tensor.grad.numpy().copy() for node, tensor in tensors.items() if tensor.grad is not None}


def _counterpart(torch: Any, function: FunctionNode, replay: Replay) -> Operation:
    """The operation that computes what this Function computes, at every point that is tried."""
    rng = np.random.default_rng(0)
    xs = [np.asarray(node.data, dtype=np.float64) for node in function.inputs]
    points = [xs] + [[x * rng.uniform(0.9, 1.1, x.shape) for x in xs] for _ in range(_POINTS)]
    try:
        results = [replay.apply(function, point)[0] for point in points]
    except (ReplayError, IndexError):
        raise _NoCounterpart(function) from None
    for operation in _candidates(torch, function, results[0].shape):
        if all(_agree(torch, operation, function, x, y) for x, y in zip(points, results, strict=True)):
            return operation
    raise _NoCounterpart(function)


def _agree(torch: Any, operation: Operation, function: FunctionNode, xs: Sequence[Array], y: Array) -> bool:
    try:
        found = operation(*_arguments(torch, function, [torch.tensor(x) for x in xs])).numpy()
    except Exception:  # an operation that does not take such arguments
        return False
    return found.shape == y.shape and np.allclose(found, y, rtol=1e-9, atol=1e-12, equal_nan=True)


def _arguments(torch: Any, function: FunctionNode, tensors: Sequence[Any]) -> list[Any]:
    given = iter(tensors)
    return [
        next(given) if isinstance(item, VariableNode) else torch.as_tensor(np.asarray(item, dtype=np.float64))
        for item in function.arguments
    ]


def _candidates(torch: Any, function: FunctionNode, shape: tuple[int, ...]) -> Iterator[Operation]:
    if len(function.arguments) == 2:
        yield from (getattr(torch, name) for name in _BINARY)
        yield lambda a, b: ((a - b) ** 2).sum() / a.shape[0]
        return
    if len(function.arguments) != 1:
        return
    yield from (getattr(torch, name) for name in _UNARY)
    yield torch.nn.functional.softplus
    for number in _numbers(function.object):
        yield lambda x, c=number: x**c
        yield lambda x, c=number: x * c
        yield lambda x, c=number: x + c
        yield lambda x, c=number: torch.nn.functional.leaky_relu(x, c)
    for axis in range(np.ndim(function.inputs[0].data)):
        for keep in (False, True):
            yield lambda x, a=axis, k=keep: x.sum(a, keepdim=k)
            yield lambda x, a=axis, k=keep: x.mean(a, keepdim=k)
        yield lambda x, a=axis: torch.softmax(x, a)
        yield lambda x, a=axis: torch.log_softmax(x, a)
    yield torch.sum
    yield torch.mean
    yield lambda x: x.reshape(shape)
    yield lambda x: x.T
    yield lambda x: x.expand(shape)
    yield lambda x: x.sum_to_size(shape)


def _numbers(function: Any) -> list[float]:
    """The numbers that the Function object keeps, such as an exponent."""
    kept = getattr(function, "__dict__", {})
    found = [float(value) for value in kept.values() if isinstance(value, Real) and not isinstance(value, bool)]
    return [*found, 2.0, 3.0]
