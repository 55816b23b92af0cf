"""Let Functions that draw random numbers draw the same ones each time."""

from __future__ import annotations

import contextlib
import pickle
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ipy_autodiff.tracing.graph import FunctionNode

__all__ = ["Draws"]


class Draws:
    """All that these Functions can draw random numbers with: NumPy's and Python's own, and generators they hold."""

    def __init__(self, functions: Iterable[FunctionNode]) -> None:
        self._generators = list({id(found): found for f in functions for found in _generators(f.object)}.values())

    @contextlib.contextmanager
    def repeated(self) -> Iterator[Callable[[], None]]:
        """A context that gives a way to start all draws over, and puts everything back in the end."""
        numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002 - students draw from it
        states = [_get(generator) for generator in self._generators]

        def start_over() -> None:
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)
            for generator, state in zip(self._generators, states, strict=True):
                _set(generator, state)

        try:
            yield start_over
        finally:
            start_over()

    def state(self) -> bytes:
        """The state of all of them, to tell whether anything was drawn."""
        states = [_get(generator) for generator in self._generators]
        return pickle.dumps((np.random.get_state(), random.getstate(), states))  # noqa: NPY002


_Generator = np.random.Generator | np.random.RandomState | random.Random


def _generators(function: Any) -> Iterator[_Generator]:
    places = [getattr(function, "__dict__", {})]
    for kind in type(function).__mro__[:-1]:
        places.append(dict(vars(kind)))
        for method in vars(kind).values():
            code = getattr(method, "__code__", None)
            if code is not None:
                known = method.__globals__
                places.append({name: known[name] for name in code.co_names if name in known})
    for place in places:
        for value in place.values():
            if isinstance(value, _Generator):
                yield value


def _get(generator: _Generator) -> Any:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.get_state() if isinstance(generator, np.random.RandomState) else generator.getstate()


def _set(generator: _Generator, state: Any) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.setstate(state)
