"""Keep account of each Variable's gradient: what stood there before, and which call added how much to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import Addition, Recording, Step, VariableNode
from ipy_autodiff.views.text.formatting import inline
from ipy_autodiff.views.text.gradient_timeline import same, timeline, total
from ipy_autodiff.views.text.labels import pad, shorten

__all__ = ["Account", "Entry", "accounts", "ledger_text"]

_MOST_ENTRIES = 12
_NAME = 24


@dataclass(frozen=True)
class Entry:
    """What one call of ``backward`` did to the gradient; or, with step 0, what the sweep began with."""

    step: int
    function: str
    where: str
    """The line of the cell, as ``line 3``; empty where it is not known."""
    contribution: str
    after: str
    warn: str = ""
    """What is wrong with it; empty where the gradient is the sum of what it was and of the contribution."""


@dataclass(frozen=True)
class Account:
    """One Variable's gradient from before the sweep to its end."""

    variable: VariableNode
    name: str
    before: str
    """The gradient of an earlier sweep; empty where there was none."""
    warn: str
    """What is wrong with that: it was never cleared."""
    entries: tuple[Entry, ...]
    left_out: int
    """How many entries are left out after the first half of ``entries``."""
    final: str

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that is wrong with it, each once."""
        return tuple(dict.fromkeys(filter(None, (self.warn, *(entry.warn for entry in self.entries)))))

    @property
    def speaks(self) -> bool:
        """Whether there is more to it than one call's answer."""
        return bool(self.before or self.warnings) or len(self.entries) > 1


def accounts(recording: Recording, variables: Iterable[VariableNode]) -> tuple[Account, ...]:
    """The account of each of these Variables, in the language in force."""
    posts: dict[VariableNode, list[_Post]] = {variable: [] for variable in variables}
    for step in recording.steps:
        found: dict[VariableNode, list[Addition]] = {}
        for addition in step.additions:
            if addition.variable in posts:
                found.setdefault(addition.variable, []).append(addition)
        for variable, additions in found.items():
            posts[variable].append(_Post(step, tuple(additions)))
    final = timeline(recording).final
    return tuple(_account(recording, one, entries, final(one.id)) for one, entries in posts.items())


def ledger_text(told: Sequence[Account]) -> str:
    """For a terminal: the accounts that have more than one entry. Empty where there are none."""
    speaking = [one for one in told if one.speaks]
    if not speaking:
        return ""
    lines = [say("panel.ledger")]
    wide = max(len(one.name) for one in speaking)
    for one in speaking:
        parts = [f"{one.before} ({say('panel.before')} ⚠)" if one.warn else one.before] if one.before else []
        for index, entry in enumerate(one.entries):
            if one.left_out and index == len(one.entries) // 2:
                parts.append("…")
            parts.append(f"{entry.contribution} ({entry.function}{', ' if entry.where else ''}{entry.where})")
        lines.append(f"  {pad(one.name, wide)}  {' + '.join(parts)} = {one.final}")
        lines += [f"    ⚠ {warn}" for warn in one.warnings]
    return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class _Post:
    """What one call did to one Variable: an addition for each time that the Variable went into the Function."""

    step: Step
    additions: tuple[Addition, ...]

    @property
    def before(self) -> Any:
        return self.additions[0].before

    @property
    def after(self) -> Any:
        return self.additions[-1].after

    @property
    def contributions(self) -> list[Any]:
        return [addition.contribution for addition in self.additions]


def _account(recording: Recording, variable: VariableNode, posts: Sequence[_Post], final: str) -> Account:
    name = shorten(variable.name, _NAME)
    before = warn = ""
    entries = []
    if posts and posts[0].before is not None and np.any(posts[0].before):
        first = posts[0]
        before = inline(first.before)
        dropped = first.after is not None and (same(first.after, first.contributions[-1]) or _is_sum(first, None))
        warn = "" if dropped else say("panel.old", name=name, old=before)
    if variable is recording.of and recording.steps and not posts:
        gys = dict(zip(recording.steps[0].function.outputs, recording.steps[0].gys, strict=False))
        if gys.get(variable) is not None:
            seed = inline(gys[variable])
            entries.append(Entry(0, say("panel.seed"), "", seed, seed))
    left_out = max(0, len(posts) - _MOST_ENTRIES)
    half = _MOST_ENTRIES // 2
    shown = (*posts[:half], *posts[-half:]) if left_out else posts
    for post in shown:
        function = post.step.function
        where = "" if function.line is None else say("views.line", line=function.line)
        added = " + ".join(map(inline, post.contributions))
        wrong = _wrong(post, post is posts[0])
        entries.append(Entry(post.step.number, shorten(function.name, _NAME), where, added, inline(post.after), wrong))
    return Account(variable, name, before, warn, tuple(entries), left_out, final)


def _wrong(post: _Post, first: bool) -> str:
    """What is wrong where the gradient is not the sum of what it was and the contributions."""
    before, after, contributions = post.before, post.after, post.contributions
    if any(contribution is None for contribution in contributions):
        return say("panel.nothing_returned")
    earlier = [] if before is None or not np.any(before) else [before]
    if after is None or _is_sum(post, before):
        return ""
    *lost, last = [*earlier, *contributions]
    if lost and same(last, after):
        only_old = first and len(contributions) == 1
        return "" if only_old else say("panel.replaced", lost=" + ".join(map(inline, lost)))
    if first and earlier and _is_sum(post, None):
        return ""
    due = total([*earlier, *contributions])
    return say("panel.no_sum", due=inline(due)) if lost and due is not None else ""


def _is_sum(post: _Post, before: Any) -> bool:
    """Whether the call left the sum of ``before`` and of all its contributions."""
    due = total([*([] if before is None else [before]), *post.contributions])
    return due is not None and same(due, post.after)
