"""Makes a Recording: of a cell that was watched while it ran, or of Variables that exist already."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ipy_autodiff.designs import NotRead
from ipy_autodiff.designs.arrays.names import names_of_arrays
from ipy_autodiff.designs.reading import GRADIENT, class_name, is_variable
from ipy_autodiff.limits import HELD_FUNCTIONS
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.assembly import Assembled, assemble
from ipy_autodiff.tracing.changes import at_present, changed_since
from ipy_autodiff.tracing.derivatives import with_derivatives
from ipy_autodiff.tracing.diagnosis import GRAPH, Diagnosis
from ipy_autodiff.tracing.findings import rewrapped
from ipy_autodiff.tracing.graph import Graph, HistoryEntry, Recording, VariableNode
from ipy_autodiff.tracing.naming import paths_within
from ipy_autodiff.tracing.replay import Replay
from ipy_autodiff.tracing.roots import roots_of
from ipy_autodiff.tracing.sweeping import sweep_of
from ipy_autodiff.tracing.watching.calls import Call, CallLog
from ipy_autodiff.tracing.watching.recorder import Recorder, Sweep
from ipy_autodiff.tracing.watching.source import loop_names, names_assigned

__all__ = ["NotInGraph", "names_in", "record_cell", "record_variables"]

_IPYTHONS = re.compile(r"_+(i+|i?\d+|oh|dh|ih)?|In|Out")
_CELLS = 200  # of the notebook's history, which tells loops' names from others


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

    ``value`` is the cell's last expression; ``of`` the live Variable to differentiate (by default the last one on which
    the cell called ``backward``, else the last that it computed and nothing consumed); ``wrt`` names those to
    differentiate with respect to (by default the leaves). A cell that ``failed`` may not have come to what it assigns.
    Raises ``NotInGraph`` for a name in ``wrt`` that the graph does not have.
    """
    names = names_in(namespace, source, recorder.log)
    roots = roots_of(recorder, names, namespace, "" if failed else source, value, of)
    if not roots:
        return None

    def code(call: Call) -> tuple[int | None, str]:
        if call.line is None:
            return None, ""
        lines = call.source.splitlines()
        text = lines[call.line - 1].strip() if call.line <= len(lines) else ""
        return (call.line if call.number >= recorder.first else None), text

    assembled = assemble(roots, recorder.log, names, recorder.local_names, code)
    recording = _recording(assembled, roots[-1], recorder.sweeps, wrt, source)
    remarks = (rewrapped(assembled.graph, namespace, names), changed_since(recording))
    recording = replace(
        recording,
        findings=(*recording.findings, *(remark for remark in remarks if remark is not None)),
    )
    recording = replace(recording, history=_history(recording, recorder))
    whole = with_derivatives(recording, recorder.log, names, recorder.sweeps, code)
    return replace(whole, left_out=_left_out(whole, recorder, namespace, names, "" if failed else source))


def _history(recording: Recording, recorder: Recorder) -> tuple[HistoryEntry, ...]:
    """The passes that began where the last one from ``of`` did."""
    of = recording.of
    key = next((sweep.key for sweep in reversed(recorder.sweeps) if of is not None and sweep.root is of.object), None)
    if of is None or key is None:
        return ()
    leaves = recording.graph.leaves_behind(of) if len(recording.graph.functions) <= HELD_FUNCTIONS else []
    return recorder.rounds.histories.entries(key, {leaf.name: leaf.object for leaf in leaves})


def _left_out(
    recording: Recording, recorder: Recorder, namespace: Mapping[str, Any], names: Mapping[int, str], source: str
) -> tuple[str, ...]:
    """The names of Variables that the cell made and the graph of ``of`` does not have, in order; gradients apart."""
    if recording.of is None or len(recording.graph.functions) > HELD_FUNCTIONS:
        return ()
    shown = {id(recording.of.object)}
    recordings = [recording, *(one.recording for one in recording.derivatives if one.recording is not None)]
    for graph, of in [(one.graph, one.of) for one in recordings if one.of is not None]:
        nodes = [node for function in graph.upstream(of) for node in (*function.inputs, *function.outputs)]
        shown |= {id(item) for node in nodes for item in (node.object, GRADIENT.read(node.object))}
    shown |= {id(derived.gradient()) for derived in recorder.log.derived}
    calls = [call for call in recorder.log if call.number >= recorder.first and not call.during_backward]
    made = [(names.get(id(output)), output) for call in calls for output in call.outputs]
    made += [(name, namespace.get(name)) for name in names_assigned(source)]
    found = [name for name, item in made if id(item) not in shown and is_variable(item) and names.get(id(item)) == name]
    return tuple(name for name in dict.fromkeys(found) if name is not None)


