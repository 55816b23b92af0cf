# ruff: noqa: F403 - each module says in its __all__ what it offers
"""Every operation that the engine can differentiate, its formula and its derivative side by side."""

from ipy_autodiff.engine.operations import (
    activations,
    arithmetic,
    convolutions,
    cumulative,
    exponential,
    flips,
    indexing,
    joining,
    linear_algebra,
    losses,
    piecewise,
    reciprocal_trigonometric,
    reductions,
    shapes,
    statistics,
    trigonometric,
)
from ipy_autodiff.engine.operations.activations import *
from ipy_autodiff.engine.operations.arithmetic import *
from ipy_autodiff.engine.operations.convolutions import *
from ipy_autodiff.engine.operations.cumulative import *
from ipy_autodiff.engine.operations.exponential import *
from ipy_autodiff.engine.operations.flips import *
from ipy_autodiff.engine.operations.indexing import *
from ipy_autodiff.engine.operations.joining import *
from ipy_autodiff.engine.operations.linear_algebra import *
from ipy_autodiff.engine.operations.losses import *
from ipy_autodiff.engine.operations.piecewise import *
from ipy_autodiff.engine.operations.reciprocal_trigonometric import *
from ipy_autodiff.engine.operations.reductions import *
from ipy_autodiff.engine.operations.shapes import *
from ipy_autodiff.engine.operations.statistics import *
from ipy_autodiff.engine.operations.trigonometric import *

__all__: list[str] = []
__all__ += activations.__all__
__all__ += arithmetic.__all__
__all__ += convolutions.__all__
__all__ += cumulative.__all__
__all__ += exponential.__all__
__all__ += flips.__all__
__all__ += indexing.__all__
__all__ += joining.__all__
__all__ += linear_algebra.__all__
__all__ += losses.__all__
__all__ += piecewise.__all__
__all__ += reciprocal_trigonometric.__all__
__all__ += reductions.__all__
__all__ += shapes.__all__
__all__ += statistics.__all__
__all__ += trigonometric.__all__
