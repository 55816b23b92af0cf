"""What makes a lecturer look twice: code that reaches for the interpreter's insides, and messages out of turn."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = ["Kind", "Suspicion", "suspicious_lines"]

Kind = Literal["names", "reached", "out-of-turn", "nobody-asked", "left-early", "garbled", "too-large"]


class Suspicion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that an honest notebook seldom does. It costs no marks: a person is to look at it."""

    kind: Kind
    """``names``: the notebook's text names it; ``reached``: the code did it; the others are about the protocol."""
    cell: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    """The code cell, from 0."""
    line: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    text: Annotated[str, Meta(max_length=200)] = ""
    """The line of the cell, or the name of what was reached for."""


_ATTRIBUTES = frozenset({
    "_getframe", "_current_frames", "currentframe", "f_back", "f_locals", "f_globals", "tb_frame", "gi_frame",
    "cr_frame", "ag_frame", "__globals__", "__closure__", "cell_contents", "__subclasses__", "setprofile", "settrace",
    "addaudithook", "meta_path", "get_objects", "get_referrers", "get_referents", "fromfd", "pidfd_getfd",
})  # fmt: skip
_OF_MODULES = {
    "os": frozenset({"write", "writev", "pwrite", "fdopen", "dup", "dup2", "sendfile"}),
    "sys": frozenset({"modules"}),
    "inspect": frozenset({"stack", "trace", "getinnerframes", "getouterframes"}),
}
_MODULES = frozenset({"ctypes", "_ctypes", "cffi", "_testcapi", "_testinternalcapi", "_posixsubprocess"})
_PUBLIC = frozenset({"ipy_autodiff", "ipy_autodiff.engine"})
_TEXTS = ("/proc/", "ipy_autodiff.homework", "_getframe", "f_locals", "get_objects", "get_referrers")


def suspicious_lines(sources: list[str]) -> Iterator[Suspicion]:
    """The lines of a notebook's code cells, in plain Python, that name such things; each once."""
    for cell, source in enumerate(sources):
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        lines = source.splitlines()
        for number in sorted({getattr(node, "lineno", 0) for node in ast.walk(tree) if _suspicious(node)}):
            text = lines[number - 1].strip() if 0 < number <= len(lines) else ""
            yield Suspicion("names", cell, number, text[:200].encode("utf-8", "replace").decode())


def _suspicious(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if name in _OF_MODULES.get(owner, ()):
            return True
        case ast.Attribute(attr=name):
            return name in _ATTRIBUTES
        case ast.Name(id=name):
            return name in ("_getframe", "currentframe", "get_referrers", "get_objects")
        case ast.Import(names=names):
            return any(_private(alias.name) for alias in names)
        case ast.ImportFrom(module=str(module), names=names):
            ours = module == "ipy_autodiff" and any(
                alias.name in ("homework", "gradcheck", "tracing") for alias in names
            )
            taken = _OF_MODULES.get(module, frozenset()) | (_ATTRIBUTES if module in ("gc", "sys", "socket") else set())
            return ours or _private(module) or any(alias.name in taken for alias in names)
        case ast.Constant(value=str(text)) if len(text) < 200:
            return any(part in text for part in _TEXTS)
        case ast.keyword(arg="fileno"):
            return True
    return False


def _private(module: str) -> bool:
    ours = module.partition(".")[0] == "ipy_autodiff" and module not in _PUBLIC
    return ours or module.partition(".")[0] in _MODULES
