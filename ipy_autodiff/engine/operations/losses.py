# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Losses to train with: squared errors, cross entropies, hinges and rankings. Each is one number for a whole batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.binary import Binary
from ipy_autodiff.engine.operations.activations import log_softmax, softmax, softplus
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.unary import Unary
from ipy_autodiff.engine.variable import Variable, as_variable, peek

__all__ = [
    "accuracy",
    "binary_cross_entropy",
    "focal_loss",
    "margin_ranking_loss",
    "mean_squared_error",
    "multiclass_hinge",
    "negative_log_likelihood",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "softmax_focal_loss",
]


class MeanSquaredError(Binary):
    """The sum of squared differences, divided by the length of the first axis."""

    __slots__ = ()
    rule = ("gy · 2 · (x0 - x1) / {0.batch}", "-gy · 2 · (x0 - x1) / {0.batch}")

    @staticmethod
    def compute(x0: Any, x1: Any) -> Any:
        difference = x0 - x1
        return np.add.reduce(difference * difference, axis=None) / _batch(difference)

    @property
    def batch(self) -> int:
        """What the sum is divided by."""
        return _batch(self.x0 - self.x1)

    def gradient0(self, gy: Any) -> Any:
        difference = self.x0 - self.x1
        return gy * (2 / _batch(difference)) * difference

    def gradient1(self, gy: Any) -> Any:
        return -self.gradient0(gy)


def _batch(x: Any) -> int:
    return x.shape[0] if x.ndim else 1


@operation(samples=[Sample(random(4, 2), random(4, 2)), Sample(random(3), random(3)), Sample(random(3, 1), random(1))])
def mean_squared_error(x0: Any, x1: Any) -> Variable:
    """The squared differences of ``x0`` and ``x1``, summed and divided by the length of the first axis."""
    return MeanSquaredError().apply(x0, x1)


class SoftmaxCrossEntropy(Unary):
    """The mean over a batch of minus the log-softmax at each row's label."""

    __slots__ = ("at", "probabilities")
    rule = "gy · (softmax(x) - onehot(t)) / {0.batch}"

    def __init__(self, labels: Any) -> None:
        self.at = (np.arange(len(labels)), labels)

    def compute(self, x: Any) -> Any:
        shifted = x - np.maximum.reduce(x, axis=-1, keepdims=True)
        powers = np.exp(shifted)
        sums = np.add.reduce(powers, axis=-1, keepdims=True)
        self.probabilities = powers / sums
        return np.add.reduce(np.log(sums[:, 0]) - shifted[self.at]) / len(x)

    @property
    def batch(self) -> int:
        """How many rows there are."""
        return len(self.x)

    def backward(self, gy: Any) -> Any:
        x = self.x
        wanted = np.zeros(x.shape, x.dtype)
        wanted[self.at] = 1
        probabilities = softmax(x) if isinstance(x, Variable) else self.probabilities
        return (probabilities - wanted) * (gy / len(x))


_LABELS = np.array([2, 0, 2, 1])


@operation(samples=[Sample(random(4, 3), _LABELS), Sample(random(2, 2), np.array([[0.3, 0.7], [1.0, 0.0]]))])
def softmax_cross_entropy(x: Any, t: Any) -> Variable:
    """The cross entropy of the softmax of each row of ``x``, averaged over the rows.

    ``t`` holds a label for each row, or a row of probabilities.
    """
    x, t = as_variable(x), _constant(t)
    if t.shape == x.shape:
        return -np.sum(log_softmax(x) * _constant(t, x)) / len(x)
    return SoftmaxCrossEntropy(t.reshape(-1)).apply(x)


@operation(samples=[Sample(random(4), np.array([1, 0, 1, 1])), Sample(random(2, 1), np.array([[1], [0]]))])
def sigmoid_cross_entropy(x: Any, t: Any) -> Variable:
    """The cross entropy of ``sigmoid(x)`` with the labels 0 and 1 in ``t``, divided by the length of the first axis."""
    x = as_variable(x)
    return np.sum(softplus(x) - _constant(t, x).reshape(x.shape) * x) / _batch(x)


