"""Make any text of a notebook fit to be shown: one line, no control characters, short, and of a known width.

Graphviz has no metrics for Korean and refuses NUL and very long labels, so widths are reckoned here and layouts get
boxes only. Text is escaped where it is put into a page, not here.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

__all__ = ["SYMBOLS", "clean", "columns", "is_exotic", "pad", "shorten", "shorten_middle", "width"]

SYMBOLS = {"pass": "✓", "fail": "✗", "inconclusive": "?"}
"""A sign for each verdict, so that none is told by its colour alone."""

_LONGEST = 4_000


def clean(text: object) -> str:
    """The text in one line: runs of white space become one space, what cannot be shown becomes U+FFFD."""
    line = " ".join(str(text)[:_LONGEST].split())
    return line if line.isascii() and line.isprintable() else "".join(map(_visible, line))


def shorten(text: object, most: int) -> str:
    """The text cleaned, and cut to at most ``most`` columns with an ellipsis where it is longer."""
    line = clean(text)
    if columns(line) <= most:
        return line
    kept, used = [], 1
    for character in line:
        used += columns(character)
        if used > most:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def shorten_middle(text: object, most: int) -> str:
    """The same with the ellipsis in the middle, for expressions: their ends tell more than what is within."""
    line = clean(text)
    if columns(line) <= most:
        return line
    head = shorten(line, (most + 1) // 2).removesuffix("…")
    tail: list[str] = []
    used = columns(head) + 1
    for character in reversed(line):
        used += columns(character)
        if used > most:
            break
        tail.append(character)
    return f"{head}…{''.join(reversed(tail)).lstrip()}"


def columns(text: str) -> int:
    """How many columns of a terminal the text takes: Korean and Chinese characters two, combining ones none."""
    return len(text) if text.isascii() else sum(_columns(character) for character in text)


def pad(text: str, to: int, *, right: bool = False) -> str:
    """The text filled with spaces to ``to`` columns; ``right`` puts the spaces before it."""
    spaces = " " * max(0, to - columns(text))
    return spaces + text if right else text + spaces


def width(text: str) -> float:
    """An upper bound of the text's width in em, in any of the monospaced fonts that browsers come with."""
    return sum(0.61 if character.isascii() else _em(character) for character in text)


def is_exotic(text: str) -> bool:
    """Whether the width cannot be relied on: there are characters beyond Latin, Greek, Korean, Chinese and signs."""
    return not text.isascii() and any(_em(character) == _UNKNOWN for character in text)


_UNKNOWN = 1.25


@lru_cache(maxsize=4096)
def _em(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    code = ord(character)
    if code >= 0x1F000 and unicodedata.east_asian_width(character) in "WF":
        return 1.4  # emoji are wider than the square they are said to take
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if code < 0x0530 or 0x2000 <= code < 0x2C00:
        return 0.65 if code < 0x0530 else 1.0
    return _UNKNOWN


@lru_cache(maxsize=4096)
def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cf":
        return ""
    return "\ufffd" if kind in ("Cc", "Cs", "Co", "Cn") else character
