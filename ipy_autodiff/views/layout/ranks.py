"""Give each node of an acyclic graph a rank so that edges go from lower to higher ranks and are short in all.

Network simplex (Gansner, Koutsofios, North, Vo, "A technique for drawing directed graphs", IEEE Transactions on
Software Engineering 19, 1993, section 2), on a graph in which each chain is one node.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["ranks", "without_cycles"]

Edge = tuple[int, int]

_FEW = 6  # nodes of a rank
_MOST_WORK = 400_000  # pivots times edges: what is left to gain then is not worth the wait


def without_cycles(count: int, edges: Sequence[Edge]) -> list[bool]:
    """For each edge, whether to turn it round, so that no cycle is left. ``count`` nodes are numbered from 0."""
    after: list[list[int]] = [[] for _ in range(count)]
    fed = [False] * count
    for number, (tail, head) in enumerate(edges):
        after[tail].append(number)
        fed[head] = True
    turned = [False] * len(edges)
    state = bytearray(count)  # 1 while a node's successors are visited, 2 when they have been
    for start in sorted(range(count), key=fed.__getitem__):
        if state[start]:
            continue
        state[start] = 1
        pending = [(start, iter(after[start]))]
        while pending:
            node, numbers = pending[-1]
            for number in numbers:
                head = edges[number][1]
                if state[head] == 1:
                    turned[number] = True
                elif not state[head]:
                    state[head] = 1
                    pending.append((head, iter(after[head])))
                    break
            else:
                state[node] = 2
                pending.pop()
    return turned


def ranks(count: int, weights: Mapping[Edge, int]) -> list[int]:
    """The ranks, from 0. ``weights`` has the edges of a connected acyclic graph, and what each rank of length costs."""
    outgoing, incoming = [0] * count, [0] * count
    following = [0] * count
    for tail, head in weights:
        outgoing[tail] += 1
        incoming[head] += 1
        following[tail] = head
    chained = [outgoing[node] == 1 and incoming[following[node]] == 1 for node in range(count)]
    first = [True] * count
    for node in range(count):
        if chained[node]:
            first[following[node]] = False
    chain, offset = [0] * count, [0] * count
    lengths: list[int] = []
    for start in range(count):
        if not first[start]:
            continue
        node, length = start, 0
        while True:
            chain[node], offset[node] = len(lengths), length
            length += 1
            if not chained[node]:
                break
            node = following[node]
        lengths.append(length)

    links = [
        _Link(chain[tail], chain[head], lengths[chain[tail]], weight)
        for (tail, head), weight in weights.items()
        if not chained[tail]
    ]
    found = _simplex(len(lengths), links)
    _balance(found, lengths, links)
    lowest = min(found, default=0)
    return [found[chain[node]] + offset[node] - lowest for node in range(count)]


def _balance(rank: list[int], lengths: Sequence[int], links: Sequence[_Link]) -> None:
    """Move the chains that cost the same at several ranks from where many nodes are to where there are fewer."""
    population = Counter(start + step for start, length in zip(rank, lengths, strict=True) for step in range(length))
    if max(population.values()) <= _FEW:
        return
    into: list[list[_Link]] = [[] for _ in rank]
    out: list[list[_Link]] = [[] for _ in rank]
    for link in links:
        into[link.head].append(link)
        out[link.tail].append(link)
    for one, length in enumerate(lengths):
        if not into[one] or sum(link.weight for link in into[one]) != sum(link.weight for link in out[one]):
            continue
        lowest = max(rank[link.tail] + link.least for link in into[one])
        highest = min(rank[link.head] - link.least for link in out[one])
        if lowest == highest:
            continue
        population.subtract(range(rank[one], rank[one] + length))
        rank[one] = min(
            range(lowest, highest + 1),
            key=lambda start: (max(population[start + step] for step in range(length)), abs(start - rank[one])),
        )
        population.update(range(rank[one], rank[one] + length))


@dataclass(slots=True)
class _Link:
    tail: int
    head: int
    least: int
    """How many ranks lie between its ends at least."""
    weight: int


def _simplex(count: int, links: Sequence[_Link]) -> list[int]:
    """The ranks that make the weighted sum of the links' lengths least."""
    rank, order = _earliest(count, links)
    _pull(rank, order, links)
    if count > 1:
        _Tree(rank, links).improve()
    return rank


