"""Put Python's builtins, NumPy, json and this package back as they were before a submission ran.

This makes patched tools harmless where they are patched in Python. It is no wall: code in the same process can always
reach further. The wall is that answers are judged elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

__all__ = ["Originals"]

_ROOMS = (
    "_json", "ast", "base64", "binascii", "builtins", "codeop", "copy", "functools", "inspect", "io", "ipy_autodiff",
    "json", "linecache", "math", "numpy", "operator", "random", "re", "socket", "struct", "time", "tokenize",
    "traceback", "types",
)  # fmt: skip
_DEEP = ("ipy_autodiff", "json")
_MISSING = object()


class Originals:
    """What some modules hold now, and their functions' code: ``restore`` puts back what was replaced or deleted.

    What was added stays. Take it before any code runs that is not trusted.
    """

    def __init__(self, rooms: Iterable[str] = _ROOMS) -> None:
        chosen = set(rooms)
        self._spaces: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._classes: list[tuple[type, dict[str, Any]]] = []
        self._functions: list[tuple[FunctionType, Any, Any, Any]] = []
        self._modules: dict[str, ModuleType] = {}
        for name, module in list(sys.modules.items()):
            if not isinstance(module, ModuleType) or name.partition(".")[0] not in chosen:
                continue
            self._modules[name] = module
            self._spaces.append((vars(module), dict(vars(module))))
            if name.partition(".")[0] in _DEEP:
                self._take(module)

    def restore(self) -> None:
        """Puts everything back."""
        sys.modules.update(self._modules)
        for space, before in self._spaces:
            for name, value in before.items():
                if space.get(name, _MISSING) is not value:
                    space[name] = value
        for owner, attributes in self._classes:
            now = vars(owner)
            for name, value in attributes.items():
                if now.get(name, _MISSING) is not value:
                    setattr(owner, name, value)
        for function, code, defaults, keyword_defaults in self._functions:
            if function.__code__ is not code:
                function.__code__ = code
            if function.__defaults__ is not defaults:
                function.__defaults__ = defaults
            if function.__kwdefaults__ is not keyword_defaults:
                function.__kwdefaults__ = keyword_defaults

    def _take(self, module: ModuleType) -> None:
        for value in list(vars(module).values()):
            if getattr(value, "__module__", None) != module.__name__:
                continue
            if isinstance(value, FunctionType):
                self._take_function(value)
            elif isinstance(value, type):
                attributes = {
                    name: held
                    for name, held in vars(value).items()
                    if isinstance(held, FunctionType | property | classmethod | staticmethod)
                }
                self._classes.append((value, attributes))
                for held in attributes.values():
                    inner = getattr(held, "__func__", getattr(held, "fget", held))
                    if isinstance(inner, FunctionType):
                        self._take_function(inner)

    def _take_function(self, function: FunctionType) -> None:
        self._functions.append((function, function.__code__, function.__defaults__, function.__kwdefaults__))
