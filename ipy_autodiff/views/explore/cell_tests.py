"""Find where a cell's Python chooses, and what binds its names: read from its source, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Binding", "Found", "Test", "read_cell"]


@dataclass(frozen=True, eq=False)
class Test:
    """One place where the cell's Python chooses."""

    kind: str
    expression: ast.expr
    line: int
    body: tuple[int, int]
    """The first and last line that are run where the test is true."""
    known: bool
    """Whether its place allows to tell at all: no loop around it, no function."""
    statement: ast.stmt | None = None


@dataclass(frozen=True, eq=False)
class Binding:
    """One place where a name is bound, and the expression where that is plain."""

    line: int
    value: ast.expr | None
    sure: bool
    """Whether it is always run, once: at the cell's own level."""


@dataclass(eq=False)
class Found:
    """What was read, in the order of the source."""

    tests: list[Test] = field(default_factory=list)
    bindings: dict[str, list[Binding]] = field(default_factory=dict)


def read_cell(source: str) -> tuple[Found, set[str]]:
    """The tests and bindings of a cell, and all names that stand in it; nothing where it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        tree = ast.Module([], [])
    found = Found()
    _read(tree.body, found, sure=True, loops=False)
    return found, {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _read(body: list[ast.stmt], found: Found, sure: bool, loops: bool) -> None:
    for statement in body:
        for name, value in _bound(statement):
            found.bindings.setdefault(name, []).append(Binding(statement.lineno, value, sure))
        for test in _tests(statement, not loops):
            found.tests.append(test)
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            found.tests.extend(
                test
                for inner in ast.walk(statement)
                if isinstance(inner, ast.stmt) and inner is not statement
                for test in _tests(inner, known=False)
            )
        elif not isinstance(statement, ast.ClassDef):
            repeats = loops or isinstance(statement, ast.For | ast.AsyncFor | ast.While)
            calm = sure and isinstance(statement, ast.With | ast.Try)
            for block in _blocks(statement):
                _read(block, found, calm and not repeats, repeats)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list):
            yield block
    for handler in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield handler.body


def _bound(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that this statement itself binds, with the expression where one name gets all of it."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
            else:
                yield from ((name, None) for name in _stored(target))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
        yield statement.target.id, statement.value
    elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id, None
    elif isinstance(statement, ast.For | ast.AsyncFor):
        yield from ((name, None) for name in _stored(statement.target))
    elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name, None


def _stored(target: ast.expr) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _tests(statement: ast.stmt, known: bool) -> Iterator[Test]:
    """The choices that this statement makes itself, those of its blocks left out."""
    line = statement.lineno
    if isinstance(statement, ast.If | ast.While):
        body = (statement.body[0].lineno, statement.body[-1].end_lineno or line)
        yield Test("if" if isinstance(statement, ast.If) else "while", statement.test, line, body, known, statement)
        return
    if isinstance(statement, ast.Assert):
        yield Test("assert", statement.test, line, (line, line), known)
        return
    if isinstance(statement, ast.For):
        yield Test("for", statement.iter, line, (line, line), known)
        return
    if isinstance(statement, ast.Match):
        yield Test("match", statement.subject, line, (line, line), known)
        return
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.With | ast.Try):
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.IfExp):
            yield Test("if", node.test, node.lineno, (0, -1), known)
        elif isinstance(node, ast.comprehension):
            for test in node.ifs:
                yield Test("if", test, test.lineno, (0, -1), False)
