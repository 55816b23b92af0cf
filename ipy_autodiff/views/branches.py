"""Tell whether the cell's Python would have gone another way at other values: its ``if``, ``while``, ``for``.

A recorded graph is one way through the cell. Its tests are read from the source and evaluated with the recorded and
with the moved values, on copies of the Variables, as far as they are made of Variables, numbers, operators and NumPy;
for a test that is not, or that stands inside a loop or a function, this module says that it cannot tell.
"""

from __future__ import annotations

import ast
import copy
import dis
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import FunctionNode, Recording, VariableNode
from ipy_autodiff.tracing.reading import DATA, GRADIENT, is_variable
from ipy_autodiff.views.labels import shorten

__all__ = ["Branches"]

_BUILTINS: dict[str, Any] = {
    **{one.__name__: one for one in (abs, len, max, min, sum, round, all, any, isinstance, sorted)},
    **{one.__name__: one for one in (bool, complex, float, int, list, range, str, tuple)},
}
_METHODS = {"item", "all", "any", "sum", "mean", "max", "min", "tolist", "astype", "argmax", "argmin", "copy", "ravel"}
_MODULES = ("numpy", "math", "cmath")
_REFUSED = (
    *(ast.Lambda, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, ast.JoinedStr, ast.Starred),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
_ROUNDS = 2_000


class _Unknown(Exception):  # noqa: N818 - it says that one cannot tell
    pass


@dataclass(frozen=True, eq=False)
class _Test:
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
class _Binding:
    line: int
    value: ast.expr | None
    sure: bool
    """Whether it is always run, once: at the cell's own level."""


@dataclass(eq=False)
class _Found:
    tests: list[_Test] = field(default_factory=list)
    bindings: dict[str, list[_Binding]] = field(default_factory=dict)


class Branches:
    """The tests of a recorded cell. ``namespace`` gives the plain numbers and modules that they use."""

    def __init__(self, recording: Recording, namespace: Mapping[str, Any]) -> None:
        self._recording = recording
        self._lines = recording.source.splitlines()
        self._nodes: dict[str, list[VariableNode]] = {}
        for node in recording.graph.variables:
            self._nodes.setdefault(node.name, []).append(node)
        try:
            tree = ast.parse(recording.source)
        except (SyntaxError, ValueError):
            tree = ast.Module([], [])
        found = _Found()
        _read(tree.body, found, sure=True, loops=False)
        self._bindings = found.bindings
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self._constants = {name: kept for name in used if (kept := _constant(namespace.get(name))) is not None}
        self._functions_with_tests = [
            shorten(name, 30) for name in sorted(used - set(found.bindings)) if _tests_data(namespace.get(name))
        ]
        self._judged: list[tuple[_Test, Any]] = []
        self._open: list[_Test] = []
        recorded = _At(self, {node: node.data for node in recording.graph.variables}, recording.gradients)
        with np.errstate(all="ignore"):
            for test in found.tests:
                self._sort(test, recorded)

    def at(self, values: Mapping[VariableNode, Any], gradients: Mapping[VariableNode, Any]) -> list[str]:
        """One sentence for each test that would go the other way with these values."""
        moved = _At(self, values, gradients)
        said = []
        for test, before in self._judged:
            try:
                now = moved.outcome(test)
            except _Unknown:
                continue
            if now != before:
                said.append(say(f"sliders.{test.kind}", line=test.line, code=self._code(test)))
        return said

    def open(self) -> list[str]:
        """One sentence for each test that depends on a Variable and of which nobody can tell, one for functions."""
        said = [say("sliders.cannot_tell", line=test.line, code=self._code(test)) for test in self._open]
        if self._functions_with_tests:
            said.append(say("sliders.functions", names=", ".join(self._functions_with_tests)))
        return said

    def _code(self, test: _Test) -> str:
        text = self._lines[test.line - 1].strip() if test.line <= len(self._lines) else ""
        return shorten(text.rstrip(":"), 60)

    def _sort(self, test: _Test, recorded: _At) -> None:
        if not test.known:
            if self._touches(test.expression, inside=True):
                self._open.append(test)
            return
        if not self._touches(test.expression):
            return
        try:
            outcome = recorded.outcome(test)
        except _Unknown:
            self._open.append(test)
            return
        first, last = test.body
        went = any(function.line is not None and first <= function.line <= last for function in self._functions)
        if test.kind == "if" and went and not outcome:
            self._open.append(test)
        else:
            self._judged.append((test, outcome))

    @property
    def _functions(self) -> tuple[FunctionNode, ...]:
        return self._recording.graph.functions

    def _touches(self, expression: ast.expr, inside: bool = False, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the expression leads to a Variable's value; ``inside`` a function only ``.data`` tells."""
        for node in ast.walk(expression):
            if isinstance(node, ast.Attribute) and node.attr in (*DATA.names[:1], *GRADIENT.names[:1]):
                return True
            if isinstance(node, ast.Name) and node.id not in seen:
                if node.id in self._nodes and not inside:
                    return True
                for binding in self._bindings.get(node.id, ()):
                    if binding.value is not None and self._touches(binding.value, inside, seen | {node.id}):
                        return True
        return False

    def node(self, name: str, line: int) -> VariableNode | None:
        """The Variable that this name stands for on this line; None where it is another thing.

        Raises ``_Unknown`` where it depends on what ran before.
        """
        nodes = self._nodes.get(name, [])
        bindings = self._bindings.get(name, [])
        if len(bindings) <= 1:
            if len(nodes) > 1:
                raise _Unknown
            return nodes[0] if nodes else None
        before = [binding for binding in bindings if binding.line < line]
        if not all(binding.sure for binding in before) or not before:
            raise _Unknown
        made = self.made_on(before[-1].line)
        if made:
            return made[-1]
        if len(before) == len(bindings) and len(nodes) == 1:
            return nodes[0]
        raise _Unknown

    def made_on(self, line: int) -> list[VariableNode]:
        """The Variables that Functions called on this line made, in order."""
        return [node for function in self._functions if function.line == line for node in function.outputs]

    def binding(self, name: str, line: int) -> ast.expr:
        """The expression that this name was last bound to before this line. Raises ``_Unknown`` where unsure."""
        before = [binding for binding in self._bindings.get(name, []) if binding.line < line]
        if not before or not all(binding.sure for binding in before) or before[-1].value is None:
            raise _Unknown
        return before[-1].value

    def bound(self, name: str) -> bool:
        """Whether the cell binds this name."""
        return name in self._bindings

    def constant(self, name: str) -> Any:
        """What the notebook has under this name. Raises ``_Unknown`` for what is no number, array or module."""
        if name not in self._constants:
            raise _Unknown
        return self._constants[name]

    def rounds(self, test: _Test) -> dict[str, list[VariableNode]]:
        """For each name of a loop's test that the loop binds: the Variable it stood for at each test, in order."""
        first, last = test.body
        found: dict[str, list[VariableNode]] = {}
        for name in {node.id for node in ast.walk(test.expression) if isinstance(node, ast.Name)}:
            bindings = self._bindings.get(name, [])
            within = [binding for binding in bindings if first <= binding.line <= last]
            if not within:
                continue
            earlier = [binding for binding in bindings if binding.line < first]
            if len(within) != 1 or len(earlier) > 1:
                raise _Unknown
            made = self.made_on(within[0].line)
            if earlier:
                start = (self.made_on(earlier[0].line) or self._made_elsewhere(name, made))[-1:]
            else:
                start = self._nodes.get(name, []) if not made else []
            if not start and not made:
                raise _Unknown
            found[name] = [*start, *made]
        return found

    def _made_elsewhere(self, name: str, made: list[VariableNode]) -> list[VariableNode]:
        """A leaf that the loop starts from: what the first Function of the loop takes, and no Function made."""
        creator = self._recording.graph.creators.get(made[0]) if made else None
        leaves = [node for node in creator.inputs if node.role == "leaf"] if creator else self._nodes.get(name, [])
        if len(leaves) > 1:
            leaves = [node for node in leaves if not node.named or node.name == name]
        if len(leaves) != 1:
            raise _Unknown
        return leaves


class _At:
    """The tests' outcomes at certain values."""

    def __init__(
        self, branches: Branches, values: Mapping[VariableNode, Any], gradients: Mapping[VariableNode, Any]
    ) -> None:
        self._branches = branches
        self._values = values
        self._gradients = gradients

    def outcome(self, test: _Test) -> Any:
        """True or False, how often a loop goes round, what a ``for`` goes over. Raises ``_Unknown``."""
        if test.kind == "while":
            return self._rounds(test)
        value = self._evaluate(test.expression, test.line, {})
        if test.kind == "for":
            return tuple(value) if isinstance(value, range) else _plain(value)
        return _truth(value) if test.kind != "match" else _plain(value)

    def _rounds(self, test: _Test) -> tuple[bool, ...]:
        """The outcome of each test, cut at the first that ends the loop; it goes on where all are true."""
        by_name = self._branches.rounds(test)
        lengths = {len(nodes) for nodes in by_name.values()}
        if not by_name:
            goes = _truth(self._evaluate(test.expression, test.line, {}))
            if goes and self._values_are_recorded:  # it ended, by something that its body did
                raise _Unknown
            return (goes,)
        if len(lengths) != 1 or max(lengths) > _ROUNDS:
            raise _Unknown
        (length,) = lengths
        outcomes: list[bool] = []
        for index in range(length):
            names = {name: nodes[index] for name, nodes in by_name.items()}
            outcomes.append(_truth(self._evaluate(test.expression, test.line, names)))
        if self._values_are_recorded and outcomes != [True] * (length - 1) + [False]:
            raise _Unknown
        ends = outcomes.index(False) + 1 if False in outcomes else len(outcomes)
        return tuple(outcomes[:ends])

    @property
    def _values_are_recorded(self) -> bool:
        return all(self._values[node] is node.data for node in self._values)

    def _evaluate(self, expression: ast.expr, line: int, names: Mapping[str, VariableNode], depth: int = 0) -> Any:
        if depth > 8:
            raise _Unknown
        self._check(expression)
        environment: dict[str, Any] = {"__builtins__": {}}
        for node in ast.walk(expression):
            if isinstance(node, ast.Name) and node.id not in environment:
                environment[node.id] = self._value(node.id, line, names, depth)
        try:
            return eval(_compiled(expression), environment)
        except Exception as error:  # the student's operators may raise anything
            raise _Unknown from error

    def _value(self, name: str, line: int, names: Mapping[str, VariableNode], depth: int) -> Any:
        branches = self._branches
        node = names.get(name) or branches.node(name, line)
        if node is not None:
            return self._stand_in(node)
        if branches.bound(name):
            value = branches.binding(name, line)
            return self._evaluate(value, value.lineno, {}, depth + 1)
        return _BUILTINS[name] if name in _BUILTINS else branches.constant(name)

    def _stand_in(self, node: VariableNode) -> Any:
        if not is_variable(node.object) or node not in self._values:
            raise _Unknown
        try:
            duplicate = copy.copy(node.object)
        except Exception as error:
            raise _Unknown from error
        DATA.write(duplicate, self._values[node])
        GRADIENT.write(duplicate, self._gradients.get(node))
        return duplicate

    def _check(self, expression: ast.expr) -> None:
        """Only what cannot have effects is evaluated: operators, NumPy, and a few methods and builtins."""
        for node in ast.walk(expression):
            if isinstance(node, _REFUSED):
                raise _Unknown
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Name) and called.id in _BUILTINS and not self._branches.bound(called.id):
                continue
            if isinstance(called, ast.Attribute) and (called.attr in _METHODS or self._of_numpy(called)):
                continue
            raise _Unknown

    def _of_numpy(self, called: ast.Attribute) -> bool:
        root: ast.expr = called
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or "random" in ast.unparse(called):
            return False
        try:
            return isinstance(self._branches.constant(root.id), ModuleType)
        except _Unknown:
            return False


_codes: dict[int, tuple[ast.expr, CodeType]] = {}


def _compiled(expression: ast.expr) -> CodeType:
    known = _codes.get(id(expression))
    if known is None or known[0] is not expression:
        if len(_codes) > 500:
            _codes.clear()
        known = _codes[id(expression)] = (expression, compile(ast.Expression(expression), "<test>", "eval"))
    return known[1]


def _truth(value: Any) -> bool:
    try:
        return bool(value)
    except Exception as error:
        raise _Unknown from error


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, tuple(value.ravel()[:_ROUNDS].tolist())
    if is_variable(value):
        raise _Unknown
    return tuple(value) if isinstance(value, list) else value


def _tests_data(value: Any) -> bool:
    """Whether this is a function of the notebook that reads a Variable's data and chooses."""
    if not isinstance(value, FunctionType) or value.__module__ != "__main__":
        return False
    reads = {*DATA.names[:1], *GRADIENT.names[:1]} & set(value.__code__.co_names)
    return bool(reads) and any(
        "JUMP" in one.opname and "IF" in one.opname for one in dis.get_instructions(value.__code__)
    )


def _constant(value: Any) -> Any:
    """What a test may use of the notebook: a copy of a small array, a number, a text, NumPy and ``math``."""
    if isinstance(value, ModuleType):
        return value if value.__name__ in _MODULES else None
    if isinstance(value, bool | int | float | complex | str | np.generic):
        return value
    if isinstance(value, np.ndarray) and value.size <= 10_000 and value.dtype != object:
        return value.copy()
    return None


def _read(body: list[ast.stmt], found: _Found, sure: bool, loops: bool) -> None:
    for statement in body:
        for name, value in _bound(statement):
            found.bindings.setdefault(name, []).append(_Binding(statement.lineno, value, sure))
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


def _tests(statement: ast.stmt, known: bool) -> Iterator[_Test]:
    """The choices that this statement makes itself, those of its blocks left out."""
    line = statement.lineno
    if isinstance(statement, ast.If | ast.While):
        body = (statement.body[0].lineno, statement.body[-1].end_lineno or line)
        yield _Test("if" if isinstance(statement, ast.If) else "while", statement.test, line, body, known, statement)
        return
    if isinstance(statement, ast.Assert):
        yield _Test("assert", statement.test, line, (line, line), known)
        return
    if isinstance(statement, ast.For):
        yield _Test("for", statement.iter, line, (line, line), known)
        return
    if isinstance(statement, ast.Match):
        yield _Test("match", statement.subject, line, (line, line), known)
        return
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.With | ast.Try):
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.IfExp):
            yield _Test("if", node.test, node.lineno, (0, -1), known)
        elif isinstance(node, ast.comprehension):
            for test in node.ifs:
                yield _Test("if", test, test.lineno, (0, -1), False)
