"""Let Functions that draw random numbers draw the same ones each time."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.pytorch import pytorch
from ipy_autodiff.designs.reading import attributes_of
from ipy_autodiff.gradcheck.tolerances import HELPERS

__all__ = ["Draws"]

_MAKERS = frozenset(("default_rng", "RandomState", "Random", "SystemRandom", "urandom", "Generator", "secrets"))


class Draws:
    """All that these Functions can draw random numbers with: NumPy's and Python's own, and generators they hold.

    Functions may be Function objects or plain functions. ``makes_generators`` tells whether they seem to make
    generators of their own, which nothing can start over.
    """

    def __init__(self, functions: Iterable[Any]) -> None:
        reader = _Reader()
        for function in functions:
            reader.read(function)
        self.makes_generators = reader.makes_generators
        self._sources: list[_Source] = [_NumPysOwn(), _PythonsOwn(), *map(_source, reader.generators)]
        torch = pytorch()
        if torch is not None:
            self._sources.append(_PyTorchs(torch))
        self._starts: list[Any] = []
        self._drawn: set[int] = set()

    @contextlib.contextmanager
    def repeated(self) -> Iterator[Draws]:
        """A context in which draws can be started over; all of them are put back in the end."""
        self._starts, self._drawn = self.states(), set()
        try:
            yield self
        finally:
            for source, start in zip(self._sources, self._starts, strict=True):
                source.put(start)

    def notice(self) -> bool:
        """See what was drawn from since the start, for ``start_over``; and whether anything was."""
        self._drawn |= {
            place
            for place, (now, start) in enumerate(zip(self.states(), self._starts, strict=True))
            if not _equal(now, start)
        }
        return bool(self._drawn)

    def start_over(self) -> None:
        """Make the next draws those that came first, of all that was noticed to be drawn from."""
        for place in self._drawn:
            self._sources[place].put(self._starts[place])

    def drawn_by(self, call: Callable[[], object]) -> bool:
        """Whether the call draws random numbers."""
        before = self.states()
        call()
        return not _equal(self.states(), before)

    def states(self) -> list[Any]:
        """The state of each of them."""
        return [source.state() for source in self._sources]


class _Source:
    """Something that random numbers are drawn from."""

    def state(self) -> Any:
        raise NotImplementedError

    def put(self, state: Any) -> None:
        raise NotImplementedError


class _NumPysOwn(_Source):
    def state(self) -> Any:
        return np.random.get_state()  # noqa: NPY002 - students draw from it

    def put(self, state: Any) -> None:
        np.random.set_state(state)  # noqa: NPY002


class _PythonsOwn(_Source):
    def state(self) -> Any:
        return random.getstate()

    def put(self, state: Any) -> None:
        random.setstate(state)


class _PyTorchs(_Source):
    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def state(self) -> Any:
        return self._torch.get_rng_state().numpy()

    def put(self, state: Any) -> None:
        self._torch.set_rng_state(self._torch.from_numpy(state.copy()))


class _Generator(_Source):
    def __init__(self, generator: np.random.Generator) -> None:
        self._bits = generator.bit_generator

    def state(self) -> Any:
        return self._bits.state

    def put(self, state: Any) -> None:
        self._bits.state = state


class _Held(_Source):
    def __init__(self, held: random.Random | np.random.RandomState) -> None:
        self._held = held

    def state(self) -> Any:
        return self._held.getstate() if isinstance(self._held, random.Random) else self._held.get_state()

    def put(self, state: Any) -> None:
        if isinstance(self._held, random.Random):
            self._held.setstate(state)
        else:
            self._held.set_state(state)


_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


def _source(generator: Any) -> _Source:
    return _Generator(generator) if isinstance(generator, np.random.Generator) else _Held(generator)


def _equal(first: Any, second: Any) -> bool:
    if isinstance(first, np.ndarray):
        return np.array_equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(_equal(value, second[key]) for key, value in first.items())
    if isinstance(first, list | tuple) and len(first) < 64:
        return len(first) == len(second) and all(map(_equal, first, second))
    return bool(first == second)


class _Reader:
    """Finds the generators that a Function's object, its class and its methods, and what they call, can reach."""

    def __init__(self) -> None:
        self.generators: list[Any] = []
        self.makes_generators = False
        self._read: set[int] = set()
        self._helpers = 0

    def read(self, function: Any) -> None:
        if isinstance(function, FunctionType):
            self._read_code(function)
            named = map(function.__globals__.get, function.__code__.co_names)
            for kind in [item for item in named if isinstance(item, type) and item.__module__ == function.__module__]:
                self._read_classes(kind)
            return
        for value in attributes_of(function).values():
            self._look_at(value)
        self._read_classes(type(function))

    def _read_classes(self, lowest: type) -> None:
        for kind in lowest.__mro__[:-1]:
            if id(kind) in self._read:
                continue
            self._read.add(id(kind))
            for value in vars(kind).values():
                if isinstance(value, FunctionType):
                    self._read_code(value)
                else:
                    self._look_at(value)

    def _look_at(self, value: Any) -> None:
        if isinstance(value, _GENERATORS) and id(value) not in self._read:
            self._read.add(id(value))
            self.generators.append(value)

    def _read_code(self, function: FunctionType) -> None:
        if id(function) in self._read:
            return
        self._read.add(id(function))
        known, names = function.__globals__, function.__code__.co_names
        self.makes_generators = self.makes_generators or not _MAKERS.isdisjoint(names)
        for cell in function.__closure__ or ():
            with contextlib.suppress(ValueError):  # not filled yet
                self._look_at(cell.cell_contents)
        for name in names:
            value = known.get(name)
            if value is None:
                continue
            if isinstance(value, FunctionType):
                if value.__globals__ is known and self._helpers < HELPERS:
                    self._helpers += 1
                    self._read_code(value)
            else:
                self._look_at(value)
