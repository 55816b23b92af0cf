"""Copies a graph's own Variable and Function objects, linked to each other as the originals are, to run them aside.

A copy is of the student's class and holds what the original holds; only data, gradients, creators, inputs and outputs
lead to copies. Running the copies leaves the notebook's objects as they are.
"""

from __future__ import annotations

import contextlib
import copy
import io
import random
import warnings
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ipy_autodiff.designs.nodes import FunctionNode, VariableNode, Wired
from ipy_autodiff.designs.reading import CREATOR, DATA, GRADIENT, INPUTS, OUTPUTS, Spelling, data_of, is_function

__all__ = ["Copies", "aside"]


class Copies:
    """One set of copies of a graph's objects.

    With ``by_call`` each call has a Function copy of its own, as if no instance had been called twice; without, one
    object has one copy, so that the engine behaves as it does in the notebook.
    """

    def __init__(self, graph: Wired, by_call: bool) -> None:
        self.graph = graph
        self._kept_by_functions: dict[VariableNode, list[tuple[Any, str]]] = {}
        self.variables: dict[VariableNode, Any] = {}
        self.functions: dict[FunctionNode, Any] = {}
        variable_copies: dict[int, Any] = {}
        for variable in graph.variables:
            duplicate = _copy(variable.object)
            variable_copies[id(variable.object)] = duplicate
            self.variables[variable] = duplicate
            self.set_data(variable, variable.data)
            GRADIENT.write(duplicate, None)
        function_copies: dict[int, Any] = {}
        for function in graph.functions:
            key = id(function) if by_call else id(function.object)
            if key not in function_copies:
                function_copies[key] = _copy(function.object)
                if not by_call:
                    self._link(function_copies[key], INPUTS, variable_copies)
                    self._link(function_copies[key], OUTPUTS, variable_copies)
            duplicate = function_copies[key]
            self.functions[function] = duplicate
            if by_call:
                self._point(duplicate, INPUTS, function.arguments)
                self._point(duplicate, OUTPUTS, function.outputs)
        self._kept_by_functions = self._find_kept()
        for variable in self._kept_by_functions:
            self.set_data(variable, variable.data)
        for variable, duplicate in self.variables.items():
            creator = graph.creators.get(variable)
            if creator is not None and is_function(CREATOR.read(duplicate)):
                CREATOR.write(duplicate, self.functions[creator])

    def set_data(self, variable: VariableNode, data: Any) -> None:
        """Put a fresh copy of ``data`` into the box of this Variable's copy."""
        fresh = data.copy() if isinstance(data, np.ndarray) else data
        DATA.write(self.variables[variable], fresh)
        for function, name in self._kept_by_functions.get(variable, ()):
            _set(function, name, fresh)

    def set_gradient(self, variable: VariableNode, gradient: Any) -> None:
        """Put a gradient on this Variable's copy, even where its class does not have one yet."""
        duplicate = self.variables[variable]
        if not GRADIENT.write(duplicate, gradient):
            with contextlib.suppress(AttributeError):
                duplicate.grad = gradient

    def _find_kept(self) -> dict[VariableNode, list[tuple[Any, str]]]:
        """Where a Function keeps an input's or output's very array, as ``self.x = x.data`` does."""
        found: dict[VariableNode, list[tuple[Any, str]]] = {}
        for function in self.graph.functions:
            kept = getattr(function.object, "__dict__", None)
            if not kept:
                continue
            arrays = {name: value for name, value in kept.items() if isinstance(value, np.ndarray | np.generic)}
            for name, value in arrays.items():
                for variable in (*function.inputs, *function.outputs):
                    if value is data_of(variable.object):
                        found.setdefault(variable, []).append((self.functions[function], name))
                        break
        return found

    def _link(self, function: Any, spelling: Spelling, duplicates: Mapping[int, Any]) -> None:
        for name in spelling.present(function):
            saved = getattr(function, name, None)
            if saved is not None:
                value = _replaced(saved, duplicates)
                if not _same(value, saved):  # a property over another name leads to the copies by now
                    _set(function, name, value)

    def _point(self, function: Any, spelling: Spelling, nodes: tuple[Any, ...]) -> None:
        """Point the attributes at the copies of these nodes, in the container that the engine uses."""
        items = [self.variables.get(node, node) if isinstance(node, VariableNode) else node for node in nodes]
        for name in spelling.present(function):
            saved = getattr(function, name, None)
            if saved is None or isinstance(saved, np.ndarray):
                continue
            if isinstance(saved, list | tuple):
                weak = any(isinstance(item, weakref.ReferenceType) for item in saved)
                value: Any = type(saved)([weakref.ref(item) for item in items] if weak else items)
            elif len(items) == 1:
                value = weakref.ref(items[0]) if isinstance(saved, weakref.ReferenceType) else items[0]
            else:
                continue
            _set(function, name, value)


def _copy(original: Any) -> Any:
    try:
        return copy.copy(original)
    except Exception:  # a class that forbids or breaks copying
        duplicate = object.__new__(type(original))
        with contextlib.suppress(AttributeError):
            duplicate.__dict__.update(original.__dict__)
        return duplicate


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(_same, first, second))
    return first is second


def _set(target: Any, name: str, value: Any) -> None:
    with contextlib.suppress(Exception):  # a property without a setter
        setattr(target, name, value)


def _replaced(saved: Any, duplicates: Mapping[int, Any]) -> Any:
    if isinstance(saved, list | tuple):
        return type(saved)([_replaced(item, duplicates) for item in saved])
    if isinstance(saved, weakref.ReferenceType):
        target = saved()
        duplicate = duplicates.get(id(target))
        return saved if duplicate is None else weakref.ref(duplicate)
    return duplicates.get(id(saved), saved)


_depth = 0


@contextlib.contextmanager
def aside(graph: Wired) -> Iterator[None]:
    """Code within leaves nothing behind: no output, no warnings, no random numbers drawn, no class state."""
    global _depth
    if _depth:
        yield
        return
    _depth += 1
    classes = {kind for item in graph.classes for kind in item.__mro__[:-1]}
    states = {kind: dict(vars(kind)) for kind in classes}
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002 - the student's, kept as it was
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        _depth -= 1
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
        for kind, state in states.items():
            _restore(kind, state)


def _restore(kind: type, state: Mapping[str, Any]) -> None:
    now = vars(kind)
    for name in [name for name in now if name not in state]:
        delattr(kind, name)
    for name, value in state.items():
        if now.get(name) is not value:
            with contextlib.suppress(AttributeError, TypeError):
                setattr(kind, name, value)
