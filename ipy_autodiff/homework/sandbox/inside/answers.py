"""Answer questions about what a notebook defined: evaluate an expression, differentiate it.

Runs beside the submission's code, so nothing here decides anything: an answer is a struct of ``protocol``, and what it
is worth is decided where the submission cannot reach. The tools are fetched by name when this module is imported,
before a submission runs.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any

from numpy import asarray, float64, generic, longdouble, ndarray, ones_like

from ipy_autodiff.designs.reading import DATA, GRADIENT, is_variable
from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.homework.sandbox.arrays import pack, unpack
from ipy_autodiff.homework.sandbox.inside.call_counts import CallCounts
from ipy_autodiff.homework.sandbox.inside.cell_runner import named_by_cell, told_frames
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
    clean,
)
from ipy_autodiff.homework.sandbox.traces import packed_trace
from ipy_autodiff.tracing import CallLog, Recorder, record_cell
from ipy_autodiff.tracing.graph import Array

__all__ = ["Answers", "described"]

_TEXT = 2000
_BYTES = 8_000_000
_QUESTION = "<question>"
_NOTHING = object()


class _NotNumbersError(Exception):
    """A value that is neither numbers nor a Variable that holds some."""


class Answers:
    """Answers questions about one namespace.

    When a question is answered the namespace is as before: names that it assigns live as long as the question, and so
    do its ``repairs``. ``restore`` is called when the submission's code has run, before what it gave is looked at.
    """

    def __init__(self, namespace: dict[str, Any], restore: Callable[[], object] = lambda: None) -> None:
        self._namespace = namespace
        self._restore = restore

    def __call__(self, question: Question) -> Answer:
        """The answer to one question; an exception of the submission's code is an answer too."""
        before = dict(self._namespace)
        try:
            for source in question.repairs:
                exec(compile(source, "<sheet>", "exec"), self._namespace)
            match question.ask:
                case "value":
                    return packed_value(self._evaluated(question.expression, self._inputs(question)))
                case "gradients":
                    return self._gradients(question)
                case "trace":
                    return self._trace(question)
                case "raises":
                    return self._raises(question)
                case "has":
                    return self._has(question)
        except _NotNumbersError as error:
            return NotNumbers(clean(error, 200))
        except BaseException as error:
            self._restore()
            return described(error)
        finally:
            if question.repairs:
                self._namespace.clear()
                self._namespace.update(before)

    def _gradients(self, question: Question) -> Answer:
        """Tries ``y.backward()`` as it is; where that fails or fills nothing, once more with ``y.grad`` set to ones."""
        first: Answer | None = None
        for seeded in (False, True):
            inputs = self._inputs(question)
            try:
                with CallCounts(self._namespace) as counts:
                    y = self._evaluated(question.expression, inputs)
                    if not callable(getattr(y, "backward", None)):
                        return NoBackward(clean(type(y).__name__, 200))
                    if seeded:
                        ones = ones_like(_data(y)[0])
                        if not GRADIENT.write(y, ones):
                            y.grad = ones
                    y.backward()
            except BaseException as error:
                self._restore()
                first = first or described(error)
                continue
            self._restore()
            gradients = {name: GRADIENT.read(x) for name, x in inputs.items()}
            found = {name: None if g is None else _packed_or_kind(g) for name, g in gradients.items()}
            answer = Swept(found, counts.forward, counts.backward, seeded)
            if any(gradient is not None for gradient in found.values()):
                return answer
            first = first or answer
        assert first is not None
        return first

    def _trace(self, question: Question) -> Answer:
        """The graph of the expression's last Variable, what its backward pass did, and who is to blame."""
        inputs = self._inputs(question)
        recorder = Recorder(CallLog(), _QUESTION, question.expression)
        y = self._evaluated(question.expression, inputs, recorder)
        recording = record_cell(recorder, inputs, question.expression, y, y) if is_variable(y) else None
        if recording is None:
            return NotVariable(clean(type(y).__name__, 200))
        comparison = compare(recording)
        return Traced(packed_trace(recording, comparison, tuple(find_blame(recording, comparison))))

    def _raises(self, question: Question) -> Answer:
        try:
            self._evaluated(question.expression, self._inputs(question))
        except BaseException as error:
            self._restore()
            return Errors(described(error))
        return Errors(None)

    def _has(self, question: Question) -> Answer:
        try:
            self._evaluated(question.name, {})
        except Exception:
            return Has(False)
        return Has(True)

    def _inputs(self, question: Question) -> dict[str, Any]:
        """Each input as the submission's own Variable; as an array where it defines no Variable."""
        box = self._namespace.get("Variable")
        arrays = {name: unpack(packed) for name, packed in question.inputs.items()}
        return {name: box(array) for name, array in arrays.items()} if callable(box) else dict(arrays)

    def _evaluated(
        self, source: str, inputs: Mapping[str, Any], watched: AbstractContextManager[Any] | None = None
    ) -> Any:
        """The value of the last expression, after the statements before it; run within ``watched``."""
        tree = ast.parse(textwrap.dedent(source), _QUESTION)
        scope = {**self._namespace, **inputs}
        ending = tree.body[-1] if tree.body else None
        last = ending if isinstance(ending, ast.Expr) else None
        if last is not None:
            tree.body.pop()
        statements = compile(tree, _QUESTION, "exec")
        expression = None if last is None else compile(ast.Expression(last.value), _QUESTION, "eval")
        with watched or nullcontext():
            exec(statements, scope)
            value = None if expression is None else eval(expression, scope)
        self._restore()
        return value


