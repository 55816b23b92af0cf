"""Write a student's feedback as one HTML file that needs nothing else: what passed, what did not and why.

Everything that came from a notebook is escaped, and the page's own policy allows neither scripts nor anything from
elsewhere. Hidden tests are summed up and not named.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ipy_autodiff.homework.grade.trace_pictures import stepping_view, trace_pictures
from ipy_autodiff.homework.grade.whole_file import write_whole
from ipy_autodiff.messages import say

if TYPE_CHECKING:
    from ipy_autodiff.homework.grade.marks import Graded, TestMark

__all__ = ["article_of", "feedback_page", "reason_of", "write_page"]

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--good:#1a7f37;--bad:#c4302b}
@media(prefers-color-scheme:dark){:root{--good:#57c36f;--bad:#ff7b72}}
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
.score{font-size:1.2rem}
article{border-left:4px solid var(--line);padding:.2rem 0 .2rem 1rem;margin:1rem 0}
article.pass{border-color:var(--good)}article.bad{border-color:var(--bad)}
article h3{font-size:1rem;margin:0}
article p{margin:.3rem 0}
.status{font-weight:600}.pass .status{color:var(--good)}.bad .status{color:var(--bad)}
.points{float:right;font-variant-numeric:tabular-nums}
pre{overflow:auto;font-size:.85rem;padding:.6rem;border:1px solid var(--line);border-radius:4px;
white-space:pre-wrap;overflow-wrap:anywhere}
figure{margin:.6rem 0;overflow:auto}figure img{max-width:100%;background:#fff}
footer{margin-top:3rem;font-size:.85rem;opacity:.7}
"""
_PLAIN = ' style="font-size:1em;margin:0"'
_PICTURES = 1_000_000
"""Characters up to which a page has pictures."""
_SECONDS = 5.0
"""Processor time until which a page gets more of them."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def feedback_page(graded: Graded, assignment: str, language: str | None = None) -> str:
    """The whole page."""

    def said(key: str, **blanks: object) -> str:
        return escape(say(f"homework.{key}", language=language, **blanks))

    title = f"{escape(assignment)}: {escape(graded.submission.name)}"
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="score">{said("score", score=f"{graded.score:g}", most=f"{graded.most:g}")}</p>',
    ]
    if graded.unreadable:
        parts.append(f'<p class="bad">{said(f"unreadable-{graded.unreadable}")}</p>')
    elif graded.status != "graded":
        parts.append(f"<p>{said(f'status-{graded.status}')}</p>")
    parts += _articles([mark for mark in graded.marks if not mark.test.hidden], language)
    hidden = [mark for mark in graded.marks if mark.test.hidden]
    if hidden:
        score, most = sum(mark.score for mark in hidden), sum(mark.test.points for mark in hidden)
        parts.append(f"<p>{said('hidden-tests', score=f'{score:g}', most=f'{most:g}')}</p>")
    parts += _cells(graded, language)
    isolation = graded.record.isolation if graded.record is not None else None
    if isolation:
        parts.append(f"<footer>{said('graded-in', isolation=isolation)}</footer>")
    return _framed(title, parts, language)


def _articles(marks: Sequence[TestMark], language: str | None) -> list[str]:
    """The tests, with pictures as long as the page takes little time and does not become too large for a browser."""
    parts: list[str] = []
    begun = time.process_time()
    for mark in marks:
        article = ""
        if mark.outcome.trace is None or time.process_time() - begun < _SECONDS:
            article = article_of(mark, language)
        if not article or (mark.outcome.trace is not None and sum(map(len, parts)) + len(article) > _PICTURES):
            outcome = msgspec.structs.replace(mark.outcome, trace=None, difference=None)
            article = article_of(replace(mark, outcome=outcome), language)
        parts.append(article)
    return parts


def _framed(title: str, parts: Sequence[str], language: str | None) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language or "en")}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>\n'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def write_page(path: Path, graded: Graded, assignment: str, language: str | None = None) -> None:
    """Writes a submission's page; where that fails, one that has its score at least."""
    try:
        page = feedback_page(graded, assignment, language)
    except Exception:
        score = say("homework.score", language=language, score=f"{graded.score:g}", most=f"{graded.most:g}")
        sentences = (score, say("homework.no-page", language=language))
        title = f"{escape(assignment)}: {escape(graded.submission.name)}"
        page = _framed(title, [f"<p>{escape(sentence)}</p>" for sentence in sentences], language)
    write_whole(path, page)


def reason_of(mark: TestMark, language: str | None = None) -> str:
    """One sentence on what became of a test that did not pass; not escaped."""
    if mark.outcome.reason is not None:
        return mark.outcome.reason.unpacked().text(language)
    if mark.outcome.sheet_error:
        return say("homework.sheet-error", language=language)
    return ""


def article_of(mark: TestMark, language: str | None = None, *, inline: bool = False, stepping: bool = False) -> str:
    """One test as HTML: its marks, why it did not pass, and the picture of its gradient where there is one.

    ``inline``: its style in itself, for a place that keeps no style sheet; ``stepping``: with a stepper that works.
    """
    passed = mark.status == "pass"
    status = say(f"homework.test-{mark.status}", language=language)
    colour = "#1a7f37" if passed else "#c4302b"
    style = f' style="border-left:4px solid {colour};padding:.1em 0 .1em 1em;margin:.6em 0"' if inline else ""
    points = "" if inline else f'<span class="points">{mark.score:g} / {mark.test.points:g}</span>'
    parts = [
        f'<article class="{"pass" if passed else "bad"}" data-status="{escape(mark.status)}"{style}>{points}',
        f"<h3{_PLAIN if inline else ''}>{'✓' if passed else '✗'} {escape(mark.test.title(language))}</h3>",
    ]
    if not passed:
        parts.append(f'<p><span class="status">{escape(status)}</span> {escape(reason_of(mark, language))}</p>')
    drawn = ""
    if not passed and mark.outcome.trace is not None:
        packed, difference = mark.outcome.trace, mark.outcome.difference
        if stepping and difference is None:
            drawn = stepping_view(packed, language)
        else:
            drawn = trace_pictures(packed, difference, language)
    said = [text for text in (mark.outcome.detail, mark.outcome.traceback) if text]
    details = "".join(f"<pre>{escape(text)}</pre>" for text in said)
    if drawn and details:
        heading = escape(say("homework.detail", language=language))
        details = f"<details><summary>{heading}</summary>{details}</details>"
    return "".join([*parts, drawn, details, "</article>"])


def _cells(graded: Graded, language: str | None) -> list[str]:
    """What the cells did on the way: the exceptions they ended with, and outputs that they do not produce."""
    record = graded.record
    if record is None:
        return []
    notes = [
        (number, say(f"homework.ended-{kind}", language=language, cell=number + 1), "")
        for number, kind in record.deaths
    ]
    for number, kind, text in record.errors:
        key = "homework.cell-timeout" if kind == "CellTimeoutError" else "homework.cell-raised"
        notes.append((number, say(key, language=language, cell=number + 1, error=kind), text))
    notes += [(number, say("homework.stale", language=language, cell=number + 1), "") for number in record.stale]
    if not notes:
        return []
    parts = [f"<h2>{escape(say('homework.cells', language=language))}</h2>"]
    for _, sentence, text in sorted(notes):
        parts.append(f"<p>{escape(sentence)}</p>" + (f"<pre>{escape(text)}</pre>" if text else ""))
    return parts
