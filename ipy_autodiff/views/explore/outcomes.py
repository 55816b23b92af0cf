"""Evaluate a cell's tests with other values of its Variables: whether an ``if`` holds, how often a loop goes round.

Tests are evaluated on copies, and only where that has no effects: operators, NumPy, and a few methods and builtins.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import DATA, GRADIENT, is_variable
from ipy_autodiff.tracing.graph import VariableNode
from ipy_autodiff.views.explore.cell_names import CannotTell, Names
from ipy_autodiff.views.explore.cell_tests import Test

__all__ = ["Outcomes"]

_BUILTINS: dict[str, Any] = {
    **{one.__name__: one for one in (abs, len, max, min, sum, round, all, any, isinstance, sorted)},
    **{one.__name__: one for one in (bool, complex, float, int, list, range, str, tuple)},
}
_METHODS = {"item", "all", "any", "sum", "mean", "max", "min", "tolist", "astype", "argmax", "argmin", "copy", "ravel"}
_REFUSED = (
    *(ast.Lambda, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, ast.JoinedStr, ast.Starred),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
_MOST_ROUNDS = 2_000


class Outcomes:
    """The tests' outcomes at certain values."""

    def __init__(self, names: Names, values: Mapping[VariableNode, Any], gradients: Mapping[VariableNode, Any]) -> None:
        self._names = names
        self._values = values
        self._gradients = gradients

    def outcome(self, test: Test) -> Any:
        """True or False, how often a loop goes round, what a ``for`` goes over. Raises ``CannotTell``."""
        if test.kind == "while":
            return self._rounds(test)
        value = self._evaluate(test.expression, test.line, {})
        if test.kind == "for":
            return tuple(value) if isinstance(value, range) else _plain(value)
        return _truth(value) if test.kind != "match" else _plain(value)

    def _rounds(self, test: Test) -> tuple[bool, ...]:
        """The outcome of each test, cut at the first that ends the loop; it goes on where all are true."""
        by_name = self._names.rounds(test)
        lengths = {len(nodes) for nodes in by_name.values()}
        if not by_name:
            goes = _truth(self._evaluate(test.expression, test.line, {}))
            if goes and self._values_are_recorded:  # it ended, by something that its body did
                raise CannotTell
            return (goes,)
        if len(lengths) != 1 or max(lengths) > _MOST_ROUNDS:
            raise CannotTell
        (length,) = lengths
        outcomes: list[bool] = []
        for index in range(length):
            names = {name: nodes[index] for name, nodes in by_name.items()}
            outcomes.append(_truth(self._evaluate(test.expression, test.line, names)))
        if self._values_are_recorded and outcomes != [True] * (length - 1) + [False]:
            raise CannotTell
        ends = outcomes.index(False) + 1 if False in outcomes else len(outcomes)
        return tuple(outcomes[:ends])

    @property
    def _values_are_recorded(self) -> bool:
        return all(self._values[node] is node.data for node in self._values)

    def _evaluate(self, expression: ast.expr, line: int, names: Mapping[str, VariableNode], depth: int = 0) -> Any:
        if depth > 8:
            raise CannotTell
        self._check(expression)
        environment: dict[str, Any] = {"__builtins__": {}}
        for node in ast.walk(expression):
            if isinstance(node, ast.Name) and node.id not in environment:
                environment[node.id] = self._value(node.id, line, names, depth)
        try:
            return eval(_compiled(expression), environment)
        except Exception as error:  # the student's operators may raise anything
            raise CannotTell from error

    def _value(self, name: str, line: int, names: Mapping[str, VariableNode], depth: int) -> Any:
        known = self._names
        node = names.get(name) or known.node(name, line)
        if node is not None:
            return self._stand_in(node)
        if known.bound(name):
            value = known.binding(name, line)
            return self._evaluate(value, value.lineno, {}, depth + 1)
        return _BUILTINS[name] if name in _BUILTINS else known.constant(name)

    def _stand_in(self, node: VariableNode) -> Any:
        if not is_variable(node.object) or node not in self._values:
            raise CannotTell
        try:
            duplicate = copy.copy(node.object)
        except Exception as error:
            raise CannotTell from error
        DATA.write(duplicate, self._values[node])
        GRADIENT.write(duplicate, self._gradients.get(node))
        return duplicate

    def _check(self, expression: ast.expr) -> None:
        """Only what cannot have effects is evaluated: operators, NumPy, and a few methods and builtins."""
        for node in ast.walk(expression):
            if isinstance(node, _REFUSED):
                raise CannotTell
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Name) and called.id in _BUILTINS and not self._names.bound(called.id):
                continue
            if isinstance(called, ast.Attribute) and (called.attr in _METHODS or self._of_numpy(called)):
                continue
            raise CannotTell

    def _of_numpy(self, called: ast.Attribute) -> bool:
        root: ast.expr = called
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or "random" in ast.unparse(called):
            return False
        try:
            return isinstance(self._names.constant(root.id), ModuleType)
        except CannotTell:
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
        raise CannotTell from error


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, tuple(value.ravel()[:_MOST_ROUNDS].tolist())
    if is_variable(value):
        raise CannotTell
    return tuple(value) if isinstance(value, list) else value
