"""Write a trace as HTML: readable where no script runs, and stepping by itself where scripts run. No network.

An untrusted notebook keeps images, tables, ``<details>`` and ``style=`` attributes, so what is readable is made of
these. Below it stand the front end's module and its data, which take its place where they may.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any
from zlib import compress

from ipy_autodiff.front_end import page_script
from ipy_autodiff.messages import current_language
from ipy_autodiff.views.text.markup import safe

__all__ = ["fragment", "identifier", "numbered", "readable_alone", "standalone"]


def identifier(readable: str, payload: Mapping[str, Any]) -> str:
    """The identifier of an output of this content: the same in every kernel."""
    content = readable.encode("utf-8", "replace") + _json(payload)
    return f"ad{blake2b(content, digest_size=5).hexdigest()}"


_shown: Counter[str] = Counter()


def numbered(identifier: str) -> str:
    """The identifier for one more output of the same content in this kernel: each can have a live end of its own."""
    _shown[identifier] += 1
    return identifier if _shown[identifier] == 1 else f"{identifier}-{_shown[identifier]}"


def fragment(identifier: str, readable: str, payload: Mapping[str, Any], modules: Iterable[str] = ()) -> str:
    """The whole output of one magic: what is readable, and the front end's ``modules`` with their data."""
    data = _packed({"id": identifier, **payload})
    return (
        f"{readable_alone(identifier, readable)}"
        f'<script type="module">const data="{data}";{page_script(modules)}</script>'
    )


def readable_alone(identifier: str, readable: str) -> str:
    """The output without a script, as exports to Markdown want it."""
    return f'<div id="{identifier}" class="ad-view" data-autodiff="view" lang="{current_language()}">{readable}</div>'


def _packed(data: Mapping[str, Any]) -> str:
    """The data as JSON, deflated, in base64: nothing in it can end a script."""
    return b64encode(compress(_json(data), 9)).decode()


def _json(data: Mapping[str, Any]) -> bytes:
    # A lone surrogate, which a notebook may print, has no UTF-8.
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def standalone(title: str, body: str) -> str:
    """A page of its own around a ``fragment``: one file that works offline, light or dark as the reader's system is."""
    return (
        f'<!doctype html><html lang="{current_language()}" class="ad-page"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{safe(title)}</title></head><body><main><h1>{safe(title)}</h1>{body}</main></body></html>\n"
    )
