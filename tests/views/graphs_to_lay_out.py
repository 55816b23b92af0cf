"""Graphs with the sizes of their cards, as kinds of what people draw: what layouts are compared and tested on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import ipy_autodiff as ad
from ipy_autodiff.views.layout import Size

Drawable = tuple[dict[str, Size], list[tuple[str, str]]]


def _of(result: ad.Variable) -> Drawable:
    graph = ad.trace(result).graph
    sizes = {}
    for variable in graph.variables:
        characters = min(len(variable.name), 8)  # how results are called is no matter of the layout
        wide = max(84.0, characters * 8.0 + 22 + 50 * (variable.role != "intermediate"))
        sizes[variable.id] = Size(wide, 66.0 if np.ndim(variable.data) == 0 else 84.0)
    for function in graph.functions:
        sizes[function.id] = Size(max(66.0, len(function.name) * 8.9 + 24), 40.0, round=True)
    edges = [(v.id, f.id) for f in graph.functions for v in f.inputs]
    return sizes, edges + [(f.id, v.id) for f in graph.functions for v in f.outputs]


def _leaf(value: object, name: str) -> ad.Variable:
    return ad.Variable(np.asarray(value, float), name=name)


def chain() -> Drawable:
    y = _leaf(0.5, "x")
    for _ in range(4):
        y = np.exp(np.sin(y))
    return _of(y)


def diamond() -> Drawable:
    x = _leaf(2.0, "x")
    a = x**2
    return _of(a * a + np.exp(a) * np.sin(a))


def perceptron() -> Drawable:
    rng = np.random.default_rng(0)
    x, t = _leaf(rng.normal(size=(5, 3)), "x"), _leaf(rng.normal(size=(5, 1)), "t")
    h = x
    for layer, (rows, columns) in enumerate([(3, 4), (4, 4), (4, 1)]):
        w, b = _leaf(rng.normal(size=(rows, columns)), f"W{layer}"), _leaf(np.zeros(columns), f"b{layer}")
        h = np.tanh(h @ w + b)
    return _of(np.sum((h - t) ** 2))


def goldstein_price() -> Drawable:
    x, y = _leaf(1.0, "x"), _leaf(1.0, "y")
    return _of(
        (1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2))
        * (30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2))
    )


def lstm_cell() -> Drawable:
    rng = np.random.default_rng(0)
    x, h, c = _leaf(rng.normal(size=(1, 3)), "x"), _leaf(np.zeros((1, 4)), "h"), _leaf(np.zeros((1, 4)), "c")
    gates = {}
    for gate in "fiog":
        w, u = _leaf(rng.normal(size=(3, 4)), f"W{gate}"), _leaf(rng.normal(size=(4, 4)), f"U{gate}")
        gates[gate] = x @ w + h @ u + _leaf(np.zeros(4), f"b{gate}")
    f, i, o = (ad.sigmoid(gates[gate]) for gate in "fio")
    cell = f * c + i * np.tanh(gates["g"])
    return _of(np.sum(o * np.tanh(cell)))


def taylor_sine() -> Drawable:
    x = _leaf(0.7, "x")
    y = x
    sign, factorial = 1.0, 1.0
    for power in range(3, 12, 2):
        sign, factorial = -sign, factorial * power * (power - 1)
        y = y + (sign / factorial) * x**power
    return _of(y)


def ladder() -> Drawable:
    a, b = _leaf(1.0, "a"), _leaf(2.0, "b")
    for _ in range(7):
        a, b = a * b, a + b
    return _of(a * b)


def fan_out() -> Drawable:
    x, weights = _leaf(1.5, "x"), [_leaf(i, f"w{i}") for i in range(12)]
    terms = [x * w for w in weights]
    y = terms[0]
    for term in terms[1:]:
        y = y + term
    return _of(y)


def residual() -> Drawable:
    h = _leaf(0.3, "x")
    for block in range(5):
        h = h + np.tanh(h * _leaf(0.5, f"w{block}")) * _leaf(2.0, f"v{block}")
    return _of(h)


def random(nodes: int, seed: int = 0) -> Drawable:
    """A graph of so many nodes, half of them Functions of one or two of the Variables before."""
    rng = np.random.default_rng(seed)
    sizes = {f"v{i}": Size(84 + 10.0 * (i % 4), 66.0) for i in range(4)}
    edges = []
    for i in range((nodes - 4) // 2):
        made = len(sizes) - i
        recent = [int(made - 1 - min(rng.geometric(0.15) - 1, made - 1)) for _ in range(rng.integers(1, 3))]
        sizes[f"f{i}"] = Size(66 + 12.0 * (i % 3), 40.0, round=True)
        sizes[f"v{made}"] = Size(84 + 10.0 * (made % 4), 66.0)
        edges += [(f"v{taken}", f"f{i}") for taken in recent] + [(f"f{i}", f"v{made}")]
    return sizes, edges


GRAPHS: dict[str, Callable[[], Drawable]] = {
    "chain": chain,
    "diamond": diamond,
    "perceptron": perceptron,
    "Goldstein-Price": goldstein_price,
    "LSTM cell": lstm_cell,
    "Taylor sine": taylor_sine,
    "ladder": ladder,
    "fan-out": fan_out,
    "residual": residual,
    "random 40": lambda: random(40),
    "random 100": lambda: random(100),
    "random 200": lambda: random(200),
}
