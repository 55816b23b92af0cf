"""Write a Trace's graph as DOT, for Graphviz and whatever else reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipy_autodiff.views.graph.boxes import crowd, describe
from ipy_autodiff.views.graph.folding import Levels, part_id
from ipy_autodiff.views.graph.function_labels import function_label
from ipy_autodiff.views.text.formatting import inline, spell_type
from ipy_autodiff.views.text.gradient_timeline import timeline
from ipy_autodiff.views.text.labels import SYMBOLS, shorten_middle

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["dot"]


def dot(trace: Trace) -> str:
    """The graph as DOT: a node a Variable, with its values; a node a Function; an edge an input or output."""
    import graphviz

    levels = Levels(trace.graph)
    level = levels.whole
    gradients = timeline(trace.recording)
    verdicts = {row.variable: row.verdict for row in trace.comparison.rows}
    blamed = {blame.function for blame in trace.blame}
    source = graphviz.Digraph(
        "autodiff",
        graph_attr={"rankdir": "LR"},
        node_attr={"fontname": "monospace", "shape": "box", "style": "rounded"},
        edge_attr={"arrowhead": "vee", "color": "#848d97"},
    )
    for variable in (trace.graph.variables[place] for place in level.variables):
        lines = [f"{shorten_middle(variable.name, 60)} {SYMBOLS.get(verdicts.get(variable, ''), '')}".strip()]
        if variable.shape != ():
            lines.append(spell_type(variable.data))
        lines += [f"data {inline(variable.data)}", f"grad {gradients.final(variable.id)}"]
        shape = {"output": {"peripheries": "2"}, "leaf": {"penwidth": "2"}}.get(variable.role, {})
        source.node(variable.id, _label(lines), **shape)
    for function in (trace.graph.functions[place] for place in level.functions):
        lines, colour, style = [function_label(function)], "#b07d2b", "filled"
        if function in blamed:
            lines, colour, style = [f"{lines[0]} {SYMBOLS['fail']}"], "#b83b06", "filled,dashed"
        source.node(function.id, _label(lines), shape="ellipse", style=style, color=colour, fillcolor="#fdf0d5")
    for part in level.folded:
        source.node(part_id(part), _label(list(describe(levels, part).rows)), style="dashed")
    for name in level.crowds:
        source.node(name, _label(list(crowd(level, name).rows)), style="dashed")
    for tail, head in level.edges:
        source.edge(tail, head)
    return str(source.source)


def _label(lines: list[str]) -> Any:
    """Lines as one DOT label that is not HTML. None is left empty: Graphviz crashes now and then where one is."""
    import graphviz

    return graphviz.nohtml("\\n".join(line.replace("\\", "\\\\") or "·" for line in lines))
