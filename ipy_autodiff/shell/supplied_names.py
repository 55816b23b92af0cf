"""Finds the names that a cell uses and nobody defines, and that the reference engine can supply.

A first cell needs no import this way. A notebook that has a Variable or a Function class of its own gets NumPy at the
most: its own engine is never mixed with ours.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from typing import Any

from ipy_autodiff.messages import say

__all__ = ["said_of", "supplied"]

_ENGINE_CLASSES = ("Variable", "Function")


def supplied(tree: ast.AST, namespace: Mapping[str, Any], engine: Any) -> dict[str, Any]:
    """What to add to ``namespace`` before the cell of this ``tree`` runs, by name: public names of ``engine``."""
    used: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    missing = {name for name in used - bound if name not in namespace and not hasattr(builtins, name)}
    if not missing or "*" in bound:
        return {}
    import numpy as np

    known: dict[str, Any] = {"np": np}
    own = any(
        name in bound or namespace.get(name, getattr(engine, name)) is not getattr(engine, name)
        for name in _ENGINE_CLASSES
    )
    if not own:
        known.update((name, getattr(engine, name)) for name in engine.__all__)
    return {name: known[name] for name in missing if name in known}


def said_of(added: Mapping[str, Any]) -> list[str]:
    """Which names were added to the notebook, in sentences."""
    ours = ", ".join(sorted(name for name in added if name != "np"))
    said = [say("magic.supplied", names=ours)] if ours else []
    return said + ([say("magic.supplied-numpy")] if "np" in added else [])
