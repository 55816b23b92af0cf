"""Take the hidden tests out of a sheet's source, and what only they use: what is left can be given to students.

Everything else stays letter by letter: comments, blank lines, quotes.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ipy_autodiff.homework.sheet.sheet_file import SheetError, mark_of

__all__ = ["PublicSheet", "public_sheet"]

Span = tuple[int, int]
"""A first and a last line, from 1, both included."""


@dataclass(frozen=True)
class PublicSheet:
    """A sheet as students may see it."""

    source: str
    tests: int
    """How many tests are left."""
    left_out: tuple[str, ...]
    """The names of what was taken out: hidden tests, and definitions that only they used."""


def public_sheet(source: str, name: str = "sheet") -> PublicSheet:
    """The sheet without what ``pytest.mark.hidden`` marks: tests, classes, a parameter's values, or the whole module.

    Raises ``SheetError`` for what is no Python.
    """
    try:
        tree = ast.parse(source, name)
    except (SyntaxError, ValueError) as error:
        raise SheetError(f"{name}: {error}") from None
    hidden = list(_hidden(tree))
    hidden += _of_no_other_use(tree, hidden)
    lines = io.StringIO(source).readlines()  # as Python counts them; other characters may end a line for others
    for first, last in sorted((_whole(node, lines) for node in hidden), reverse=True):
        lines[first - 1 : last] = []
    left = _without_parameters("".join(lines), name)
    return PublicSheet(left, _tests(ast.parse(left)), tuple(name for node in hidden for name in _bound(node)))


def _hidden(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that are not to be seen; of a class or a module that is hidden, its tests."""
    pending: list[tuple[ast.Module | ast.ClassDef, bool]] = [(tree, _all_hidden(tree))]
    while pending:
        owner, every = pending.pop()
        shown = 0
        found: list[ast.stmt] = []
        for node in owner.body:
            marked = every or any(mark_of(mark) == "hidden" for mark in getattr(node, "decorator_list", ()))
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                if marked or _all_hidden(node):
                    found.append(node)
                else:
                    pending.append((node, False))
                    shown += 1
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                found += [node] if marked else []
                shown += not marked
        if isinstance(owner, ast.ClassDef) and not shown and found:
            yield owner  # a class without its tests would be empty
        else:
            yield from found


def _all_hidden(owner: ast.Module | ast.ClassDef) -> bool:
    """Whether ``pytestmark`` hides everything."""
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)
        and any(mark_of(part) == "hidden" for part in ast.walk(node.value) if isinstance(part, ast.expr))
        for node in owner.body
    )


def _of_no_other_use(tree: ast.Module, hidden: Iterable[ast.stmt]) -> list[ast.stmt]:
    """Definitions at the top that hidden tests use, or what they use does, and nothing that is left."""
    gone = list(hidden)
    found: list[ast.stmt] = []
    while True:
        used = {name for node in gone for name in _used(node)}
        candidates = [node for node in tree.body if node not in gone and used & set(_bound(node))]
        shown = {node: set(_used(node, but=gone)) for node in tree.body if node not in gone}
        more = [
            node
            for node in candidates
            if not any(set(_bound(node)) & names for other, names in shown.items() if other is not node)
            and not _runs_by_itself(node)
        ]
        if not more:
            return found
        found += more
        gone += more


def _bound(node: ast.stmt) -> list[str]:
    """The names that a statement gives a meaning to."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _used(node: ast.AST, but: Iterable[ast.AST] = ()) -> Iterator[str]:
    """Names that are read, parameters (which may be fixtures), and texts (which may name one)."""
    pending = [node]
    while pending:
        part = pending.pop()
        if part in but:
            continue
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Store):
            yield part.id
        elif isinstance(part, ast.arg):
            yield part.arg
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        pending += ast.iter_child_nodes(part)


def _runs_by_itself(node: ast.stmt) -> bool:
    """Whether pytest uses it without its name: a test, an ``autouse`` fixture, ``pytestmark`` and the like."""
    names = _bound(node)
    autouse = any(
        isinstance(part, ast.keyword) and part.arg == "autouse"
        for mark in getattr(node, "decorator_list", ())
        for part in ast.walk(mark)
    )
    return autouse or any(name.startswith(("test", "Test", "pytest", "__")) for name in names)


def _whole(node: ast.stmt, lines: list[str]) -> Span:
    """A statement's lines with its decorators, the comment right above it, and the blank lines before that."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(mark.lineno for mark in decorators)])
    while first > 1 and lines[first - 2].lstrip().startswith("#"):
        first -= 1
    if first > 1 and not lines[first - 2].strip():
        while first > 1 and not lines[first - 2].strip():
            first -= 1
    return first, node.end_lineno or node.lineno


def _without_parameters(source: str, name: str) -> str:
    """Takes ``pytest.param(..., marks=pytest.mark.hidden)`` out of lists of parameters."""
    found = [node for node in ast.walk(ast.parse(source, name)) if isinstance(node, ast.Call) and _is_hidden_set(node)]
    lines = source.encode().splitlines(keepends=True)  # columns are counted in bytes
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    content = source.encode()
    for node in sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        after = content[end:]
        comma = len(after) - len(after.lstrip(b" \t\r\n"))
        if after[comma : comma + 1] == b",":
            end += comma + 1
            end += len(content[end:]) - len(content[end:].lstrip(b" "))
        else:  # the last one: its comma stands before it
            start = len(content[:start].rstrip().removesuffix(b","))
        before = content[:start].rstrip(b" \t")
        if before.endswith(b"\n") and content[end:].startswith(b"\n"):  # it had a line of its own
            start = len(before) - 1
        content = content[:start] + content[end:]
    return content.decode()


def _is_hidden_set(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    marks = [keyword.value for keyword in call.keywords if keyword.arg == "marks"]
    parts = [part for value in marks for part in ast.walk(value) if isinstance(part, ast.expr)]
    return name == "param" and any(mark_of(part) == "hidden" for part in parts)


def _tests(tree: ast.Module) -> int:
    owners: list[ast.Module | ast.ClassDef] = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    return sum(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
        for owner in owners
        for node in owner.body
    )
