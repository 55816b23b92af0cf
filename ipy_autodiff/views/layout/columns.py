"""Place the nodes along their layers: apart, near their neighbours, and chains and long edges straight.

Nodes that are to be in line are one block. From layers as narrow as can be, each block is moved to the mean of its
neighbours as far as those beside it let it, in turn from both sides, until little moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ipy_autodiff.views.layout.layers import Layers

__all__ = ["columns"]

_ROUNDS = 8
_FROM_BEND = 1.0
_FROM_SOURCE = 0.5


def columns(layers: Layers, gaps: Sequence[float]) -> list[float]:
    """The nodes' centres along the layers, the leftmost outline at 0.

    ``gaps`` are what is kept free between two nodes, between a node and a bend, and between two bends.
    """
    apart = [_apart(layers, layer, gaps) for layer in layers.layers]
    block = _blocks(layers)
    found = _exact(layers, apart, block, _packed(layers, apart, block))
    leftmost = min((x - wide / 2 for x, wide in zip(found, layers.wide, strict=True)), default=0.0)
    return [x - leftmost for x in found]


def _apart(layers: Layers, layer: Sequence[int], gaps: Sequence[float]) -> list[float]:
    """How far the centres of neighbours in a layer are apart at least."""
    wide = layers.wide
    return [(wide[a] + wide[b]) / 2 + gaps[layers.is_bend(a) + layers.is_bend(b)] for a, b in pairwise(layer)]


def _blocks(layers: Layers) -> list[int]:
    """For each node the number of its block, as many as there are. Links within blocks do not cross."""
    place = layers.places()
    depth = _depths(layers)
    root = list(range(len(layers.rank)))
    for layer in layers.layers[:-1]:
        links = sorted(
            (-strength, abs(number - (len(layers.down[node]) - 1) / 2), place[node], place[head], node, head)
            for node in layer
            for number, head in enumerate(sorted(layers.down[node], key=place.__getitem__))
            if (strength := _strength(layers, depth, node, head))
        )
        kept: list[tuple[int, int]] = []
        for *_, tail_at, head_at, node, head in links:
            if all((a < tail_at and b < head_at) or (a > tail_at and b > head_at) for a, b in kept):
                kept.append((tail_at, head_at))
                root[head] = root[node]
    number: dict[int, int] = {}
    return [number.setdefault(one, len(number)) for one in root]


def _depths(layers: Layers) -> list[int]:
    """How long the longest way to each node is."""
    depth = [0] * len(layers.rank)
    for layer in layers.layers:
        for node in layer:
            depth[node] = max((depth[other] + 1 for other in layers.up[node]), default=0)
    return depth


def _strength(layers: Layers, depth: Sequence[int], node: int, head: int) -> int:
    """How much it matters that a link is straight; 0: not at all."""
    if layers.is_bend(head):
        return 0
    others = layers.up[head]
    if len(others) == 1:
        return 3 if len(layers.down[node]) == 1 else 1
    if layers.is_bend(node):
        return 0
    longest = max(depth[other] for other in others if other != node)
    return 2 if depth[node] > longest + 1 else 0


def _packed(layers: Layers, apart: Sequence[Sequence[float]], block: Sequence[int]) -> list[float]:
    """Where the blocks would be if each layer were as narrow as can be and all had one middle."""
    total, count = [0.0] * (max(block) + 1), [0] * (max(block) + 1)
    for layer, steps in zip(layers.layers, apart, strict=True):
        x = -sum(steps) / 2
        for node, step in zip(layer, (*steps, 0.0), strict=True):
            total[block[node]] += x
            count[block[node]] += 1
            x += step
    return [x / nodes for x, nodes in zip(total, count, strict=True)]


def _exact(
    layers: Layers, apart: Sequence[Sequence[float]], block: Sequence[int], wished: Sequence[float]
) -> list[float]:
    """The blocks apart, as near as may be to where they want to be; the centres of their nodes."""
    count = len(wished)
    after: list[dict[int, float]] = [{} for _ in range(count)]
    before: list[dict[int, float]] = [{} for _ in range(count)]
    for layer, steps in zip(layers.layers, apart, strict=True):
        for (a, b), step in zip(pairwise(layer), steps, strict=True):
            left, right = block[a], block[b]
            if after[left].get(right, 0.0) < step:
                after[left][right] = before[right][left] = step
    waiting = [len(others) for others in before]
    order = [one for one in range(count) if not waiting[one]]
    for one in order:
        for other in after[one]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    low, high = list(wished), list(wished)
    for one in order:
        for other, step in after[one].items():
            low[other] = max(low[other], low[one] + step)
    for one in reversed(order):
        for other, step in before[one].items():
            high[other] = min(high[other], high[one] - step)
    at = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    _settle(layers, block, at, [list(steps.items()) for steps in before], [list(steps.items()) for steps in after])
    return [at[one] for one in block]


def _settle(
    layers: Layers,
    block: Sequence[int],
    at: list[float],
    before: Sequence[list[tuple[int, float]]],
    after: Sequence[list[tuple[int, float]]],
) -> None:
    """Move each block to the mean of its neighbours, as far as those beside it let it."""
    pulls: list[list[tuple[int, float]]] = [[] for _ in at]
    for node, heads in enumerate(layers.down):
        for head in heads:
            a, b = block[node], block[head]
            if a != b:
                pull = _FROM_BEND if layers.is_bend(node) or layers.is_bend(head) else 1.0
                pull *= 1.0 if layers.up[node] else _FROM_SOURCE
                pulls[a].append((b, pull))
                pulls[b].append((a, pull))
    stiffness = [sum(pull for _, pull in others) for others in pulls]
    order = sorted(range(len(at)), key=at.__getitem__)
    for turn in range(_ROUNDS):
        most = 0.0
        for one in order if turn % 2 else reversed(order):
            if not stiffness[one]:
                continue
            wish = sum([at[other] * pull for other, pull in pulls[one]]) / stiffness[one]
            for other, step in before[one]:
                if at[other] + step > wish:
                    wish = at[other] + step
            for other, step in after[one]:
                if at[other] - step < wish:
                    wish = at[other] - step
            most = max(most, abs(wish - at[one]))
            at[one] = wish
        if most < 0.5:
            break