def packed_value(result: object) -> Value:
    """A value's numbers and the class of what held them. Raises ``_NotNumbersError``."""
    if type(result) is str:
        return Value("str", text=clean(result, _TEXT))
    array, kind = _data(result)
    if array.nbytes > _BYTES:
        raise _NotNumbersError(f"{kind}, {array.nbytes} bytes")
    return Value(clean(kind, 200), pack(array))


def _packed_or_kind(gradient: object) -> Value | NotNumbers:
    try:
        return packed_value(gradient)
    except _NotNumbersError as error:
        return NotNumbers(clean(error, 200))


def described(error: BaseException) -> Raised:
    """An exception as plain data: its class and all its base classes with their modules, its text, its traceback."""
    kind = type(error)
    bases: tuple[str, ...] = ()
    name, trace, text, inside = None, "", "", False
    try:
        bases = tuple(clean(f"{base.__module__}.{base.__qualname__}", 400) for base in type.mro(kind)[:60])
        name = clean(error.name, 200) if isinstance(error, NameError) and type(error.name) is str else None
        inside = _innermost(error.__traceback__) != _QUESTION
        trace = clean(named_by_cell(told_frames(error, 8))[-_TEXT:], _TEXT)
        text = clean(error, _TEXT)
    except BaseException:
        pass
    return Raised(clean(kind.__name__, 200), bases, text, trace, name, inside)


def _innermost(trace: TracebackType | None) -> str:
    """The file of the code that was running when an exception was raised."""
    file = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        trace = trace.tb_next
    return file


def _data(result: object) -> tuple[Array, str]:
    """The array behind a value, and the class of what was found there."""
    for _ in range(3):
        if isinstance(result, ndarray | generic | bool | int | float | complex | list | tuple):
            break
        inner = DATA.read(result, _NOTHING)
        if inner is _NOTHING:
            raise _NotNumbersError(type(result).__name__)
        result = inner
    kind = type(result).__name__
    if isinstance(result, list | tuple):
        result = [_data(item)[0] for item in result]
    try:
        array = asarray(result)
    except (TypeError, ValueError, OverflowError):
        raise _NotNumbersError(kind) from None
    if array.dtype == longdouble and array.dtype != float64:
        array = array.astype(float64)
    if array.dtype.kind not in "biufc":
        raise _NotNumbersError(kind if array.dtype.kind != "O" or kind != "ndarray" else "object")
    return array, kind
