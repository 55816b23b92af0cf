"""A short notice in the place of the views, where there is nothing to show."""

from __future__ import annotations

from html import escape

__all__ = ["notice_bundle"]


def notice_bundle(text: str) -> dict[str, str]:
    """The mime bundle of one sentence, in HTML (escaped) and as plain text."""
    style = "margin:.4em 0;opacity:.75;font-size:90%"
    return {
        "text/plain": text,
        "text/html": f'<div data-autodiff="view" role="note" style="{style}">{escape(text)}</div>',
    }
