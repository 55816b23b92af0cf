"""Know a misconception by its numbers: what would have to be done to a wrong gradient to make it right.

Each entry is a repair, or a guess at what the student computed. It explains a mistake when it holds at every sample,
along random directions of the input, so that it cannot hold by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ipy_autodiff.gradcheck.blame.samples import Sample
from ipy_autodiff.gradcheck.measure.ladder import Array, Floats

__all__ = ["Explanation", "explain_shape", "explain_value"]


Explanation = tuple[str, dict[str, Any]]
"""A stable code, and the values of its sentence's placeholders besides the names and the numbers."""
Test = Callable[[Sample], bool]


def explain_value(samples: Sequence[Sample]) -> Explanation | None:
    """The first misconception that explains a gradient of the right shape; None where none does."""
    if not samples or any(sample.g is None or sample.g.shape != sample.x.shape for sample in samples):
        return None
    with np.errstate(all="ignore"):
        for explanation, test in _entries(samples):
            if all(test(sample) for sample in samples):
                return explanation
    return None


def explain_shape(samples: Sequence[Sample]) -> Explanation | None:
    """The same for a gradient of another shape than its input's."""
    if not samples or any(sample.g is None for sample in samples):
        return None
    with np.errstate(all="ignore"):
        first = samples[0]
        assert first.g is not None
        if first.g.shape == first.y.shape and all(sample.agrees(_summed_to(sample.g, sample.x)) for sample in samples):
            return ("unbroadcast-missing", {})
        if first.g.shape == first.y.shape and all(sample.agrees(_spread(sample.g, sample.x)) for sample in samples):
            return ("sum-not-spread", {})
        if first.x.ndim == 2 and all(sample.g is not None and sample.agrees(sample.g.T) for sample in samples):
            return ("transpose-missing", {})
    return None


def _entries(samples: Sequence[Sample]) -> Iterator[tuple[Explanation, Test]]:
    first = samples[0]
    same_shape = first.x.shape == first.y.shape and len(first.probe.ys) == 1
    others = [j for j in range(len(first.probe.xs)) if j != first.place]
    names = [{"operand": node.name} for node in first.probe.function.inputs]

    yield ("sign", {}), lambda s: s.agrees(-_got(s))
    if first.x.ndim == 2:
        yield ("transpose-missing", {}), _product_without_transpose
        if first.y.ndim < 2:
            yield ("wrong-axis", {}), lambda s: _alike(_got(s), _spread(s.w, s.x))
        yield ("transpose-missing", {}), lambda s: s.agrees(_got(s).T)
    if same_shape:
        yield ("missing-gy", {}), lambda s: s.agrees(_got(s) * s.w)
        yield ("local-derivative-missing", {}), lambda s: _alike(_got(s), s.w)
        yield ("gy-twice", {}), lambda s: s.agrees(_got(s) / s.w)
    for j in others:
        yield ("operands-swapped", {}), _swapped_with(j)
    for j in others:
        yield ("own-operand", names[j]), _lacks(j, 1, instead_of_own=True)
        yield ("operand-missing", names[j]), _lacks(j, 1)
    yield ("input-missing", {}), lambda s: s.agrees(_got(s) * s.x)
    factor = first.factor(_got(first))
    if np.isfinite(factor) and factor != 0:
        yield (_named_factor(first, factor), {"factor": f"{1 / factor:.6g}"}), _is_off_by(factor, 0)
    if same_shape:
        yield ("output-for-input", {}), lambda s: s.agrees_at(s.y, _got(s))
        yield ("input-for-output", {}), _input_for_output
        yield from _formulas()
    for j in others:
        yield ("operand-missing", names[j]), _lacks(j, -1)
    for power in (-1, 1, 2, -2, 3, -3, 0.5, -0.5):
        repaired = first.factor(_got(first) * first.x**power)
        if np.isfinite(repaired):
            yield ("wrong-power", {}), _is_off_by(repaired, power)
    if first.jacobian is not None:
        yield ("repeated-index", {}), _assigned_not_added
        yield ("diagonal-only", {}), _diagonal_only
        yield ("integer-buffer", {}), _cut_to_integers
        yield ("mixes-elements", {}), _mixes_elements
        if same_shape:
            yield ("one-side-wrong", {}), _one_side(samples)
    if len(first.probe.ys) == 2 and first.probe.ys[0].shape == first.probe.ys[1].shape:
        yield ("outputs-swapped", {}), _outputs_swapped


