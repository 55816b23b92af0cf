"""Write HTML that an untrusted notebook keeps: images, tables, ``<details>``, ``style=``; all text is escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from html import escape

__all__ = ["CODE", "LEFT", "RIGHT", "hidden_until_opened", "image", "paragraphs", "safe"]

# Short, because they stand in every cell.
CODE = "font:12px monospace"
LEFT = "text-align:left;padding:3px 16px 3px 0"
RIGHT = "text-align:right;padding:3px 16px 3px 0"


def safe(text: str) -> str:
    """The text as it may stand in an element or in a quoted attribute."""
    return escape(text, quote=True)


def paragraphs(texts: Iterable[str]) -> str:
    """One ``<p>`` for each text."""
    return "".join(f"<p>{safe(text)}</p>" for text in texts)


def hidden_until_opened(summary: str, body: str, opened: bool = False) -> str:
    """A ``<details>`` around HTML, behind a line of text."""
    return f"<details{' open' if opened else ''}><summary>{safe(summary)}</summary>{body}</details>"


def image(svg: str, alternative: str, name: str) -> str:
    """A picture as an ``<img>`` that holds its data, marked ``data-autodiff=name``."""
    source = "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()
    style = "max-width:100%;height:auto"
    return f'<img src="{source}" alt="{safe(alternative)}" data-autodiff="{safe(name)}" style="{style}">'
