"""Read a student's file as a notebook's cells, and run such cells as plain Python does."""

from __future__ import annotations

import ast
import contextlib
import io
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "engines"
MODULES = FOLDER / "modules"
_CELL = "\n# %%"
_FIRST_USE = "\n# %% use\n"


def read(name: str) -> tuple[str, tuple[str, ...]]:
    """The definitions in ``engines/NAME.py``, and the cells that use them.

    The definitions end at the line ``# %% use``; each further ``# %%`` line starts a cell.
    """
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    source, separator, rest = text.partition(_FIRST_USE)
    if not separator:
        raise ValueError(f"{name}.py has no line '# %% use'")
    return source.strip("\n") + "\n", tuple(cell.strip("\n") + "\n" for cell in rest.split(_CELL))


@contextlib.contextmanager
def importable() -> Iterator[None]:
    """Within this context the modules that students import (``engines/modules``) can be imported."""
    before = set(sys.modules)
    sys.path.insert(0, str(MODULES))
    try:
        yield
    finally:
        sys.path.remove(str(MODULES))
        for name in {path.stem for path in MODULES.glob("*.py")} - before:
            sys.modules.pop(name, None)


def run(
    source: str, cells: Sequence[str], namespace: dict[str, Any] | None = None
) -> tuple[dict[str, Any], str, list[Any]]:
    """Run definitions and cells as a notebook would, without any tracing.

    Returns the namespace, all that was printed, and the value of each cell's last expression (None where it has
    none). Random numbers are the same each time. What a cell raises goes through; a ``namespace`` that was passed then
    holds what had been defined.
    """
    namespace = {} if namespace is None else namespace
    namespace["__name__"] = "__main__"
    state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 - students draw from the global one
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    try:
        with importable(), contextlib.redirect_stdout(io.StringIO()) as printed:
            values = [_run_cell(cell, namespace) for cell in (source, *cells)]
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)  # noqa: NPY002
    return namespace, printed.getvalue(), values[1:]


def _run_cell(cell: str, namespace: dict[str, Any]) -> Any:
    tree = ast.parse(cell)
    match tree.body:
        case [*_, ast.Expr(value=last)]:
            tree.body.pop()
            exec(compile(tree, "<cell>", "exec"), namespace)
            return eval(compile(ast.Expression(last), "<cell>", "eval"), namespace)
    exec(compile(tree, "<cell>", "exec"), namespace)
    return None
