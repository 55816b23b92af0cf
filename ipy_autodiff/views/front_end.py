"""Read the front end's files as they are sent: without their comments and indentation."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["exists", "read"]


@cache
def read(name: str) -> str:
    """One file of ``static``. Lines of a module that only hold a comment go; so does the space before a line.

    No line of these files ends or begins inside a template literal or a comment of several lines; a test checks that.
    """
    text = files(__package__).joinpath("static", name).read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("//", "/*"))]
    return ("\n" if name.endswith(".js") else "").join(lines)


@cache
def exists(name: str) -> bool:
    """Whether ``static`` has this file."""
    return files(__package__).joinpath("static", name).is_file()
