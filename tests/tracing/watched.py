"""Runs a student's notebook cell by cell under the Recorder, as the magic does."""

from __future__ import annotations

import ast
import contextlib
import io
from collections.abc import Sequence
from typing import Any

from ipy_autodiff.tracing import CallLog, Recorder, Recording, record_cell
from tests.student_engines import importable


def watch(
    source: str, cells: Sequence[str], of: str | None = None, namespace: dict[str, Any] | None = None
) -> tuple[Recording | None, dict[str, Any], str]:
    """The last cell's Recording, the namespace, and all that was printed."""
    namespace = {} if namespace is None else namespace
    namespace["__name__"] = "__main__"
    log = CallLog()
    recording = None
    with importable(), contextlib.redirect_stdout(io.StringIO()) as printed:
        for number, cell in enumerate((source, *cells)):
            recorder = Recorder(log, f"<cell {number}>", cell)
            value = run_cell(cell, recorder, namespace)
            wanted = namespace.get(of) if of else None
            recording = record_cell(recorder, namespace, cell, value, wanted)
    return recording, namespace, printed.getvalue()


def run_cell(cell: str, recorder: Recorder, namespace: dict[str, Any]) -> Any:
    tree = ast.parse(cell)
    value = None
    for node in tree.body:
        if isinstance(node, ast.Expr):
            code = compile(ast.Expression(node.value), recorder.filename, "eval")
            with recorder:
                value = eval(code, namespace)
        else:
            with recorder:
                exec(compile(ast.Module([node], []), recorder.filename, "exec"), namespace)
    return value
