"""Print how graphs are laid out beside Graphviz: crossings, area, turning of the edges, and CPU time in one run.

    pip install pygraphviz
    python -m tests.benchmarks.bench_layouts [FOLDER]

With a folder, both layouts of each graph are written there as SVG.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from ipy_autodiff.views.layout import Curve, Layout, Size, place
from tests.views.graphs_to_lay_out import GRAPHS
from tests.views.measuring_layouts import bends, crossed, overlaps, through_nodes

_INCH = 72.0
_REPEATS = 5


def graphviz(sizes: Mapping[str, Size], edges: Sequence[tuple[str, str]], *, across: bool) -> Layout:
    """The layout that Graphviz gives, with the gaps that ours has."""
    import pygraphviz

    graph = pygraphviz.AGraph(directed=True, strict=False)
    graph.graph_attr.update(rankdir="LR" if across else "TB", nodesep="0.2" if across else "0.3", ranksep="0.32")
    graph.node_attr.update(shape="box", fixedsize="true", label="")
    graph.edge_attr.update(arrowhead="none")
    for name, size in sizes.items():
        shape = "ellipse" if size.round else "box"
        graph.add_node(name, width=size.width / _INCH, height=size.height / _INCH, shape=shape)
    for tail, head in edges:
        graph.add_edge(tail, head)
    try:
        return _read(graph.draw(format="plain", prog="dot").decode())
    finally:
        graph.close()


def _read(plain: str) -> Layout:
    wide = high = 0.0
    centres, curves = {}, []
    for line in plain.replace("\\\n", "").splitlines():
        words = line.split(" ")
        if words[0] == "graph":
            wide, high = float(words[2]) * _INCH, float(words[3]) * _INCH
        elif words[0] == "node":
            centres[words[1]] = (float(words[2]) * _INCH, high - float(words[3]) * _INCH)
        elif words[0] == "edge":
            numbers = [float(word) * _INCH for word in words[4 : 4 + 2 * int(words[3])]]
            points = tuple((x, high - y) for x, y in zip(numbers[::2], numbers[1::2], strict=True))
            curves.append(Curve(words[1], words[2], points))
    return Layout(wide, high, centres, tuple(curves))


def svg(layout: Layout, sizes: Mapping[str, Size]) -> str:
    """A plain picture of a layout."""
    parts = []
    for curve in layout.curves:
        (x, y), *rest = curve.points
        parts.append(f'<path d="M{x:.1f} {y:.1f}C' + " ".join(f"{a:.1f} {b:.1f}" for a, b in rest) + '"/>')
    for name, (x, y) in layout.centres.items():
        wide, high = sizes[name].width, sizes[name].height
        if sizes[name].round:
            parts.append(f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{wide / 2}" ry="{high / 2}"/>')
        else:
            parts.append(f'<rect x="{x - wide / 2:.1f}" y="{y - high / 2:.1f}" width="{wide}" height="{high}" rx="8"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 4:.1f}">{name}</text>')
    style = (
        "path{fill:none;stroke:#446}rect,ellipse{fill:#eef;stroke:#446}text{font:12px sans-serif;text-anchor:middle}"
    )
    view = f"-10 -10 {layout.width + 20:.0f} {layout.height + 20:.0f}"
    size = f'width="{layout.width + 20:.0f}" height="{layout.height + 20:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{view}"><style>{style}</style>{"".join(parts)}</svg>'
    )


def quickest(call: Callable[[], Layout]) -> tuple[float, Layout]:
    """The least CPU time of some calls, in ms, and what they give."""
    taken = []
    for _ in range(_REPEATS):
        start = time.process_time()
        layout = call()
        taken.append(time.process_time() - start)
    return min(taken) * 1e3, layout


def main(folder: Path | None) -> None:
    """Print one line for each graph and direction."""
    print(f"{'':26}{'crossings':>15}{'area':>8}{'width x height':>26}{'turning':>14}{'CPU ms':>16}  overlaps")
    for name, build in GRAPHS.items():
        sizes, edges = build()
        for across in (False, True):
            times, layouts = [], []
            for lay in (place, graphviz):
                taken, layout = quickest(partial(lay, sizes, edges, across=across))
                times.append(taken)
                layouts.append(layout)
                if folder is not None:
                    file = f"{name} {'across' if across else 'down'} {lay.__name__}.svg".replace(" ", "_")
                    (folder / file).write_text(svg(layout, sizes), encoding="utf-8")
            ours, theirs = layouts
            area = ours.width * ours.height / (theirs.width * theirs.height)
            print(
                f"{name:19}{'across' if across else 'down':>7}{crossed(ours):>7} /{crossed(theirs):>6}{area:>8.2f}"
                f"{f'{ours.width:.0f}x{ours.height:.0f}':>13}{f'{theirs.width:.0f}x{theirs.height:.0f}':>13}"
                f"{bends(ours.curves):>6.0f} /{bends(theirs.curves):>6.0f}{times[0]:>7.1f} /{times[1]:>7.1f}"
                f"  {len(overlaps(ours, sizes))}, {len(through_nodes(ours, sizes))}"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
