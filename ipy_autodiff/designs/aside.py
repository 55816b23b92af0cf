"""Run code of the student's aside: it leaves no output, no warning, no random number drawn and no class changed."""

from __future__ import annotations

import contextlib
import io
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.pytorch import pytorch
from ipy_autodiff.designs.nodes import VariableNode, Wired
from ipy_autodiff.designs.originals import Originals

__all__ = ["aside"]

_depth = 0


@contextlib.contextmanager
def aside(graph: Wired, changed: Callable[[VariableNode], None] = lambda node: None) -> Iterator[None]:
    """Code within leaves nothing behind: no output, no warnings, no random numbers drawn, no class state.

    Where it wrote into a Variable of the notebook's, that is put back, and ``changed`` is called with its node.
    """
    global _depth
    if _depth:
        yield
        return
    _depth += 1
    classes = {kind for item in graph.classes for kind in item.__mro__[:-1]}
    states = {kind: dict(vars(kind)) for kind in classes}
    originals = Originals(graph)
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002 - the student's, kept as it was
    torch = pytorch()
    torch_state = None if torch is None else torch.get_rng_state()
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
        if torch is not None:
            torch.set_rng_state(torch_state)
        for kind, state in states.items():
            _restore(kind, state)
        for node in originals.put_back():
            changed(node)


def _restore(kind: type, state: Mapping[str, Any]) -> None:
    now = vars(kind)
    for name in [name for name in now if name not in state]:
        delattr(kind, name)
    for name, value in state.items():
        if now.get(name) is not value:
            with contextlib.suppress(AttributeError, TypeError):
                setattr(kind, name, value)
