"""Write a trace as HTML: readable where no script runs, and stepping by itself where scripts run. No network.

An untrusted notebook keeps images, tables, ``<details>`` and ``style=`` attributes, so what is readable is made of
these. Below it stand the front end's module and its data, which take its place where they may.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ipy_autodiff.messages import current_language
from ipy_autodiff.views.front_end import exists, read
from ipy_autodiff.views.text.markup import safe

__all__ = ["fragment", "json_in_script", "standalone"]


def fragment(identifier: str, readable: str, payload: Mapping[str, Any], modules: Iterable[str] = ()) -> str:
    """The whole output of one magic: what is readable, the style, and the front end's ``modules`` with their data."""
    names = ("elements", *dict.fromkeys(modules), "mount")
    style = "".join(read(f"{name}.css") for name in ("view", *names) if exists(f"{name}.css"))
    script = "\n".join(read(f"{name}.js") for name in names)
    return (
        f'<div id="{identifier}" class="ad-view" data-autodiff="view" lang="{current_language()}">{readable}</div>'
        f"<style>{style}</style>"
        f'<script type="module">{script}\nmount({json_in_script(payload)})</script>'
    )


def standalone(title: str, body: str) -> str:
    """A page of its own around a ``fragment``: one file that works offline, light or dark as the reader's system is."""
    return (
        f'<!doctype html><html lang="{current_language()}" class="ad-page"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{safe(title)}</title></head><body><main><h1>{safe(title)}</h1>{body}</main></body></html>\n"
    )


def json_in_script(data: Any) -> str:
    """The data as JavaScript that can stand inside ``<script>``: no ``<`` is left in it."""
    return (
        json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
