"""Read the front end's files as they are sent: without comments, indentation, and spaces that only people need."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

__all__ = ["exists", "read"]

_TEXT_OR_SPACE = re.compile(r'"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`| +')
_PART_OF_A_NAME = re.compile(r"[\w$]")
_SPACED_STYLE = re.compile(r"\s*([{};,])\s*|(?<=[\w-]):\s+")


@cache
def read(name: str) -> str:
    """One file of ``static``, smaller. Lines of a module stay lines; those that only hold a comment go.

    No line of these files ends or begins inside a template literal or a comment of several lines, no template literal
    holds another, and texts stand in double quotes; a test checks that.
    """
    text = files(__package__).joinpath("static", name).read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("//", "/*"))]
    if name.endswith(".js"):
        return "\n".join(map(_squeezed, lines))
    return _SPACED_STYLE.sub(lambda found: found[1] or ":", "".join(lines)).replace(";}", "}")


def _squeezed(line: str) -> str:
    """A line of a module without the spaces between its tokens, but for those that keep two of them apart."""

    def without(found: re.Match[str]) -> str:
        if not found[0].startswith(" "):
            return found[0]
        before, after = line[found.start() - 1], line[found.end()]
        names = _PART_OF_A_NAME.match(before) and _PART_OF_A_NAME.match(after)
        return " " if names or (before in "+-" and after in "+-") else ""

    return _TEXT_OR_SPACE.sub(without, line)


@cache
def exists(name: str) -> bool:
    """Whether ``static`` has this file."""
    return files(__package__).joinpath("static", name).is_file()
