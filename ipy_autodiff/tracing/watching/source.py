"""Read a cell's source for what it does: the names that it binds, whether it sweeps, where it changes data."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import CodeType

from ipy_autodiff.designs.reading import DATA

__all__ = ["changes_of_data", "expression_at", "loop_names", "names_assigned", "sweeps"]

_OURS = str(Path(__file__).parents[2])
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def names_assigned(source: str) -> list[str]:
    """The names that the cell's own level binds, or sets attributes of, in order; functions and classes have theirs."""
    pending: list[ast.AST] = list(reversed(_tree(source).body))
    names = []
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            node = node.value
            names += [node.id] if isinstance(node, ast.Name) else []
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        if not isinstance(node, _DEFINITIONS):
            pending.extend(reversed(list(ast.iter_child_nodes(node))))
    return names


def sweeps(source: str) -> bool:
    """Whether the cell calls some ``backward`` outside the classes that it defines."""
    pending: list[ast.AST] = list(_tree(source).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and "backward" in node.func.attr:
            return True
        if not isinstance(node, ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))
    return False


def changes_of_data(source: str) -> list[int]:
    """The lines, from 1, at which the data of something is set or changed in place, in order."""
    lines = set()
    for node in ast.walk(_tree(source)):
        if not isinstance(node, ast.Assign | ast.AugAssign):
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            inner = target.value if isinstance(target, ast.Subscript) else target
            if isinstance(inner, ast.Attribute) and inner.attr in DATA.names:
                lines.add(node.lineno)
    return sorted(lines)


def expression_at(code: CodeType, offset: int, source: str) -> str:
    """The expression that the instruction at this offset computes, in one line, as it is written.

    ``source`` is the text of code that no file holds. Empty where the text is not known, and for code of this package,
    which a reader has not seen.
    """
    if code.co_filename.startswith(_OURS):
        return ""
    start, end, first, last = next(islice(code.co_positions(), offset // 2, None), (None,) * 4)
    lines = linecache.getlines(code.co_filename) or source.splitlines(keepends=True)
    if start is None or end is None or first is None or last is None or end > len(lines):
        return ""
    chosen = [line.encode() for line in lines[start - 1 : end]]
    chosen[-1] = chosen[-1][:last]
    chosen[0] = chosen[0][first:]
    text = " ".join(b"".join(chosen).decode(errors="replace").split())
    return text if _is_expression(text) else ""


@lru_cache(maxsize=1024)
def _is_expression(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def loop_names(sources: Iterable[str]) -> set[str]:
    """The names that these cells bind in loops alone, at their own level."""
    looping, other = set[str](), set[str]()
    for source in sources:
        in_loops, elsewhere = _bound(source)
        looping |= in_loops
        other |= elsewhere
    return looping - other


@lru_cache(maxsize=512)
def _bound(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a cell's own level binds as targets of loops, and otherwise."""
    pending: list[ast.AST] = list(_tree(source).body)
    looping, other = set[str](), set[str]()
    while pending:
        node = pending.pop()
        if isinstance(node, ast.For):
            looping |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
            pending += [node.iter, *node.body, *node.orelse]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            other.add(node.id)
        elif not isinstance(node, _DEFINITIONS):
            pending.extend(ast.iter_child_nodes(node))
    return frozenset(looping), frozenset(other)
