"""Find a sheet, know it again when only its marks changed, and learn its tests without running one."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ipy_autodiff.messages import current_language

__all__ = ["Sheet", "SheetError", "SheetTest", "bundled_sheets", "find_sheet", "mark_of"]

_MARKS = frozenset({"points", "hidden"})
_OWN = Path(__file__).with_name("dezero")


class SheetError(Exception):
    """There is no such sheet, or it is no Python."""


@dataclass(frozen=True)
class SheetTest:
    """One test of a sheet."""

    name: str
    points: float
    hidden: bool
    summary: str = ""
    """The first line of its docstring: what students read it as."""
    translations: Mapping[str, str] = field(default_factory=dict)
    """The same in other languages, from lines of the docstring such as ``ko: ...``."""

    def title(self, language: str | None = None) -> str:
        """What students read it as, in their language where the sheet has it."""
        return self.translations.get(language or current_language()) or self.summary or self.name


@dataclass(frozen=True)
class Sheet:
    """A pytest file."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name, without its suffix."""
        return self.path.stem

    @property
    def digest(self) -> str:
        """A hash of what its tests do, and of the ``conftest.py`` beside it. Raises ``SheetError``.

        It stays the same when only ``points`` and ``hidden`` marks, comments or blanks change.
        """
        total = hashlib.sha256()
        for path in (self.path, self.path.with_name("conftest.py")):
            if path.exists():
                total.update(ast.dump(_Unmarked().visit(_parsed(path))).encode())
        return total.hexdigest()


def bundled_sheets() -> dict[str, Path]:
    """The sheets that come with the package, by name: ``step01`` and so on."""
    return {path.stem: path for path in sorted(_OWN.glob("*/step*.py"))}


def find_sheet(sheet: str | Path) -> Sheet:
    """The sheet at a path, or ``dezero:step01`` ... ``dezero:step10``, which come with the package.

    Raises ``SheetError``.
    """
    text = str(sheet)
    if text.startswith("dezero:"):
        own = bundled_sheets()
        if (name := text.removeprefix("dezero:")) not in own:
            raise SheetError(text)
        return Sheet(own[name])
    path = Path(sheet).resolve()
    if not path.is_file():
        raise SheetError(text)
    return Sheet(path)


def _parsed(path: Path) -> ast.AST:
    try:
        return ast.parse(path.read_bytes(), path.name)
    except (SyntaxError, ValueError) as error:
        raise SheetError(f"{path.name}: {error}") from None


class _Unmarked(ast.NodeTransformer):
    """Takes the decorators ``pytest.mark.points(...)`` and ``pytest.mark.hidden`` away."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._without(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._without(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return ast.Constant(None) if mark_of(node) in _MARKS else self.generic_visit(node)

    def _without(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        node.decorator_list = [mark for mark in node.decorator_list if mark_of(mark) not in _MARKS]
        return self.generic_visit(node)


def mark_of(decorator: ast.expr) -> str | None:
    """``points`` of ``pytest.mark.points(2)``; None for what is no mark."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if not isinstance(called, ast.Attribute):
        return None
    owner = called.value
    plain = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return called.attr if plain == "mark" else None
