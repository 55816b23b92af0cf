"""Completes the options of the autodiff magics, what can stand behind each, and the names of bundled sheets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ipy_autodiff.messages import LANGUAGES
from ipy_autodiff.views.registry import SELECTABLE

__all__ = ["FLAGS", "OPTIONS", "completions_of", "matcher"]

_OF_VARIABLES = ("--of", "--wrt", "--slider")
FLAGS = ("--quiz", "--rules")
"""Options without a value."""
OPTIONS = ("--show", "--of", "--wrt", "--slider", "--compare", *FLAGS, "--lang")
"""The options of ``%%autodiff``."""
_VALUES = {"--show": SELECTABLE, "--lang": LANGUAGES, "--compare": ("torch", "complex")}
_LINE = re.compile(r"\s*%%?(autodiff(?:_check)?)(?:\s|$)")


def completions_of(line: str, variables: Iterable[str], sheets: Callable[[], Iterable[str]]) -> list[str]:
    """What can stand at the end of a ``line`` that begins with one of the magics; else none.

    A completion replaces the line's last word, back to a comma, a colon or a space.
    """
    magic = _LINE.match(line)
    if magic is None or magic.end() > len(line) or "\n" in line:
        return []
    before, word = _split(line)
    option = re.search(r"(--\w+)\s+(?:\S+,)?$", before)
    if magic[1] == "autodiff_check":
        if option is not None and option[1] == "--lang":
            known: Iterable[str] = LANGUAGES
        elif before.endswith("dezero:"):
            known = sheets()
        else:
            known = ("--lang",) if word.startswith("-") else ("dezero:", "--lang")
    elif option is not None and option[1] in OPTIONS and option[1] not in FLAGS:
        known = variables if option[1] in _OF_VARIABLES else _VALUES.get(option[1], ())
    else:
        known = OPTIONS if word.startswith("-") or not word else ()
    return [name for name in known if name.startswith(word)]


def _split(line: str) -> tuple[str, str]:
    """The line without its last word, and that word."""
    start = re.search(r"[^\s,:=]*$", line)
    assert start is not None
    return line[: start.start()], start[0]


def matcher(shell: Any) -> Any:
    """A matcher for ``shell.Completer.custom_matchers``, which leaves other completions out where it has some."""

    def variables() -> list[str]:
        from ipy_autodiff.designs.reading import is_variable

        return [name for name, value in shell.user_ns.items() if not name.startswith("_") and is_variable(value)]

    def sheets() -> list[str]:
        from ipy_autodiff.homework.sheet.sheet_file import bundled_sheets

        return list(bundled_sheets())

    def complete(line: str) -> list[str]:
        return completions_of(line, variables() if _LINE.match(line) else (), sheets)

    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:  # an IPython whose matchers take the word alone
        return lambda _: complete(shell.Completer.text_until_cursor)

    @context_matcher(identifier="ipy_autodiff", priority=200)  # type: ignore[untyped-decorator]
    def autodiff_matcher(context: Any) -> dict[str, Any]:
        found = complete(context.text_until_cursor)
        return {"completions": [SimpleCompletion(text) for text in found], "suppress": bool(found), "ordered": True}

    return autodiff_matcher
