"""Answer questions about what a notebook defined: evaluate an expression, differentiate it, find a class's source.

Runs beside the submission's code, so nothing here decides anything: an answer is plain data (JSON, arrays packed by
``arrays``), and what it is worth is decided where the submission cannot reach. The tools are fetched by name when this
module is imported, before a submission runs.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Any

from numpy import asarray, float64, generic, longdouble, ndarray, ones_like

from ipy_autodiff.designs.reading import is_variable
from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.homework.sandbox.arrays import pack, unpack
from ipy_autodiff.homework.sandbox.inside.cell_runner import named_by_cell, told_frames
from ipy_autodiff.homework.sandbox.traces import packed_trace
from ipy_autodiff.tracing import CallLog, Recorder, record_cell
from ipy_autodiff.tracing.graph import Array

__all__ = ["Answers"]

_TEXT = 2000
_BYTES = 8_000_000
Answer = dict[str, Any]


class _NotNumbersError(Exception):
    """A value that is neither numbers nor a Variable that holds some."""


class Answers:
    """Answers questions about one namespace.

    ``cells`` are the sources that ran, first to last, each with nbgrader's name for its cell. When a question is
    answered the namespace is as before: names that it assigns live as long as the question, and so do its ``repairs``.
    """

    def __init__(self, namespace: dict[str, Any], cells: Callable[[], Iterable[tuple[str, str]]] = tuple) -> None:
        self._namespace = namespace
        self._cells = cells

    def __call__(self, question: Mapping[str, Any]) -> Answer:
        """The answer to one question; an exception of the submission's code is an answer too, under ``error``."""
        answer: Callable[[Mapping[str, Any]], Answer] = getattr(self, f"_{question['ask']}")
        before = dict(self._namespace)
        try:
            for source in question.get("repairs", ()):
                exec(compile(source, "<sheet>", "exec"), self._namespace)
            return answer(question)
        except _NotNumbersError as error:
            return {"not_numbers": str(error)}
        except BaseException as error:
            return {"error": described(error)}
        finally:
            if question.get("repairs"):
                self._namespace.clear()
                self._namespace.update(before)

    def _value(self, question: Mapping[str, Any]) -> Answer:
        result = self._evaluated(question["expression"], self._inputs(question))
        return packed_value(result)

    def _gradients(self, question: Mapping[str, Any]) -> Answer:
        """Tries ``y.backward()`` as it is; where that fails or fills nothing, once more with ``y.grad`` set to ones."""
        first: Answer | None = None
        for seeded in (False, True):
            calls = {"forward": 0, "backward": 0}
            inputs = self._inputs(question)
            try:
                with _counting(calls):
                    y = self._evaluated(question["expression"], inputs)
                    if not callable(getattr(y, "backward", None)):
                        return {"no_backward": type(y).__name__}
                    if seeded:
                        y.grad = ones_like(_data(y)[0])
                    y.backward()
            except BaseException as error:
                first = first or {"error": described(error)}
                continue
            found = {name: getattr(x, "grad", None) for name, x in inputs.items()}
            if any(gradient is not None for gradient in found.values()):
                packed = {name: None if g is None else packed_value(g) for name, g in found.items()}
                return {"gradients": packed, "calls": calls, "seeded": seeded}
            first = first or {"gradients": dict.fromkeys(found), "calls": calls, "seeded": seeded}
        assert first is not None
        return first

    def _trace(self, question: Mapping[str, Any]) -> Answer:
        """The graph of the expression's last Variable, what its backward pass did, and who is to blame."""
        inputs = self._inputs(question)
        recorder = Recorder(CallLog(), "<question>", question["expression"])
        y = self._evaluated(question["expression"], inputs, recorder)
        if not is_variable(y):
            return {"not_variable": type(y).__name__}
        recording = record_cell(recorder, inputs, question["expression"], y, y)
        if recording is None:
            return {"not_variable": type(y).__name__}
        comparison = compare(recording)
        return {"trace": packed_trace(recording, comparison, tuple(find_blame(recording, comparison)))}

    def _raises(self, question: Mapping[str, Any]) -> Answer:
        try:
            self._evaluated(question["expression"], self._inputs(question))
        except BaseException as error:
            return {"error": described(error)}
        return {"error": None}

    def _has(self, question: Mapping[str, Any]) -> Answer:
        try:
            self._evaluated(question["name"], {})
        except Exception:
            return {"has": False}
        return {"has": True}

    def _source(self, question: Mapping[str, Any]) -> Answer:
        first, *rest = question["name"].split(".")
        found = None
        for source, _ in self._cells():
            found = _definition(source, first, rest) or found
        return {"source": found}

    def _cell(self, question: Mapping[str, Any]) -> Answer:
        return {"source": next((source for source, name in self._cells() if name == question["name"]), None)}

    def _inputs(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Each input as the submission's own Variable; as an array where it defines no Variable."""
        box = self._namespace.get("Variable")
        arrays = {name: unpack(packed) for name, packed in question.get("inputs", {}).items()}
        return {name: box(array) for name, array in arrays.items()} if callable(box) else dict(arrays)

    def _evaluated(
        self, source: str, inputs: Mapping[str, Any], watched: AbstractContextManager[Any] | None = None
    ) -> Any:
        """The value of the last expression, after the statements before it; run within ``watched``."""
        tree = ast.parse(source, "<question>")
        scope = {**self._namespace, **inputs}
        ending = tree.body[-1] if tree.body else None
        last = ending if isinstance(ending, ast.Expr) else None
        if last is not None:
            tree.body.pop()
        statements = compile(tree, "<question>", "exec")
        expression = None if last is None else compile(ast.Expression(last.value), "<question>", "eval")
        with watched or nullcontext():
            exec(statements, scope)
            return None if expression is None else eval(expression, scope)


def packed_value(result: object) -> Answer:
    """A value's numbers, the class of what held them, and the class of the Variable, if any, that held that."""
    if type(result) is str:
        return {"text": result[:_TEXT], "type": "str", "of": None}
    array, kind, holder = _data(result)
    if array.nbytes > _BYTES:
        raise _NotNumbersError(f"{kind}, {array.nbytes} bytes")
    return {"array": pack(array), "type": kind, "of": holder}


def described(error: BaseException) -> Answer:
    """An exception as plain data: its class and all its base classes with their modules, its text, its traceback."""
    kind = type(error)
    answer: Answer = {"type": kind.__name__, "mro": [], "text": "", "traceback": "", "name": None}
    try:
        answer["mro"] = [f"{base.__module__}.{base.__qualname__}" for base in type.mro(kind)]
        answer["name"] = error.name if isinstance(error, NameError) and type(error.name) is str else None
        answer["traceback"] = named_by_cell(told_frames(error, 8))[-_TEXT:]
        answer["text"] = str(error)[:_TEXT]
    except BaseException:
        pass
    return answer


def _data(result: object) -> tuple[Array, str, str | None]:
    """The array behind a value, the class of what was found there, and the class of the Variable around it."""
    holder = None
    for _ in range(3):
        if isinstance(result, ndarray | generic | bool | int | float | complex | list | tuple):
            break
        if not hasattr(result, "data"):
            raise _NotNumbersError(type(result).__name__)
        holder = holder or type(result).__name__
        result = result.data
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
    return array, kind, holder


class _counting:  # noqa: N801 - used as a function
    """Counts the calls of Python functions of these names while it is open."""

    def __init__(self, calls: dict[str, int]) -> None:
        self._calls = calls

    def __enter__(self) -> None:
        calls = self._calls

        def count(frame: FrameType, event: str, _argument: object) -> None:
            if event == "call" and frame.f_code.co_name in calls:
                calls[frame.f_code.co_name] += 1

        sys.setprofile(count)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)


def _definition(source: str, name: str, inner: list[str]) -> str | None:
    """The text that defines a class or a function in a cell, the last where there are several; None where none does."""
    try:
        tree: ast.AST = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: ast.AST | None = tree
    for part in (name, *inner):
        nodes = [
            node
            for node in ast.walk(found)  # type: ignore[arg-type]
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == part
        ]
        if not nodes:
            return None
        found = nodes[-1]
    return ast.get_source_segment(source, found)  # type: ignore[arg-type]
