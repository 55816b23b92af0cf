"""Reads, runs again and sweeps the objects of any engine design: one file a design, behind one protocol."""

from ipy_autodiff.designs.copies import Copies
from ipy_autodiff.designs.nodes import Wired
from ipy_autodiff.designs.rerun import Rerun

__all__ = ["rerun_of"]


def rerun_of(graph: Wired, by_call: bool = False) -> Rerun:
    """Objects that stand for the graph's own, to be run again.

    With ``by_call`` each call has a Function of its own, as if no instance had been called twice; without, one object
    stands for one, so that the engine behaves as it does in the notebook.
    """
    return Copies(graph, by_call)
