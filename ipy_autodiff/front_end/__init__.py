"""What runs in a page, and its style, as ``npm run build`` makes them from the modules in this folder.

Node is needed to change those modules, and for nothing else. Most outputs carry ``page.js``; ``page_with_all.js`` also
draws arrays, large graphs, derivatives, quizzes and rules. ``widget.js`` is the live end of an output.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

__all__ = ["page_script", "read"]

_IN_EVERY_PAGE = frozenset({"graph", "stepper", "source_lines", "check", "pictures", "ledger"})


@cache
def read(name: str) -> str:
    """One built file as text."""
    return files(__package__).joinpath("built", name).read_text(encoding="utf-8").strip()


def page_script(modules: Iterable[str]) -> str:
    """The smallest script that draws these parts of a page: it takes the constant ``data`` before it."""
    return read("page.js" if _IN_EVERY_PAGE.issuperset(modules) else "page_with_all.js")
