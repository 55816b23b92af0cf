"""Finds the graphs of gradients that ``create_graph=True`` left behind, as far as they live, and records each.

What a backward pass left in which leaf is noted while it runs (``CallLog.derived``), so a gradient is found under
whatever name the notebook keeps it, and not mistaken for that of another Variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import CREATOR, GRADIENT, INPUTS, array_of, is_variable, listed
from ipy_autodiff.limits import STUDIED_FUNCTIONS
from ipy_autodiff.tracing.assembly import assemble
from ipy_autodiff.tracing.graph import Derivative, Recording, VariableNode
from ipy_autodiff.tracing.replay import Replay
from ipy_autodiff.tracing.sweeping import sweep_of
from ipy_autodiff.tracing.watching.calls import Call, CallLog
from ipy_autodiff.tracing.watching.recorder import Sweep

__all__ = ["MOST_ORDER", "with_derivatives"]

MOST_ORDER = 2
_MOST = 6
_TOGETHER = 40  # Functions of all partial derivatives, after which only their names are told

_Found = tuple[tuple[VariableNode, ...], Any, bool]
"""By which Variables, the gradient, and whether it was cleared before."""


def with_derivatives(
    recording: Recording,
    log: CallLog,
    names: Mapping[int, str],
    seen: Sequence[Sweep] = (),
    code: Callable[[Call], tuple[int | None, str]] | None = None,
) -> Recording:
    """The recording with ``derivatives``: the gradients of ``of`` by the Variables in ``wrt``, and those of them.

    ``names`` and ``code`` as for ``assemble``; ``seen`` are the sweeps that the cell made.
    """
    if recording.of is None or not (log.derived or any(map(_own_graph, recording.wrt))):
        return recording
    # Only what the notebook names: the ones that the sweep started from are leaves of a gradient's graph as well.
    leaves = {id(leaf.object): leaf for leaf in recording.wrt if leaf.named} or {
        id(leaf.object): leaf for leaf in recording.wrt
    }
    found = list(_gradients(recording.of.object, leaves, log)) or list(_unseen(recording))
    derivatives = []
    seeds = {id(derived.seed()): _seed(derived.of(), log, names) for derived in log.derived}
    room = STUDIED_FUNCTIONS if len(leaves) == 1 else _TOGETHER
    for place, (by, gradient, cleared) in enumerate(found[:_MOST]):
        count = _count(gradient, log)
        label = _label(recording.of, by, len(leaves) == 1)
        behind = None
        room -= count if len(leaves) > 1 else 0
        if count <= STUDIED_FUNCTIONS and (room >= 0 or not place):
            named = {id(gradient): label} | seeds | dict(names)
            behind = _recorded(gradient, tuple(leaves), log, named, seen, code, recording.source)
        derivatives.append(Derivative(label, by, behind, count, cleared))
    return replace(recording, derivatives=tuple(derivatives))


def _seed(root: Any, log: CallLog, names: Mapping[int, str]) -> str:
    """The name of the gradient that a backward pass began with: the book's ``gy``, if it began with ``y``."""
    return "g" + names.get(id(root), "y" + "′" * log.order(root))


def _label(of: VariableNode, by: Sequence[VariableNode], alone: bool) -> str:
    name = of.name if of.named else "y"
    if alone:
        return name + "′″"[len(by) - 1]
    if len(by) == 1:
        return f"∂{name}/∂{by[0].name}"
    below = f"∂{by[0].name}²" if by[0] is by[1] else f"∂{by[0].name}∂{by[1].name}"
    return f"∂²{name}/{below}"


def _gradients(of: Any, leaves: Mapping[int, VariableNode], log: CallLog) -> Iterator[_Found]:
    """The first order first; of several sweeps from one Variable, what the last one left."""
    pending: list[tuple[Any, tuple[VariableNode, ...]]] = [(of, ())]
    for root, by in pending:
        left: dict[int, Any] = {}
        for derived in log.derived:
            gradient, leaf = derived.gradient(), derived.leaf()
            if gradient is not None and derived.of() is root and id(leaf) in leaves:
                left[id(leaf)] = gradient
        for key, leaf in leaves.items():
            if key in left:
                gradient = left[key]
                yield (*by, leaf), gradient, not _added_to_another(gradient, log)
                if len(by) + 1 < MOST_ORDER:
                    pending.append((gradient, (*by, leaf)))


def _added_to_another(gradient: Any, log: CallLog) -> bool:
    """Whether the engine, and no Function's backward, made it out of a gradient that was there before."""
    call = log.made(gradient)
    if call is None or not call.during_backward or call.backward_of is not None:
        return False
    earlier = {id(derived.gradient()) for derived in log.derived if derived.gradient() is not gradient}
    return any(id(argument) in earlier for argument in call.arguments)


def _unseen(recording: Recording) -> Iterator[_Found]:
    """The leaves' gradients that have a graph, of an engine that nobody watched, where they can be those of ``of``."""
    for leaf in recording.wrt:
        gradient, expected = GRADIENT.read(leaf.object), recording.gradients.get(leaf)
        value = array_of(gradient)
        if not _own_graph(leaf) or expected is None or value is None or value.shape != expected.shape:
            continue
        if np.allclose(value, expected, rtol=1e-9, atol=0, equal_nan=True):
            yield (leaf,), gradient, True


def _own_graph(leaf: VariableNode) -> bool:
    gradient = GRADIENT.read(leaf.object)
    return not isinstance(gradient, np.ndarray | None) and is_variable(gradient) and CREATOR.read(gradient) is not None


def _count(gradient: Any, log: CallLog) -> int:
    """How many Functions lie behind it; it stops counting a little past the most that are recorded."""
    pending = [gradient]
    functions: dict[int, Any] = {}
    while pending and len(functions) <= STUDIED_FUNCTIONS:
        variable = pending.pop()
        call = log.made(variable)
        function = call or CREATOR.read(variable)
        if function is None or id(function) in functions:
            continue
        functions[id(function)] = function
        arguments = call.arguments if call is not None else listed(INPUTS.read(function))
        pending.extend(argument for argument in arguments if is_variable(argument))
    return len(functions)


def _recorded(
    gradient: Any,
    leaves: Sequence[int],
    log: CallLog,
    names: Mapping[int, str],
    seen: Sequence[Sweep],
    code: Callable[[Call], tuple[int | None, str]] | None,
    source: str,
) -> Recording:
    assembled = assemble([gradient], log, names, None, code)
    graph, of = assembled.graph, assembled.nodes[id(gradient)]
    replay = Replay(graph)
    with replay.aside():
        swept = sweep_of(graph, of, seen, replay)
    reached = {node for function in graph.upstream(of) for node in function.inputs}
    return Recording(
        graph=graph,
        steps=swept.steps,
        of=of,
        wrt=tuple(node for key in leaves if (node := assembled.nodes.get(key)) in reached and node is not None),
        source=source,
        swept_by=swept.by,
        gradients=swept.gradients,
        findings=(*graph.findings, *swept.findings),
    )
