"""Write text also to a stream that knows only some letters: ``with degrading(): print("✓")``.

Output that goes to a file or a pipe has the encoding of the system, on Windows often one of a few hundred letters.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["degrading"]

_NAME = "ipy_autodiff.degraded"
_LIKE = {
    "✓": "v", "✗": "x", "×": "x", "·": ".", "−": "-", "–": "-", "—": "-", "→": "->", "←": "<-", "÷": "/", "…": "...",
    "≈": "~", "≤": "<=", "≥": ">=", "≠": "!=", "±": "+-", "∂": "d", "√": "sqrt", "°": "", "“": '"', "”": '"',
    "‘": "'", "’": "'", "「": '"', "」": '"', "\u00a0": " ", "▶": ">", "●": "*", "○": "o", "│": "|", "─": "-",
    **{chr(0x2080 + digit): str(digit) for digit in range(10)},
    **{power: f"^{digit}" for power, digit in zip("²³⁴⁵⁶⁷⁸⁹", range(2, 10), strict=True)},
}  # fmt: skip


def _degraded(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_LIKE.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


codecs.register_error(_NAME, _degraded)


@contextmanager
def degrading(stream: Any = None) -> Iterator[None]:
    """While it is open, what ``stream`` (``sys.stdout``) cannot encode is written as something like it, or as ``?``."""
    stream = sys.stdout if stream is None else stream
    before = getattr(stream, "errors", None)
    if not hasattr(stream, "reconfigure") or before not in ("strict", "surrogateescape"):
        yield
        return
    stream.reconfigure(errors=_NAME)
    try:
        yield
    finally:
        stream.reconfigure(errors=before)
