"""Copies a graph's own Variable and Function objects, linked to each other as the originals are, to run them aside.

A copy is of the student's class and holds what the original holds; only data, gradients, creators, inputs and outputs
lead to copies. Running the copies leaves the notebook's objects as they are.
"""

from __future__ import annotations

import contextlib
import copy
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ipy_autodiff.designs.nodes import Array, FunctionNode, VariableNode, Wired
from ipy_autodiff.designs.reading import (
    CREATOR,
    DATA,
    GRADIENT,
    INPUTS,
    OUTPUTS,
    Spelling,
    array_of,
    backward_method,
    data_of,
    is_function,
    is_variable,
)
from ipy_autodiff.designs.repointing import repoint
from ipy_autodiff.designs.rerun import STUDENTS_ERRORS, ReplayError, Rerun

__all__ = ["Copies", "alive"]

_LOOKED_AT = 300
_OWN = (*DATA.names, *GRADIENT.names, *CREATOR.names)


class Copies(Rerun):
    """One set of copies of a graph's objects.

    With ``by_call`` each call has a Function copy of its own, as if no instance had been called twice; without, one
    object has one copy, so that the engine behaves as it does in the notebook.
    """

    variables: dict[VariableNode, Any]
    functions: dict[FunctionNode, Any]

    def __init__(self, graph: Wired, by_call: bool) -> None:
        self.graph = graph
        self._hands_variables = self._seen_in_hand()
        self._kept_by_functions: dict[VariableNode, list[tuple[Any, str]]] = {}
        self.variables = {}
        self.functions = {}
        variable_copies: dict[int, Any] = {}
        for variable in graph.variables:
            duplicate = _copy(variable.object)
            variable_copies[id(variable.object)] = duplicate
            self.variables[variable] = duplicate
            self.set_data(variable, variable.data)
            GRADIENT.write(duplicate, None)
        function_copies: dict[int, Any] = {}
        latest = {id(function.object): function for function in graph.functions}
        for function in graph.functions:
            key = id(function) if by_call else id(function.object)
            if key not in function_copies:
                duplicate = function_copies[key] = _copy(function.object)
                if by_call:
                    last = latest[id(function.object)]
                    repoint(duplicate, variable_copies | self._of_call(function, last))
                else:
                    repoint(duplicate, variable_copies)
            duplicate = function_copies[key]
            self.functions[function] = duplicate
            if by_call:
                self._point(duplicate, INPUTS, function.arguments)
                self._point(duplicate, OUTPUTS, function.outputs)
        self._kept_by_functions = self._find_kept()
        for variable in self._kept_by_functions:
            self.set_data(variable, variable.data)
        led = variable_copies | {id(function.object): self.functions[function] for function in graph.functions}
        for variable, duplicate in self.variables.items():
            repoint(duplicate, led, _OWN)
            creator = graph.creators.get(variable)
            if creator is not None and is_function(CREATOR.read(duplicate)):
                CREATOR.write(duplicate, self.functions[creator])

    def _of_call(self, function: FunctionNode, last: FunctionNode) -> dict[int, Any]:
        """What stands for the Variables of an object's last call, which it holds, in an earlier call of it."""
        if function is last:
            return {}
        pairs = (*zip(last.inputs, function.inputs, strict=False), *zip(last.outputs, function.outputs, strict=False))
        return {id(held.object): self.variables[node] for held, node in pairs}

    def set_data(self, variable: VariableNode, data: Any) -> None:
        """Put a fresh copy of ``data`` into the box of this Variable's copy."""
        fresh = data.copy() if isinstance(data, np.ndarray) else data
        DATA.write(self.variables[variable], fresh)
        for function, name in self._kept_by_functions.get(variable, ()):
            _set(function, name, fresh)

    def gradient(self, variable: VariableNode) -> Array | None:
        """The gradient that this Variable's copy has now, as an ndarray."""
        return array_of(GRADIENT.read(self.variables[variable]))

    def set_gradient(self, variable: VariableNode, gradient: Any) -> None:
        """Put a gradient on this Variable's copy, even where its class does not have one yet."""
        duplicate = self.variables[variable]
        if not GRADIENT.write(duplicate, gradient):
            with contextlib.suppress(AttributeError):
                duplicate.grad = gradient

    def forward(self, function: FunctionNode, xs: Sequence[Array]) -> tuple[Array, ...]:
        """What ``forward`` returns, handed its arguments as the engine hands them."""
        manner, as_variables = function.convention
        forward = getattr(self.functions[function], "forward", None) or self.functions[function]
        if as_variables or forward is self.functions[function]:  # one that computes within its __call__
            for node, x in zip(function.inputs, xs, strict=True):
                self.set_data(node, x)
            handed = [self.variables.get(item, item) for item in function.arguments]
        elif len(xs) == len(function.arguments):
            handed = list(xs)
        else:
            given = iter(xs)
            handed = [next(given) if isinstance(item, VariableNode) else item for item in function.arguments]
        try:
            answer = forward(handed) if manner == "list" else forward(*handed)
        except STUDENTS_ERRORS as error:
            raise ReplayError(function, error) from error
        if type(answer) is np.ndarray:
            return (answer.copy() if any(answer is x for x in xs) else answer,)
        arrays = tuple(array_of(item) for item in (answer if isinstance(answer, list | tuple) else (answer,)))
        if any(array is None for array in arrays):
            raise ReplayError(function, TypeError(f"forward returned {type(answer).__name__}"))
        return tuple(np.array(array) for array in arrays)

    def quick(self, function: FunctionNode) -> Callable[..., Any] | None:
        """``forward`` itself, where it takes just the inputs' arrays, one by one."""
        manner, as_variables = function.convention
        if as_variables or manner != "each" or len(function.inputs) != len(function.arguments):
            return None
        forward: Callable[..., Any] | None = getattr(self.functions[function], "forward", None)
        return forward

    def vjp(self, function: FunctionNode, xs: Sequence[Array], gys: Sequence[Array]) -> tuple[Any, ...]:
        """What ``backward`` returns after a ``forward`` at ``xs``; zeros stand for what an unkept output got."""
        everything = self.forward(function, xs)
        ys = alive(function, everything)
        for node, value in (*zip(function.inputs, xs, strict=True), *zip(function.outputs, ys, strict=False)):
            self.set_data(node, value)
        if function.places:
            given = dict(zip(function.places, gys, strict=True))
            gys = [given.get(place, np.zeros_like(y)) for place, y in enumerate(everything)]
        return self.answer(function, gys)

    def vjp_beside(
        self,
        function: FunctionNode,
        xs: Sequence[Array],
        ys: Sequence[Array],
        gys: Sequence[Array],
        kept: Callable[[Any], Any],
    ) -> tuple[Any, ...]:
        """The same with ``ys`` in the outputs' boxes; ``kept`` changes what ``forward`` left in attributes."""
        duplicate = self.functions[function]
        before = _attributes(duplicate)
        self.vjp(function, xs, gys)
        for name, value in _attributes(duplicate).items():
            if value is not before.get(name) and isinstance(value, np.ndarray | np.generic):
                with contextlib.suppress(AttributeError):
                    setattr(duplicate, name, kept(value))
        for node, y in zip(function.outputs, ys, strict=False):
            self.set_data(node, y)
        return self.answer(function, [np.array(gy) for gy in gys])

    def answer(self, function: FunctionNode, gys: Sequence[Array]) -> tuple[Any, ...]:
        """What ``backward`` returns, in a tuple; it is handed what the engine hands it, arrays or Variables."""
        method = backward_method(self.functions[function])
        if method is None:
            raise ReplayError(function, NotImplementedError("backward"))
        if self._hands_variables is None:  # nothing was swept yet: it shows in what it answers
            try:
                answer = _called(function, method, gys, gys)
                if all(not is_variable(item) and _is_real(item) for item in answer):
                    return answer
            except ReplayError:
                boxes = [self._boxed(function, gy) for gy in gys]
                with contextlib.suppress(ReplayError):
                    answer = _called(function, method, boxes, gys)
                    self._hands_variables = True
                    return answer
                raise
            self._hands_variables = True
        handed = [self._boxed(function, gy) for gy in gys] if self._hands_variables else gys
        return _called(function, method, handed, gys)

    def _seen_in_hand(self) -> bool | None:
        """Whether the engine hands ``backward`` Variables, as its gradients are; None where there is no gradient."""
        gradients = (GRADIENT.read(node.object) for node in self.graph.variables[:_LOOKED_AT])
        there = [gradient for gradient in gradients if gradient is not None]
        return any(map(is_variable, there)) if there else None

    def _boxed(self, function: FunctionNode, gradient: Array) -> Any:
        """A Variable without a creator around a gradient."""
        box = _copy(self.variables[function.outputs[0]])
        DATA.write(box, gradient)
        GRADIENT.write(box, None)
        CREATOR.write(box, None)
        return box

    def called_as(self, function: FunctionNode) -> bool:
        """Whether ``__call__`` on the Variables' copies gives what ``forward`` gives of their data."""
        duplicate = _copy(self.functions[function])
        handed = [self.variables.get(item, item) for item in function.arguments]
        try:
            answer = duplicate(handed) if function.convention[0] == "list" else duplicate(*handed)
            xs = [np.array(array_of(self.variables[node])) for node in function.inputs]
            ys = alive(function, self.forward(function, xs))
        except (*STUDENTS_ERRORS, ReplayError):
            return False
        given = [array_of(item) for item in (answer if isinstance(answer, list | tuple) else (answer,))]
        return all(
            one is not None and one.shape == y.shape and np.allclose(one, y, rtol=1e-12, atol=0, equal_nan=True)
            for one, y in zip(given, ys, strict=False)
        )

    def disturb(self, function: FunctionNode, xs: Sequence[Any]) -> bool:
        """Call ``forward`` of another object of the class with other data, as a later call in the cell would."""
        other = _copy(function.object)
        for name, value in getattr(other, "__dict__", {}).items():
            if isinstance(value, list | dict | set | np.ndarray):
                setattr(other, name, copy.copy(value))
        manner, as_variables = function.convention
        if as_variables or len(function.arguments) != len(function.inputs):
            return False
        for factor in (-0.75, 0.75):
            moved = [x * factor + 0.1 if np.asarray(x).dtype.kind == "f" else x for x in xs]
            try:
                other.forward(moved) if manner == "list" else other.forward(*moved)
            except Exception:  # outside its domain; the student's own code
                continue
            return True
        return False

    def move(self, leaves: Mapping[VariableNode, Any]) -> None:
        """Compute all data from these leaves' by ``forward`` after ``forward``, put them into the copies, refresh."""
        values: dict[VariableNode, Any] = dict(leaves)
        for function in self.graph.functions:
            ys = alive(function, self.forward(function, [values[node] for node in function.inputs]))
            values.update(zip(function.outputs, ys, strict=False))
        for node, value in values.items():
            self.set_data(node, value)
        self.refresh()

    def refresh(self) -> None:
        """Run ``forward`` after ``forward`` on the data that the copies have."""
        for function in self.graph.functions:
            self.forward(function, [array_of(self.variables[node]) for node in function.inputs])  # type: ignore[misc]

    def sweep_method(self, of: VariableNode) -> Callable[[], Any] | None:
        """The ``backward`` of the Variable's copy."""
        return backward_method(self.variables[of])

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


