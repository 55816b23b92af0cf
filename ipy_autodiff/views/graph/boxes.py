"""Say what a folded part of a graph is: a loop with its count, one iteration, or calls that stand together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ipy_autodiff.messages import say
from ipy_autodiff.views.graph.folding import Level, Levels
from ipy_autodiff.views.graph.outline import Part
from ipy_autodiff.views.text.labels import shorten, shorten_middle

__all__ = ["Box", "crowd", "describe"]

_NAMES = 3
_WIDE = 30


@dataclass(frozen=True)
class Box:
    """A box's lines, the first of which stands out; ``loop`` where it holds several iterations."""

    rows: tuple[str, ...]
    loop: bool = False

    @property
    def title(self) -> str:
        """The lines as one sentence for a screen reader."""
        return ", ".join(self.rows)


def describe(levels: Levels, part: Part) -> Box:
    """The box of a part that is folded."""
    names = levels.names(part)
    where = _where(levels, part)
    size = say("large.functions", n=f"{part.size:,}")
    holder = levels.holder(part)
    title = (shorten_middle(holder, _WIDE),) if holder else ()
    if part.times > 1:
        if len(names) <= _NAMES:
            head = say("large.repeated", names=shorten(" · ".join(names), _WIDE), n=f"{part.times:,}")
        else:
            head = say("large.block", functions=f"{len(names):,}", n=f"{part.times:,}")
        which: tuple[str, ...] = ()
        if part.of:
            last = part.number + part.times - 1
            which = (say("large.iterations", first=f"{part.number:,}", last=f"{last:,}", of=f"{part.of:,}"),)
        return Box((*title, head, *which, " · ".join((*where, size))), loop=True)
    if part.of:
        iteration = say("large.iteration", n=f"{part.number:,}", of=f"{part.of:,}")
        return Box((*title, iteration, " · ".join((*where, size))))
    counted = Counter(names).most_common(_NAMES)
    kinds = " · ".join(f"{shorten(name, 12)} {count:,}" for name, count in counted)
    sweep = levels.sweep(part)
    if sweep:
        return Box((say("large.sweep", n=sweep), kinds, " · ".join((*where, size))))
    return Box((*title, kinds, " · ".join((*where, size)))) if title else Box((size, kinds, *where))


def crowd(level: Level, name: str) -> Box:
    """The box of Variables that go the same way and are too many to be told apart."""
    rows = (say("large.variables", n=f"{level.crowds[name]:,}"),)
    return Box((*rows, say("large.everywhere")) if name in level.everywhere else rows)


def _where(levels: Levels, part: Part) -> tuple[str, ...]:
    lines = levels.lines(part)
    if lines is None:
        return ()
    first, last = lines
    return (say("views.line", line=first) if first == last else say("large.lines", first=first, last=last),)