@operation(samples=[Sample(random(4), np.array([1, 0, 1, 1]))], domain=(0.1, 0.9))
def binary_cross_entropy(p: Any, t: Any) -> Variable:
    """The cross entropy of probabilities ``p`` with labels 0 and 1 in ``t``, divided by the length of ``p``."""
    p = np.clip(as_variable(p), 1e-15, 1 - 1e-15)
    t = _constant(t, p).reshape(p.shape)
    return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)) / _batch(p)


@operation(samples=[Sample(random(4, 3), _LABELS), Sample(random(4, 3), _LABELS, weights=np.array([1.0, 2.0, 0.5]))])
def negative_log_likelihood(x: Any, y_true: Any, *, weights: Any = None) -> Variable:
    """Minus the mean of the log-probabilities that rows of ``x`` give to their labels, times the classes' weights."""
    labels = _constant(y_true)
    chosen = as_variable(x)[np.arange(len(labels)), labels]
    return -np.mean(chosen if weights is None else chosen * _constant(weights, chosen)[labels])


@operation(samples=[Sample(random(4, 3), _LABELS, 0.5, 2.0), Sample(random(4, 3), _LABELS)], domain=(0.1, 0.9))
def focal_loss(class_probs: Any, targets: Any, alpha: float = 1.0, gamma: float = 0.0) -> Variable:
    """``-alpha * (1 - p) ** gamma * log(p)`` for each row's probability ``p`` of its label (Lin et al., 2017)."""
    labels = _constant(targets)
    p = as_variable(class_probs)[np.arange(len(labels)), labels]
    return -alpha * np.power(np.clip(1 - p, 0, 1), gamma) * np.log(p)


@operation(samples=[Sample(random(4, 3), _LABELS, 0.5, 2.0)])
def softmax_focal_loss(scores: Any, targets: Any, alpha: float = 1.0, gamma: float = 0.0) -> Variable:
    """``focal_loss`` of the softmax of each row."""
    return focal_loss(softmax(scores), targets, alpha, gamma)


@operation(samples=[Sample(random(4, 3), _LABELS), Sample(random(4, 3), _LABELS, 0.3)])
def multiclass_hinge(x: Any, y_true: Any, hinge: float = 1.0) -> Variable:
    """By how much the scores of wrong labels come within ``hinge`` of the right one's, averaged over the rows."""
    labels = _constant(y_true)
    rows = np.arange(len(labels))
    x = as_variable(x)
    over = np.maximum(x - x[rows, labels].reshape(-1, 1) + hinge, 0)
    return (np.sum(over) - np.sum(over[rows, labels])) / len(labels)


@operation(
    samples=[Sample(random(4), random(4), np.array([1, -1, 1, 1]), 0.5), Sample(random(4, 2), random(4, 2), -1, 0.1)]
)
def margin_ranking_loss(x1: Any, x2: Any, y: Any, margin: float) -> Variable:
    """The mean of ``max(0, margin - y * (x1 - x2))``; ``y`` says by 1 or -1 which of the two is to be larger."""
    difference = as_variable(x1) - x2
    sign = _constant(y, difference)
    if sign.ndim:
        sign = sign.reshape((-1,) + (1,) * (difference.ndim - 1))
    return np.mean(np.maximum(margin - sign * difference, 0))


def accuracy(y: Any, t: Any) -> Variable:
    """The share of rows of ``y`` whose largest score is at the label in ``t``. It has no gradient."""
    scores, labels = _constant(y), _constant(t)
    return Variable(np.asarray((scores.argmax(axis=-1).reshape(labels.shape) == labels).mean()))


def _constant(x: Any, like: Variable | None = None) -> Any:
    """``x`` as an array, in the precision of ``like``."""
    array = peek(x)
    return array if like is None or like.dtype.kind != "f" else array.astype(like.dtype)
