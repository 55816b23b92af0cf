"""See, step through and trust automatic differentiation: ``%load_ext ipy_autodiff``, then ``%%autodiff`` a cell.

``import ipy_autodiff as ad`` gives the reference engine, which needs NumPy alone, and ``trace``, ``check_gradients``
and ``assert_gradients``, which work on the Variables and Functions of any engine.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ipy_autodiff import engine
from ipy_autodiff.engine import *  # noqa: F403

if TYPE_CHECKING:
    from ipy_autodiff.gradcheck.comparison import Comparison
    from ipy_autodiff.views.trace import Trace

__version__ = "0.1.0"
__all__ = [*engine.__all__, "assert_gradients", "check_gradients", "trace"]


def trace(*outputs: Any) -> Trace:
    """The Trace of the graph behind these Variables, of any engine; the last one is differentiated.

    Names are taken from where the call stands. Raises ``TypeError`` for an object that is no Variable.
    """
    from ipy_autodiff.views.trace import trace_of

    caller = sys._getframe(1)  # noqa: SLF001 - the names that the caller gave
    return trace_of(outputs, {**caller.f_globals, **caller.f_locals})


def check_gradients(f: Any, *arrays: Any, **options: Any) -> Comparison:
    """The Comparison of ``f``, a function of Variables, at these arrays: see ``gradcheck.functions``."""
    from ipy_autodiff.gradcheck.functions import check_gradients as check

    return check(f, *arrays, **options)


def assert_gradients(f: Any, *arrays: Any, **options: Any) -> None:
    """The same as an ``AssertionError`` with the reason: see ``gradcheck.functions``."""
    from ipy_autodiff.gradcheck.functions import assert_gradients as check

    check(f, *arrays, **options)


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext ipy_autodiff``: add the magics, their settings and their completions."""
    from ipy_autodiff.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext ipy_autodiff``: take away all that loading added."""
    from ipy_autodiff.magics import unload

    unload(shell)
