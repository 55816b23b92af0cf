"""Find loops and repeated blocks in a sequence of calls, and gather what does not repeat, into parts with a count.

A part is a run of consecutive calls, so parts nest, and every call is in exactly one part of a level. All of it takes
time in proportion to the number of calls: repeats are found by comparing hashes of windows, never the windows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Part", "arrange", "inside", "outline"]

_MOST_GATHERED = 24
_MOST_ITERATIONS = 36
_CHUNKS = 12
_LEAST_HIDDEN = 6
_PERIODS_TRIED = 16
_PERIODS = (8, 64, 10**9, 10**9)
_SHORT_BODY = 3


@dataclass(frozen=True, eq=False)
class Part:
    """The calls from ``start`` to before ``stop``: one call, the iterations of a loop, or calls that stand together."""

    start: int
    stop: int
    parts: tuple[Part, ...] = ()
    """What it consists of; of a loop, what its first iteration consists of. Empty for one call."""
    times: int = 1
    """How many iterations of a loop it holds."""
    number: int = 0
    """Of a loop's iterations, which one is the first that it holds, from 1; 0 where it holds none."""
    of: int = 0
    """How many iterations the loop has in all."""

    @property
    def size(self) -> int:
        """How many calls it holds."""
        return self.stop - self.start

    @property
    def is_call(self) -> bool:
        """Whether it is one call, which has nothing to open."""
        return not self.parts

    @property
    def period(self) -> int:
        """How many calls one iteration makes."""
        return self.size // self.times


def outline(tokens: Sequence[Hashable], lines: Sequence[int | None]) -> tuple[Part, ...]:
    """The calls as parts, loops found: calls with equal ``tokens`` do the same. ``lines`` tell where a loop begins."""
    parts: list[int | Part] = list(range(len(tokens)))  # one call by its place, for there may be very many
    known: dict[Hashable, int] = {}
    symbols = [known.setdefault(token, len(known)) for token in tokens]

    def line(place: int) -> int | None:
        part = parts[place]
        return lines[part if isinstance(part, int) else part.start]

    for longest in _PERIODS:  # inner loops first, so that an outer one sees each as one part
        looped = list(_loops(np.array(symbols, np.int64), line, longest))
        if looped:
            parts, symbols = _replaced(parts, symbols, looped, known)
    return tuple(map(_as_part, parts))


def _as_part(part: int | Part) -> Part:
    return Part(part, part + 1) if isinstance(part, int) else part


def arrange(parts: Sequence[Part], kinds: Sequence[Callable[[int], Hashable]], most: int) -> tuple[Part, ...]:
    """What of these parts is shown at once: not more than ``most``, the smallest opened as far as there is room.

    ``kinds`` tell of a call what it shares with those that it belongs together with, the weightiest first.
    """
    items = list(_gathered(parts, kinds, most))
    closed: set[int] = set()
    while True:
        room = most - len(items)
        choices = [
            (len(opened), place, opened)
            for place, item in enumerate(items)
            if not item.is_call and id(item) not in closed
            for opened in [_opened(item, kinds, most, room)]
            if len(opened) - 1 <= room
        ]
        if not choices:
            return tuple(items)
        _, place, opened = min(choices, key=lambda choice: choice[:2])
        closed.update(id(part) for part in opened if part.of)
        items[place : place + 1] = opened


def inside(part: Part, kinds: Sequence[Callable[[int], Hashable]], most: int) -> tuple[Part, ...]:
    """What is shown when this part is opened, at least two parts; ``most`` as for ``arrange``."""
    if part.times == 1:
        return arrange(part.parts, kinds, most)
    body = len(part.parts)
    if part.times * (body if body <= _SHORT_BODY else 1) <= _MOST_ITERATIONS:
        iterations = [_iteration(part, place) for place in range(part.times)]
        flat = body <= _SHORT_BODY
        found = [inner for one in iterations for inner in _spread(one)] if flat else iterations
        return arrange(found, (), max(most, len(found)))
    stride = _round_number(part.times / _CHUNKS)
    return tuple(_iterations(part, a, min(a + stride, part.times)) for a in range(0, part.times, stride))


