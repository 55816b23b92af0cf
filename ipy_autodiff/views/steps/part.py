"""The backward pass as a part of an output: one step after the other, each in words and numbers."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ipy_autodiff.messages import say
from ipy_autodiff.views.contract import Part, Wanted
from ipy_autodiff.views.steps.stepper import ShownStep, Stepper, tell
from ipy_autodiff.views.text.labels import columns, pad
from ipy_autodiff.views.text.markup import CODE, paragraphs, safe

if TYPE_CHECKING:
    from ipy_autodiff.traced import Trace

__all__ = ["part"]

_MOST_IN_TEXT = 40
_LABEL = "text-align:left;padding-right:1em"
_LINE = f"text-align:left;{CODE}"
_LINES = f"{_LINE};white-space:pre"


def part(trace: Trace, wanted: Wanted) -> Part | None:
    """The steps; None of a Variable alone. What is drawn around the ``function`` of each is the graph's to say."""
    if not trace.graph.functions and "graph" in wanted.show:
        return None
    stepper = tell(trace, judged=wanted.judged, asking=wanted.asking)
    modules = ("stepper", "source_lines") if stepper.sources else ("stepper",)
    if wanted.brief:
        return Part("steps", payload=_payload(stepper), modules=modules)
    text = "" if wanted.asking else _text(stepper)
    return Part("steps", _readable(stepper), text, _payload(stepper), modules)


def _readable(stepper: Stepper) -> str:
    """One ``<details>`` for each step; that of the step which is wrong first is open."""
    steps = "".join(_readable_step(stepper, step, step.number == _number_at(stepper)) for step in stepper.steps)
    return (
        f'<div data-autodiff="stepper" data-step="0" data-steps="{len(stepper.steps)}">'
        f"{paragraphs(stepper.notes)}{steps}</div>"
    )


def _number_at(stepper: Stepper) -> int:
    return stepper.steps[stepper.at - 1].number if stepper.at else 0


def _readable_step(stepper: Stepper, step: ShownStep, here: bool) -> str:
    title = f"{step.number}. <b>{safe(step.title)}</b>"
    title += f" · {safe(step.where)} <code>{safe(step.code)}</code>" if step.where else ""
    rows = [(f"{line.label}{' ⚠' if line.warn else ''}", line.text) for line in step.lines]
    ran = stepper.ran(step)
    rows += [ran] if ran else []
    table = "".join(
        f'<tr><td style="{_LABEL}">{safe(label)}</td><td style="{style}">{safe(text)}</td></tr>'
        for label, text in rows
        for style in [_LINES if "\n" in text else _LINE]
    )
    why = f"<p>⚠ {safe(stepper.why)}</p>" if here else ""
    return f"<details{' open' if here else ''}><summary>{title}</summary>{why}<table>{table}</table></details>"


def _text(stepper: Stepper) -> str:
    text = [say("steps.heading", n=stepper.total)] if stepper.steps else []
    for step in stepper.steps[:_MOST_IN_TEXT]:
        where = f"   {step.where}: {step.code}" if step.where else ""
        text.append(f"  {step.number}. {step.title}{where}")
        wide = max((columns(line.label) for line in step.lines), default=0)
        for line in step.lines:
            first, *rest = line.text.split("\n")
            text.append(f"   {'!' if line.warn else ' '} {pad(line.label, wide)}  {first}")
            text += [" " * (wide + 7) + other for other in rest]
        ran = stepper.ran(step)
        if ran is not None:
            text.append(f"     {ran[0]}: {ran[1]}")
    left = len(stepper.steps) - _MOST_IN_TEXT
    if left > 0:
        text.append(f"  … {left}")
    return "\n".join((*text, *stepper.notes))


def _payload(stepper: Stepper) -> dict[str, Any]:
    return {
        "steps": [
            {
                "number": step.number,
                "title": step.title,
                "where": step.where,
                "code": step.code,
                "lines": [asdict(line) for line in step.lines],
                "gradients": step.changes,
                **({"contributions": step.contributions} if step.contributions else {}),
                "function": step.function,
                **{
                    name: place._asdict()
                    for name, place in (("built_at", step.cell), ("ran_at", step.backward))
                    if place is not None
                },
            }
            for step in stepper.steps
        ],
        "total": stepper.total,
        "start": stepper.start,
        "remarks": stepper.notes,
        "at": stepper.at,
        "why": stepper.why,
        "sources": [
            {
                "name": source.name,
                "file": source.file,
                "parts": [{"first": first, "text": "\n".join(lines)} for first, lines in source.parts],
            }
            for source in stepper.sources
        ],
        "steps_say": {key: say(f"steps.{key}") for key in ("to-start", "built")},
    }
