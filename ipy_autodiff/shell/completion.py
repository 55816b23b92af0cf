"""Completes the options of the autodiff magics, and what can stand behind each."""

from __future__ import annotations

import re
from typing import Any

from ipy_autodiff.messages import LANGUAGES
from ipy_autodiff.views.registry import SELECTABLE

__all__ = ["Completions"]

_OPTIONS = ("--show", "--of", "--wrt", "--slider", "--compare", "--quiz", "--rules", "--lang")
_FLAGS = ("--quiz", "--rules")
_VALUES = {"--show": SELECTABLE, "--lang": LANGUAGES, "--compare": ("torch", "complex")}
_OF_VARIABLES = ("--of", "--wrt", "--slider")


class Completions:
    """Holds the matcher for IPython's completer."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def matches(self, text: str) -> list[str]:
        """The completions of ``text`` where the line is one of the magics; else none."""
        line = self._shell.Completer.line_buffer
        if not re.match(r"\s*%%?autodiff\b", line):
            return []
        behind = re.search(r"(--\w+)\s+\S*$", line)
        if behind is not None and behind[1] in _OPTIONS and behind[1] not in _FLAGS:
            return self._values(behind[1], text)
        if text.startswith("-") or not text:
            return [option for option in _OPTIONS if option.startswith(text)]
        return []

    def _values(self, option: str, text: str) -> list[str]:
        if option in _OF_VARIABLES:
            from ipy_autodiff.designs.reading import is_variable

            known: tuple[str, ...] = tuple(
                name for name, value in self._shell.user_ns.items() if not name.startswith("_") and is_variable(value)
            )
        else:
            known = _VALUES[option]
        done, comma, last = text.rpartition(",")
        return [done + comma + value for value in known if value.startswith(last)]
