"""Runs a cell's code as IPython would run it without a magic: the only code that touches IPython's internals.

As ``%%time`` does, the cell is transformed, parsed and compiled under the name that tracebacks know cells by, and run
in the notebook's namespace statement by statement. Lines are counted from the magic's own line, as readers see them.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import math
import time
import tokenize
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import ModuleType, TracebackType
from typing import Any

__all__ = ["Outcome", "PreparedCell", "TopLevelAwait", "computes", "plain_error", "prepare"]


class TopLevelAwait(Exception):  # noqa: N818 - named after what is wrong
    """The cell awaits at its top level, which no magic can run."""


@dataclass(frozen=True)
class PreparedCell:
    """A cell that is parsed and can be run once."""

    filename: str
    source: str
    """The source as tracebacks count its lines: the magic's line is an empty first one."""
    tree: ast.Module
    silenced: bool
    """Whether a trailing semicolon silences the last expression."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to: the last expression's value, or the error that ended it."""

    value: Any = None
    error: BaseException | None = None
    seconds: float = math.inf
    """How long it took."""


def prepare(shell: Any, magic_line: str, body: str) -> PreparedCell:
    """Transform and parse the body of a cell magic.

    Raises ``TopLevelAwait``, and the SyntaxError of a body that is not Python.
    """
    try:
        transformed = shell.transform_cell(body)
    except SyntaxError as error:  # as the tokenizer raises for a wrong indentation
        if error.lineno is not None:
            error.lineno += 1
        raise
    if shell.should_run_async(body, transformed_cell=transformed):
        raise TopLevelAwait
    padded = "\n" + transformed
    filename = shell.compile.cache(padded, _cell_number(shell), raw_code=f"{magic_line}\n{body}")
    with shell.builtin_trap:
        tree = shell.transform_ast(shell.compile.ast_parse(padded, filename=filename))
    return PreparedCell(filename, padded, tree, _ends_with_semicolon(body))


def _cell_number(shell: Any) -> int:
    """The number that tracebacks give the cell that is running: IPython counts on before or after, by its version."""
    numbers = getattr(shell.compile, "_filename_map", {})
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_filename in numbers:
            return int(numbers[frame.f_code.co_filename])
        frame = frame.f_back
    return int(shell.execution_count)


def computes(tree: ast.Module, namespace: Mapping[str, Any]) -> bool:
    """Whether the cell computes, rather than imports, defines and sets up: whether one would look for a result."""
    return any(_computes(statement, namespace) for statement in tree.body)


_SETTING_UP = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass, ast.Delete)


def _computes(statement: ast.stmt, namespace: Mapping[str, Any]) -> bool:
    if isinstance(statement, _SETTING_UP):
        return False
    if isinstance(statement, ast.If | ast.Try | ast.With):
        inner = [node for node in ast.iter_child_nodes(statement) if isinstance(node, ast.stmt | ast.ExceptHandler)]
        bodies = [node.body if isinstance(node, ast.ExceptHandler) else [node] for node in inner]
        return any(_computes(node, namespace) for body in bodies for node in body)
    value = getattr(statement, "value", None)
    if isinstance(value, ast.Call) and isinstance(statement, ast.Expr):  # as in np.random.seed(0), or a line magic
        root: ast.expr = value.func
        while isinstance(root, ast.Attribute | ast.Call):
            root = root.value if isinstance(root, ast.Attribute) else root.func
        name = root.id if isinstance(root, ast.Name) else ""
        return name != "get_ipython" and not isinstance(namespace.get(name), ModuleType)
    try:
        ast.literal_eval(value)  # type: ignore[arg-type]
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return True
    return False


