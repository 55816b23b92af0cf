"""Draw the edges as smooth curves: each a taut string between the nodes that it passes, with its corners rounded.

The order of bends and nodes in the layers says between which nodes an edge passes; strings that are taut cross no more
often than they must. Corners are rounded by monotone cubic interpolation (Fritsch and Carlson, SIAM Journal on
Numerical Analysis 17, 1980), which leaves a curve between the columns of its corners.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf, sqrt

from ipy_autodiff.views.layout.layers import Layers

__all__ = ["Curves"]

Point = tuple[float, float]
Gate = tuple[float, float, float]
"""A height, and between which two columns a curve passes it."""

_PORTS = 0.3  # how far from its middle an edge may end, in widths of the node
_PORT_GAP = 12.0
_NEAR = 6.0
_BESIDE = 3.0  # between edges that pass a node on one side
_EASE = 0.5


class Curves:
    """The edges of placed nodes.

    ``x`` and ``y`` are the centres, ``wide`` the outlines' widths, without what is kept free beside them; ``rounds``
    tells which outlines are ellipses.
    """

    def __init__(
        self,
        layers: Layers,
        x: Sequence[float],
        y: Sequence[float],
        wide: Sequence[float],
        rounds: Sequence[bool],
    ) -> None:
        self.layers = layers
        self.wide = wide
        self.x = x
        self.y = y
        self.rounds = rounds
        self.place = layers.places()
        self._ports: dict[int, dict[int, float]] = {}

    def of(self, tail: int, head: int, shift: float = 0.0) -> list[Point]:
        """A start and then three control points for each Bézier piece; it ends ``shift`` beside its port."""
        way = self.layers.way(tail, head)
        beside = self._ports_of(head)[way[-2]] + shift
        start = (self.x[tail], self.y[tail] + self._outline(tail, 0.0))
        end = (self.x[head] + beside, self.y[head] - self._outline(head, beside))
        gates = [*self._leaving(tail, 1.0)]
        for bend in way[1:-1]:
            gates += self._passing(bend)
        gates += self._leaving(head, -1.0)
        return _rounded(_taut(start, [gate for gate in gates if start[1] < gate[0] < end[1]], end))

    def _ports_of(self, head: int) -> dict[int, float]:
        """How far from the middle of a node each edge ends, by where it comes from: in their order, and apart."""
        if head not in self._ports:
            room = self.wide[head] * _PORTS
            others = sorted(self.layers.up[head], key=lambda node: (self.x[node], node))
            step = min(_PORT_GAP, 2 * room / max(1, len(others) - 1))
            wished = [min(room, max(-room, self.x[node] - self.x[head])) for node in others]
            low, high = list(wished), list(wished)
            last = len(others) - 1
            for number in range(1, len(others)):
                low[number] = max(low[number], low[number - 1] + step)
                high[last - number] = min(high[last - number], high[last - number + 1] - step)
            self._ports[head] = {
                node: (min(low[number], room - (last - number) * step) + max(high[number], number * step - room)) / 2
                for number, node in enumerate(others)
            }
        return self._ports[head]

    def _outline(self, node: int, beside: float) -> float:
        """How far from its centre a node's outline is, across the layers."""
        half = self.layers.high[node] / 2
        if not self.rounds[node]:
            return half
        return half * sqrt(max(0.0, 1 - (2 * beside / self.wide[node]) ** 2))

    def _sides(self, node: int) -> list[tuple[int, float]]:
        """The nearest node on each side in the layer, and the column that a curve must keep to beside it."""
        layers = self.layers
        layer = layers.layers[layers.rank[node]]
        found = []
        for step in (-1, 1):
            number, room = self.place[node] + step, _NEAR
            while 0 <= number < len(layer) and layers.is_bend(layer[number]):
                number += step
                room += _BESIDE
            if 0 <= number < len(layer):
                other = layer[number]
                found.append((other, self.x[other] - step * (layers.wide[other] / 2 + room)))
            else:
                found.append((-1, step * inf))
        return found

    def _passing(self, bend: int) -> list[Gate]:
        """The gates between the nodes beside a bend."""
        (a, left), (b, right) = self._sides(bend)
        left, right = min(left, self.x[bend]), max(right, self.x[bend])
        reach = max((self.layers.high[node] / 2 for node in (a, b) if node >= 0), default=0.0)
        y = self.y[bend]
        return [(y - reach, left, right), (y + reach, left, right)] if a >= 0 or b >= 0 else []

    def _leaving(self, node: int, side: float) -> list[Gate]:
        """The gate between the nodes beside one that a curve leaves downwards (1) or comes to from above (-1)."""
        (a, left), (b, right) = self._sides(node)
        reach = max((self.layers.high[other] / 2 for other in (a, b) if other >= 0), default=0.0)
        return [(self.y[node] + side * reach, left, right)] if reach else []


def _taut(start: Point, gates: Sequence[Gate], end: Point) -> list[Point]:
    """The shortest way through the gates, from one below the other."""
    gates = [*gates, (end[1], end[0], end[0])]
    way = [start]
    number = 0
    while number < len(gates):
        x, y = way[-1]
        low, high = -inf, inf  # the slopes that lead through all gates so far
        low_at = high_at = number
        for here in range(number, len(gates)):
            down, left, right = gates[here]
            steep_left, steep_right = (left - x) / (down - y), (right - x) / (down - y)
            if steep_left > high:
                number, corner = high_at + 1, (gates[high_at][2], gates[high_at][0])
                break
            if steep_right < low:
                number, corner = low_at + 1, (gates[low_at][1], gates[low_at][0])
                break
            if steep_left >= low:
                low, low_at = steep_left, here
            if steep_right <= high:
                high, high_at = steep_right, here
        else:
            number, corner = len(gates), end
        way.append(corner)
    return way


def _rounded(way: Sequence[Point]) -> list[Point]:
    """A curve through the corners."""
    steep = [(b[0] - a[0]) / (b[1] - a[1]) for a, b in pairwise(way)]
    slopes = [
        steep[0] * _EASE,
        *(2 / (1 / a + 1 / b) if a * b > 0 else 0.0 for a, b in pairwise(steep)),
        steep[-1] * _EASE,
    ]
    points = [way[0]]
    for number, ((ax, ay), (bx, by)) in enumerate(pairwise(way)):
        share = (by - ay) / 3
        points += [(ax + slopes[number] * share, ay + share), (bx - slopes[number + 1] * share, by - share), (bx, by)]
    return points
