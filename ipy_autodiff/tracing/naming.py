"""Name Variables as a reader knows them: by the notebook's names, else their own, else by what made them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipy_autodiff.designs.reading import NAME, array_of, data_of, is_variable
from ipy_autodiff.tracing.producers import Producer

__all__ = ["Naming"]

_LONG_NAME = 22


class Naming:
    """Gives each Variable the name under which a reader knows it."""

    def __init__(self, names: Mapping[int, str], local_names: Mapping[int, str]) -> None:
        self._names = names
        self._local_names = local_names
        self._taken: set[str] = set(names.values())
        self._made_up: dict[int, str] = {}
        self._count = 0

    def of(self, variable: Any, producer: Producer | None) -> tuple[str, bool]:
        """Its name, and whether the notebook or the Variable itself gave it."""
        name = self._names.get(id(variable))
        if name:
            return name, True
        own = NAME.read(variable)
        if isinstance(own, str) and own:
            return own, True
        name = self._made_up[id(variable)] = self._local_names.get(id(variable)) or self._described(variable, producer)
        return name, False

    def _described(self, variable: Any, producer: Producer | None) -> str:
        if producer is None:
            data = array_of(data_of(variable))
            if data is not None and data.ndim == 0 and data.dtype.kind in "biuf":
                return f"{data:g}" if data.dtype.kind == "f" else str(data)
        elif len(producer.outputs) == 1:
            parts = [
                self._names.get(id(item)) or self._made_up.get(id(item)) or "…"
                for item in producer.arguments
                if is_variable(item)
            ]
            described = _call(producer.name, parts)
            if len(described) <= _LONG_NAME:
                return described
        while True:
            self._count += 1
            if f"v{self._count}" not in self._taken:
                return f"v{self._count}"


def _call(function: str, parts: list[str]) -> str:
    """As the reader wrote it: ``Square(x)``, ``a + b``, ``a**2``."""
    if not function.isidentifier() and len(parts) == 2:
        return f"{parts[0]} {function} {parts[1]}"
    if function.startswith("**") and len(parts) == 1:
        return f"{parts[0]}{function}" if parts[0].isidentifier() else f"({parts[0]}){function}"
    return f"{function}({', '.join(parts)})"
