"""Put the nodes of each layer in an order in which few edges cross.

Sweeps down and up that sort each layer by where its neighbours stand, and exchanges of neighbours that cross less the
other way round (Gansner et al. 1993, section 3), from several beginnings. A layer whose every node leads to one of its
own in the next, as Functions do to what they compute, has the next one's order and takes no part.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

from ipy_autodiff.views.layout.layers import Layers

__all__ = ["untangle"]

_PATIENCE = 4
_FEW = 4
_WORK = 2_500  # sweeps times nodes: what is left to gain then is not worth the wait
_STARTS = (3, 0, 1, 2)
_HOPELESS = 1.2
_MOST_TOGETHER = 4


def untangle(layers: Layers) -> None:
    """Order each layer anew."""
    if max(map(len, layers.layers), default=0) < 2:
        return
    follows = [_follows(layers, rank) for rank in range(len(layers.layers))]
    chosen = [layer for layer, following in zip(layers.layers, follows, strict=True) if not following]
    up: list[list[int]] = [[] for _ in layers.rank]
    down: list[list[int]] = [[] for _ in layers.rank]
    for layer in chosen:
        for node in layer:
            top = node
            while follows[layers.rank[top] - 1] and layers.rank[top] and layers.up[top]:
                top = layers.up[top][0]
            for other in layers.up[top]:
                times = min(_MOST_TOGETHER, layers.carried[top])
                up[node] += [other] * times
                down[other] += [node] * times
    place = [0] * len(layers.rank)
    for order in _best(chosen, up, down):
        layers.layers[layers.rank[order[0]]] = order
    for rank in range(len(follows) - 1, -1, -1):
        if follows[rank]:
            layers.layers[rank].sort(key=lambda node: place[layers.down[node][0]])
        for number, node in enumerate(layers.layers[rank]):
            place[node] = number


def _follows(layers: Layers, rank: int) -> bool:
    """Whether a layer can only have the next one's order."""
    below = [layers.down[node] for node in layers.layers[rank]]
    return all(len(nodes) == 1 for nodes in below) and len({nodes[0] for nodes in below}) == len(below)


Rows = list[list[int]]


def _best(rows: Rows, up: Rows, down: Rows) -> Rows:
    """The best order that is found from some beginnings, as many as the size allows."""
    tangle = _Tangle(up, down)
    nodes = sum(map(len, rows))
    best: Rows = rows
    fewest, left = -1, _WORK
    for turn in _STARTS:
        after, before = (up, down) if turn % 2 else (down, up)
        tangle.rows = _visited(rows, after, before, turn // 2)
        found, sweeps = tangle.improve(max(_FEW, left // nodes), fewest)
        if fewest < 0 or found < fewest:
            best, fewest = tangle.rows, found
        left -= sweeps * nodes
        if not fewest or left <= 0:
            break
    return best


def _visited(rows: Rows, after: Rows, before: Rows, turn: int) -> Rows:
    """The rows in the order in which a search in depth comes to their nodes."""
    row_of = {node: number for number, row in enumerate(rows) for node in row}
    found: Rows = [[] for _ in rows]
    seen: set[int] = set()
    starts = [node for row in rows for node in row if not before[node]]
    for start in starts if turn % 2 == 0 else starts[::-1]:
        pending = [start]
        while pending:
            node = pending.pop()
            if node not in seen:
                seen.add(node)
                found[row_of[node]].append(node)
                pending.extend(after[node] if turn in (1, 2) else reversed(after[node]))
    return found


class _Tangle:
    """Rows of nodes whose links cross, to be improved."""

    def __init__(self, up: Rows, down: Rows) -> None:
        self.up = up
        self.down = down
        self.rows: Rows = []
        self.place = [0] * len(up)

    def improve(self, most: int, bound: int) -> tuple[int, int]:
        """Sweep until it does not get better and keep the best; how many crossings that has, and the sweeps taken.

        ``bound`` is what is to be bettered, or negative: where that is far off after a few sweeps, it is given up.
        """
        self._number()
        self._exchange(evenly=False)
        best, fewest = [list(row) for row in self.rows], self._crossings()
        waited = taken = 0
        while fewest and waited < _PATIENCE and taken < most:
            self._sweep(upwards=bool(taken % 2), mirrored=taken % 4 > 1)
            self._exchange(evenly=taken % 4 == 1)
            found = self._crossings()
            taken += 1
            waited += 1
            if found < fewest:
                best, fewest, waited = [list(row) for row in self.rows], found, 0
            if taken >= _FEW and 0 <= bound * _HOPELESS < fewest:
                break
        self.rows = best
        return fewest, taken + 1

    def _number(self) -> None:
        for row in self.rows:
            for number, node in enumerate(row):
                self.place[node] = number

    def _crossings(self) -> int:
        place, found = self.place, 0
        for row in self.rows[:-1]:
            seen: list[int] = []
            for node in row:
                heads = sorted([place[other] for other in self.down[node]])
                if seen and heads and heads[0] < seen[-1]:
                    for head in heads:
                        found += len(seen) - bisect_right(seen, head)
                    for head in heads:
                        insort(seen, head)
                else:
                    seen += heads
        return found

    def _sweep(self, *, upwards: bool, mirrored: bool) -> None:
        """Sort each row by the mean place of its neighbours in the row before; who has none there stays."""
        near, place = self.down if upwards else self.up, self.place
        for row in self.rows[-2::-1] if upwards else self.rows[1:]:
            keys: list[tuple[float, int, int]] = []
            free: list[int] = []
            for number, node in enumerate(row):
                others = near[node]
                if others:
                    key = place[others[0]] if len(others) == 1 else sum([place[o] for o in others]) / len(others)
                    keys.append((key, -number if mirrored else number, node))
                    free.append(number)
            keys.sort()
            for number, (_, _, node) in zip(free, keys, strict=True):
                row[number] = node
            for number, node in enumerate(row):
                place[node] = number

    def _exchange(self, *, evenly: bool) -> None:
        """Exchange neighbours in their row while that makes fewer crossings; ``evenly``: first also if not more."""
        place = self.place
        dirty: Sequence[int] = range(len(self.rows))
        for turn in range(6):
            again: set[int] = set()
            for at in dirty:
                row = self.rows[at]
                if len(row) < 2:
                    continue
                above = [sorted([place[other] for other in self.up[node]]) for node in row]
                below = [sorted([place[other] for other in self.down[node]]) for node in row]
                changed = False
                for number in range(len(row) - 1):
                    gain = _gain(above[number], above[number + 1]) + _gain(below[number], below[number + 1])
                    if gain > 0 or (evenly and gain == turn == 0):
                        row[number : number + 2] = row[number + 1], row[number]
                        above[number : number + 2] = above[number + 1], above[number]
                        below[number : number + 2] = below[number + 1], below[number]
                        changed = True
                if changed:
                    for number, node in enumerate(row):
                        place[node] = number
                    again.update((at - 1, at, at + 1))
            dirty = sorted(at for at in again if 0 <= at < len(self.rows))
            if not dirty:
                return


def _gain(a: Sequence[int], b: Sequence[int]) -> int:
    """How many crossings fewer there are with b before a; ``a`` and ``b`` are where their neighbours stand, sorted."""
    if not a or not b:
        return 0
    if a[-1] < b[0]:
        return -len(a) * len(b)
    if len(a) == len(b) == 1:
        return int(a[0] > b[0])
    return sum([bisect_left(b, one) + bisect_right(b, one) - len(b) for one in a])
