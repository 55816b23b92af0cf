"""Sweep one graph by the rules of the book's stages, side by side, so that one sees why each stage was needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ipy_autodiff.limits import STUDIED_FUNCTIONS
from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import Array, FunctionNode, Graph, VariableNode
from ipy_autodiff.tracing.replay import ReplayError
from ipy_autodiff.views.contract import Part, Wanted
from ipy_autodiff.views.rules.small_graph import MOST_DRAWN, draw_small
from ipy_autodiff.views.rules.strategies import (
    Assignment,
    Rule,
    RuleSweep,
    affordable_calls,
    generations,
    sweep_by_rules,
    sweepable,
)
from ipy_autodiff.views.text.formatting import inline
from ipy_autodiff.views.text.labels import columns, shorten
from ipy_autodiff.views.text.markup import paragraphs, safe
from ipy_autodiff.views.text.table import Row, Table

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["part"]

_MOST_SHOWN = 100  # calls that can be gone through one by one
_MOST_LEAVES = 5
_MOST_NAMED = 10  # calls whose Functions are written out in the table
_NARROW = 14


def part(trace: Trace, wanted: Wanted) -> Part | None:
    """The part of the page that shows what each rule makes of the graph, in the language in force.

    None where gradients are asked for before they are shown: this would give the answers away.
    """
    if wanted.asking:
        return None
    recording = trace.recording
    count = len(recording.graph.functions)
    if count > 10 * STUDIED_FUNCTIONS:  # too many to look which of them lead to what is differentiated
        return _too_large(count)
    if not sweepable(recording):
        return _sentence(say("rules.impossible"))
    assert recording.of is not None
    functions = recording.graph.upstream(recording.of)
    if len(functions) > STUDIED_FUNCTIONS:
        return _too_large(len(functions))
    calls = affordable_calls(recording.graph, recording.of)
    if not calls:
        return _sentence(say("rules.too-large-arrays"))
    try:
        sweeps = sweep_by_rules(recording.graph, recording.of, calls)
    except ReplayError as error:
        name = shorten(error.function.name, 40) if error.function else "?"
        return _sentence(say("rules.raised", function=name, error=shorten(f"{type(error.cause).__name__}", 80)))
    told = _tell(trace, sweeps)
    payload = _payload(told)
    payload["start"] = {recording.of.id: _number(np.ones_like(recording.of.data))}
    if len(functions) <= MOST_DRAWN:
        payload["svg"] = draw_small(recording.graph, recording.of, _longest(payload))
    table = _table(told)
    return Part("rules", _readable(told, table), _text(told, table), {"rules": payload}, ("rules",))


@dataclass(frozen=True)
class _Told:
    """The rules in words and numbers."""

    leaves: tuple[VariableNode, ...]
    sweeps: tuple[RuleSweep, ...]
    right: tuple[tuple[bool, ...], ...]
    """For each rule and leaf."""
    numerical: tuple[str, ...]
    """For each leaf; empty where it was not measured."""
    sentences: tuple[str, ...]
    chain: bool

    def why(self, number: int) -> str:
        """Where a rule that comes to wrong gradients goes wrong first; empty where it comes to right ones."""
        sweep, departure = self.sweeps[number], self.sweeps[number].departure
        said = [] if sweep.ended else [say("rules.stopped", n=len(sweep.calls))]
        if departure is not None and not all(self.right[number]):
            blanks: dict[str, Any] = {
                "function": shorten(departure.function.name, 30),
                "variable": shorten(departure.variable.name, 30),
                "found": inline(departure.found),
            }
            if departure.kind != "again":
                blanks["due"] = inline(departure.due)
            said.insert(0, say(f"rules.{departure.kind}", **blanks))
        return " ".join(said)

    def wrong_at(self, number: int) -> int:
        """The call, from 1, at which a rule goes wrong; 0 where it does not."""
        departure = self.sweeps[number].departure
        return departure.call if departure is not None and not all(self.right[number]) else 0

    def order(self, number: int) -> str:
        """The Functions in the order in which they are called."""
        names = [shorten(call.function.name, 20) for call in self.sweeps[number].calls]
        return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")


def _tell(trace: Trace, sweeps: tuple[RuleSweep, ...]) -> _Told:
    recording = trace.recording
    truth = sweeps[-1].gradients
    leaves = tuple(leaf for leaf in recording.wrt if leaf in truth)[:_MOST_LEAVES]
    right = tuple(tuple(_same(sweep.gradients.get(leaf), truth[leaf]) for leaf in leaves) for sweep in sweeps)
    rows = {row.variable: row for row in trace.comparison.rows}
    measured = [rows.get(leaf) for leaf in leaves]
    numerical = tuple("" if row is None or row.numerical is None else inline(row.numerical) for row in measured)
    orders = [[call.function for call in sweep.calls] for sweep in sweeps]
    chain = all(order == orders[-1] for order in orders) and all(map(all, right))
    wrong = [number for number in range(len(sweeps)) if not all(right[number])]
    sentences = []
    if chain:
        sentences.append(say("rules.chain"))
    elif wrong:
        names = ", ".join(say(f"rules.{sweeps[number].rule}") for number in wrong)
        sentences.append(say("rules.some", rules=names))
    else:
        sentences.append(say("rules.agree"))
    if any(
        row is not None and row.verdict != "pass" and _off(truth[leaf], row.numerical, row.uncertainty)
        for leaf, row in zip(leaves, measured, strict=True)
    ):
        sentences.append(say("rules.all-differ"))
    like = [
        say(f"rules.{sweep.rule}")
        for sweep, order in zip(sweeps, orders, strict=True)
        if _follows(sweep.rule, order, [step.function for step in trace.steps], recording.graph)
        and all(_same(sweep.gradients.get(leaf), recording.gradients.get(leaf)) for leaf in leaves)
    ]
    if like and not chain:
        sentences.append(say("rules.like", rules=", ".join(like)))
    return _Told(leaves, sweeps, right, numerical, tuple(sentences), chain)


def _follows(rule: Rule, order: list[FunctionNode], called: list[FunctionNode], graph: Graph) -> bool:
    """Whether these calls are in the rule's order, which leaves open what comes first within one generation."""
    if order == called or rule != "generation":
        return order == called
    generation = generations(graph)
    return set(order) == set(called) and [generation[each] for each in order] == [generation[each] for each in called]


