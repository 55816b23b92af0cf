"""Note what the notebook's own objects hold before anything is run again, and put back what that changed nonetheless.

A copy may lead to an original that nothing shows, as a closure does. So the originals are looked at, not trusted.
"""

from __future__ import annotations

import contextlib
import zlib
from typing import Any

import numpy as np

from ipy_autodiff.designs.nodes import Array, VariableNode, Wired
from ipy_autodiff.designs.reading import CREATOR, DATA, GRADIENT, attributes_of, is_variable
from ipy_autodiff.limits import HELD_FUNCTIONS

__all__ = ["Originals"]

_LARGE = 2**20
"""Bytes of an array above which its content is compared by a checksum, and cannot be put back."""
_NAMES = {*DATA.names, *GRADIENT.names, *CREATOR.names}


class Originals:
    """The data, gradients and records of a graph's Variables as they are now."""

    def __init__(self, graph: Wired) -> None:
        large = len(graph.functions) > HELD_FUNCTIONS  # of a graph that large only the leaves are ever run again
        self._noted = [_Noted(node) for node in (graph.leaves if large else graph.variables)]
        functions = () if large else graph.functions
        self._records = [(function.object, attributes_of(function.object)) for function in functions]

    def put_back(self) -> list[VariableNode]:
        """Give the objects what they held; the Variables that held something else."""
        for item, before in self._records:
            _put_back(item, before)
        return [noted.node for noted in self._noted if noted.put_back()]


class _Noted:
    __slots__ = ("_arrays", "_held", "_inner", "node")

    def __init__(self, node: VariableNode) -> None:
        self.node = node
        self._held = attributes_of(node.object)
        values = [value for name, value in self._held.items() if name in _NAMES and value is not None]
        self._arrays = [(value, _content(value)) for value in values if type(value) is np.ndarray]
        self._inner = [(value, attributes_of(value)) for value in values if is_variable(value)]

    def put_back(self) -> bool:
        """Whether it held something else by now."""
        changed = _put_back(self.node.object, self._held)
        for item, before in self._inner:
            changed = _put_back(item, before) or changed
        for array, content in self._arrays:
            if not _same(content, _content(array)):
                changed = True
                if isinstance(content, np.ndarray) and array.flags.writeable:
                    array[...] = content
        return changed


def _put_back(item: Any, before: dict[str, Any]) -> bool:
    now = attributes_of(item)
    changed = False
    for name, value in before.items():
        if now.get(name) is not value or name not in now:
            with contextlib.suppress(Exception):  # a setter of the student's
                setattr(item, name, value)
            changed = changed or name in _NAMES
    for name in now.keys() - before.keys():
        with contextlib.suppress(Exception):
            delattr(item, name)
    return changed


def _content(array: Array) -> Any:
    if array.nbytes <= _LARGE:
        return array.copy()
    return zlib.adler32(np.ascontiguousarray(array).tobytes())


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, np.ndarray):
        return bool(first.dtype == object or first.tobytes() == second.tobytes())
    return bool(first == second)