def _earliest(count: int, links: Sequence[_Link]) -> tuple[list[int], list[int]]:
    """The lowest ranks that are long enough for all links, and the nodes in topological order."""
    after: list[list[_Link]] = [[] for _ in range(count)]
    waiting = [0] * count
    for link in links:
        after[link.tail].append(link)
        waiting[link.head] += 1
    rank = [0] * count
    ready = deque(node for node in range(count) if not waiting[node])
    order = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for link in after[node]:
            head = link.head
            rank[head] = max(rank[head], rank[node] + link.least)
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    return rank, order


def _pull(rank: list[int], order: Sequence[int], links: Sequence[_Link]) -> None:
    """Move each node that more goes out of than into as late as its successors allow, for a good start."""
    gain = [0] * len(rank)
    after: list[list[_Link]] = [[] for _ in rank]
    for link in links:
        gain[link.tail] += link.weight
        gain[link.head] -= link.weight
        after[link.tail].append(link)
    for node in reversed(order):
        if gain[node] > 0:
            rank[node] = min(rank[link.head] - link.least for link in after[node])


class _Tree:
    """A spanning tree of links that are as short as they may be, exchanged one by one for better ones."""

    def __init__(self, rank: list[int], links: Sequence[_Link]) -> None:
        self.rank = rank
        self.links = links
        count = len(rank)
        self.net = [0] * count
        self.beside: list[list[int]] = [[] for _ in range(count)]
        for number, link in enumerate(links):
            self.net[link.tail] += link.weight
            self.net[link.head] -= link.weight
            self.beside[link.tail].append(number)
            self.beside[link.head].append(number)
        self.members: list[set[int]] = [set() for _ in range(count)]
        """The tree's links at each node."""
        self._grow()

    def _slack(self, number: int) -> int:
        link = self.links[number]
        return self.rank[link.head] - self.rank[link.tail] - link.least

    def _grow(self) -> None:
        """Join all nodes, each time by moving what is joined so far until one more link is as short as it may be."""
        rank, links = self.rank, self.links
        joined = [False] * len(rank)
        joined[0] = True
        tree, fresh = [0], [0]
        while True:
            while fresh:
                node = fresh.pop()
                for number in self.beside[node]:
                    link = links[number]
                    other = link.head if link.tail == node else link.tail
                    if not joined[other] and not self._slack(number):
                        joined[other] = True
                        tree.append(other)
                        fresh.append(other)
                        self.members[node].add(number)
                        self.members[other].add(number)
            if len(tree) == len(rank):
                return
            least, entering = min(
                (self._slack(number), number)
                for number, link in enumerate(links)
                if joined[link.tail] != joined[link.head]
            )
            by = least if joined[links[entering].tail] else -least
            for node in tree:
                rank[node] += by
            fresh = [links[entering].tail if joined[links[entering].tail] else links[entering].head]

    def improve(self) -> None:
        """Exchange links until no exchange makes the sum less, or the work is not worth it."""
        links, rank = self.links, self.rank
        for _ in range(_MOST_WORK // (len(links) + 1)):
            order, parent = self._walk()
            cut = list(self.net)
            worst, leaving, below = 0, -1, -1
            for node in reversed(order[1:]):
                number = parent[node]
                link = links[number]
                if link.tail == node:
                    value = cut[node]
                    cut[link.head] += value
                else:
                    value = -cut[node]
                    cut[link.tail] += cut[node]
                if value < worst:
                    worst, leaving, below = value, number, node
            if leaving < 0:
                return
            inside = self._below(below, leaving)
            up = links[leaving].tail == below  # what lies below is moved to lower ranks, else to higher ones
            least, entering = min(
                (rank[link.head] - rank[link.tail] - link.least, number)
                for number, link in enumerate(links)
                if (link.head if up else link.tail) in inside and (link.tail if up else link.head) not in inside
            )
            for node in inside:
                rank[node] -= least if up else -least
            for number, change in ((leaving, set.discard), (entering, set.add)):
                change(self.members[links[number].tail], number)
                change(self.members[links[number].head], number)

    def _walk(self) -> tuple[list[int], list[int]]:
        """The nodes from the first on, each after the one that it hangs on, and by which link it does."""
        parent = [-1] * len(self.rank)
        order = [0]
        for node in order:
            for number in self.members[node]:
                if number != parent[node]:
                    link = self.links[number]
                    other = link.head if link.tail == node else link.tail
                    parent[other] = number
                    order.append(other)
        return order, parent

    def _below(self, node: int, without: int) -> set[int]:
        """The nodes on this node's side of a link of the tree."""
        found, pending = {node}, [node]
        while pending:
            node = pending.pop()
            for number in self.members[node]:
                link = self.links[number]
                other = link.head if link.tail == node else link.tail
                if number != without and other not in found:
                    found.add(other)
                    pending.append(other)
        return found
