"""Draw a graph small enough to stand several times side by side: names and gradients only, from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import Graph, VariableNode
from ipy_autodiff.views.graph.function_labels import function_label
from ipy_autodiff.views.layout import Curve, Size, place
from ipy_autodiff.views.text.labels import shorten, shorten_middle, width

__all__ = ["MOST_DRAWN", "draw_small"]

MOST_DRAWN = 40
"""Functions up to which the picture is worth its room."""
_FONT = 11.5
_HIGH = 36
_LOW = 24
_NUMBER = "None"
_MARGIN = 4


def draw_small(graph: Graph, of: VariableNode, longest: Mapping[str, str]) -> str:
    """What lies behind ``of``, as SVG. Nodes have ``data-node`` in place of identifiers; a gradient is ``.gradient``.

    ``longest`` is the longest text that a Variable's gradient takes, by its identifier.
    """
    functions = graph.upstream(of)
    variables = list(dict.fromkeys(node for function in functions for node in (*function.inputs, *function.outputs)))
    names = {node.id: shorten_middle(node.name, 14) for node in variables}
    names |= {function.id: shorten(function_label(function), 14) for function in functions}
    sizes = {
        node.id: Size(max(width(names[node.id]), width(longest.get(node.id, _NUMBER))) * _FONT + 14, _HIGH)
        for node in variables
    } | {function.id: Size(width(names[function.id]) * _FONT * 1.12 + 18, _LOW, round=True) for function in functions}
    edges = [(node.id, function.id) for function in functions for node in function.inputs]
    edges += [(function.id, node.id) for function in functions for node in function.outputs]
    layout = place(sizes, edges, across=False)
    parts = [_path(curve) for curve in layout.curves]
    for identifier, (x, y) in layout.centres.items():
        size, name = sizes[identifier], escape(names[identifier], quote=False)
        kind = "function" if size.round else "variable"
        parts.append(f'<g class="{kind}" data-node="{identifier}" transform="translate({x:.0f} {y:.0f})">')
        if size.round:
            parts.append(f'<ellipse rx="{size.width / 2:.0f}" ry="{_LOW / 2}"/><text y="4">{name}</text></g>')
        else:
            box = f'x="{-size.width / 2:.0f}" y="{-_HIGH / 2}" width="{size.width:.0f}" height="{_HIGH}" rx="6"'
            parts.append(f'<rect {box}/><text y="-4">{name}</text><text class="gradient" y="12"></text></g>')
    wide, high = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    frame = f'width="{wide:.0f}" height="{high:.0f}" viewBox="{-_MARGIN} {-_MARGIN} {wide:.0f} {high:.0f}"'
    title = escape(say("rules.picture"), quote=True)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {frame} role="img" aria-label="{title}">{"".join(parts)}</svg>'


def _path(curve: Curve) -> str:
    """A curve backwards, as gradients go: with an arrowhead at its tail."""
    (x, y), (bx, by), *_ = curve.points
    rest = " ".join(f"{px:.1f} {py:.1f}" for px, py in curve.points[1:])
    length = ((x - bx) ** 2 + (y - by) ** 2) ** 0.5 or 1.0
    ux, uy = (x - bx) / length * 5, (y - by) / length * 5
    left, right = (x - ux - uy * 0.6, y - uy + ux * 0.6), (x - ux + uy * 0.6, y - uy - ux * 0.6)
    head = f"M{left[0]:.1f} {left[1]:.1f}L{x:.1f} {y:.1f} {right[0]:.1f} {right[1]:.1f}"
    ends = f'data-ends="{curve.tail} {curve.head}"'
    return f'<path {ends} d="M{x:.1f} {y:.1f}C{rest}{head}"/>'
