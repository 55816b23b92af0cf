"""Place boxes and the curves between them with the Graphviz that comes inside pygraphviz's wheels.

Graphviz gets widths and heights only, never a text: it has no metrics for the fonts of a browser.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Curve", "Layout", "Point", "Size", "place"]

Point = tuple[float, float]

_PIXELS = 72.0


@dataclass(frozen=True)
class Size:
    """The room that one node takes, in pixels, and whether its outline is an ellipse or a box."""

    width: float
    height: float
    round: bool = False


@dataclass(frozen=True)
class Curve:
    """An edge: a start and then three control points for each Bézier piece, in pixels, y downwards."""

    tail: str
    head: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Layout:
    """Where everything is, in pixels from the top left: the nodes' centres, and the edges."""

    width: float
    height: float
    centres: dict[str, Point]
    curves: tuple[Curve, ...]


def place(
    sizes: Mapping[str, Size], edges: Iterable[tuple[str, str]], *, across: bool, close: Collection[str] = ()
) -> Layout:
    """Lay out nodes from left to right (``across``) or from top to bottom. Their names are letters and digits.

    The edges that leave a node in ``close`` are short.
    """
    import graphviz
    import pygraphviz

    edges = tuple(edges)
    gap, rank = ("0.2", "0.32") if across else ("0.3", "0.32")
    dot = graphviz.Digraph(
        graph_attr={"rankdir": "LR" if across else "TB", "nodesep": gap, "ranksep": rank, "outputorder": "nodesfirst"},
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
        edge_attr={"arrowhead": "none"},
    )
    if len(edges) > 200:
        dot.attr(splines="line", nslimit="4", mclimit="0.5")
    for name, size in sizes.items():
        shape = {"shape": "ellipse"} if size.round else {}
        dot.node(name, width=_inches(size.width), height=_inches(size.height), **shape)
    for tail, head in edges:
        dot.edge(tail, head, **({"weight": "20"} if tail in close else {}))
    graph = pygraphviz.AGraph(string=dot.source)
    try:
        return _read(graph.draw(format="plain", prog="dot").decode())
    finally:
        graph.close()


def _inches(pixels: float) -> str:
    return f"{pixels / _PIXELS:.4f}"


def _read(plain: str) -> Layout:
    """Read Graphviz's ``plain`` format: inches, y upwards, one line a node or an edge."""
    width = height = 0.0
    centres: dict[str, Point] = {}
    curves = []
    for line in plain.replace("\\\n", "").splitlines():
        words = line.split(" ")
        if words[0] == "graph":
            width, height = float(words[2]) * _PIXELS, float(words[3]) * _PIXELS
        elif words[0] == "node":
            centres[words[1]] = (float(words[2]) * _PIXELS, height - float(words[3]) * _PIXELS)
        elif words[0] == "edge":
            count = int(words[3])
            places = [float(word) * _PIXELS for word in words[4 : 4 + 2 * count]]
            points = tuple((x, height - y) for x, y in zip(places[::2], places[1::2], strict=True))
            curves.append(Curve(words[1], words[2], points))
    return Layout(width, height, centres, tuple(curves))
