"""Run a submission and ask about it, so that what ends its process costs it no more than what it did.

A cell that ends the process, or takes all the time, is left out when the notebook is run again; a question that does is
the only one without an answer. All of it together has the limit of one notebook.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from ipy_autodiff.homework.sandbox.limits import Limits
from ipy_autodiff.homework.sandbox.process import DeadError, Death
from ipy_autodiff.homework.sandbox.protocol import Answer, Begun, Cells, Ended, Question, Report, Unreadable, clean
from ipy_autodiff.homework.sandbox.protocol import Ran as Finished
from ipy_autodiff.homework.sandbox.text.notebook_text import NotebookText
from ipy_autodiff.homework.sandbox.text.suspicions import Suspicion

__all__ = ["Attempt", "Ran", "Running"]

_LIVES = 4
_NO_MEMORY = ("failed to map segment from shared object", "Cannot allocate memory")
"""What a library that finds no room says as it is loaded."""


class Running(Protocol):
    """One run of a notebook: ``process.Life``, or a kernel's."""

    def run(self, seconds: float) -> Iterator[Report]: ...  # noqa: D102
    def begin(self, seconds: float) -> None: ...  # noqa: D102
    def ask(self, question: Question) -> Answer: ...  # noqa: D102
    def end(self) -> None: ...  # noqa: D102
    def suspicions(self) -> list[Suspicion]: ...  # noqa: D102
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
    suspicions: list[Suspicion] = field(default_factory=list)
    """What a lecturer is to look at."""

    @property
    def excuse(self) -> Death | None:
        """Why a name may be missing that the notebook does define: how the first cell that did not end, ended."""
        for number in sorted({*self.deaths, *self.errors}):
            if number in self.deaths:
                return self.deaths[number]
            if self.errors[number][0] == "CellTimeoutError":
                return "timeout"
            kind, text = self.errors[number]
            if kind == "MemoryError" or any(sign in text for sign in _NO_MEMORY):
                return "out-of-memory"
        return None


class Attempt:
    """One submission, run and ready to be asked.

    ``start(skip)`` starts a life of it without these cells; ``notebook`` is a file descriptor that reads it.
    """

    def __init__(self, start: Callable[[set[int]], Running], notebook: int, limits: Limits) -> None:
        self._start = start
        self._notebook = notebook
        self._limits = limits
        self._left = limits.seconds
        self._life: Running | None = None
        self._lives = 0
        self._skip: set[int] = set()
        self._in_test = False
        self._asked = False
        self._answered = False
        self._frozen = False
        self._death: Death | None = None
        self.ran = Ran()

    @cached_property
    def text(self) -> NotebookText:
        """The notebook's own text."""
        os.lseek(self._notebook, 0, os.SEEK_SET)
        with os.fdopen(os.dup(self._notebook), "rb") as file:
            return NotebookText.of(file.read())

    @cached_property
    def _in_text(self) -> list[Suspicion]:
        return self.text.suspicions()

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

    def suspicions(self) -> list[Suspicion]:
        """What a lecturer is to look at: in the notebook's text, and in what its process did until now."""
        self._collect()
        return [*self._in_text, *map(self._with_line, self.ran.suspicions)]

    def _with_line(self, suspicion: Suspicion) -> Suspicion:
        """What was reached for, behind the line that did it, as far as the notebook's text shows it."""
        cell, number = suspicion.cell, suspicion.line
        if suspicion.kind == "replaced":
            cell, number = self.text.place(suspicion.text.rpartition(".")[2])
        if cell is None or number is None or suspicion.kind not in ("reached", "replaced"):
            return suspicion
        line = clean(self.text.line(cell, number), 200)
        text = f"{line} [{suspicion.text}]" if line else suspicion.text
        return Suspicion(suspicion.kind, cell, number, text[:300])

    def _once(self) -> None:
        """One life. What is said of the cells after the first question is not kept: it may be about the questions."""
        ran = Ran(deaths=dict(self.ran.deaths), suspicions=self.ran.suspicions)
        cells = _Cells(ran, self._limits)
        # Half of the time for the cells, so that there is time for another life, and for the questions.
        with self._clock():
            life = self._life = self._start(set(self._skip))
            died: Death | None = None
            try:
                for message in life.run(self._left / 2):
                    cells.note(message)
                    if cells.over:
                        break
            except DeadError as death:
                died = death.kind
            if died is not None or ran.unreadable:
                self._collect()
                life.close()
                self._life = None
        if died is not None:
            self._death = died
            if cells.open is not None:
                self._skip.add(cells.open)
                ran.deaths[cells.open] = died
        if not self._frozen:
            self.ran = ran

    def _collect(self) -> None:
        if self._life is not None:
            known = self.ran.suspicions
            known += [one for one in self._life.suspicions() if one not in known]

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

    def ask(self, question: Question) -> Answer:
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
                    self._collect()
                    self._life, self._death = None, death.kind
                    self._asked = False
                    if death.kind == "killed" and not self._answered and self._lives < _LIVES:
                        continue  # something that a cell has left behind ended it before it was asked anything
                raise

    def _answer_of(self, life: Running, question: Question) -> Answer:
        with self._clock():
            if not self._asked:
                self._asked = True
                life.begin(max(0.1, min(self._left, max(1.0, self._limits.seconds / 4))))
            self._frozen = True
            answer = life.ask(question)
        self._answered = True
        return answer

    def close(self) -> None:
        """Ends everything that the submission still runs. Its notebook need not stay open after that."""
        self._in_text  # noqa: B018 - read while it can be
        if self._life is not None:
            self._collect()
            life, self._life = self._life, None
            life.close()

    @contextlib.contextmanager
    def _clock(self) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self._left -= time.monotonic() - begun


class _Cells:
    """Takes what a life reports of the cells, in the only order that it can have."""

    def __init__(self, ran: Ran, limits: Limits) -> None:
        self._ran = ran
        self._limits = limits
        self._next = -1
        self.open: int | None = None
        """The cell that is running."""
        self.over = False
        """Whether nothing more is to come."""

    def note(self, message: Report) -> None:
        """Takes one report. One out of turn is dropped, and is suspicious."""
        ran = self._ran
        match message:
            case Unreadable(reason=reason) if self._next < 0:
                ran.unreadable, self.over = reason, True
            case Cells(count=count) if self._next < 0:
                ran.cells = min(count, self._limits.cells)
                self._next = 0
            case Begun(cell=cell) if self.open is None and self._next <= cell < ran.cells:
                self.open, self._next = cell, cell + 1
            case Ended(cell=cell) if self.open == cell:
                self.open = None
                if message.error:
                    ran.errors[cell] = (message.error, message.text)
                if message.stale:
                    ran.stale.append(cell)
            case Finished(output=output) if self.open is None and self._next >= 0:
                ran.output, self.over = output, True
            case _:
                ran.suspicions.append(Suspicion("out-of-turn", self.open))
