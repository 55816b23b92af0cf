"""See, step through and trust automatic differentiation: ``%load_ext ipy_autodiff``, then ``%%autodiff`` a cell.

``import ipy_autodiff as ad`` gives the reference engine, which needs NumPy alone, and ``trace``, ``check_gradients``
and ``assert_gradients``, which work on the Variables and Functions of any engine. The engine is loaded when one of its
names is first used: a notebook that has its own never loads it.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipy_autodiff.engine import *  # noqa: F403
    from ipy_autodiff.gradcheck.rows import Comparison
    from ipy_autodiff.traced import Trace

__version__ = "0.1.0"

_OWN = ("assert_gradients", "check_gradients", "trace")


def trace(*outputs: Any) -> Trace:
    """The Trace of the graph behind these Variables, of any engine; the last one is differentiated.

    Names are taken from where the call stands. Raises ``TypeError`` for an object that is not a Variable.
    """
    from ipy_autodiff.views.output.shown_trace import trace_of

    caller = sys._getframe(1)  # noqa: SLF001 - the names that the caller gave
    return trace_of(outputs, {**caller.f_globals, **caller.f_locals})


def check_gradients(f: Any, *arrays: Any, **options: Any) -> Comparison:
    """The Comparison of ``f``, a function of Variables, at these arrays: see ``gradcheck.check_gradients``."""
    from ipy_autodiff.gradcheck.check_gradients import check_gradients as check

    return check(f, *arrays, **options)


def assert_gradients(f: Any, *arrays: Any, **options: Any) -> None:
    """The same as an ``AssertionError`` with the reason: see ``gradcheck.check_gradients``."""
    from ipy_autodiff.gradcheck.check_gradients import assert_gradients as check

    check(f, *arrays, **options)


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext ipy_autodiff``: add the magics, their settings and their completions."""
    from ipy_autodiff.shell.magics import load

    load(shell, sys.modules[__name__])


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext ipy_autodiff``: take away all that loading added."""
    from ipy_autodiff.shell.magics import unload

    unload(shell)


def __getattr__(name: str) -> Any:
    if name == "Trace":
        from ipy_autodiff.traced import Trace

        return Trace
    if name != "__all__" and name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    engine = importlib.import_module("ipy_autodiff.engine")  # a from-import would ask here for "engine" first
    names = [name for name in engine.__all__ if name not in _OWN]
    globals().update({name: getattr(engine, name) for name in names})  # from now on as fast as any name
    globals()["__all__"] = [*names, *_OWN]
    if name not in globals():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__")})