def run(shell: Any, cell: PreparedCell, watched: AbstractContextManager[Any]) -> Outcome:
    """Run the cell in the notebook's namespace, each of its statements within ``watched``, and show its last value.

    An exception of the cell's own is not raised but given back, so that what was seen so far can be shown first.
    """
    value = None
    started = time.perf_counter()
    try:
        for node, interactive in _statements(shell, list(cell.tree.body)):
            if interactive and isinstance(node, ast.Expr):
                code = shell.compile(ast.Expression(node.value), cell.filename, "eval")
                with watched:
                    value = eval(code, shell.user_global_ns, shell.user_ns)
                if not cell.silenced:
                    shell.displayhook(value)
            else:
                code = shell.compile(ast.Module([node], []), cell.filename, "exec")
                with watched:
                    exec(code, shell.user_global_ns, shell.user_ns)
    except BaseException as error:
        return Outcome(error=error)
    return Outcome(value=value, seconds=time.perf_counter() - started)


def _statements(shell: Any, nodes: list[ast.stmt]) -> Iterator[tuple[ast.stmt, bool]]:
    """The statements in order, and whether each shows its value: IPython's ``ast_node_interactivity``."""
    interactivity = shell.ast_node_interactivity
    if not nodes:
        return
    if interactivity == "last_expr_or_assign":
        target = _assigned(nodes[-1])
        if target is not None:
            nodes.append(ast.fix_missing_locations(ast.copy_location(ast.Expr(target), nodes[-1])))
        interactivity = "last_expr"
    for place, node in enumerate(nodes):
        last = place == len(nodes) - 1
        yield node, interactivity == "all" or (last and interactivity in ("last", "last_expr"))


def _assigned(node: ast.stmt) -> ast.Name | None:
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr = node.targets[0]
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        target = node.target
    else:
        return None
    return ast.Name(target.id, ast.Load()) if isinstance(target, ast.Name) else None


def _ends_with_semicolon(body: str) -> bool:
    """As ``DisplayHook.quiet`` decides it of the whole cell."""
    beside = (tokenize.ENDMARKER, tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT)
    try:
        tokens = [token for token in tokenize.generate_tokens(io.StringIO(body).readline) if token.type not in beside]
    except (tokenize.TokenError, SyntaxError):  # the tokenizer cannot read what the transformer could
        return False
    return bool(tokens) and tokens[-1].string == ";"


@contextmanager
def plain_error(shell: Any, outcome: Outcome, filename: str) -> Iterator[None]:
    """Leave this context with the cell's own error, if it had one, shown exactly as a plain cell shows it."""
    yield
    error = outcome.error
    if error is None:
        return
    trace_back = error.__traceback__
    while trace_back is not None and trace_back.tb_frame.f_code.co_filename == __file__:
        trace_back = trace_back.tb_next
    error.__traceback__ = trace_back
    if isinstance(error, SyntaxError):
        _show_syntax_error_plainly(shell)
    elif not isinstance(error, SystemExit):
        with contextlib.suppress(AttributeError, TypeError):  # an exception class with __slots__
            error._render_traceback_ = _Rendered(shell, error, trace_back)  # type: ignore[attr-defined]
    raise error


class _Rendered:
    """The traceback as IPython renders it, without the magic's own frames; used once, then gone from the exception."""

    def __init__(self, shell: Any, error: BaseException, trace_back: TracebackType | None) -> None:
        self._shell = shell
        self._error = error
        self._trace_back = trace_back

    def __call__(self) -> list[str]:
        with contextlib.suppress(AttributeError):
            del self._error._render_traceback_  # type: ignore[attr-defined]
        render: Callable[..., list[str]] = self._shell.InteractiveTB.structured_traceback
        return render(type(self._error), self._error, self._trace_back, tb_offset=0)


def _show_syntax_error_plainly(shell: Any) -> None:
    """Have IPython show the next SyntaxError without the stack of the magic, once."""
    original = shell.showsyntaxerror

    def showsyntaxerror(filename: str | None = None, *_: Any, **__: Any) -> None:
        del shell.showsyntaxerror
        original(filename)

    shell.showsyntaxerror = showsyntaxerror
