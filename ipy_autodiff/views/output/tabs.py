"""Show y, y′ and y″ as tabs: the graphs of gradients, each Function tied to the one whose backward called it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Protocol

from ipy_autodiff.limits import STUDIED_FUNCTIONS
from ipy_autodiff.messages import say
from ipy_autodiff.traced import Trace
from ipy_autodiff.views.text.labels import shorten

__all__ = ["MOST_BYTES", "Tab", "Tabs", "tabs", "together"]

MOST_BYTES = 120_000
"""What all tabs but the first may add to a page."""
_LABEL = 24


@dataclass(frozen=True)
class Tab:
    """One tab: the Trace that it shows, and how its Functions are tied to those of the first tab."""

    label: str
    trace: Trace
    kin: Mapping[str, str]
    """For each Function's identifier, that of the Function of the first tab which it comes from."""
    notes: tuple[str, ...] = ()


class Told(Protocol):
    """What a page shows of one trace."""

    @property
    def readable(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def payload(self) -> dict[str, Any]: ...
    @property
    def modules(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Tabs:
    """All tabs put together, as a page takes them."""

    readable: str
    text: str
    payload: dict[str, Any]
    modules: tuple[str, ...] = field(default=())


def tabs(trace: Trace) -> list[Tab]:
    """The trace itself, and one tab for each of its derivatives that can be drawn; none where it has no derivatives."""
    recording = trace.recording
    if not recording.derivatives or recording.of is None:
        return []
    known = {id(function.object): function.id for function in recording.graph.functions}
    unrecorded = [derivative for derivative in recording.derivatives if derivative.recording is None]
    notes = [
        say("derivatives.too-large", label=shorten(derivative.label, _LABEL), most=STUDIED_FUNCTIONS)
        for derivative in unrecorded
        if derivative.functions > STUDIED_FUNCTIONS
    ]
    others = [shorten(each.label, _LABEL) for each in unrecorded if each.functions <= STUDIED_FUNCTIONS]
    if others:
        notes.append(say("derivatives.left-out", labels=", ".join(others)))
    name = recording.of.name if recording.of.named else "y"
    found = [Tab(shorten(name, _LABEL), trace, {identifier: identifier for identifier in known.values()}, tuple(notes))]
    for derivative in recording.derivatives:
        behind = derivative.recording
        if behind is None or behind.of is None:
            continue
        kin = {}
        for function in behind.graph.functions:
            origin = known.get(id(function.object)) or known.get(id(function.backward_of))
            if origin is not None:
                kin[function.id] = known[id(function.object)] = origin
        label = shorten(derivative.label, _LABEL)
        notes = [say("derivatives.about", label=label)]
        if not derivative.cleared:
            notes.append("⚠ " + say("derivatives.not-cleared", variable=shorten(derivative.by[-1].name, _LABEL)))
        if behind.of.name != derivative.label:
            label = say("derivatives.named", label=label, name=shorten(behind.of.name, _LABEL))
        found.append(Tab(label, Trace(behind), kin, tuple(notes)))
    return found


def together(trace: Trace, first: Told, tell: Callable[[Trace, bool], Told]) -> Told:
    """The page's first part with the tabs behind it.

    ``tell`` is what the page shows of a tab, with its steps or without: where there is no room for them.
    """
    found = tabs(trace)
    if not found:
        return first
    names = {function.id: shorten(function.name, _LABEL) for function in trace.graph.functions}
    shown: list[tuple[Tab, Told]] = [(found[0], first)]
    left_out, room = [], MOST_BYTES
    for tab in found[1:]:
        for steps in (True, False):
            told = tell(tab.trace, steps)
            takes = len(told.readable) + sum(map(len, _texts(told.payload)))
            if takes <= room:
                break
            left_out.append(say("derivatives.steps-of" if steps else "derivatives.whole", label=tab.label))
        else:
            del left_out[-2]
            continue
        room -= takes
        shown.append((tab, told))
    notes = [*found[0].notes]
    if left_out:
        notes.append(say("derivatives.left-out", labels=", ".join(left_out)))
    payloads = []
    for number, (tab, told) in enumerate(shown):
        payload = dict(told.payload)
        if "graph" in payload["show"]:
            place = payload["show"].index("graph") + 1
            payload["show"] = [*payload["show"][:place], "kin", *payload["show"][place:]]
            payload["kin"] = tab.kin
        payload["notes"] = [*(tab.notes if number else notes), *payload["notes"]]
        payload["label"] = tab.label
        if number:
            del payload["says"]  # they are the first tab's
        payloads.append(payload)
    page = payloads[0] | {"tabs": payloads[1:]}
    of = found[0].label
    page["family"] = {
        "tabs": say("derivatives.tabs"),
        "hint": say("derivatives.hint"),
        "chosen": say("derivatives.chosen", function="{function}", of=of),
        "names": names,
    }
    readable = "".join(f"<p>{escape(note)}</p>" for note in notes) + first.readable
    readable += "".join(_folded(number, tab, told) for number, (tab, told) in enumerate(shown) if number)
    text = [first.text, *notes]
    text += [f"[{tab.label}]\n" + "\n".join((*tab.notes, told.text)) for tab, told in shown[1:]]
    modules = tuple(dict.fromkeys(module for _, told in shown for module in told.modules))
    return Tabs(readable, "\n\n".join(text), page, (*modules, "tabs"))


def _folded(number: int, tab: Tab, told: Told) -> str:
    notes = "".join(f"<p>{escape(note)}</p>" for note in tab.notes)
    summary = f"<summary><b>{escape(tab.label)}</b></summary>"
    return f'<details data-tab="{number}">{summary}{notes}{told.readable}</details>'


def _texts(value: Any) -> Iterator[str]:
    """All strings within a payload: about what it takes as JSON."""
    if isinstance(value, str):
        yield value + "  ,"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key + "  :"
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
