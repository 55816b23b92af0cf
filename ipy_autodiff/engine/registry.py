"""Find every operation of the engine by the NumPy function it stands for, and with inputs to check its gradient at.

``@operation`` registers a function; the NumPy protocols, the methods of Variable and the gradient tests all read the
registry, so an operation is named nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ipy_autodiff.engine.variable import Variable

__all__ = [
    "OPERATIONS",
    "RandomArray",
    "Registered",
    "Sample",
    "numpy_functions",
    "operation",
    "random",
    "ufuncs",
]

F = TypeVar("F", bound=Callable[..., Any])


class Sample:
    """Arguments to check an operation's gradient at, in which ``random(2, 3)`` stands for a random array of that shape.

    It may stand in lists too; anything else is passed as it is.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs

    def __repr__(self) -> str:
        arguments = [str(arg) for arg in self.args] + [f"{key}={value}" for key, value in self.kwargs.items()]
        return f"({', '.join(arguments)})"


@dataclass(frozen=True)
class RandomArray:
    """Stands for a random array of a shape."""

    shape: tuple[int, ...]

    def __repr__(self) -> str:
        return str(self.shape)


def random(*shape: int) -> RandomArray:
    """What stands for a random array of this shape in a ``Sample``."""
    return RandomArray(shape)


@dataclass(frozen=True)
class Registered:
    """One operation: the function, the NumPy functions that it stands for, and where its gradient is checked."""

    function: Callable[..., Any]
    numpy: tuple[Any, ...]
    samples: tuple[Sample, ...]
    domain: tuple[float, float] = (-2.0, 2.0)
    """The interval that the samples' elements are drawn from."""
    elementwise: int = 0
    """How many operands it takes element by element, broadcast together; 0 for any other operation."""
    prepare: Callable[..., tuple[Any, ...]] | None = None
    """What makes operands of the random Variables where not every array is one: for the checks alone."""

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__


OPERATIONS: list[Registered] = []
ufuncs: dict[np.ufunc, Callable[..., Any]] = {}
numpy_functions: dict[Any, Callable[..., Any]] = {}


def operation(
    *numpy: Any,
    samples: Sequence[Sample] = (),
    domain: tuple[float, float] = (-2.0, 2.0),
    method: str | None = None,
    elementwise: int = 0,
    prepare: Callable[..., tuple[Any, ...]] | None = None,
) -> Callable[[F], F]:
    """Register a function of Variables: for NumPy functions, as a method of Variable, with samples to check it at."""

    def register(function: F) -> F:
        OPERATIONS.append(Registered(function, numpy, tuple(samples), domain, elementwise, prepare))
        for each in numpy:
            (ufuncs if isinstance(each, np.ufunc) else numpy_functions)[each] = function
        if method:
            setattr(Variable, method, function)
        return function

    return register
