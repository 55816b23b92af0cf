# ruff: noqa: F403 - each module says in its __all__ what it offers
"""Multiply, invert, factorize and measure matrices, and differentiate through it."""

from ipy_autodiff.engine.operations.linear_algebra import decompositions, matrices, products
from ipy_autodiff.engine.operations.linear_algebra.decompositions import *
from ipy_autodiff.engine.operations.linear_algebra.matrices import *
from ipy_autodiff.engine.operations.linear_algebra.products import *

__all__: list[str] = []
__all__ += decompositions.__all__
__all__ += matrices.__all__
__all__ += products.__all__