def _swapped_with(j: int) -> Test:
    return lambda s: s.agrees(s.gxs[j]) and Sample(s.program, s.probe, j).agrees(s.g)


def _lacks(j: int, power: int, instead_of_own: bool = False) -> Test:
    """Whether a power of another operand is missing, or this one stands in its place."""

    def test(s: Sample) -> bool:
        try:
            repaired = _got(s) * np.asarray(s.probe.xs[j], dtype=np.float64) ** power
        except ValueError:  # shapes that do not go together
            return False
        return s.agrees(repaired / s.x if instead_of_own and repaired.shape == s.x.shape else repaired)

    return test


def _is_off_by(factor: float, power: float) -> Test:
    return lambda s: s.agrees(factor * _got(s) * s.x**power)


def _got(sample: Sample) -> Floats:
    assert sample.g is not None
    return sample.g


def _alike(a: Array | None, b: Array | None) -> bool:
    return a is not None and b is not None and a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=1e-12))


def _summed_to(gradient: Array | None, x: Array) -> Array | None:
    """What undoes a broadcast of ``x`` to the gradient's shape."""
    if gradient is None or gradient.ndim < x.ndim:
        return None
    lead = gradient.ndim - x.ndim
    axes = (*range(lead), *(lead + i for i, n in enumerate(x.shape) if n == 1 and gradient.shape[lead + i] != 1))
    total = gradient.sum(axis=axes, keepdims=True)
    return total.reshape(x.shape) if total.size == x.size else None


def _spread(gradient: Array | None, x: Array) -> Array | None:
    try:
        return None if gradient is None else np.broadcast_to(gradient, x.shape)
    except ValueError:
        return None


def _product_without_transpose(sample: Sample) -> bool:
    """Whether it is a matrix product of the gradient and the other operand in which a transpose was forgotten."""
    matrices = [x for x in sample.probe.xs if isinstance(x, np.ndarray) and x.ndim == 2]
    if len(matrices) != 2 or len(sample.probe.xs) != 2 or sample.w.ndim != 2:
        return False
    other, w, got = sample.probe.xs[1 - sample.place], sample.w, _got(sample)
    pairs = [(a, b) for m in (other, other.T) for v in (w, w.T) for a, b in ((m, v), (v, m))]
    return any(a.shape[1] == b.shape[0] and _alike(a @ b, got) for a, b in pairs)


def _named_factor(sample: Sample, factor: float) -> str:
    """``mean-factor`` and ``unbroadcast-mean`` where the factor is a number of elements, else ``factor``."""
    x, y = sample.x, sample.y
    counts = {*x.shape, *y.shape, x.size, y.size}
    if x.size > y.size >= 1 and any(
        abs(factor * n - m) < 1e-9 for n in counts for m in (1, *counts) if n > 1 and m < n
    ):
        return "mean-factor"
    if x.size < y.size and abs(factor - y.size / x.size) < 1e-9:
        return "unbroadcast-mean"
    return "factor"


_BY_OUTPUT: tuple[tuple[Callable[[Array], Array], Callable[[Array], Array]], ...] = (
    (np.exp, lambda s: s),
    (np.tanh, lambda s: 1 - s**2),
    (lambda x: 1 / (1 + np.exp(-x)), lambda s: s * (1 - s)),
    (np.sqrt, lambda s: 0.5 / s),
    (np.tan, lambda s: 1 + s**2),
    (lambda x: 1 / x, lambda s: -(s**2)),
)
"""Functions whose derivative is often written in terms of their output, and how."""


def _input_for_output(sample: Sample) -> bool:
    return any(
        _alike(sample.y, function(sample.x)) and _alike(_got(sample), sample.w * slope(sample.x))
        for function, slope in _BY_OUTPUT
    )


