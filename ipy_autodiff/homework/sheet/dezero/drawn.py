"""Draw Functions for a sheet whose backward is not the derivative of their forward.

Only what calls ``backward`` finds the gradient that it states; differences and complex steps of ``forward`` find
another one, however their code is named. Names and factors are drawn, so that no answer can be prepared.
"""

from __future__ import annotations

import numpy as np

__all__ = ["drawn_function", "drawn_name"]


def drawn_name(rng: np.random.Generator) -> str:
    """A name for a class that no notebook has."""
    return "F" + "".join(rng.choice(list("abcdefghkmnpqrstuvwxyz"), size=8))


def drawn_function(rng: np.random.Generator) -> tuple[str, str, float, float]:
    """The source of a subclass of ``Function``, its name, the factor of its forward and that of its backward."""
    name = drawn_name(rng)
    forward, backward = round(rng.uniform(1.1, 2), 3), round(rng.uniform(2.1, 4), 3)
    source = f"""
class {name}(Function):
    def forward(self, x):
        return {forward} * x
    def backward(self, gy):
        return {backward} * gy
"""
    return source, name, forward, backward
