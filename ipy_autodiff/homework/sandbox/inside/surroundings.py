"""Put a process as notebooks and questions expect it, on any system: switches, magics, an engine that is not there."""

from __future__ import annotations

import gc
import sys
import threading
import warnings

import numpy as np
from IPython.core.inputtransformer2 import TransformerManager

__all__ = ["plain_source", "usual_surroundings", "without_engine"]

_RECURSION = 3000


def plain_source(source: str) -> str:
    """A cell as Python that can be parsed: without a cell magic's first line, other magics made calls."""
    if source.lstrip().startswith("%%"):
        source = source.lstrip().partition("\n")[2]
    try:
        return str(TransformerManager().transform_cell(source))
    except Exception:
        return source


def without_engine() -> None:
    """Makes ``import ipy_autodiff.engine`` fail. Where there is a wall around the process, its files are gone too."""
    for name in [name for name in sys.modules if name.startswith("ipy_autodiff.engine.")]:
        del sys.modules[name]
    sys.modules["ipy_autodiff.engine"] = None  # type: ignore[assignment]


def usual_surroundings() -> None:
    """The interpreter's switches as a fresh one has them."""
    for stop in (sys.settrace, sys.setprofile, threading.settrace, threading.setprofile):
        stop(None)
    sys.setrecursionlimit(_RECURSION)
    gc.enable()
    np.seterr(divide="ignore", over="ignore", under="ignore", invalid="ignore")
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
