"""Read a cell's source for what it does: the names that it binds, whether it sweeps, where it changes data."""

from __future__ import annotations

import ast

from ipy_autodiff.designs.reading import DATA

__all__ = ["changes_of_data", "names_assigned", "sweeps"]

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
