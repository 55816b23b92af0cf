"""Find every operation of the engine by the NumPy function it stands for, and with inputs to check its gradient at.

``@operation`` registers a function; the NumPy protocols, the methods of Variable and the gradient tests all read the
registry, so an operation is named nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

__all__ = ["OPERATIONS", "Registered", "Sample", "numpy_functions", "operation", "ufuncs"]

F = TypeVar("F", bound=Callable[..., Any])


class Sample:
    """Arguments to check an operation's gradient at: a tuple stands for a random array of that shape.

    A list stands for a list of such arrays; anything else is passed as it is.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs

    def __repr__(self) -> str:
        arguments = [str(arg) for arg in self.args] + [f"{key}={value}" for key, value in self.kwargs.items()]
        return f"({', '.join(arguments)})"


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

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__


OPERATIONS: list[Registered] = []
ufuncs: dict[np.ufunc, Callable[..., Any]] = {}
numpy_functions: dict[Any, Callable[..., Any]] = {}
methods: dict[str, Callable[..., Any]] = {}


def operation(
    *numpy: Any,
    samples: Sequence[Sample] = (),
    domain: tuple[float, float] = (-2.0, 2.0),
    method: str | None = None,
    elementwise: int = 0,
) -> Callable[[F], F]:
    """Register a function of Variables: for these NumPy functions, as this method of Variable, checked at ``samples``."""

    def register(function: F) -> F:
        OPERATIONS.append(Registered(function, numpy, tuple(samples), domain, elementwise))
        for each in numpy:
            (ufuncs if isinstance(each, np.ufunc) else numpy_functions)[each] = function
        if method:
            methods[method] = function
        return function

    return register
