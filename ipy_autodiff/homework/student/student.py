"""Speak to what a student wrote: the ``student`` fixture of a sheet.

A ``Student`` asks, checks that what comes back has the agreed form, and hands it on as arrays. It does not know where
the answers come from: a sandbox, a kernel, or the notebook that it is used in.
"""

from __future__ import annotations

import builtins
import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from ipy_autodiff.homework.sandbox.arrays import PackedArray, pack, unpack
from ipy_autodiff.homework.sandbox.protocol import (
    Answer,
    Errors,
    Has,
    NoBackward,
    NotNumbers,
    NotVariable,
    Question,
    Raised,
    Swept,
    Traced,
    Value,
)
from ipy_autodiff.homework.student.errors import AnswerError, CodeError, DiedError, MissingError
from ipy_autodiff.messages import Message

if TYPE_CHECKING:
    from ipy_autodiff.homework.sandbox.packed_trace import PackedTrace
    from ipy_autodiff.homework.sandbox.process import Death
    from ipy_autodiff.homework.sandbox.text.notebook_text import NotebookText
    from ipy_autodiff.homework.student.student_trace import StudentTrace
    from ipy_autodiff.tracing.graph import Array

__all__ = ["Gradients", "Student"]


class Gradients(dict[str, "Array"]):
    """Gradients by input name, and how they came about."""

    forward_calls: int = 0
    """How many functions called ``forward`` ran. Backpropagation needs one for each Function of the expression;
    a numerical gradient, two for each and each entry of each input."""
    backward_calls: int = 0
    """How many functions called ``backward`` ran."""
    seeded: bool = False
    """Whether ``y.grad`` had to be set before ``y.backward()`` did anything."""


