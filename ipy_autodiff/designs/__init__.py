"""Reads, runs again and sweeps the objects of any engine design: one file a design, behind one protocol."""

from __future__ import annotations

from typing import Any

from ipy_autodiff.designs.arrays.values import Arrays, Value
from ipy_autodiff.designs.closures import Closures
from ipy_autodiff.designs.copies import Copies
from ipy_autodiff.designs.dependencies import Dependencies
from ipy_autodiff.designs.makers import MakerDesign
from ipy_autodiff.designs.nodes import FunctionNode, Wired
from ipy_autodiff.designs.operations import Operations
from ipy_autodiff.designs.reading import CREATOR, is_function
from ipy_autodiff.designs.rebuilding import Rebuilt
from ipy_autodiff.designs.rerun import NotRead, Rerun

__all__ = ["NotRead", "design_of", "is_computed", "rerun_of"]

_DESIGNS: tuple[MakerDesign, ...] = (Arrays(), Closures(), Dependencies(), Operations())
_MOST = 500
_known: dict[type, MakerDesign | None] = {Value: _DESIGNS[0]}


def design_of(value: Any) -> MakerDesign | None:
    """The design that this Variable is of, where it is another than the book's; None for a leaf, which shows none.

    It is found by the shape of the first computed Variable of a class, and remembered by the class.
    """
    kind = type(value)
    if kind in _known:
        return _known[kind]
    name, creator = CREATOR.find(value)
    found = None
    if name is None or (creator is not None and not is_function(creator)):
        found = next((design for design in _DESIGNS if design.record(value) is not None), None)
        if found is None:
            return None
    elif creator is None:
        return None
    if len(_known) > _MOST:
        _known.clear()
        _known[Value] = _DESIGNS[0]
    _known[kind] = found
    return found


def is_computed(value: Any) -> bool:
    """Whether the engine knows that this Variable was computed."""
    design = design_of(value)
    return CREATOR.read(value) is not None if design is None else design.record(value) is not None


def rerun_of(graph: Wired, by_call: bool = False) -> Rerun:
    """Objects that stand for the graph's own, to be run again.

    With ``by_call`` each call has a Function of its own, as if no instance had been called twice; without, one object
    stands for one, so that the engine behaves as it does in the notebook.
    """
    if len(graph.functions) and graph.functions[0].made is not None:
        return Rebuilt(graph, _design_of_function)
    return Copies(graph, by_call)


def _design_of_function(function: FunctionNode) -> MakerDesign:
    design = design_of(function.outputs[0].object)
    assert design is not None
    return design