def _set(target: Any, name: str, value: Any) -> None:
    with contextlib.suppress(Exception):  # a property without a setter
        setattr(target, name, value)


def alive(function: FunctionNode, ys: tuple[Array, ...]) -> tuple[Array, ...]:
    """Those of the results whose Variables the graph has."""
    return tuple(ys[place] for place in function.places) if function.places else ys


def _called(function: FunctionNode, method: Any, handed: Sequence[Any], gys: Sequence[Array]) -> tuple[Any, ...]:
    try:
        answer = method(*handed)
    except STUDENTS_ERRORS as error:
        if not _wants_a_list(method, gys):
            raise ReplayError(function, error) from error
        try:
            answer = method(list(handed))
        except STUDENTS_ERRORS as second:
            raise ReplayError(function, second) from second
    return tuple(answer) if isinstance(answer, list | tuple) else (answer,)


def _is_real(item: Any) -> bool:
    array = array_of(item)
    return array is None or array.dtype != object


def _attributes(item: Any) -> dict[str, Any]:
    slots = [name for kind in type(item).__mro__ for name in vars(kind).get("__slots__", ()) if hasattr(item, name)]
    return {**{name: getattr(item, name) for name in slots}, **getattr(item, "__dict__", {})}


def _wants_a_list(method: Any, gys: Sequence[Any]) -> bool:
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return code is not None and code.co_argcount == 2 and not code.co_flags & 0x04 and len(gys) >= 1