def _opened(part: Part, kinds: Sequence[Callable[[int], Hashable]], most: int, room: int) -> tuple[Part, ...]:
    """A part in its picture: a group's parts, a short loop's iterations, else its first and what is left."""
    if part.times == 1:
        return _gathered(part.parts, kinds, most)
    body = len(part.parts)
    if part.times * body <= min(_CHUNKS, room):
        return tuple(inner for place in range(part.times) for inner in _spread(_iteration(part, place)))
    last = part.times - 1
    if body <= _CHUNKS and last > 1:
        return (*_spread(_iteration(part, 0)), _iterations(part, 1, last), *_spread(_iteration(part, last)))
    return (*_spread(_iteration(part, 0)), _iterations(part, 1, part.times))


def _spread(part: Part) -> tuple[Part, ...]:
    return part.parts if part.times == 1 and part.parts else (part,)


def _iteration(part: Part, place: int) -> Part:
    return _iterations(part, place, place + 1)


def _iterations(part: Part, first: int, last: int) -> Part:
    """Those of the loop's iterations, counted from 0; a single one that is a single part is that part."""
    by = first * part.period
    body = tuple(_moved(inner, by) for inner in part.parts)
    if last - first == 1 and len(body) == 1:
        return body[0]
    start = part.start + by
    stop = start + (last - first) * part.period
    return Part(start, stop, body, last - first, (part.number or 1) + first, part.of or part.times)


def _round_number(least: float) -> int:
    """The smallest of 2, 5, 10, 20, 50, ... that is not below."""
    found, factors = 2, (2.5, 2, 2)
    for turn in range(60):
        if found >= least:
            break
        found = int(found * factors[turn % 3])
    return found


def _moved(part: Part, by: int) -> Part:
    if not by:
        return part
    parts = tuple(_moved(inner, by) for inner in part.parts)
    return replace(part, start=part.start + by, stop=part.stop + by, parts=parts)


def _gathered(parts: Sequence[Part], kinds: Sequence[Callable[[int], Hashable]], most: int) -> tuple[Part, ...]:
    """The parts, or groups of neighbours where they are many: those of one kind, else equally many in each."""
    most = min(most, _MOST_GATHERED)
    if len(parts) <= most:
        return tuple(parts)
    for kind in kinds:
        found: list[Part] = []
        for neighbours in _alike(parts, [kind(part.start) for part in parts]):
            found += [_group(neighbours)] if len(neighbours) > _SHORT_BODY else neighbours
        if 1 < len(found) <= most:
            return tuple(found)
    chunks = min(_CHUNKS, most)
    edges = [round(len(parts) * place / chunks) for place in range(chunks + 1)]
    return tuple(_group(tuple(parts[a:b])) for a, b in pairwise(edges))


def _alike(parts: Sequence[Part], kinds: Sequence[Hashable]) -> Iterator[tuple[Part, ...]]:
    """Neighbours of one kind together."""
    breaks = [place for place in range(1, len(parts)) if kinds[place] != kinds[place - 1]]
    return (tuple(parts[a:b]) for a, b in pairwise([0, *breaks, len(parts)]))


def _group(parts: tuple[Part, ...]) -> Part:
    return parts[0] if len(parts) == 1 else Part(parts[0].start, parts[-1].stop, parts)


