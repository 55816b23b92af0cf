"""Check any function of Variables against its own values: first and second derivatives, in any memory layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ipy_autodiff.engine import Variable
from ipy_autodiff.engine.registry import OPERATIONS, RandomArray, Registered, Sample, random
from ipy_autodiff.gradcheck.measure.derivative import FAIL, INCONCLUSIVE, derivative

LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C order": lambda array: np.array(array, order="C"),
    "Fortran order": lambda array: np.array(array, order="F"),
    "backwards, with gaps": lambda array: (
        np.repeat(array, 2, axis=-1)[..., ::-1].copy()[..., ::-2] if array.ndim else array
    ),
}

UNARY_SHAPES = [(), (3,), (2, 3), (0,), (2, 0)]
BINARY_SHAPES = [
    ((), ()),
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((), (2, 2)),
    ((2, 2), ()),
    ((0,), ()),
    ((2, 0), (1,)),
]


def samples_of(operation: Registered) -> Iterator[Sample]:
    """The samples that an operation declares, and those that every elementwise one is checked at."""
    if operation.elementwise == 1:
        yield from (Sample(random(*shape)) for shape in UNARY_SHAPES)
    if operation.elementwise == 2:
        yield from (Sample(random(*left), random(*right)) for left, right in BINARY_SHAPES)
        constant = np.linspace(*operation.domain, 5)[1:4]
        yield from (Sample(random(2, 3), constant), Sample(constant, random(2, 3)), Sample(random(3), constant))
        yield from (Sample(random(2), 0.75), Sample(0.75, random(2)), Sample(random(), 0.75), Sample(0.75, random()))
    yield from operation.samples


def cases() -> Iterator[tuple[Registered, Sample]]:
    """Every operation of the engine with every sample of it."""
    for operation in OPERATIONS:
        for sample in samples_of(operation):
            yield operation, sample


def drawn(sample: Sample, domain: tuple[float, float], layout: Any, rng: np.random.Generator) -> list[np.ndarray]:
    """A random array for each place of the sample that asks for one."""

    def find(value: Any) -> Iterator[np.ndarray]:
        if isinstance(value, RandomArray):
            yield layout(np.asarray(rng.uniform(*domain, value.shape)))
        elif isinstance(value, list):
            for item in value:
                yield from find(item)

    return [array for value in sample.args for array in find(value)]


def arguments(operation: Registered, sample: Sample, operands: Sequence[Any]) -> list[Any]:
    """The sample's positional arguments with these in the places of its random arrays."""
    given = iter(operands)

    def fill(value: Any) -> Any:
        if isinstance(value, RandomArray):
            return next(given)
        return [fill(item) for item in value] if isinstance(value, list) else value

    args = [fill(value) for value in sample.args]
    return list(operation.prepare(*args)) if operation.prepare is not None else args


def called(operation: Registered, sample: Sample, variables: Sequence[Any]) -> list[Variable]:
    """The operation's results with these operands; results that are no Variables are left out."""
    result = operation.function(*arguments(operation, sample, variables), **sample.kwargs)
    results = result if isinstance(result, tuple | list) else [result]
    return [y for y in results if isinstance(y, Variable)]


def check(f: Callable[..., list[Variable]], arrays: Sequence[np.ndarray], order: int, rng: np.random.Generator) -> None:
    """The derivatives of ``f``, a function of Variables, at these arrays agree with its values up to ``order``."""
    with np.errstate(all="ignore"):
        weights = [rng.uniform(0.5, 1.5, y.shape) * rng.choice([-1, 1], y.shape) for y in f(*map(Variable, arrays))]

        def value(*points: Any) -> Any:
            return sum((np.sum(w * y) for w, y in zip(weights, f(*points), strict=True)), start=0.0)

        agree(value, arrays)
        if order == 2:
            second = [rng.uniform(0.5, 1.5, array.shape) * rng.choice([-1, 1], array.shape) for array in arrays]
            agree(lambda *points: slope(value, points, second), arrays)


def slope(value: Callable[..., Any], points: Sequence[Variable], weights: Sequence[np.ndarray]) -> Any:
    """The weighted sum of the gradient of ``value``, as a Variable that can be differentiated again."""
    for point in points:
        point.cleargrad()
    y = value(*points)
    if y.creator is None:
        return sum((np.sum(0.0 * point) for point in points), start=0.0)
    y.backward(create_graph=True)
    total: Any = sum((np.sum(0.0 * point) for point in points), start=0.0)
    for point, weight in zip(points, weights, strict=True):
        if point.grad is not None:
            total = total + np.sum(weight * point.grad)
        point.cleargrad()
    return total


def agree(value: Callable[..., Any], arrays: Sequence[np.ndarray]) -> None:
    """The engine's gradient of ``value`` and the error-bounded derivative of its values agree at these arrays."""
    points = [Variable(array) for array in arrays]
    y = value(*points)
    if not isinstance(y, Variable) or y.creator is None:
        assert all(array.size == 0 for array in arrays)
        return
    y.backward()
    for place, point in enumerate(points):
        gradient = np.zeros(point.shape) if point.grad is None else point.grad
        assert isinstance(gradient, np.ndarray)
        assert gradient.shape == point.shape
        assert gradient.dtype == np.float64

        def moved(x: np.ndarray, place: int = place) -> np.ndarray:
            others = [x if number == place else array for number, array in enumerate(arrays)]
            return value(*[Variable(np.asarray(other)) for other in others]).data

        found = derivative(moved, point.data, gradient)
        verdict = found.judge(gradient)
        assert not np.any(verdict == FAIL), f"engine {gradient}, numerical {found.value} +- {found.uncertainty}"
        visible = np.abs(gradient) > 1e-6
        assert not np.any((verdict == INCONCLUSIVE) & visible), f"undecided: {gradient}, {found.value}"
