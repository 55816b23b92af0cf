"""Build a graph anew from its leaves, by making the calls again that made its values.

A fresh leaf is a copy of a real one, with other data and the gradient that a new value has; what leads back to the leaf
leads to its copy.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.values import Record, Value
from ipy_autodiff.designs.makers import MakerDesign
from ipy_autodiff.designs.nodes import Array, FunctionNode, VariableNode, Wired
from ipy_autodiff.designs.reading import DATA, GRADIENT, array_of, attributes_of, backward_method, data_of, is_variable
from ipy_autodiff.designs.rerun import STUDENTS_ERRORS, ReplayError, Rerun

__all__ = ["Rebuilt"]


class Rebuilt(Rerun):
    """A graph's values made again. Each run of one Function is a call of its maker on fresh leaves."""

    variables: dict[VariableNode, Any]
    functions: dict[FunctionNode, Any]

    def __init__(self, graph: Wired, design_of: Callable[[FunctionNode], MakerDesign]) -> None:
        self.graph = graph
        self._design_of = design_of
        self._leaves: dict[type, Any] = {}
        self._births: dict[type, Any] = {}
        self._asked: dict[FunctionNode, tuple[tuple[Any, ...], Any]] = {}
        made = {node for function in graph.functions for node in function.outputs}
        for node in graph.variables:
            if node not in made:
                self._leaves.setdefault(type(node.object), node.object)
        self._first = [node for node in graph.variables if node not in made]
        self.move({node: node.data for node in self._first})

    def move(self, leaves: Mapping[VariableNode, Any]) -> None:
        """Make all values again from these leaves' data."""
        self.variables = {node: self._fresh(node.object, leaves.get(node, node.data)) for node in self._first}
        self.functions = {}
        for function in self.graph.functions:
            output = self._made(function, [self.variables[node] for node in function.inputs])
            if function.outputs:
                self.variables[function.outputs[0]] = output
            self.functions[function] = self._design_of(function).record(output)
        for node, value in self.variables.items():  # the gradient of a new value is known by now
            if node in leaves:
                GRADIENT.write(value, self._birth(value))

    def refresh(self) -> None:
        """Nothing is to be done: a record keeps what its maker computed."""

    def set_data(self, variable: VariableNode, data: Any) -> None:
        """Put other data into a value, as it stands."""
        _put(self.variables[variable], data)

    def gradient(self, variable: VariableNode) -> Array | None:
        """The value's gradient."""
        return array_of(GRADIENT.read(self.variables[variable]))

    def set_gradient(self, variable: VariableNode, gradient: Array | None) -> None:
        """Put a gradient on the value, as a number where the engine computes with numbers."""
        value = self.variables[variable]
        GRADIENT.write(value, self._birth(value) if gradient is None else _like(gradient, value))

    def forward(self, function: FunctionNode, xs: Sequence[Array]) -> tuple[Array, ...]:
        """What the maker gives for fresh values with these data."""
        inputs = tuple(self._fresh(node.object, x) for node, x in zip(function.inputs, xs, strict=True))
        for value, x in zip(inputs, xs, strict=True):
            if type(value) is Value:  # the array itself, so that it shows who writes into it
                value.data = x
        output = self._made(function, inputs)
        self._asked[function] = inputs, output
        found = array_of(data_of(output))
        if found is None:
            raise ReplayError(function, TypeError(type(data_of(output)).__name__))
        return (np.array(found),)

    def quick(self, function: FunctionNode) -> Callable[..., Any] | None:
        """The same, raising what the student's code raises."""
        record = self.functions[function]
        return record.run if isinstance(record, Record) else lambda *xs: self.forward(function, xs)[0]

    def vjp(self, function: FunctionNode, xs: Sequence[Array], gys: Sequence[Array]) -> tuple[Any, ...]:
        """What the record of a value that was just made answers."""
        self.forward(function, xs)
        return self.answer(function, gys)

    def vjp_beside(
        self,
        function: FunctionNode,
        xs: Sequence[Array],
        ys: Sequence[Array],
        gys: Sequence[Array],
        kept: Callable[[Any], Any],
    ) -> tuple[Any, ...]:
        """The same with other data in the output."""
        self.forward(function, xs)
        _put(self._asked[function][1], ys[0])
        return self.answer(function, gys)

    def answer(self, function: FunctionNode, gys: Sequence[Array]) -> tuple[Any, ...]:
        """What the record answers, all gradients being new."""
        if function not in self._asked:
            self.forward(function, [np.asarray(node.data) for node in function.inputs])
        inputs, output = self._asked[function]
        for value in (*inputs, output):
            GRADIENT.write(value, self._birth(value))
        try:
            return self._design_of(function).ask(output, inputs, np.array(gys[0]))
        except STUDENTS_ERRORS as error:
            raise ReplayError(function, error) from error

    def omissions(self, function: FunctionNode, gys: Sequence[Array]) -> list[tuple[str, int | None]]:
        """What its maker forgets, as its design sees it."""
        answer = self.answer(function, gys)
        inputs, output = self._asked[function]
        try:
            for value in (*inputs, output):
                GRADIENT.write(value, self._birth(value))
            return list(self._design_of(function).omissions(output, inputs, np.array(gys[0]), answer))
        except STUDENTS_ERRORS:  # asked in a way in which the engine never asks
            return []

    def called_as(self, function: FunctionNode) -> bool:
        """It is: running forward is that call."""
        return True

    def disturb(self, function: FunctionNode, xs: Sequence[Any]) -> bool:
        """Nothing is kept on a class here that a later call could change."""
        return False

    def sweep_method(self, of: VariableNode) -> Callable[[], Any] | None:
        """The root's own ``backward``."""
        return backward_method(self.variables[of])

    def _made(self, function: FunctionNode, inputs: Sequence[Any]) -> Any:
        made = function.made
        assert made is not None
        try:
            output = made.again(inputs)
        except STUDENTS_ERRORS as error:
            raise ReplayError(function, error) from error
        if not is_variable(output):
            raise ReplayError(function, TypeError(type(output).__name__))
        self._births.setdefault(type(output), GRADIENT.read(output))
        return output

    def _fresh(self, original: Any, data: Any) -> Any:
        """A leaf with these data: a copy of ``original``, or of another leaf where that one was computed."""
        leaf = self._leaves.get(type(original)) or next(iter(self._leaves.values()), original)
        leaf = original if any(original is node.object for node in self._first) else leaf
        value = copy.copy(leaf)
        _repoint(value, leaf)
        _put(value, data)
        GRADIENT.write(value, self._birth(value))
        return value

    def _birth(self, value: Any) -> Any:
        """The gradient that a new value of this class has."""
        birth = self._births.get(type(value), next(iter(self._births.values()), None))
        if birth is None:
            return None
        zeros = np.zeros_like(array_of(data_of(value)), dtype=float)
        if is_variable(birth):
            other = copy.copy(birth)
            _put(other, zeros)
            return other
        return zeros if isinstance(birth, np.ndarray) else type(birth)(0)


def _repoint(value: Any, leaf: Any) -> None:
    """What leads from the copy back to the leaf itself leads to the copy."""
    for name, item in attributes_of(value).items():
        if any(inner is leaf for inner in attributes_of(item).values()) and not isinstance(item, type):
            other = copy.copy(item)
            for inner_name, inner in attributes_of(item).items():
                if inner is leaf:
                    setattr(other, inner_name, value)
            setattr(value, name, other)


def _put(value: Any, data: Any) -> None:
    DATA.write(value, _like(np.array(data), value) if isinstance(data, np.ndarray | np.generic | float | int) else data)


def _like(array: Array, value: Any) -> Any:
    """The array as the value keeps its data: as an array, or as a plain number."""
    held = data_of(value)
    if isinstance(held, np.ndarray):
        return np.array(array)
    return np.asarray(array).item() if np.ndim(array) == 0 else np.array(array)
