"""Tell what a name of a recorded cell stands for on a line: a Variable of the graph, an expression, or a constant."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import DATA, GRADIENT
from ipy_autodiff.tracing.graph import FunctionNode, Recording, VariableNode
from ipy_autodiff.views.explore.cell_tests import Binding, Test

__all__ = ["CannotTell", "Names"]

_MODULES = ("numpy", "math", "cmath")


class CannotTell(Exception):  # noqa: N818 - named after what is the matter
    """It depends on what only a run can tell."""


class Names:
    """The names of a recorded cell; ``namespace`` gives the plain numbers and modules that it uses."""

    def __init__(
        self,
        recording: Recording,
        bindings: Mapping[str, list[Binding]],
        used: set[str],
        namespace: Mapping[str, Any],
    ) -> None:
        self._recording = recording
        self._bindings = bindings
        self._nodes: dict[str, list[VariableNode]] = {}
        for node in recording.graph.variables:
            self._nodes.setdefault(node.name, []).append(node)
        self._constants = {name: kept for name in used if (kept := _constant(namespace.get(name))) is not None}

    @property
    def functions(self) -> tuple[FunctionNode, ...]:
        """The Functions that the cell called."""
        return self._recording.graph.functions

    def touch(self, expression: ast.expr, inside: bool = False, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the expression leads to a Variable's value; ``inside`` a function only ``.data`` tells."""
        for node in ast.walk(expression):
            if isinstance(node, ast.Attribute) and node.attr in (*DATA.names[:1], *GRADIENT.names[:1]):
                return True
            if isinstance(node, ast.Name) and node.id not in seen:
                if node.id in self._nodes and not inside:
                    return True
                for binding in self._bindings.get(node.id, ()):
                    if binding.value is not None and self.touch(binding.value, inside, seen | {node.id}):
                        return True
        return False

    def node(self, name: str, line: int) -> VariableNode | None:
        """The Variable that this name stands for on this line; None where it is another thing.

        Raises ``CannotTell`` where it depends on what ran before.
        """
        nodes = self._nodes.get(name, [])
        bindings = self._bindings.get(name, [])
        if len(bindings) <= 1:
            if len(nodes) > 1:
                raise CannotTell
            return nodes[0] if nodes else None
        before = [binding for binding in bindings if binding.line < line]
        if not all(binding.sure for binding in before) or not before:
            raise CannotTell
        made = self.made_on(before[-1].line)
        if made:
            return made[-1]
        if len(before) == len(bindings) and len(nodes) == 1:
            return nodes[0]
        raise CannotTell

    def made_on(self, line: int) -> list[VariableNode]:
        """The Variables that Functions called on this line made, in order."""
        return [node for function in self.functions if function.line == line for node in function.outputs]

    def binding(self, name: str, line: int) -> ast.expr:
        """The expression that this name was last bound to before this line. Raises ``CannotTell`` where unsure."""
        before = [binding for binding in self._bindings.get(name, []) if binding.line < line]
        if not before or not all(binding.sure for binding in before) or before[-1].value is None:
            raise CannotTell
        return before[-1].value

    def bound(self, name: str) -> bool:
        """Whether the cell binds this name."""
        return name in self._bindings

    def constant(self, name: str) -> Any:
        """What the notebook has under this name. Raises ``CannotTell`` for what is no number, array or module."""
        if name not in self._constants:
            raise CannotTell
        return self._constants[name]

    def rounds(self, test: Test) -> dict[str, list[VariableNode]]:
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
                raise CannotTell
            made = self.made_on(within[0].line)
            if earlier:
                start = (self.made_on(earlier[0].line) or self._made_elsewhere(name, made))[-1:]
            else:
                start = self._nodes.get(name, []) if not made else []
            if not start and not made:
                raise CannotTell
            found[name] = [*start, *made]
        return found

    def _made_elsewhere(self, name: str, made: list[VariableNode]) -> list[VariableNode]:
        """A leaf that the loop starts from: what the first Function of the loop takes, and no Function made."""
        creator = self._recording.graph.creators.get(made[0]) if made else None
        leaves = [node for node in creator.inputs if node.role == "leaf"] if creator else self._nodes.get(name, [])
        if len(leaves) > 1:
            leaves = [node for node in leaves if not node.named or node.name == name]
        if len(leaves) != 1:
            raise CannotTell
        return leaves


def _constant(value: Any) -> Any:
    """What a test may use of the notebook: a copy of a small array, a number, a text, NumPy and ``math``."""
    if isinstance(value, ModuleType):
        return value if value.__name__ in _MODULES else None
    if isinstance(value, bool | int | float | complex | str | np.generic):
        return value
    if isinstance(value, np.ndarray) and value.size <= 10_000 and value.dtype != object:
        return value.copy()
    return None