def _too_large(count: int) -> Part:
    return _sentence(say("rules.too-large", n=f"{count:,}", most=STUDIED_FUNCTIONS))


def _sentence(text: str) -> Part:
    return Part("rules", paragraphs([text]), text, {"rules": {"sentences": [text]}}, ("rules",))


def _same(first: Array | None, second: Array | None) -> bool:
    if first is None or second is None:
        return first is second
    if first.shape != second.shape:
        return False
    return bool(np.allclose(first, second, rtol=1e-6, atol=1e-6 * np.abs(second).max(initial=0.0), equal_nan=True))


def _off(value: Array, numerical: Array | None, uncertainty: Array | None) -> bool:
    """Whether these differ by more than the numerical one is uncertain by."""
    if numerical is None or uncertainty is None or value.shape != numerical.shape:
        return False
    with np.errstate(all="ignore"):
        bound = 10 * uncertainty + 1e-6 * np.abs(numerical)
        return bool(np.any(np.abs(value - numerical) > bound))


def _table(told: _Told) -> Table:
    grads = [f"{shorten(leaf.name, 20)}.grad" for leaf in told.leaves]
    head = (say("rules.rule"), say("rules.calls"), *grads, say("rules.order"), say("rules.why"))
    rows = []
    for number, sweep in enumerate(told.sweeps):
        results = [
            f"{'✓' if right else '✗'} {inline(sweep.gradients.get(leaf))}"
            for leaf, right in zip(told.leaves, told.right[number], strict=True)
        ]
        name = f"{say(f'rules.{sweep.rule}')} ({say(f'rules.{sweep.rule}-step')})"
        rows.append(Row((name, str(len(sweep.calls)), *results, told.order(number), told.why(number))))
    if any(told.numerical):
        rows.append(Row((say("views.numerical"), "", *told.numerical, "", "")))
    return Table(head, tuple(rows))


