"""Look into a Variable: its value and gradient as numbers or heat maps, and what its gradient was gathered from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import Array, FunctionNode, Graph, VariableNode
from ipy_autodiff.tracing.lazily import LazyGraph
from ipy_autodiff.views.contract import Part, Wanted
from ipy_autodiff.views.inspect.contributions import Account, accounts, ledger_text
from ipy_autodiff.views.inspect.heat_map import can_be_packed, pack, places
from ipy_autodiff.views.inspect.local_jacobian import MOST_ELEMENTS, Relation, relations
from ipy_autodiff.views.text.formatting import spell_type
from ipy_autodiff.views.text.gradient_timeline import timeline
from ipy_autodiff.views.text.labels import shorten
from ipy_autodiff.views.text.markup import hidden_until_opened
from ipy_autodiff.views.text.table import Row, Table

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["part"]

_MOST_VARIABLES = 120
_MOST_ROWS = 40
_SOME = 20
_MOST_SENT = 22_500  # elements of values and gradients in one page
_FEWEST = 96  # of them for each array
_MOST_DERIVATIVES = 5_000
_MOST_TOGETHER = 24_500
_MOST_CALLS = 24
_MOST_TRIED = 40_000  # elements that Functions are tried with
_ROWS, _ROWS_WITH_PATIENCE = 64, 400
_SECONDS, _SECONDS_WITH_PATIENCE = 0.3, 3.0  # a student's forward may take its time

_SAID = ("look", "by", "added", "then")
_SAID_OF_ARRAYS = (
    *("value", "gradient", "hint", "map", "of_call", "goes_into", "comes_from", "element", "with_gradient"),
    *(
        "feeds",
        "is_from",
        "gathers",
        "rest",
        "sums_to",
        "not_the_sum",
        "unknown",
        "too_large",
        "blocks",
        "block",
        "lost",
    ),
)


def part(trace: Trace, wanted: Wanted) -> Part | None:
    """The part of the page that shows one Variable, or None where there is nothing to look into.

    Where nobody waits for the page, Functions may be asked more often. Where the gradients are asked for before they
    are shown, only the front end has them.
    """
    variables = _chosen(trace.graph)
    told = accounts(trace.recording, variables)
    if not any(one.entries for one in told) and not any(can_be_packed(node.data) for node in variables):
        return None
    panel: dict[str, Any] = {
        "says": {key: say(f"panel.{key}") for key in _SAID},
        "variables": [_account(one) for one in told],
    }
    if _first(told):
        panel["at"] = _first(told)
    if any(one.warnings for one in told):
        panel["open"] = True
    modules: tuple[str, ...] = ("ledger",)
    if any(can_be_packed(node.data) for node in variables):
        modules += ("panel", "heat_map", "lens")
        panel["says"]["before"] = say("panel.before")
        panel["says"] |= {key: say(f"panel.{key}") for key in _SAID_OF_ARRAYS}
        room = min(_MOST_DERIVATIVES, _MOST_TOGETHER - _add_arrays(panel["variables"], trace, told))
        panel["calls"] = _calls(trace.graph, variables, panel["variables"], room, wanted.patient)
    readable, text = ("", "") if wanted.asking else (_static(told), ledger_text(told))
    return Part("panel", readable, text, {"panel": panel}, modules)


def _chosen(graph: Graph) -> tuple[VariableNode, ...]:
    """The Variables that can be looked into: all of a graph that is not large, else those with a name first."""
    if len(graph.variables) <= _MOST_VARIABLES:
        return graph.variables
    if isinstance(graph, LazyGraph):
        return (*graph.variables[:_SOME], *graph.variables[-_SOME:])
    named = [node for node in graph.variables if node.named][:_MOST_VARIABLES]
    rest = [node for node in graph.variables if not node.named]
    half = (_MOST_VARIABLES - len(named)) // 2
    kept = {*named, *rest[:half], *(rest[-half:] if half else ())}
    return tuple(node for node in graph.variables if node in kept)


def _account(one: Account) -> dict[str, Any]:
    """A Variable as the page takes it."""

    def row(by: str, step: int = 0, where: str = "", added: str = "", gradient: str = "") -> dict[str, Any]:
        return {"step": step, "by": by, "where": where, "added": added, "gradient": gradient}

    rows = [row(entry.function, entry.step, entry.where, entry.contribution, entry.after) for entry in one.entries]
    if one.left_out:
        rows.insert(len(rows) // 2, row(say("panel.more", n=one.left_out)))
    if one.before:
        rows.insert(0, row(f"{'⚠ ' if one.warn else ''}{say('panel.before')}", gradient=one.before))
    if not rows:
        rows.append(row("–", gradient=one.final))
    told: dict[str, Any] = {"id": one.variable.id, "name": one.name, "rows": rows}
    return told | ({"warns": one.warnings} if one.warnings else {})


def _first(told: Sequence[Account]) -> int:
    """Which Variable is looked into first: one with an old gradient, an array, a leaf, one with a name."""

    def interest(index: int) -> tuple[bool, bool, bool, bool, int]:
        one = told[index]
        node = one.variable
        leaf = node.role == "leaf" and one.final != "None"
        return (not one.warnings, not can_be_packed(node.data), not leaf, not node.named, index)

    return min(range(len(told)), key=interest)


def _add_arrays(panel: Sequence[dict[str, Any]], trace: Trace, told: Sequence[Account]) -> int:
    """Add values, gradients, and old gradients that were never cleared; the answer is how many elements."""
    history = timeline(trace.recording).history
    arrays = []
    for shown, one in zip(panel, told, strict=True):
        node = one.variable
        if (
            not isinstance(node.data, np.ndarray | np.generic)
            or node.data.dtype.kind not in "biuf"
            or not node.data.size
        ):
            continue
        shown["shape"], shown["kind"] = list(node.data.shape), spell_type(node.data)
        shown["rank"] = 0 if node.role == "leaf" else 1 if node.named else 2
        carried = history.get(node.id, ())
        old = carried[0] if one.warn and node.data.size > 1 and carried else None
        for name, value in (("value", node.data), ("gradient", carried[-1] if carried else node.grad), ("old", old)):
            if value is not None and np.shape(value) == node.shape and np.asarray(value).dtype.kind in "biuf":
                arrays.append((shown, name, np.asarray(value)))
    return _pack_within(arrays, _MOST_SENT)


def _pack_within(arrays: Sequence[tuple[dict[str, Any], str, Array]], most: int) -> int:
    """Put the arrays where they belong: whole while there is room, leaves and named ones first; in blocks else.

    The answer is how many elements that are.
    """
    room = most - sum(min(value.size, _FEWEST) for _, _, value in arrays)
    for shown, name, value in sorted(arrays, key=lambda one: one[0]["rank"]):
        more = value.size - min(value.size, _FEWEST)
        whole = value.size <= MOST_ELEMENTS and more <= room
        if not whole:
            more = min(more, room, MOST_ELEMENTS) if value.size > MOST_ELEMENTS else 0
        room -= more
        if whole or name != "old":
            shown[name] = pack(value, value.size if whole else _FEWEST + more)
    for shown, _, _ in arrays:
        shown.pop("rank", None)
    return most - room


def _calls(
    graph: Graph, variables: Sequence[VariableNode], shown: Sequence[dict[str, Any]], room: int, patient: bool
) -> list[dict[str, Any]]:
    """The Functions between the arrays, with what the lens knows of those whose arrays are shown whole."""
    from ipy_autodiff.tracing.replay import Replay

    place = {node: index for index, node in enumerate(variables)}
    made_by = dict.fromkeys(filter(None, map(graph.creators.get, variables)))
    told: list[dict[str, Any]] = []
    asked: list[tuple[FunctionNode, dict[str, Any]]] = []
    tried = 0
    for function in sorted(made_by, key=lambda one: int(one.id[1:])):
        nodes = (*function.inputs, *function.outputs)
        if not any(can_be_packed(node.data) for node in nodes) or not all(node in place for node in nodes):
            continue
        call: dict[str, Any] = {
            "name": shorten(function.name, 24),
            "where": "" if function.line is None else say("views.line", line=function.line),
            "in": [place[node] for node in function.inputs],
            "out": [place[node] for node in function.outputs],
        }
        told.append(call)
        tried += sum(np.size(node.data) for node in nodes)
        whole = not any("block" in shown[place[node]].get("value", ()) for node in nodes)
        if whole and len(asked) < _MOST_CALLS and tried <= _MOST_TRIED:
            asked.append((function, call))
    functions = tuple(function for function, _ in asked)
    around = dict.fromkeys(node for function in functions for node in (*function.inputs, *function.outputs))
    replay = Replay(Graph(tuple(around), functions))
    budget = _ROWS_WITH_PATIENCE if patient else _ROWS
    until = time.perf_counter() + (_SECONDS_WITH_PATIENCE if patient else _SECONDS)
    with replay.aside():
        for function, call in asked:
            if time.perf_counter() > until:
                break
            found = relations(function, replay, budget, until)
            if any(one.by_rows for one in found):
                budget -= sum(np.size(node.data) for node in function.outputs)
            call["relations"] = []
            for one in found:
                size = one.derivative.size if isinstance(one.derivative, np.ndarray) else 0
                call["relations"].append(_relation(one, size <= room))
                room -= size if size <= room else 0
    return told


def _relation(one: Relation, roomy: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"in": one.input, "out": one.output}
    if one.x_labels is not None and one.y_labels is not None:
        told |= {"x": list(one.x_labels), "y": list(one.y_labels)}
    elif one.x_places is not None and one.y_places is not None:
        told |= {"from": places(one.x_places), "to": places(one.y_places)}
    if isinstance(one.derivative, tuple):
        told["other"] = {"input": one.derivative[0], "labels": list(one.derivative[1])}
    elif isinstance(one.derivative, np.ndarray):
        if roomy:
            told["d"] = pack(one.derivative, one.derivative.size)
    elif one.derivative is not None and np.isfinite(one.derivative):
        told["d"] = one.derivative
    return told


def _static(told: Sequence[Account]) -> str:
    """The ledger as a table behind a line that opens it; empty where the graph and the steps say all of it."""
    shown = [one for one in told if one.entries or one.before][:_MOST_ROWS]
    if not any(one.speaks for one in shown):
        return ""
    head = tuple(say(key) for key in ("views.variable", "panel.before", "panel.added", "panel.then"))
    rows = []
    for one in shown:
        parts = [
            f"{entry.contribution} {entry.function}" + (f" ({entry.where})" if entry.where else "")
            for entry in one.entries
        ]
        if one.left_out:
            parts.insert(len(parts) // 2, "…")
        before = f"{'⚠ ' if one.warn else ''}{one.before}"
        rows.append(Row((one.name, before, " + ".join(parts), one.final), tuple(f"⚠ {warn}" for warn in one.warnings)))
    warns = "".join(f" · ⚠ {one.name}" for one in shown if one.warnings)
    return hidden_until_opened(say("panel.ledger") + warns, Table(head, tuple(rows), plain=True).html())
