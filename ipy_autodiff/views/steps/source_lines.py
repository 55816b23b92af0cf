"""Find the code behind each step: the cell with the line that built the node, and the ``backward`` with its last line.

A Function that gives its rule as mathematics (``gradient_rule``) is shown by that instead.
A source is sent once, however many steps refer to it. Of a long one only what is around those lines is kept.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NamedTuple

from ipy_autodiff.messages import say
from ipy_autodiff.tracing.graph import FunctionNode, Recording, Step
from ipy_autodiff.views.steps.written_rules import written_rule
from ipy_autodiff.views.text.labels import clean

__all__ = ["Place", "Source", "sources_of"]


class Place(NamedTuple):
    """A line of code: which of the sources, and the line's number in its file or cell."""

    source: int
    line: int


_AROUND = 6
_WHOLE = 40
"""Sources of up to so many lines are kept whole."""
_MOST = 160
"""So many lines of one source at the most."""
_WIDEST = 140
_DEFINITION = re.compile(r"\s*(async\s+def|def)\b")
_WORD = re.compile(r"[^ ]+")


@dataclass(frozen=True)
class Source:
    """Lines of one cell or method, or a rule. ``parts`` are runs of lines, each with the number of its first."""

    name: str
    file: str
    """The file's name without its folder; empty for what was typed in the notebook."""
    parts: tuple[tuple[int, tuple[str, ...]], ...]
    numbered: bool = True
    """False for a rule, which has no place in any file."""

    def line(self, number: int) -> str:
        """The line's text without its indentation; empty where it was not kept."""
        for first, lines in self.parts:
            if first <= number < first + len(lines):
                return lines[number - first].strip()
        return ""


def sources_of(
    recording: Recording, steps: Sequence[Step], doubted: Collection[FunctionNode] = ()
) -> tuple[tuple[Source, ...], list[tuple[Place | None, Place | None]]]:
    """The sources that these steps use; and for each step its line of the cell and its line of ``backward``.

    Of ``doubted`` Functions the code is shown, whatever rule they give.
    """
    cell = recording.source.splitlines()
    lines = {step.line for step in steps if step.line is not None and 0 < step.line <= len(cell)}
    found: list[Source] = []
    if lines:
        found.append(Source(say("steps.cell"), "", _parts(cell, 1, lines)))
    ran: dict[tuple[str, int], set[int]] = {}
    names: dict[tuple[str, int], set[str]] = {}
    rules = {step.function: "" if step.function in doubted else written_rule(step.function) for step in steps}
    for step in steps:
        if step.backward_lines is not None and not rules[step.function]:
            file, first, last = step.backward_lines
            ran.setdefault((file, first), set()).add(last)
            names.setdefault((file, first), set()).add(step.function.name)
    index: dict[tuple[str, int], int] = {}
    for (file, first), lasts in ran.items():
        text = linecache.getlines(file)
        if max(lasts) <= len(text):
            classes = names[file, first]
            name = f"{clean(next(iter(classes)))}.backward" if len(classes) == 1 else "backward"
            index[file, first] = len(found)
            body = list(_method(text, first, max(lasts)))
            found.append(Source(name, _file(file), _parts(body, first, lasts)))
    different = dict.fromkeys((step.function.name, rules[step.function]) for step in steps if rules[step.function])
    written = {key: number for number, key in enumerate(different, len(found))}
    found += [Source(f"{clean(name)}.backward", "", ((1, (rule,)),), numbered=False) for name, rule in written]
    kept = [_numbers(source) for source in found]

    def place(source: int | None, line: int | None) -> Place | None:
        return None if source is None or line is None or line not in kept[source] else Place(source, line)

    places = []
    for step in steps:
        rule, ran_at = rules[step.function], step.backward_lines
        backward = None if ran_at is None else place(index.get(ran_at[:2]), ran_at[2])
        if rule:
            backward = Place(written[step.function.name, rule], 1)
        places.append((place(0 if lines else None, step.line), backward))
    return tuple(found), places


def _method(text: Sequence[str], first: int, last: int) -> Iterator[str]:
    """The lines of the function that begins at line ``first`` and runs to ``last`` at least."""
    start = next((n for n in range(first - 1, last) if _DEFINITION.match(text[n])), None)
    if start is None:  # a lambda
        yield from text[first - 1 : last]
        return
    outside = _indentation(text[start])
    end = last
    while end < len(text) and (not text[end].strip() or _indentation(text[end]) > outside):
        end += 1
    while end > last and not text[end - 1].strip():
        end -= 1
    yield from text[first - 1 : end]


def _parts(text: Sequence[str], first: int, wanted: Iterable[int]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The text in runs of lines, numbered from ``first``: whole, or what is around the lines that are ``wanted``."""
    filled = [n for n, line in enumerate(text) if line.strip()]
    if not filled:
        return ()
    numbers = range(first + filled[0], first + filled[-1] + 1)
    if len(numbers) > _WHOLE:
        near = {n for line in sorted(wanted) for n in range(line - _AROUND, line + _AROUND + 1)}
        chosen = [n for n in numbers if n in near][:_MOST]
    else:
        chosen = list(numbers)
    indentation = min((_indentation(text[n - first]) for n in chosen if text[n - first].strip()), default=0)
    runs: list[tuple[int, list[str]]] = []
    for n in chosen:
        if not runs or n != runs[-1][0] + len(runs[-1][1]):
            runs.append((n, []))
        runs[-1][1].append(_shown(text[n - first].expandtabs(4)[indentation:]))
    return tuple((start, tuple(lines)) for start, lines in runs)


def _numbers(source: Source) -> set[int]:
    return {n for first, lines in source.parts for n in range(first, first + len(lines))}


def _indentation(line: str) -> int:
    line = line.expandtabs(4)
    return len(line) - len(line.lstrip())


def _shown(line: str) -> str:
    """The line as it may be shown: spaces as they are, nothing that cannot be seen, not too wide."""
    cut = line.rstrip()[: _WIDEST + 1]
    visible = _WORD.sub(lambda word: clean(word[0]), cut)
    return visible if len(cut) <= _WIDEST else visible[: _WIDEST - 1] + "…"


def _file(name: str) -> str:
    """The file's name where there is such a file; a cell of a notebook has lines, but no time of its own."""
    entry: Any = linecache.cache.get(name)
    is_file = entry is not None and len(entry) > 1 and entry[1] is not None
    return clean(PurePath(name).name) if is_file else ""
