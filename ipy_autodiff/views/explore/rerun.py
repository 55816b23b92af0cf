"""Run a cell anew with other values of its leaves, in a namespace of its own; the notebook's Variables stay.

What the cell uses of the notebook and can change (Variables, lists, models) is copied first, and the notebook's
functions are given the new namespace; modules and classes are shared. What the cell prints is dropped, and random state
is put back. What it does to files or to other programs happens again.
"""

from __future__ import annotations

import ast
import copy
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import CREATOR, DATA, is_variable
from ipy_autodiff.tracing import CallLog, Recorder, Recording, record_cell
from ipy_autodiff.tracing.replay import Replay
from ipy_autodiff.views.explore.controls import Control

__all__ = ["NotRerun", "rerun"]

_SHARED = (ModuleType, BuiltinFunctionType, type)
_PATH = re.compile(r"[^\W\d]\w*")


class NotRerun(Exception):  # noqa: N818 - named after what is wrong
    """The cell raised (``cause``), or it computed no Variable."""

    def __init__(self, cause: BaseException | None = None) -> None:
        super().__init__("" if cause is None else f"{type(cause).__name__}: {cause}")
        self.cause = cause


def rerun(recording: Recording, namespace: Mapping[str, Any], values: Mapping[Control, float]) -> Recording:
    """The recording of the same cell, each leaf set to its value as soon as the cell has made it.

    Raises ``NotRerun``.
    """
    with Replay(recording.graph).aside(), _nothing_displayed():
        return _run(recording, namespace, values)


@contextmanager
def _nothing_displayed() -> Iterator[None]:
    """Drop what is displayed, and close the figures that are opened."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    figures = set(pyplot.get_fignums()) if pyplot else set()
    with ExitStack() as stack:
        if "IPython" in sys.modules:
            from IPython.utils.capture import capture_output

            stack.enter_context(capture_output())
        try:
            yield
        finally:
            for number in set(pyplot.get_fignums()) - figures if pyplot else ():
                pyplot.close(number)


def _run(recording: Recording, namespace: Mapping[str, Any], values: Mapping[Control, float]) -> Recording:
    tree = ast.parse(recording.source)
    own = _copied(namespace, tree)
    bound = [_names(statement, ast.Store) for statement in tree.body]
    pending = [one for one in values if _base(one)]
    for control in [one for one in pending if not any(_base(one) in names for names in bound)]:
        _set(control, values[control], own)
        pending.remove(control)
    filename = "<the cell, run anew>"
    recorder = Recorder(CallLog(), filename, recording.source)
    value = None
    try:
        for statement, names in zip(tree.body, bound, strict=True):
            with recorder:
                if isinstance(statement, ast.Expr):
                    value = eval(compile(ast.Expression(statement.value), filename, "eval"), own)
                else:
                    value = None
                    exec(compile(ast.Module([statement], []), filename, "exec"), own)
            for control in [one for one in pending if _base(one) in names]:
                _set(control, values[control], own)
                pending.remove(control)
    except (Exception, SystemExit) as error:
        raise NotRerun(error) from error
    of = own.get(recording.of.name) if recording.of is not None and recording.of.named else None
    wanted = of if is_variable(of) and CREATOR.read(of) is not None else None
    found = record_cell(recorder, own, recording.source, value, wanted)
    if found is None or found.of is None:
        raise NotRerun
    return found


def _names(statement: ast.stmt, context: type[ast.expr_context]) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def _base(control: Control) -> str:
    """The name of the namespace that leads to the leaf: ``x``, and ``xs`` for ``xs[0]``; empty where there is none."""
    match = _PATH.match(control.node.name) if control.node.named else None
    return match[0] if match else ""


def _set(control: Control, value: float, own: dict[str, Any]) -> None:
    try:
        leaf = eval(control.node.name, {"__builtins__": {}}, own)
    except Exception:  # the cell did not make it this time
        return
    if not is_variable(leaf):
        return
    data = np.asarray(DATA.read(leaf))
    changed = data.astype(data.dtype if control.whole or data.dtype.kind == "f" else np.float64)
    try:
        changed[... if control.place is None else control.place] = value
    except IndexError:  # another shape than it had
        return
    DATA.write(leaf, changed)


def _copied(namespace: Mapping[str, Any], tree: ast.Module) -> dict[str, Any]:
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    own = dict(namespace)
    memo: dict[int, Any] = {}
    for name, item in namespace.items():
        if isinstance(item, FunctionType) and item.__globals__ is namespace:
            own[name] = _with_globals(item, own)
        elif (name in used or is_variable(item)) and not isinstance(item, (*_SHARED, FunctionType)):
            own[name] = _copy(item, memo)
    return own


def _with_globals(function: FunctionType, own: dict[str, Any]) -> FunctionType:
    duplicate = FunctionType(function.__code__, own, function.__name__, function.__defaults__, function.__closure__)
    duplicate.__kwdefaults__ = function.__kwdefaults__
    duplicate.__dict__.update(function.__dict__)
    return duplicate


def _copy(item: Any, memo: dict[int, Any]) -> Any:
    try:
        return copy.deepcopy(item, memo)
    except Exception:  # what cannot be copied (a file, a lock, a graph too deep) is shared, a Variable's box is not
        return copy.copy(item) if is_variable(item) else item