def _replaced(
    parts: list[int | Part], symbols: list[int], looped: list[tuple[int, int, int]], known: dict[Hashable, int]
) -> tuple[list[int | Part], list[int]]:
    """The parts with each loop as one of them, and their symbols: loops that do the same have the same."""
    new_parts: list[int | Part] = []
    new_symbols: list[int] = []
    done = 0
    for start, period, times in looped:
        new_parts += parts[done:start]
        new_symbols += symbols[done:start]
        done = start + period * times
        body = tuple(map(_as_part, parts[start : start + period]))
        new_parts.append(Part(body[0].start, _as_part(parts[done - 1]).stop, body, times))
        token = ("loop", times, tuple(symbols[start : start + period]))
        new_symbols.append(known.setdefault(token, len(known)))
    return new_parts + parts[done:], new_symbols + symbols[done:]


def _loops(
    symbols: npt.NDArray[np.int64], line: Callable[[int], int | None], longest: int
) -> Iterator[tuple[int, int, int]]:
    """Where the sequence repeats itself, from the left: start, period (up to the longest) and how often."""
    hashes = _Hashes(symbols)
    periods = hashes.periods(longest).tolist()
    place = 0
    while place < len(periods):
        period = periods[place]
        if not period:
            place += 1
            continue
        reach = place + period + hashes.agreeing(place, period)
        start = place + _beginning([line(each) for each in range(place, place + period)])
        if reach - start - period < max(period, _LEAST_HIDDEN):
            start = place
        times = (reach - start) // period
        yield start, period, times
        place = start + period * times


def _beginning(lines: Sequence[int | None]) -> int:
    """Where in one period an iteration is likely to begin: after the step back from the loop's last line."""
    known = [line if line is not None else -1 for line in lines]
    steps_back = [place for place, line in enumerate(known) if line < known[place - 1]]
    return min(steps_back, key=lambda place: (known[place], place), default=0)


class _Hashes:
    """Compares any two windows of a sequence in constant time."""

    def __init__(self, symbols: npt.NDArray[np.int64]) -> None:
        self.symbols = symbols
        count = len(symbols)
        weights = np.random.default_rng(1).integers(1, 2**63, symbols.max(initial=0) + 1, np.uint64)
        self.powers = np.ones(count + 1, np.uint64)
        self.powers[1:] = 0x9E3779B97F4A7C15
        self.powers = np.multiply.accumulate(self.powers)
        self.sums = np.zeros(count + 1, np.uint64)
        np.cumsum(weights[symbols] * self.powers[:-1], out=self.sums[1:])

    def periods(self, longest: int) -> npt.NDArray[np.int64]:
        """For each place the shortest period with which the sequence goes on there, far enough to be worth folding."""
        count = len(self.symbols)
        following = np.full(count + 1, count)
        order = np.argsort(self.symbols, kind="stable")
        same = self.symbols[order[:-1]] == self.symbols[order[1:]]
        following[order[:-1][same]] = order[1:][same]
        best = np.zeros(count, np.int64)
        places = np.arange(count)
        candidates = following[:-1]
        for _ in range(_PERIODS_TRIED):
            period = candidates - places
            window = period * -(-_LEAST_HIDDEN // np.maximum(period, 1))
            within = (candidates < count) & (period <= longest) & (places + period + window <= count)
            open_ = np.flatnonzero(within & (best == 0))
            if not len(open_):
                break
            equal = self._equal(open_, period[open_], window[open_])
            best[open_[equal]] = period[open_[equal]]
            candidates = following[candidates]
        return best

    def agreeing(self, start: int, period: int) -> int:
        """How far the sequence from ``start`` agrees with itself ``period`` later."""
        low, high = 0, len(self.symbols) - start - period
        while low < high:
            middle = (low + high + 1) // 2
            if self._equal(np.array([start]), np.array([period]), np.array([middle]))[0]:
                low = middle
            else:
                high = middle - 1
        return low

    def _equal(self, start: Any, period: Any, window: Any) -> npt.NDArray[np.bool_]:
        here = (self.sums[start + window] - self.sums[start]) * self.powers[period]
        there = self.sums[start + period + window] - self.sums[start + period]
        return np.asarray(here == there)
