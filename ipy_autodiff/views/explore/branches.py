"""Tell whether the cell's Python would have gone another way at other values: its ``if``, ``while``, ``for``.

A recorded graph is one way through the cell. Its tests are read from the source and evaluated with the recorded and
with the moved values, on copies of the Variables, as far as they are made of Variables, numbers, operators and NumPy;
for a test that is not, or that stands inside a loop or a function, this module says that it cannot tell.
"""

from __future__ import annotations

import dis
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import DATA, GRADIENT
from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import Recording, VariableNode
from ipy_autodiff.views.explore.cell_names import CannotTell, Names
from ipy_autodiff.views.explore.cell_tests import Test, read_cell
from ipy_autodiff.views.explore.outcomes import Outcomes
from ipy_autodiff.views.text.labels import shorten

__all__ = ["Branches"]


class Branches:
    """The tests of a recorded cell. ``namespace`` gives the plain numbers and modules that they use."""

    def __init__(self, recording: Recording, namespace: Mapping[str, Any]) -> None:
        self._lines = recording.source.splitlines()
        found, used = read_cell(recording.source)
        self._names = Names(recording, found.bindings, used, namespace)
        self._functions_with_tests = [
            shorten(name, 30) for name in sorted(used - set(found.bindings)) if _tests_data(namespace.get(name))
        ]
        self._judged: list[tuple[Test, Any]] = []
        self._open: list[Test] = []
        recorded = Outcomes(self._names, {node: node.data for node in recording.graph.variables}, recording.gradients)
        with np.errstate(all="ignore"):
            for test in found.tests:
                self._sort(test, recorded)

    def at(self, values: Mapping[VariableNode, Any], gradients: Mapping[VariableNode, Any]) -> list[str]:
        """One sentence for each test that would go the other way with these values."""
        moved = Outcomes(self._names, values, gradients)
        said = []
        for test, before in self._judged:
            try:
                now = moved.outcome(test)
            except CannotTell:
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

    def _code(self, test: Test) -> str:
        text = self._lines[test.line - 1].strip() if test.line <= len(self._lines) else ""
        return shorten(text.rstrip(":"), 60)

    def _sort(self, test: Test, recorded: Outcomes) -> None:
        if not test.known:
            if self._names.touch(test.expression, inside=True):
                self._open.append(test)
            return
        if not self._names.touch(test.expression):
            return
        try:
            outcome = recorded.outcome(test)
        except CannotTell:
            self._open.append(test)
            return
        first, last = test.body
        went = any(function.line is not None and first <= function.line <= last for function in self._names.functions)
        if test.kind == "if" and went and not outcome:
            self._open.append(test)
        else:
            self._judged.append((test, outcome))


def _tests_data(value: Any) -> bool:
    """Whether this is a function of the notebook that reads a Variable's data and chooses."""
    if not isinstance(value, FunctionType) or value.__module__ != "__main__":
        return False
    reads = {*DATA.names[:1], *GRADIENT.names[:1]} & set(value.__code__.co_names)
    return bool(reads) and any(
        "JUMP" in one.opname and "IF" in one.opname for one in dis.get_instructions(value.__code__)
    )
