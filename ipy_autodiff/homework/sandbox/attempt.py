"""Run a submission and ask about it, so that what ends its process costs it no more than what it did.

A cell that ends the process, or takes all the time, is left out when the notebook is run again; a question that does is
the only one without an answer. All of it together has the limit of one notebook.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from ipy_autodiff.homework.sandbox.limits import Limits
from ipy_autodiff.homework.sandbox.process import DeadError, Death

__all__ = ["Attempt", "Ran", "Running"]

_LIVES = 4
_TEXT = 4000


class Running(Protocol):
    """One run of a notebook: ``process.Life``, or a kernel's."""

    def run(self, seconds: float) -> Iterator[dict[str, Any]]: ...  # noqa: D102
    def begin(self, seconds: float) -> None: ...  # noqa: D102
    def ask(self, question: dict[str, Any]) -> dict[str, Any]: ...  # noqa: D102
    def end(self) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102
    @property
    def closed(self) -> bool: ...  # noqa: D102


@dataclass
class Ran:
    """What became of the cells."""

    cells: int = 0
    unreadable: str = ""
    """Why the file is no notebook: the end of an identifier in the catalogue; empty where it is one."""
    errors: dict[int, tuple[str, str]] = field(default_factory=dict)
    """By cell, from 0: the exception's class and its text with traceback."""
    deaths: dict[int, Death] = field(default_factory=dict)
    """By cell: how it ended the process."""
    stale: list[int] = field(default_factory=list)
    """Cells whose stored output is not what they put out."""
    output: str = ""
    """The end of what they printed."""

    @property
    def excuse(self) -> Death | None:
        """Why a name may be missing that the notebook does define: how the first cell that did not end, ended."""
        for number in sorted({*self.deaths, *self.errors}):
            if number in self.deaths:
                return self.deaths[number]
            if self.errors[number][0] == "CellTimeoutError":
                return "timeout"
            if self.errors[number][0] == "MemoryError":
                return "out-of-memory"
        return None


class Attempt:
    """One submission, run and ready to be asked. ``start(skip)`` starts a life of it without these cells."""

    def __init__(self, start: Callable[[set[int]], Running], limits: Limits) -> None:
        self._start = start
        self._limits = limits
        self._left = limits.seconds
        self._life: Running | None = None
        self._lives = 0
        self._in_test = False
        self._asked = False
        self._answered = False
        self._death: Death | None = None
        self.ran = Ran()

    def run(self) -> None:
        """Runs the notebook, again without the cell where a life ended, until it ends by itself or nothing is left."""
        while self._life is None:
            if self._lives >= _LIVES or self._left <= 0:
                raise DeadError(self._death or "timeout")
            self._lives += 1
            self._answered = False
            self._once()
            if self.ran.unreadable:
                return

    def _once(self) -> None:
        deaths = self.ran.deaths
        self.ran = Ran(deaths=deaths)
        at: int | None = None
        # Half of the time for the cells, so that there is time for another life, and for the questions.
        with self._clock():
            life = self._start(set(deaths))
            try:
                for message in life.run(self._left / 2):
                    at = self._note(message, at)
            except DeadError as death:
                life.close()
                self._death = death.kind
                if at is not None:
                    deaths[at] = death.kind
                return
        if self.ran.unreadable:
            life.close()
        else:
            self._life = life

    def _note(self, message: dict[str, Any], at: int | None) -> int | None:
        """Takes one report; returns the cell that is running. Reports come from where they can be made up."""
        match message:
            case {"unreadable": str(reason)}:
                self.ran.unreadable = reason
            case {"cells": int(count)} if at is None:
                self.ran.cells = min(count, self._limits.cells)
            case {"begin": int(number)} if 0 <= number < self.ran.cells:
                return number
            case {"cell": int(number), "error": str(error), "text": str(text), "stale": bool(stale)}:
                if error and len(self.ran.errors) < self._limits.cells:
                    self.ran.errors[number] = (error[:100], text[:_TEXT])
                if stale and len(self.ran.stale) < self._limits.cells:
                    self.ran.stale.append(number)
                return None
            case {"ran": True, "output": str(output)}:
                self.ran.output = output
        return at

    @contextlib.contextmanager
    def test(self) -> Iterator[None]:
        """Around the questions of one test: they see the notebook as its cells left it, and each other's effects."""
        self._in_test, self._asked = True, False
        try:
            yield
        finally:
            self._in_test = False
            if self._asked and self._life is not None:
                with self._clock(), contextlib.suppress(DeadError):
                    self._life.end()

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer. Raises ``DeadError`` where there is none because a process ended."""
        if not self._in_test:
            raise RuntimeError("questions are asked within a test")
        while True:
            if self._life is None:
                self.run()
            life = self._life
            assert life is not None
            try:
                return self._answer_of(life, question)
            except DeadError as death:
                if life.closed:
                    self._life, self._death = None, death.kind
                    self._asked = False
                    if death.kind == "killed" and not self._answered and self._lives < _LIVES:
                        continue  # something that a cell has left behind ended it before it was asked anything
                raise

    def _answer_of(self, life: Running, question: dict[str, Any]) -> dict[str, Any]:
        with self._clock():
            if not self._asked:
                self._asked = True
                life.begin(max(0.1, min(self._left, max(1.0, self._limits.seconds / 4))))
            answer = life.ask(question)
        self._answered = True
        return answer

    def close(self) -> None:
        """Ends everything that the submission still runs."""
        if self._life is not None:
            life, self._life = self._life, None
            life.close()

    @contextlib.contextmanager
    def _clock(self) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self._left -= time.monotonic() - begun