def record_variables(
    outputs: Sequence[Any],
    namespace: Mapping[str, Any],
    log: CallLog | None = None,
    wrt: Sequence[str] | None = None,
) -> Recording:
    """What lies behind Variables that exist already; the last one is differentiated. ``wrt`` as in ``record_cell``.

    Raises ``TypeError`` for an object that is not a Variable of any engine, or of one that cannot be read.
    """
    for output in outputs:
        if not is_variable(output):
            raise TypeError(Message("trace.not-a-variable", kind=class_name(output)).text())
    if not outputs:
        raise TypeError(Message("trace.no-outputs").text())
    names = names_in(namespace, log=log)
    try:
        assembled = assemble(outputs, log, names)
    except NotRead as error:
        raise TypeError(Message("trace.not-read", kind=error.kind, seen=error.seen).text()) from None
    recording = _recording(assembled, outputs[-1], (), wrt, "")
    if log is not None:
        recording = replace(recording, passes_seen=sum(give() is outputs[-1] for give in log.swept))
    return with_derivatives(recording, CallLog() if log is None else log, names)


def _recording(
    assembled: Assembled, of: Any, seen: Sequence[Sweep], wrt: Sequence[str] | None, source: str
) -> Recording:
    graph = assembled.graph
    node = assembled.nodes[id(of)]
    stale = None
    if not source:  # nobody watched it being computed
        graph, nodes, stale = at_present(graph, node)
        node = nodes.get(node, node)
    replay = Replay(graph)
    with replay.aside():
        swept = sweep_of(graph, node, seen, replay, moved=stale is not None)
    findings = [*graph.findings, *swept.findings, *([] if stale is None else [stale])]
    if replay.changed:
        names = ", ".join(dict.fromkeys(changed.name for changed in replay.changed))
        findings.append(Diagnosis("put-back", GRAPH, None, {"variables": names}, mistake=False))
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
        begun=swept.begun,
        raised=swept.raised,
    )


def _chosen(graph: Graph, of: VariableNode, wrt: Sequence[str] | None) -> tuple[VariableNode, ...]:
    if wrt is None:
        leaves = [leaf for leaf in graph.leaves_behind(of) if leaf.data is not None]  # None stands for no bias
        # A number that stood in an expression became a Variable as well; nobody asks for its gradient.
        return tuple(leaf for leaf in leaves if leaf.named or leaf.shape != ()) or tuple(leaves)
    chosen = []
    for name in wrt:
        found = next((node for node in graph.variables if node.name == name), None)
        if found is None:
            raise NotInGraph(name, [node.name for node in graph.variables if node.named])
        chosen.append(found)
    return tuple(chosen)


def names_in(namespace: Mapping[str, Any], source: str = "", log: CallLog | None = None) -> dict[int, str]:
    """The name of each Variable of a namespace, and of each array, by ``id``.

    The first name that was given wins. Places in containers and in objects, such as ``model.l1.W``, come next, then the
    targets of loops (of the notebook's cells and of ``source``), then names that begin with an underscore; IPython's
    own names are left out. What stands for an array that the ``log`` knows has the array's name.
    """
    own = [(name, item) for name, item in namespace.items() if not _IPYTHONS.fullmatch(name)]
    history = namespace.get("In")
    cells = history[-_CELLS:] if isinstance(history, list) else []
    looping = loop_names(cell for cell in (*cells, source) if isinstance(cell, str) and "for " in cell)
    last = {name for name, _ in own if name in looping or name.startswith("_")}
    ordered = (
        *((name, item) for name, item in own if name not in last),
        *(found for name, item in own if not is_variable(item) for found in paths_within(name, item)),
        *sorted(((name, item) for name, item in own if name in last), key=lambda pair: pair[0].startswith("_")),
    )
    names: dict[int, str] = {}
    for path, candidate in ordered:
        if is_variable(candidate) or type(candidate) is np.ndarray:
            names.setdefault(id(candidate), path)
    if log is None or not log.arrays:
        return names
    later = [(name, item) for name, item in own if name in last]
    first = [(name, item) for name, item in own if name not in last]
    values = log.arrays.values()
    return names | names_of_arrays(later, values) | names_of_arrays(first, values)
