"""Put Python's builtins, NumPy, json and this package back as they were before a submission ran.

This makes patched tools harmless where they are patched in Python. It is no wall: code in the same process can always
reach further. The wall is that answers are judged elsewhere.
"""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType
from typing import Any

__all__ = ["Originals"]

_WATCHED = (
    "builtins", "json", "json.encoder", "json.decoder", "numpy", "base64", "ast",
    "ipy_autodiff.homework.sandbox.inside.answers", "ipy_autodiff.homework.sandbox.arrays",
    "ipy_autodiff.homework.sandbox.inside.notebook_process", "ipy_autodiff.homework.sandbox.inside.surroundings",
    "ipy_autodiff.homework.sandbox.wire",
)  # fmt: skip
_PUT_BACK = (
    "_json", "ast", "base64", "binascii", "builtins", "codeop", "copy", "functools", "inspect", "io", "ipy_autodiff",
    "json", "linecache", "math", "numpy", "operator", "random", "re", "socket", "struct", "time", "tokenize",
    "traceback", "types",
)  # fmt: skip
_DEEP = ("ipy_autodiff", "json")
_MISSING = object()


class Originals:
    """What some modules hold now, and the code of some of their functions, taken before anything untrusted runs.

    ``restore`` looks at those that are patched most often; only if one of them has changed is everything looked at,
    since a fork pays for all that it touches. What was added stays.
    """

    def __init__(self) -> None:
        modules = {
            name: module
            for name, module in list(sys.modules.items())
            if isinstance(module, ModuleType) and name.partition(".")[0] in _PUT_BACK
        }
        self._modules = modules
        self._watched = [_Held(modules[name]) for name in _WATCHED if name in modules]
        self._others = [_Held(module) for name, module in modules.items() if name not in _WATCHED]

    def restore(self) -> bool:
        """Puts back what was replaced or deleted; returns whether anything was."""
        if not any(held.restore() for held in self._watched):
            return False
        for held in (*self._watched, *self._others):
            held.restore()
        sys.modules.update(self._modules)
        return True


class _Held:
    """What one module holds; of this package and json also the methods of its classes and the code of its functions."""

    def __init__(self, module: ModuleType) -> None:
        self._space = vars(module)
        self._names = dict(self._space)
        self._classes: list[tuple[type, dict[str, Any]]] = []
        self._functions: list[tuple[FunctionType, Any, Any, Any]] = []
        if module.__name__.partition(".")[0] in _DEEP:
            self._take(module)

    def restore(self) -> bool:
        """Puts everything back; returns whether anything had changed."""
        changed = False
        for name, value in self._names.items():
            if self._space.get(name, _MISSING) is not value:
                self._space[name] = value
                changed = True
        for owner, attributes in self._classes:
            now = vars(owner)
            for name, value in attributes.items():
                if now.get(name, _MISSING) is not value:
                    setattr(owner, name, value)
                    changed = True
        for function, *before in self._functions:
            if [function.__code__, function.__defaults__, function.__kwdefaults__] != before:
                function.__code__, function.__defaults__, function.__kwdefaults__ = before
                changed = True
        return changed

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
