"""What can be seen to be wrong, or worth a remark, in a graph as such, before anything is run again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ipy_autodiff.designs import is_computed
from ipy_autodiff.designs.reading import DATA, GRADIENT, array_of, attributes_of, class_name, data_of, is_variable
from ipy_autodiff.limits import STUDIED_FUNCTIONS
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.diagnosis import GRAPH, Diagnosis
from ipy_autodiff.tracing.graph import FunctionNode, Graph, VariableNode
from ipy_autodiff.tracing.producers import Producer
from ipy_autodiff.tracing.watching.calls import CallLog, Origin

__all__ = ["cuts", "findings_of", "rewrapped"]


def findings_of(
    functions: Sequence[FunctionNode],
    variables: Sequence[VariableNode],
    data: Sequence[Any],
    order: Sequence[Producer],
    cycle: bool,
) -> Iterable[Diagnosis]:
    """What the calls, their records and the Variables' data show; ``data`` are those of ``variables``."""
    seen: dict[int, int] = {}
    for place, producer in enumerate(order):
        first = seen.setdefault(id(producer.function), place)
        if first != place and (producer.call is None or producer.call.saves_inputs):
            function = functions[place]
            blanks = {"function": function.name, "lines": _lines(functions[first], function)}
            yield Diagnosis("function-called-twice", GRAPH, function, blanks)
    if cycle:
        culprit = next((f for f in functions if len(f.outputs) > 1 and set(f.outputs) & set(f.inputs)), None)
        culprit = culprit or next((f for f in functions if len(f.outputs) > 1), functions[0])
        yield Diagnosis("cycle", GRAPH, culprit, {"function": culprit.name})
    left_out = next((place for place, found in enumerate(order) if found.call and not found.call.recorded), None)
    if left_out is not None:
        unrecorded = functions[left_out]
        names = {"function": unrecorded.name, "variable": unrecorded.outputs[0].name}
        yield Diagnosis("not-recorded", GRAPH, unrecorded, names, mistake=False)
    elif order and not any(producer.call is None or producer.call.saves_inputs for producer in order):
        yield Diagnosis("nothing-saved", GRAPH, None, {"function": functions[0].name}, mistake=False)
    elif order and not any(is_computed(output) for producer in order for output in producer.outputs):
        yield Diagnosis("no-creator", GRAPH, None, {"variable": functions[-1].outputs[0].name}, mistake=False)
    for place, value in enumerate(data if order else [data_of(node.object) for node in variables]):
        if value is None or isinstance(value, np.ndarray | np.generic):  # None stands for no bias
            continue
        readable = not is_variable(value) and array_of(value) is not None
        if readable and _keeps_more(variables[place].object):  # an engine of another design computes with numbers
            continue
        if not readable or not order:  # an engine may compute with plain numbers; alone, one is likely an oversight
            blanks = {"variable": variables[place].name, "kind": class_name(value)}
            yield Diagnosis("data-is-no-array", GRAPH, None, blanks, mistake=not readable)


def cuts(
    outputs: Sequence[Any], order: Sequence[Producer], log: CallLog, nodes: Mapping[int, VariableNode]
) -> Iterable[Diagnosis]:
    """Variables that were made anew around another one's data: no gradient gets past them."""
    found: dict[int, Origin] = {}
    for producer in order:
        for give, origin in producer.call.cuts if producer.call is not None else ():
            found[id(give())] = origin
    for output in outputs:
        origin_of_output = log.origin(data_of(output))
        if nodes[id(output)].role == "leaf" and origin_of_output and origin_of_output.variable is not output:
            found[id(output)] = origin_of_output
    for key, origin in found.items():
        node = nodes.get(key)
        original = nodes.get(id(origin.variable))
        # A leaf that the notebook names is a new Variable on purpose, and so are two around an array of the notebook's.
        if node is None or (origin.function_name is None and (node.named or original is None or not original.named)):
            continue
        on_purpose = node.named and node.role == "leaf" and key not in {id(output) for output in outputs}
        source = original.name if original is not None else f"{origin.function_name}(…)"
        yield Diagnosis(
            "graph-cut",
            GRAPH,
            None,
            {"variable": node.name, "source": source},
            mistake=not (on_purpose or _is_between_sweeps(origin.variable, key, order, log)),
        )


def _keeps_more(value: Any) -> bool:
    """Whether this has more to it than the book's Variable: a function, or a collection of what it came from."""
    own = (*DATA.names, *GRADIENT.names)
    rest = [item for name, item in attributes_of(value).items() if name not in own]
    return any(callable(item) or isinstance(item, set | list | tuple) for item in rest)


def _is_between_sweeps(original: Any, box: int, order: Sequence[Producer], log: CallLog) -> bool:
    """Whether a backward pass ran after ``original`` was computed and before the new box was used: a detached state."""
    used = [p.call.number for p in order if p.call is not None and any(id(one) == box for one in p.arguments)]
    made = log.made(original) if original is not None else None
    start = -1 if made is None else made.number
    return bool(used) and any(start < swept <= min(used) for swept in log.swept_at)


def rewrapped(graph: Graph, namespace: Mapping[str, Any], names: Mapping[int, str]) -> Diagnosis | None:
    """A leaf without a name, around the very array of a Variable that the notebook names and the graph lacks."""
    if len(graph.functions) > STUDIED_FUNCTIONS:  # of a graph that large no more is read than is shown
        return None
    values = list(namespace.values())
    bound = {id(value) for value in values if type(value) is np.ndarray}
    leaves = {id(data_of(leaf.object)): leaf for leaf in graph.leaves if not leaf.named}
    leaves = {key: leaf for key, leaf in leaves.items() if key not in bound and isinstance(leaf.data, np.ndarray)}
    if not leaves:
        return None
    known = {id(node.object) for node in graph.variables}
    for value in values:
        if id(value) not in names or id(value) in known or not is_variable(value):
            continue
        leaf = leaves.get(id(data_of(value)))
        if leaf is not None:
            return Diagnosis("graph-cut", GRAPH, None, {"variable": leaf.name, "source": names[id(value)]})
    return None


def _lines(first: FunctionNode, second: FunctionNode) -> Message | str:
    """`` (line 2)``, `` (lines 2 and 3)``, or nothing where that is not known."""
    known = sorted({function.line for function in (first, second) if function.line is not None})
    if not known:
        return ""
    if len(known) == 1:
        return Message("trace.in-line", line=str(known[0]))
    return Message("trace.in-lines", first=str(known[0]), second=str(known[1]))
