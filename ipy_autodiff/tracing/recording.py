"""Makes a Recording: of a cell that was watched while it ran, or of Variables that exist already."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ipy_autodiff.designs.reading import is_variable
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.assembly import Assembled, assemble
from ipy_autodiff.tracing.derivatives import with_derivatives
from ipy_autodiff.tracing.diagnosis import GRAPH, Diagnosis
from ipy_autodiff.tracing.findings import rewrapped
from ipy_autodiff.tracing.graph import Graph, Recording, VariableNode
from ipy_autodiff.tracing.replay import Replay
from ipy_autodiff.tracing.sweeping import sweep_of
from ipy_autodiff.tracing.watching.calls import Call, CallLog
from ipy_autodiff.tracing.watching.recorder import Recorder, Sweep

__all__ = ["NotInGraph", "names_in", "record_cell", "record_variables"]

_ROOTS = 8  # Variables that nothing consumed, of which a cell's graph is drawn
_IPYTHONS = re.compile(r"_+(i+|i?\d+|oh|dh|ih)?|In|Out")
_ITEMS = 64  # how far containers of the namespace are looked into for names


class NotInGraph(LookupError):  # noqa: N818 - named after what is wrong
    """A Variable that was asked for is not in the graph. ``name`` is the name that was asked for."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name)
        self.name = name
        self.known = tuple(known)


def record_cell(
    recorder: Recorder,
    namespace: Mapping[str, Any],
    source: str,
    value: Any = None,
    of: Any = None,
    wrt: Sequence[str] | None = None,
    failed: bool = False,
) -> Recording | None:
    """What a watched cell did, or None where it dealt with no Variable.

    ``value`` is the cell's last expression; ``of`` the live Variable to differentiate (by default the last one that the
    cell computed and nothing consumed); ``wrt`` names those to differentiate with respect to (by default the leaves).
    A cell that ``failed`` may not have come to what it assigns. Raises ``NotInGraph`` for a name in ``wrt`` that the
    graph does not have.
    """
    names = names_in(namespace)
    computed = [call for call in recorder.log if call.number >= recorder.first and not call.during_backward]
    consumed = {id(argument) for call in recorder.log if not call.during_backward for argument in call.arguments}
    free = [output for call in computed for output in call.outputs if id(output) not in consumed]
    bound = [output for output in free if id(output) in names or output is value]
    last = recorder.last_unnoted()
    roots = [last] if last is not None else bound[-_ROOTS:] or free[-1:]
    if of is not None:
        roots = [*(root for root in roots if root is not of), of]
    elif not roots:
        fallback = _without_calls(recorder, namespace, "" if failed else source, value)
        if fallback is None:
            return None
        roots = [fallback]

    def code(call: Call) -> tuple[int | None, str]:
        if call.line is None:
            return None, ""
        lines = call.source.splitlines()
        text = lines[call.line - 1].strip() if call.line <= len(lines) else ""
        return (call.line if call.number >= recorder.first else None), text

    assembled = assemble(roots, recorder.log, names, recorder.local_names, code)
    recording = _recording(assembled, roots[-1], recorder.sweeps, wrt, source)
    cut = rewrapped(assembled.graph, namespace, names)
    if cut is not None:
        recording = replace(recording, findings=(*recording.findings, cut))
    return with_derivatives(recording, recorder.log, names, recorder.sweeps, code)


def record_variables(
    outputs: Sequence[Any],
    namespace: Mapping[str, Any],
    log: CallLog | None = None,
    wrt: Sequence[str] | None = None,
) -> Recording:
    """What lies behind Variables that exist already; the last one is differentiated. ``wrt`` as in ``record_cell``.

    Raises ``TypeError`` for an object that is no Variable of any engine.
    """
    for output in outputs:
        if not is_variable(output):
            raise TypeError(Message("trace.not-a-variable", kind=type(output).__name__).text())
    if not outputs:
        raise TypeError(Message("trace.no-outputs").text())
    names = names_in(namespace)
    recording = _recording(assemble(outputs, log, names), outputs[-1], (), wrt, "")
    return with_derivatives(recording, CallLog() if log is None else log, names)


