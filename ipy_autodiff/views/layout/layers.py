"""Nodes in layers, one a rank, with a bend wherever an edge passes a layer: what is then put in order and placed."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Layers"]


class Layers:
    """Nodes and bends in layers. The edges that leave one node share their bends, for they carry the same value.

    Nodes are numbered from 0; bends have the numbers after theirs. ``sizes`` are widths along the layers and heights
    across them; a bend has none.
    """

    def __init__(self, sizes: Sequence[tuple[float, float]], ranks: Sequence[int], edges: Sequence[tuple[int, int]]):
        self.count = len(sizes)
        """How many of the nodes are no bends."""
        self.rank = list(ranks)
        self.up: list[list[int]] = [[] for _ in sizes]
        self.down: list[list[int]] = [[] for _ in sizes]
        self.bends: list[list[int]] = [[] for _ in sizes]
        """For each node the bends of the edges that leave it, from one layer to the next."""
        self.carried = [1] * self.count
        """For each node how many edges come to it together: one, except at bends."""
        last = list(ranks)
        for tail, head in edges:
            last[tail] = max(last[tail], ranks[head] - 1)
        for tail in range(self.count):
            before = tail
            for rank in range(ranks[tail] + 1, last[tail] + 1):
                bend = len(self.rank)
                self.rank.append(rank)
                self.carried.append(0)
                self.up.append([before])
                self.down.append([])
                self.down[before].append(bend)
                self.bends[tail].append(bend)
                before = bend
        for tail, head in dict.fromkeys(edges):
            way = self.way(tail, head)
            before = way[-2]
            for bend in way[1:-1]:
                self.carried[bend] += 1
            self.down[before].append(head)
            self.up[head].append(before)
        self.layers: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for node, rank in enumerate(self.rank):
            self.layers[rank].append(node)
        bends = len(self.rank) - self.count
        self.wide = [wide for wide, _ in sizes] + [0.0] * bends
        self.high = [high for _, high in sizes] + [0.0] * bends

    def way(self, tail: int, head: int) -> list[int]:
        """The nodes that an edge goes through, its ends included."""
        between = self.rank[head] - self.rank[tail] - 1
        return [tail, *self.bends[tail][:between], head]

    def is_bend(self, node: int) -> bool:
        """Whether it is a place that an edge passes."""
        return node >= self.count

    def places(self) -> list[int]:
        """Where in its layer each node stands, from 0."""
        place = [0] * len(self.rank)
        for layer in self.layers:
            for number, node in enumerate(layer):
                place[node] = number
        return place
