"""Lay out a graph: ranks, orders, columns and curves, for each of its connected parts, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from ipy_autodiff.views.layout.columns import columns
from ipy_autodiff.views.layout.curves import Curves
from ipy_autodiff.views.layout.layers import Layers
from ipy_autodiff.views.layout.orders import untangle
from ipy_autodiff.views.layout.ranks import ranks, without_cycles
from ipy_autodiff.views.layout.shapes import Curve, Layout, Point, Size

__all__ = ["place"]

_RANK_GAP = 23.0
_GAP_DOWN = 22.0
_GAP_ACROSS = 14.0
_BEND_GAPS = (8.0, 5.0)
_CLOSE = 20
_LOOP = 22.0
_BESIDE = 8.0


def place(
    sizes: Mapping[str, Size], edges: Iterable[tuple[str, str]], *, across: bool, close: Collection[str] = ()
) -> Layout:
    """Lay out nodes from left to right (``across``) or from top to bottom. The same graph is always laid out the same.

    The edges that leave a node in ``close`` are short. Edges may close cycles, lead from a node to itself, and have
    the same ends.
    """
    names, pairs = list(sizes), list(edges)
    number = {name: index for index, name in enumerate(names)}
    ends = [(number[tail], number[head]) for tail, head in pairs]
    lengthwise = [(size.height, size.width) if across else (size.width, size.height) for size in sizes.values()]
    rounds = [size.round for size in sizes.values()]
    near = {number[name] for name in close if name in number}

    centres: dict[int, Point] = {}
    drawn: dict[int, list[Point]] = {}
    left = high = 0.0
    gap = _GAP_ACROSS if across else _GAP_DOWN
    for nodes, within in _parts(len(names), ends):
        part = _Part(nodes, [ends[edge] for edge in within], lengthwise, rounds, near, gap)
        for node, (x, y) in part.centres.items():
            centres[node] = (x + left, y)
        for edge, points in zip(within, part.curves, strict=True):
            drawn[edge] = [(x + left, y) for x, y in points]
        left += part.width + gap
        high = max(high, part.height)
    wide = max(0.0, left - gap)

    def turned(point: Point) -> Point:
        return (point[1], point[0]) if across else point

    return Layout(
        high if across else wide,
        wide if across else high,
        {name: turned(centres[index]) for index, name in enumerate(names)},
        tuple(Curve(tail, head, tuple(map(turned, drawn[edge]))) for edge, (tail, head) in enumerate(pairs)),
    )


def _parts(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
    """The nodes and edges that are connected, in the order of their first nodes."""
    near: list[list[int]] = [[] for _ in range(count)]
    for tail, head in edges:
        near[tail].append(head)
        near[head].append(tail)
    part = [-1] * count
    parts: list[tuple[list[int], list[int]]] = []
    for start in range(count):
        if part[start] < 0:
            part[start] = len(parts)
            pending = [start]
            for node in pending:
                for other in near[node]:
                    if part[other] < 0:
                        part[other] = len(parts)
                        pending.append(other)
            parts.append(([], []))
    for node in range(count):
        parts[part[node]][0].append(node)
    for edge, (tail, _) in enumerate(edges):
        parts[part[tail]][1].append(edge)
    return parts


class _Part:
    """A connected part, laid out from top to bottom."""

    def __init__(
        self,
        nodes: Sequence[int],
        edges: Sequence[tuple[int, int]],
        sizes: Sequence[tuple[float, float]],
        rounds: Sequence[bool],
        close: Collection[int],
        gap: float,
    ) -> None:
        index = {node: number for number, node in enumerate(nodes)}
        ends = [(index[tail], index[head]) for tail, head in edges]
        turned = without_cycles(len(nodes), ends)
        links = [(head, tail) if turn else (tail, head) for (tail, head), turn in zip(ends, turned, strict=True)]
        distinct = [link for link in links if link[0] != link[1]]
        weights = {link: _CLOSE if nodes[link[0]] in close else 1 for link in distinct}
        own = [sizes[node] for node in nodes]
        looped = {tail for tail, head in links if tail == head}
        roomy = [(wide + 2 * _LOOP * (node in looped), high) for node, (wide, high) in enumerate(own)]
        layers = Layers(roomy, ranks(len(nodes), weights), distinct)
        untangle(layers)
        x = columns(layers, (gap, *_BEND_GAPS))
        y, self.height = _rows(layers)
        self.width = max(x[node] + layers.wide[node] / 2 for node in range(len(x)))
        self.centres = {node: (x[number], y[number]) for number, node in enumerate(nodes)}
        curves = Curves(layers, x, y, [wide for wide, _ in own], [rounds[node] for node in nodes])
        self.curves: list[list[Point]] = []
        many, done = Counter(links), Counter[tuple[int, int]]()
        for link, turn in zip(links, turned, strict=True):
            if link[0] == link[1]:
                self.curves.append(self._loop(link[0], x, y, own))
                continue
            step = min(_BESIDE, 0.4 * own[link[1]][0] / many[link])
            beside = (done[link] - (many[link] - 1) / 2) * step
            done[link] += 1
            points = curves.of(*link, beside)
            self.curves.append(points[::-1] if turn else points)

    def _loop(self, node: int, x: Sequence[float], y: Sequence[float], sizes: Sequence[Point]) -> list[Point]:
        """A curve from a node to itself, at its right side."""
        wide, high = sizes[node]
        right, up = x[node] + wide / 2, high / 4
        out = right + _LOOP
        return [(right, y[node] + up), (out, y[node] + up), (out, y[node] - up), (right, y[node] - up)]


def _rows(layers: Layers) -> tuple[list[float], float]:
    """The nodes' centres across the layers, and the height of all."""
    y = [0.0] * len(layers.rank)
    top = 0.0
    for layer in layers.layers:
        high = max(layers.high[node] for node in layer)
        for node in layer:
            y[node] = top + high / 2
        top += high + _RANK_GAP
    return y, top - _RANK_GAP