def _readable(told: _Told, table: Table) -> str:
    heading = f"<p><b>{safe(say('rules.heading'))}</b></p>"
    return f'<div data-autodiff="rules">{heading}{paragraphs(told.sentences)}{table.html()}</div>'


def _text(told: _Told, table: Table) -> str:
    return "\n".join((say("rules.heading"), *told.sentences, *table.text()))


def _payload(told: _Told) -> dict[str, Any]:
    most = max(min(len(sweep.calls), _MOST_SHOWN) for sweep in told.sweeps)
    notes = [say("rules.cut", n=_MOST_SHOWN)] if any(len(sweep.calls) > _MOST_SHOWN for sweep in told.sweeps) else []
    said = ("heading", "slider", "start", "place", "done", "previous", "next", "group", "show")
    return {
        "sentences": [*told.sentences, *notes],
        "chain": told.chain,
        "most": most,
        "says": {key: say(f"rules.{key}") for key in said},
        "columns": [_column(told, number) for number in range(len(told.sweeps))],
        "numerical": {"label": say("views.numerical"), "values": told.numerical} if any(told.numerical) else None,
    }


def _column(told: _Told, number: int) -> dict[str, Any]:
    sweep, wrong = told.sweeps[number], told.wrong_at(number)
    return {
        "name": say(f"rules.{sweep.rule}"),
        "step": say(f"rules.{sweep.rule}-step"),
        "rule": say(f"rules.{sweep.rule}-rule"),
        "calls": [_call(sweep, place) for place in range(min(len(sweep.calls), _MOST_SHOWN))],
        "total": len(sweep.calls),
        "wrong": wrong,
        "blamed": sweep.departure.variable.id if wrong and sweep.departure else "",
        "link": say("rules.to-wrong", call=wrong) if 0 < wrong <= _MOST_SHOWN else "",
        "why": told.why(number),
        "left": [
            {
                "leaf": f"{shorten(leaf.name, 20)}.grad",
                "gradient": inline(sweep.gradients.get(leaf)),
                "verdict": say("rules.right" if right else "rules.wrong"),
                "right": right,
            }
            for leaf, right in zip(told.leaves, told.right[number], strict=True)
        ],
    }


def _call(sweep: RuleSweep, place: int) -> dict[str, Any]:
    """One call for the front end: the Function, its title, what it did in words, and the gradients that it changed."""
    call = sweep.calls[place]
    names = [""] if len(call.gys) == 1 else [str(index) for index in range(len(call.gys))]
    lines = [
        f"gy{name} = {shorten(output.name, 20)}.grad = {inline(gy)}"
        for name, output, gy in zip(names, call.function.outputs, call.gys, strict=True)
    ]
    lines += map(_assigned, call.assignments)
    changes = {assignment.variable.id: _number(assignment.after) for assignment in call.assignments}
    title = say("rules.backward", function=shorten(call.function.name, 24))
    return {"function": call.function.id, "title": title, "lines": lines, "gradients": changes}


def _number(gradient: Array) -> str:
    """A gradient as it stands in the small graph."""
    return inline(gradient, digits=4, most=_NARROW)


def _longest(payload: dict[str, Any]) -> dict[str, str]:
    """The longest text that each Variable's gradient takes in any of the sweeps."""
    found: dict[str, str] = dict(payload["start"])
    for column in payload["columns"]:
        for call in column["calls"]:
            for identifier, text in call["gradients"].items():
                found[identifier] = max(found.get(identifier, ""), text, key=columns)
    return found


def _assigned(assignment: Assignment) -> str:
    name, after = f"{shorten(assignment.variable.name, 20)}.grad", inline(assignment.after)
    before = assignment.before
    if before is None:
        return f"{name} = {after}"
    if _same(assignment.after, assignment.contribution) and np.any(before):
        return f"{name} = {inline(before)} → {after}"
    return f"{name} = {inline(before)} + {inline(assignment.contribution)} = {after}"
