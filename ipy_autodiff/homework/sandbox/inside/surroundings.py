"""Put a process as notebooks and questions expect it, on any system: switches, magics, an engine that is not there."""

from __future__ import annotations

import gc
import os
import sys
import threading
import warnings
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

import numpy as np

from ipy_autodiff.messages import say

__all__ = ["ENGINES", "usual_surroundings", "without_engines"]

_RECURSION = 3000
_THRESHOLD, _CALLBACKS = gc.get_threshold(), list(gc.callbacks)
_OURS = "ipy_autodiff.engine"
_PUBLIC = ("Variable", "Function", "engine")
ENGINES = (
    "autograd", "chainer", "dezero", "jax", "jaxlib", "keras", "micrograd", "mxnet", "mygrad", "needle", "paddle",
    "tensorflow", "theano", "tinygrad", "torch",
)  # fmt: skip
"""Packages that differentiate, by the name that is imported."""


def without_engines() -> None:
    """Makes the import of every engine of the environment fail, with a sentence that says why.

    Where there is a wall around the process, their files are gone too. A file of the notebook's own may have the name
    of one of them.
    """
    for name in list(sys.modules):
        if name == _OURS or name.startswith(f"{_OURS}.") or name.partition(".")[0] in ENGINES:
            del sys.modules[name]
    package = sys.modules.get("ipy_autodiff")
    for name in _PUBLIC if package is not None else ():
        vars(package).pop(name, None)
    sys.meta_path.insert(0, _NoEngines(say("homework.own-engine")))


class _NoEngines(MetaPathFinder):
    """Refuses engines before they are looked for elsewhere."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for what is no engine. Raises ``ImportError``."""
        if fullname.partition(".")[0] in ENGINES:
            spec = PathFinder.find_spec(fullname, path, target)
            here = os.getcwd()  # noqa: PTH109 - as the import system has it
            if spec is None or (spec.origin or "").startswith(here + os.sep):
                return spec
        elif fullname != _OURS and not fullname.startswith(f"{_OURS}."):
            return None
        raise ImportError(self._sentence, name=fullname)


def usual_surroundings() -> None:
    """The interpreter's switches as a fresh one has them."""
    for stop in (sys.settrace, sys.setprofile, threading.settrace, threading.setprofile):
        stop(None)
    sys.setrecursionlimit(_RECURSION)
    gc.enable()
    gc.set_threshold(*_THRESHOLD)
    gc.callbacks[:] = _CALLBACKS
    np.seterr(divide="ignore", over="ignore", under="ignore", invalid="ignore")
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
