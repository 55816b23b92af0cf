"""What makes a lecturer look twice: code that reaches for the interpreter's insides, and messages out of turn."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import CodeType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ipy_autodiff.homework.sandbox.text.constant_texts import ConstantTexts

__all__ = ["Kind", "Suspicion", "is_private", "suspicious_code", "suspicious_lines"]

Kind = Literal[
    "names", "reached", "replaced", "out-of-turn", "nobody-asked", "left-early", "forged", "garbled", "silenced",
    "too-large",
]  # fmt: skip


class Suspicion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that an honest notebook seldom does. It costs no marks: a person is to look at it."""

    kind: Kind
    """``names``: the notebook's text names it; ``reached``: the code did it; ``replaced``: something of Python's or of
    the grader's was not what it had been; the others are about the protocol."""
    cell: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    """The code cell, from 0."""
    line: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    text: Annotated[str, Meta(max_length=300)] = ""
    """The line of the cell, or the name of what was reached for."""


_ATTRIBUTES = frozenset({
    "_getframe", "_current_frames", "currentframe", "f_back", "f_locals", "f_globals", "f_code", "tb_frame", "gi_frame",
    "cr_frame", "ag_frame", "__globals__", "__closure__", "__code__", "cell_contents", "__subclasses__", "setprofile",
    "settrace", "addaudithook", "meta_path", "get_objects", "get_referrers", "get_referents", "fromfd", "pidfd_getfd",
    "walk_stack", "extract_vars_above", "extract_vars", "extract_module_locals",
})  # fmt: skip
_OF_MODULES = {
    "os": frozenset({
        "write", "writev", "pwrite", "read", "readv", "pread", "fdopen", "dup", "dup2", "sendfile", "closerange",
        "fork", "forkpty",
    }),
    "sys": frozenset({"monitoring"}),
    "inspect": frozenset({"stack", "trace", "getinnerframes", "getouterframes"}),
    "logging": frozenset({"currentframe"}),
    "gc": frozenset({"callbacks"}),
}  # fmt: skip
_MODULES = frozenset({
    "ctypes", "_ctypes", "cffi", "_testcapi", "_testinternalcapi", "_testlimitedcapi", "_posixsubprocess",
    "_xxsubinterpreters", "_interpreters", "faulthandler", "cython", "numba",
})  # fmt: skip
_PUBLIC = frozenset({"ipy_autodiff", "ipy_autodiff.engine"})
_TEXTS = (
    "/proc/", "ipy_autodiff.homework", "_getframe", "f_locals", "f_back", "f_globals", "gi_frame", "cr_frame",
    "tb_frame", "get_objects",
    "get_referrers", "get_referents", "__globals__", "__closure__", "__code__", "__subclasses__",
    "cell_contents", "currentframe", "walk_stack", "settrace", "setprofile", "meta_path", "ctypes",
)  # fmt: skip
_BY_NAME = {
    "getattr": 1, "setattr": 1, "delattr": 1, "hasattr": 1, "attrgetter": 0, "methodcaller": 0, "__import__": 0,
    "import_module": 0, "__getattribute__": -1, "__getattr__": -1, "getattr_static": 1, "find_spec": 0,
}  # fmt: skip
"""What finds something by a text, and which of the arguments that is."""
_NAMES = _ATTRIBUTES | _MODULES | frozenset().union(*_OF_MODULES.values()) - {"trace", "stack"}
_RUNNING = frozenset({"exec", "eval", "compile"})


def suspicious_lines(sources: list[str]) -> Iterator[Suspicion]:
    """The lines of a notebook's code cells, in plain Python, that name such things; each once."""
    texts = ConstantTexts()
    for cell, source in enumerate(sources):
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        lines = source.splitlines()
        for number in sorted({getattr(node, "lineno", 0) for node in ast.walk(tree) if _suspicious(node, texts)}):
            text = lines[number - 1].strip() if 0 < number <= len(lines) else ""
            yield Suspicion("names", cell, number, text[:200].encode("utf-8", "replace").decode())


def suspicious_code(code: CodeType) -> bool:
    """Whether compiled code names such things, itself or in a function within."""
    pending = [code]
    while pending:
        one = pending.pop()
        if _ATTRIBUTES.intersection(one.co_names) or any(map(is_private, one.co_names)):
            return True
        for constant in one.co_consts:
            if isinstance(constant, CodeType):
                pending.append(constant)
            elif isinstance(constant, str) and any(part in constant for part in _TEXTS):
                return True
    return False


def is_private(module: str) -> bool:
    """Whether an honest notebook has nothing to do with this module."""
    first = module.partition(".")[0]
    return (first == "ipy_autodiff" and module.startswith("ipy_autodiff.homework")) or first in _MODULES


def _suspicious(node: ast.AST, texts: ConstantTexts) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if name in _OF_MODULES.get(owner, ()):
            return True
        case ast.Attribute(attr=name):
            return name in _ATTRIBUTES
        case ast.Name(id=name):
            return name in ("_getframe", "currentframe", "get_referrers", "get_objects", "walk_stack")
        case ast.Import(names=names):
            return any(_not_public(alias.name) for alias in names)
        case ast.ImportFrom(module=str(module), names=names):
            ours = module == "ipy_autodiff" and any(
                alias.name in ("homework", "gradcheck", "tracing", "designs") for alias in names
            )
            taken = _OF_MODULES.get(module, frozenset()) | _ATTRIBUTES
            return ours or _not_public(module) or any(alias.name in taken for alias in names)
        case ast.Constant(value=str(text)) if len(text) < 200:
            return _in_text(text)
        case ast.keyword(arg="fileno"):
            return True
        case ast.Call():
            return _in_text(texts.of(node)) or _looked_up(node, texts)
        case ast.BinOp() | ast.JoinedStr() | ast.Subscript():
            return _in_text(texts.of(node))
    return False


def _looked_up(call: ast.Call, texts: ConstantTexts) -> bool:
    """Whether a call looks up one of the names, or runs what no constant is."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in _RUNNING and isinstance(call.func, ast.Name) and call.args:
        return not isinstance(call.args[0], ast.Constant)
    if name in ("getattr", "setattr") and len(call.args) > 1 and getattr(call.args[0], "id", "") in _OF_MODULES:
        return not isinstance(call.args[1], ast.Constant) or call.args[1].value in _NAMES
    place = _BY_NAME.get(name)
    return place is not None and len(call.args) > place and texts.of(call.args[place]) in _NAMES


def _in_text(text: str | None) -> bool:
    return text is not None and (text == "/proc" or any(part in text for part in _TEXTS))


def _not_public(module: str) -> bool:
    ours = module.partition(".")[0] == "ipy_autodiff" and module not in _PUBLIC
    return ours or is_private(module)