def _recording(
    assembled: Assembled, of: Any, seen: Sequence[Sweep], wrt: Sequence[str] | None, source: str
) -> Recording:
    graph = assembled.graph
    node = assembled.nodes[id(of)]
    replay = Replay(graph)
    with replay.aside():
        swept = sweep_of(graph, node, seen, replay)
    findings = [*graph.findings, *swept.findings]
    functions = graph.upstream(node)
    if functions and not any(function.has_backward for function in functions):
        blanks = {"function": functions[-1].name}
        findings.append(Diagnosis("no-backward", GRAPH, functions[-1], blanks, mistake=False))
    return Recording(
        graph=graph,
        steps=swept.steps,
        of=node,
        wrt=_chosen(graph, node, wrt) if graph.records(node) else (),
        source=source,
        swept_by=swept.by,
        gradients=swept.gradients,
        findings=tuple(findings),
        raised=swept.raised,
    )


def _chosen(graph: Graph, of: VariableNode, wrt: Sequence[str] | None) -> tuple[VariableNode, ...]:
    if wrt is None:
        leaves = graph.leaves_behind(of)
        # A number that stood in an expression became a Variable as well; nobody asks for its gradient.
        return tuple(leaf for leaf in leaves if leaf.named or leaf.shape != ()) or tuple(leaves)
    chosen = []
    for name in wrt:
        found = next((node for node in graph.variables if node.name == name), None)
        if found is None:
            raise NotInGraph(name, [node.name for node in graph.variables if node.named])
        chosen.append(found)
    return tuple(chosen)


def _without_calls(recorder: Recorder, namespace: Mapping[str, Any], source: str, value: Any) -> Any:
    """The Variable that a cell is about which computed none: swept, swept by hand, shown, or assigned."""
    for sweep in reversed(recorder.sweeps):
        if sweep.root is not None:
            return sweep.root
        outputs = [call.outputs for item in sweep.calls if (call := recorder.log.latest(item.function))]
        if outputs and outputs[0]:
            return _end_of(outputs[0][0], recorder.log)
    if is_variable(value):
        return value
    assigned = [namespace.get(name) for name in _names_assigned(source)]
    return next((item for item in reversed(assigned) if is_variable(item)), None)


def _end_of(variable: Any, log: CallLog) -> Any:
    """The last Variable that was computed with this one."""
    results = {id(argument): output for call in log for argument in call.arguments for output in call.outputs}
    seen = set()
    while id(variable) in results and id(variable) not in seen:
        seen.add(id(variable))
        variable = results[id(variable)]
    return variable


def _names_assigned(source: str) -> list[str]:
    """The names that the cell's own level binds, or sets attributes of, in order; functions and classes have theirs."""
    try:
        pending: list[ast.AST] = list(reversed(ast.parse(source).body))
    except (SyntaxError, ValueError):
        return []
    names = []
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            node = node.value
            names += [node.id] if isinstance(node, ast.Name) else []
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            pending.extend(reversed(list(ast.iter_child_nodes(node))))
    return names


def names_in(namespace: Mapping[str, Any]) -> dict[int, str]:
    """The name of each Variable of a namespace, by ``id``; those in lists, tuples and dicts by their place there.

    The first name that was given wins; names that begin with an underscore come after the others, places in containers
    last, IPython's own not at all.
    """
    names: dict[int, str] = {}
    own = [(name, item) for name, item in namespace.items() if not _IPYTHONS.fullmatch(name)]
    own.sort(key=lambda pair: pair[0].startswith("_"))
    for path, candidate in (*own, *(found for name, item in own for found in _within(name, item))):
        if is_variable(candidate):
            names.setdefault(id(candidate), path)
    return names


def _within(name: str, item: Any) -> Iterator[tuple[str, Any]]:
    if type(item) in (list, tuple) and len(item) <= _ITEMS:
        for place, inner in enumerate(item):
            yield f"{name}[{place}]", inner
    elif type(item) is dict and len(item) <= _ITEMS:
        for key, inner in item.items():
            if isinstance(key, str | int):
                yield f"{name}[{key!r}]", inner
