"""Draw what a sheet asks for: Functions whose backward is not the derivative of their forward, and chains of Functions.

Only what calls ``backward`` finds the gradient that such a Function states; differences and complex steps of
``forward`` find another one, however their code is named. Names, factors and orders are drawn, so that no answer can
be prepared.
"""

from __future__ import annotations

import numpy as np

__all__ = ["drawn_chain", "drawn_function", "drawn_name"]

_DERIVATIVES = {"square": (lambda x: x**2, lambda x: 2 * x), "exp": (np.exp, np.exp)}
_LARGEST = 1e4


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


def drawn_chain(rng: np.random.Generator, square: str, exp: str) -> tuple[str, float, float, float]:
    """An expression of ``x`` that applies squares and exponentials in an order that is drawn, three or four of them.

    ``square`` and ``exp``: how they are called, as ``"Square()"``. Returns the expression, an x, the value and the
    derivative there.
    """
    while True:
        names = rng.choice(["square", "exp"], size=rng.integers(3, 5))
        x = float(rng.uniform(0.1, 0.7))
        text, value, slope = "x", x, 1.0
        for name in names:
            function, derivative = _DERIVATIVES[name]
            text = f"{square if name == 'square' else exp}({text})"
            value, slope = float(function(value)), slope * float(derivative(value))
            if value > _LARGEST:
                break
        else:
            if len(set(names)) == 2:
                return text, x, value, slope
