"""Read in a notebook's own bytes what it defines, and how: no code has to run for it, and none can lie about it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from ipy_autodiff.homework.sandbox.text.cells import UnreadableError, code_cells
from ipy_autodiff.homework.sandbox.text.suspicions import Suspicion, suspicious_lines

__all__ = ["NotebookText", "plain_source"]

_MOST = 16_000_000
_SUSPICIONS = 20
_DEFINITIONS = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class NotebookText:
    """The code cells of a notebook, each with nbgrader's name for it; none if it is not a notebook."""

    def __init__(self, cells: Sequence[tuple[str, str]], *, too_large: bool = False) -> None:
        self._cells = cells
        self._too_large = too_large

    @classmethod
    def of(cls, content: bytes) -> NotebookText:
        """The text of a notebook's bytes. A very large file is not looked at, and said to be suspicious."""
        if len(content) > _MOST:
            return cls((), too_large=True)
        try:
            return cls([(cell.source, cell.grade_id) for cell in code_cells(content)])
        except UnreadableError:
            return cls(())

    def cell(self, grade_id: str) -> str | None:
        """The source of the first cell that nbgrader knows by this name."""
        return next((plain_source(source) for source, name in self._cells if name == grade_id), None)

    def source(self, name: str) -> str | None:
        """The text that defines a class, a function or, dotted, a method, in the last cell that does."""
        found = None
        for source, tree in self._trees:
            node: ast.AST | None = tree
            for part in name.split("."):
                if node is not None:
                    inner = [one for one in ast.walk(node) if isinstance(one, _DEFINITIONS) and one.name == part]
                    node = inner[-1] if inner else None
            if node is not None:
                found = ast.get_source_segment(source, node) or found
        return found

    def line(self, cell: int, number: int) -> str:
        """A line of a cell, both as a traceback counts them; empty where there is none."""
        lines = self._cells[cell][0].splitlines() if cell < len(self._cells) else []
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""

    def place(self, name: str) -> tuple[int, int] | tuple[None, None]:
        """The cell, from 0, and the line, from 1, of an assignment to an attribute of this name."""
        setting = re.compile(rf"\.{re.escape(name)}\b.*=|setattr\(.*\b{re.escape(name)}\b")
        for cell, (source, _) in enumerate(self._cells):
            for number, line in enumerate(source.splitlines(), 1):
                if setting.search(line):
                    return cell, number
        return None, None

    def defines(self, name: str) -> bool | None:
        """Whether the notebook's text gives a meaning to a name; None where text alone does not say.

        Of a dotted name, that is an attribute of a class that the text defines, or of a class that it derives from.
        """
        first, *rest = name.split(".")
        classes = {
            node.name: node for _, tree in self._trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
        }
        if len(rest) == 1 and first in classes:
            return self._has_attribute(first, rest[0], classes)
        if first in self._bound:
            return None if rest else True
        return None if self._stars else False

    def suspicions(self) -> list[Suspicion]:
        """The lines that an honest notebook seldom has."""
        if self._too_large:
            return [Suspicion("too-large")]
        found = []
        for suspicion in suspicious_lines([plain_source(source) for source, _ in self._cells]):
            found.append(suspicion)
            if len(found) == _SUSPICIONS:
                break
        return found

    @cached_property
    def _trees(self) -> list[tuple[str, ast.Module]]:
        found = []
        for source, _ in self._cells:
            plain = plain_source(source)
            try:
                found.append((plain, ast.parse(plain)))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
        return found

    @cached_property
    def _bound(self) -> set[str]:
        return {name for _, tree in self._trees for node in ast.walk(tree) for name in _names(node)}

    @cached_property
    def _stars(self) -> bool:
        """Whether names come from a star import, a file that is run, or code in a text."""
        return any(
            (isinstance(node, ast.ImportFrom) and node.names[0].name == "*")
            or (isinstance(node, ast.Name) and node.id in ("exec", "globals", "get_ipython"))
            for _, tree in self._trees
            for node in ast.walk(tree)
        )

    def _has_attribute(self, owner: str, name: str, classes: dict[str, ast.ClassDef]) -> bool | None:
        unknown = False
        pending, seen = [owner], set()
        while pending:
            current = pending.pop()
            if current in seen:
                continue
            seen.add(current)
            if current not in classes:
                unknown = unknown or current != "object"
                continue
            node = classes[current]
            if name in set(_attributes(node)) or self._assigned(current, name):
                return True
            unknown = unknown or bool(node.decorator_list or node.keywords)
            for base in node.bases:
                if isinstance(base, ast.Name):
                    pending.append(base.id)
                else:
                    unknown = True
        return None if unknown or self._stars else name in dir(object)

    def _assigned(self, owner: str, name: str) -> bool:
        """Whether the attribute is set from outside, as in ``Variable.__mul__ = mul``, or by ``setattr``."""
        for _, tree in self._trees:
            for node in ast.walk(tree):
                match node:
                    case ast.Attribute(value=ast.Name(id=found), attr=attribute, ctx=ast.Store()):
                        if (found, attribute) == (owner, name):
                            return True
                    case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=found), attribute, *_]):
                        if found == owner and getattr(attribute, "value", name) == name:
                            return True
        return False


def plain_source(source: str) -> str:
    """A cell as Python that can be parsed: without a cell magic's first line, other magics made calls."""
    if source.lstrip().startswith("%%"):
        source = source.lstrip().partition("\n")[2]
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            return str(TransformerManager().transform_cell(source))
        except Exception:
            return source
    return source


def _names(node: ast.AST) -> Iterator[str]:
    """The names that a node gives a meaning to."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            for alias in names:
                yield (alias.asname or alias.name).partition(".")[0]


def _attributes(node: ast.ClassDef) -> Iterator[str]:
    """What a class's body and its methods give it."""
    for part in node.body:
        for inner in ast.walk(part) if not isinstance(part, _DEFINITIONS) else [part]:
            yield from _names(inner)
        if isinstance(part, ast.FunctionDef):
            for inner in ast.walk(part):
                match inner:
                    case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                        yield name