def _formulas() -> Iterator[tuple[Explanation, Test]]:
    """Formulas that are often mixed up for one function."""

    def entry(code: str, function: Callable[[Array], Array], wrong: Callable[[Array, Array], Array]) -> Any:
        def test(s: Sample) -> bool:
            return _alike(s.y, function(s.x)) and _alike(_got(s), s.w * wrong(s.x, s.y))

        return (code, {}), test

    def sigmoid(x: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(-x)))

    yield entry("tanh-not-squared", np.tanh, lambda x, y: 1 - y)
    for wrong in (lambda x, y: y * (1 + y), lambda x, y: 1 - y, lambda x, y: y, lambda x, y: 1 - y**2):
        yield entry("sigmoid-formula", sigmoid, wrong)
    for wrong in (lambda x, y: np.cos(x), lambda x, y: -np.cos(x), lambda x, y: np.sin(x)):
        yield entry("cos-formula", np.cos, wrong)
    yield entry("sin-formula", np.sin, lambda x, y: np.sin(x))
    yield entry("log-formula", np.log, lambda x, y: np.log(x))


def _assigned_not_added(sample: Sample) -> bool:
    """Whether each element kept the last of the gradients that belong to it, where they should be added."""
    jacobian, truth = sample.jacobian, sample.truth
    assert jacobian is not None
    assert truth is not None
    if _alike(_got(sample), truth):
        return True
    w = np.concatenate([gy.ravel() for gy in sample.probe.gys])
    shares = np.where(np.abs(jacobian) > 1e-6, w[:, None] * jacobian, np.nan)
    if not (np.isfinite(shares).sum(axis=0) > 1).any():
        return False
    last = np.zeros(shares.shape[1])
    for row in shares:
        last = np.where(np.isnan(row), last, row)
    return bool(np.allclose(_got(sample).ravel(), last, rtol=1e-6, atol=1e-8))


def _diagonal_only(sample: Sample) -> bool:
    jacobian = sample.jacobian
    assert jacobian is not None
    if jacobian.shape[0] != jacobian.shape[1] or len(sample.probe.gys) != 1:
        return False
    only = sample.w.ravel() * np.diagonal(jacobian)
    off = jacobian - np.diag(np.diagonal(jacobian))
    return bool(np.abs(off).max(initial=0.0) > 1e-6 and np.allclose(_got(sample).ravel(), only, rtol=1e-6, atol=1e-8))


def _cut_to_integers(sample: Sample) -> bool:
    got, truth = _got(sample), sample.truth
    assert truth is not None
    pieces = sample.w.ravel()
    whole = np.array_equal(got, np.rint(got)) and not np.array_equal(pieces, np.rint(pieces))
    return bool(whole and np.all(np.abs(got - truth) < max(1.0, sample.w.size)))


def _mixes_elements(sample: Sample) -> bool:
    """Whether some element's gradient depends on the gradient of an output that the element has no effect on."""
    jacobian = sample.jacobian
    assert jacobian is not None
    if len(sample.probe.gys) != 1:
        return False
    for place in range(sample.w.size):
        unit = np.zeros(sample.w.size)
        unit[place] = 1.0
        answer = sample.answer([unit.reshape(sample.w.shape)])
        if answer is None:
            continue
        strays = (np.abs(jacobian[place]) < 1e-9) & (np.abs(answer.ravel()) > 1e-6)
        if sample.x.shape == sample.w.shape:
            strays[place] = False  # its own, with a wrong factor
        if np.any(strays):
            return True
    return False


def _one_side(samples: Sequence[Sample]) -> Test:
    """Whether the gradient is right for inputs of one sign, and wrong for the other."""
    wrong = [(s.x, ~np.isclose(_got(s), _true(s), rtol=1e-6, atol=1e-9)) for s in samples]
    negative = {bool(x < 0) for xs, offs in wrong for x, off in zip(xs.ravel(), offs.ravel(), strict=True) if off}
    fine = {bool(x < 0) for xs, offs in wrong for x, off in zip(xs.ravel(), offs.ravel(), strict=True) if not off}
    return lambda s: len(negative) == 1 and len(fine) == 1 and negative != fine


def _true(sample: Sample) -> Floats:
    assert sample.truth is not None
    return sample.truth


def _outputs_swapped(sample: Sample) -> bool:
    answer = sample.answer(sample.probe.gys[::-1])
    return sample.agrees(answer)
