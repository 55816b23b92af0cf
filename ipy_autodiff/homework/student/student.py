"""Speak to what a student wrote: the ``student`` fixture of a sheet.

A ``Student`` asks, checks that what comes back has the agreed form, and hands it on as arrays. It does not know where
the answers come from: a sandbox, a kernel, or the notebook that it is used in.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ipy_autodiff.homework.sandbox.arrays import pack, unpack
from ipy_autodiff.homework.sandbox.wire import GarbledError
from ipy_autodiff.homework.student.errors import AnswerError, CodeError, DiedError, MissingError
from ipy_autodiff.messages import Message

if TYPE_CHECKING:
    from ipy_autodiff.homework.sandbox.process import Death
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

    ``ask`` takes a question and returns its answer, both as ``answers`` describes them; it may raise ``DiedError``.
    ``excuse`` says why a name may be missing. ``rng`` is a generator for inputs, the same for every submission.
    """

    def __init__(
        self,
        ask: Callable[[dict[str, Any]], dict[str, Any]],
        seed: int = 0,
        excuse: Callable[[], Death | None] = lambda: None,
    ) -> None:
        self._ask = ask
        self._excuse = excuse
        self.rng = np.random.default_rng(seed)
        self._seed = seed % 2**32
        self._repairs: tuple[str, ...] = ()
        self._last: tuple[str, dict[str, Array], dict[str, Any] | None] | None = None

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
        self._last = expression, {name: np.asarray(value) for name, value in inputs.items()}, None
        answer = self._answer("gradients", expression=expression, inputs=_packed(inputs))
        if "no_backward" in answer:
            raise AnswerError(Message("homework.no-backward", kind=_text(answer["no_backward"])))
        match answer:
            case {"gradients": dict(found), "calls": {"forward": int(forward), "backward": int(backward)}}:
                pass
            case _:
                raise AnswerError(Message("homework.garbled"))
        gradients = Gradients()
        for name in inputs:
            if found.get(name) is None:
                raise AnswerError(Message("homework.no-gradient", name=name))
            gradients[name] = gradient = _value(found[name])[0]
            expected = self._last[1][name].shape
            if gradient.shape != expected:
                raise AnswerError(
                    Message("homework.gradient-shape", name=name, shape=str(gradient.shape), expected=str(expected))
                )
        gradients.forward_calls, gradients.backward_calls = forward, backward
        gradients.seeded = answer.get("seeded") is True
        return gradients

    def trace(self, expression: str, /, **inputs: npt.ArrayLike) -> StudentTrace:
        """The ``Trace`` of the expression: graph, steps, comparison and blame, from the student's engine.

        Raises ``AnswerError`` where the expression gives no Variable.
        """
        arrays = {name: np.asarray(value) for name, value in inputs.items()}
        packed = self._packed_trace(expression, arrays)
        return self._unpacked(packed, expression, arrays)

    def picture(self) -> dict[str, Any] | None:
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
        """Whether the expression raises this exception or a subclass; a class of the student's own is given by name."""
        answer = self._question("raises", expression=expression, inputs=_packed(inputs))
        match answer.get("error"):
            case {"mro": list(classes), "name": name}:
                if isinstance(error, str):
                    return any(str(found).rpartition(".")[2] == error for found in classes)
                if name is not None and not issubclass(error, NameError):
                    self._missing(name, expression)
                return f"{error.__module__}.{error.__qualname__}" in classes
        return False

    def has(self, name: str, /) -> bool:
        """Whether the notebook defines ``name``; a dotted name asks for an attribute too."""
        return self._question("has", name=name).get("has") is True

    def source(self, name: str, /) -> str:
        """The source of a class, a function or, dotted, a method, from the last cell that defines it."""
        answer = self._question("source", name=name).get("source")
        if not isinstance(answer, str):
            raise MissingError(name, self._excuse())
        return answer

    def cell(self, grade_id: str, /) -> str:
        """The source of the cell that nbgrader knows by this name."""
        answer = self._question("cell", name=grade_id).get("source")
        if not isinstance(answer, str):
            raise MissingError(grade_id, self._excuse())
        return answer

    def repaired(self, source: str, /) -> Student:
        """The same student after ``source``, which is run in the notebook first, for these questions only.

        For what an earlier step should have given: with it in place, a mistake there is counted there and not again.
        """
        other = Student(self._ask, excuse=self._excuse)
        other.rng, other._seed, other._repairs = self.rng, self._seed, (*self._repairs, source)
        return other

    def _packed_trace(self, expression: str, arrays: dict[str, Array]) -> dict[str, Any]:
        self._last = None
        answer = self._answer("trace", expression=expression, inputs=_packed(arrays))
        if "not_variable" in answer:
            raise AnswerError(Message("homework.not-variable", kind=_text(answer["not_variable"])))
        packed = answer.get("trace")
        if not isinstance(packed, dict):
            raise AnswerError(Message("homework.garbled"))
        self._last = expression, arrays, packed
        return packed

    def _unpacked(self, packed: dict[str, Any], expression: str, arrays: dict[str, Array]) -> StudentTrace:
        from ipy_autodiff.homework.sandbox.traces import unpacked_trace
        from ipy_autodiff.homework.student.student_trace import StudentTrace

        try:
            recording, comparison, blame = unpacked_trace(packed)
        except GarbledError:
            raise AnswerError(Message("homework.garbled")) from None
        return StudentTrace(recording, comparison, blame, arrays, lambda others: self._value(expression, others)[0])

    def _value(self, expression: str, inputs: Mapping[str, npt.ArrayLike]) -> tuple[Array, str]:
        return _value(self._answer("value", expression=expression, inputs=_packed(inputs)))

    def _answer(self, ask: str, **question: Any) -> dict[str, Any]:
        """An answer that is no exception of the student's code."""
        answer = self._question(ask, **question)
        match answer:
            case {"error": {"type": str(kind), "text": str(text), "traceback": str(trace), "name": name}}:
                if kind == "NameError" and isinstance(name, str):
                    self._missing(name, question["expression"])
                if kind == "MemoryError":
                    raise DiedError("out-of-memory")
                raise CodeError(kind, text, trace)
            case {"not_numbers": str(kind)}:
                raise AnswerError(Message("homework.not-numbers", kind=kind))
        return answer

    def _question(self, ask: str, **question: Any) -> dict[str, Any]:
        if self._repairs:
            question["repairs"] = list(self._repairs)
        return self._ask({"ask": ask, "seed": self._seed, **question})

    def _missing(self, name: str, expression: str) -> None:
        """Raises for a name that the question itself uses, and that is not there."""
        if name in expression:
            raise MissingError(name, self._excuse())


def _packed(inputs: Mapping[str, npt.ArrayLike]) -> dict[str, Any]:
    return {name: pack(np.asarray(value)) for name, value in inputs.items()}


def _value(answer: object) -> tuple[Array, str]:
    match answer:
        case {"text": str(text)}:
            return np.asarray(text), "str"
        case {"array": packed, "type": str(kind)}:
            try:
                array = unpack(packed)
            except GarbledError:
                pass
            else:
                if not array.size:
                    raise AnswerError(Message("homework.empty", shape=str(array.shape)))
                return array, kind
    raise AnswerError(Message("homework.garbled"))


def _text(value: object) -> str:
    return value[:100] if isinstance(value, str) else "?"