class Student:
    """What a student wrote, to be asked.

    ``ask`` takes a question and returns its answer, both as in ``protocol``; it may raise ``DiedError``. ``text`` is
    what stands in the notebook: asked first where text can tell. ``excuse`` says why a name may be missing. ``rng`` is
    a generator for inputs, the same for every submission.
    """

    def __init__(
        self,
        ask: Callable[[Question], Answer],
        seed: int = 0,
        excuse: Callable[[], Death | None] = lambda: None,
        text: Callable[[], NotebookText | None] = lambda: None,
    ) -> None:
        self._ask = ask
        self._excuse = excuse
        self._text = text
        self.rng = np.random.default_rng(seed)
        # What the question carries is drawn apart, so that nobody can tell the inputs to come from it.
        self._seed = int.from_bytes(hashlib.sha256(f"question {seed}".encode()).digest()[:4], "big")
        self._repairs: tuple[str, ...] = ()
        self._last: tuple[str, dict[str, Array], PackedTrace | None] | None = None

    def __repr__(self) -> str:
        return "student"  # as the sheet calls it; pytest shows it

    def value(self, expression: str, /, **inputs: npt.ArrayLike) -> Array:
        """The expression's data, computed by the student's engine; each input arrives as the student's ``Variable``.

        There may be statements before the expression, on lines of their own. A text is returned as an array of it.
        Raises ``AnswerError`` where there are no numbers, an empty array too (NumPy's own assertions find it equal to
        any number), and its subclasses for names, exceptions and time.
        """
        return self._value(expression, inputs)[0]

    def type(self, expression: str, /, **inputs: npt.ArrayLike) -> str:
        """The name of the class of the expression's data: ``ndarray``, or what stands there instead, as ``float64``."""
        return self._value(expression, inputs)[1]

    def gradients(self, expression: str, /, **inputs: npt.ArrayLike) -> Gradients:
        """The gradient of each input, from the student's own ``backward`` of the expression.

        Where ``backward()`` needs ``y.grad`` to be set to ones first, as in the book's early steps, it is. Raises
        ``AnswerError`` as ``value`` does, and for a gradient that has not its input's shape.
        """
        arrays = {name: np.asarray(value) for name, value in inputs.items()}
        self._last = expression, arrays, None
        answer = self._answer(Question("gradients", expression=expression, inputs=_packed(inputs)))
        if isinstance(answer, NoBackward):
            raise AnswerError(Message("homework.no-backward", kind=answer.type))
        if not isinstance(answer, Swept):
            raise AnswerError(Message("homework.garbled"))
        gradients = Gradients()
        for name in inputs:
            found = answer.gradients.get(name)
            if found is None:
                raise AnswerError(Message("homework.no-gradient", name=name))
            gradients[name] = gradient = _value(found)[0]
            expected = arrays[name].shape
            if gradient.shape != expected:
                raise AnswerError(
                    Message("homework.gradient-shape", name=name, shape=str(gradient.shape), expected=str(expected))
                )
        gradients.forward_calls, gradients.backward_calls = answer.forward_calls, answer.backward_calls
        gradients.seeded = answer.seeded
        return gradients

    def trace(self, expression: str, /, **inputs: npt.ArrayLike) -> StudentTrace:
        """The ``Trace`` of the expression: graph, steps, comparison and blame, from the student's engine.

        Raises ``AnswerError`` where the expression gives no Variable.
        """
        arrays = {name: np.asarray(value) for name, value in inputs.items()}
        packed = self._packed_trace(expression, arrays)
        return self._unpacked(packed, expression, arrays)

    def picture(self) -> PackedTrace | None:
        """The packed trace behind the last gradients or trace that were asked for; None where none can be had."""
        if self._last is None:
            return None
        expression, arrays, packed = self._last
        if packed is None:
            try:
                packed = self._packed_trace(expression, arrays)
            except AnswerError:
                return None
        return packed

    def raises(self, expression: str, error: builtins.type[BaseException] | str, /, **inputs: npt.ArrayLike) -> bool:
        """Whether the expression raises this exception or a subclass; a class of the student's own is given by name.

        One that Python raises by itself at the expression, as a class without ``__init__`` does when it is given
        something, is not the student's.
        """
        answer = self._question(Question("raises", expression=expression, inputs=_packed(inputs)))
        found = answer.error if isinstance(answer, Errors) else None
        if found is None:
            return False
        if isinstance(error, str):
            return found.inside and any(base.rpartition(".")[2] == error for base in found.bases)
        if found.name is not None and not issubclass(error, NameError):
            self._missing(found.name, expression)
        return found.inside and f"{error.__module__}.{error.__qualname__}" in found.bases

    def has(self, name: str, /) -> bool:
        """Whether the notebook defines ``name``, in its text and when it has run; dotted, an attribute."""
        text = self._text()
        if text is not None and not self._repairs and text.defines(name) is False:
            return False
        answer = self._question(Question("has", name=name))
        return isinstance(answer, Has) and answer.has

    def source(self, name: str, /) -> str:
        """The source of a class, a function or, dotted, a method, from the last cell that defines it."""
        text = self._text()
        source = None if text is None else text.source(name)
        if source is None:
            raise MissingError(name, self._excuse())
        return source

    def cell(self, grade_id: str, /) -> str:
        """The source of the cell that nbgrader knows by this name."""
        text = self._text()
        source = None if text is None else text.cell(grade_id)
        if source is None:
            raise MissingError(grade_id, self._excuse())
        return source

    def repaired(self, source: str, /) -> Student:
        """The same student after ``source``, which is run in the notebook first, for these questions only.

        For what an earlier step should have given: with it in place, a mistake there is counted there and not again.
        """
        other = Student(self._ask, excuse=self._excuse, text=self._text)
        other.rng, other._seed, other._repairs = self.rng, self._seed, (*self._repairs, source)
        return other

    def _packed_trace(self, expression: str, arrays: dict[str, Array]) -> PackedTrace:
        self._last = None
        answer = self._answer(Question("trace", expression=expression, inputs=_packed(arrays)))
        if isinstance(answer, NotVariable):
            raise AnswerError(Message("homework.not-variable", kind=answer.type))
        if not isinstance(answer, Traced):
            raise AnswerError(Message("homework.garbled"))
        self._last = expression, arrays, answer.trace
        return answer.trace

    def _unpacked(self, packed: PackedTrace, expression: str, arrays: dict[str, Array]) -> StudentTrace:
        from ipy_autodiff.homework.sandbox.traces import unpacked_trace
        from ipy_autodiff.homework.student.student_trace import StudentTrace

        recording, comparison, blame = unpacked_trace(packed)
        return StudentTrace(recording, comparison, blame, arrays, lambda others: self._value(expression, others)[0])

    def _value(self, expression: str, inputs: Mapping[str, npt.ArrayLike]) -> tuple[Array, str]:
        return _value(self._answer(Question("value", expression=expression, inputs=_packed(inputs))))

    def _answer(self, question: Question) -> Answer:
        """An answer that is no exception of the student's code."""
        answer = self._question(question)
        match answer:
            case Raised(type=kind, text=text, traceback=trace, name=name):
                if kind == "NameError" and name is not None:
                    self._missing(name, question.expression)
                if kind == "MemoryError":
                    raise DiedError("out-of-memory")
                raise CodeError(kind, text, trace)
            case NotNumbers(type=kind):
                raise AnswerError(Message("homework.not-numbers", kind=kind))
        return answer

    def _question(self, question: Question) -> Answer:
        return self._ask(msgspec.structs.replace(question, seed=self._seed, repairs=self._repairs))

    def _missing(self, name: str, expression: str) -> None:
        """Raises for a name that the question itself uses, and that is not there."""
        if name in expression:
            raise MissingError(name, self._excuse())


def _packed(inputs: Mapping[str, npt.ArrayLike]) -> dict[str, PackedArray]:
    return {name: pack(np.asarray(value)) for name, value in inputs.items()}


def _value(answer: Answer) -> tuple[Array, str]:
    match answer:
        case NotNumbers(type=kind):
            raise AnswerError(Message("homework.not-numbers", kind=kind))
        case Value(text=str(text)):
            return np.asarray(text), "str"
        case Value(array=PackedArray() as packed, type=kind):
            array = unpack(packed)
            if not array.size:
                raise AnswerError(Message("homework.empty", shape=str(array.shape)))
            return array, kind
    raise AnswerError(Message("homework.garbled"))
