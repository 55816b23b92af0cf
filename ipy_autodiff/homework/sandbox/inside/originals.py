"""Put Python's builtins, NumPy, json and this package back as they were before a submission ran.

This makes patched tools harmless where they are patched in Python. It is no wall: code in the same process can always
reach further. The wall is that answers are judged elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

__all__ = ["Originals"]

_WATCHED = (
    "builtins", "json", "json.encoder", "json.decoder", "numpy", "numpy.random", "ast", "msgspec", "msgspec.json",
    "msgspec.structs", "socket", "_socket", "hashlib", "hmac", "random", "signal", "textwrap",
    "ipy_autodiff.designs.reading", "ipy_autodiff.homework.sandbox.arrays",
    "ipy_autodiff.homework.sandbox.inside.answers", "ipy_autodiff.homework.sandbox.inside.call_counts",
    "ipy_autodiff.homework.sandbox.inside.notebook_process", "ipy_autodiff.homework.sandbox.inside.surroundings",
    "ipy_autodiff.homework.sandbox.protocol", "ipy_autodiff.homework.sandbox.wire",
)  # fmt: skip
_CLOSEST = (
    "ipy_autodiff.homework.sandbox.inside.answers", "ipy_autodiff.homework.sandbox.arrays",
    "ipy_autodiff.homework.sandbox.inside.call_counts", "ipy_autodiff.designs.reading", "msgspec.json",
)  # fmt: skip
_PUT_BACK = (
    "_json", "_socket", "ast", "base64", "binascii", "builtins", "codeop", "copy", "functools", "hashlib", "hmac",
    "inspect", "io", "ipy_autodiff", "json", "linecache", "math", "msgspec", "numpy", "operator", "random", "re",
    "signal", "socket", "struct", "textwrap", "time", "tokenize", "traceback", "types",
)  # fmt: skip
_DEEP = ("ipy_autodiff", "json", "socket")
_HIDDEN = "ipy_autodiff.homework"
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
        self._closest = [_Held(modules[name]) for name in _CLOSEST if name in modules]
        self._others = [_Held(module) for name, module in modules.items() if name not in _WATCHED]

    def hide(self) -> None:
        """Takes the grader's own modules out of ``sys.modules``: who imports one gets another, which nobody uses."""
        hidden = [name for name in sys.modules if f"{name}.".startswith(f"{_HIDDEN}.")]
        for name in hidden:
            del sys.modules[name]
            self._modules.pop(name, None)
        package = self._modules.get("ipy_autodiff")
        for held in (*self._watched, *self._others):
            held.forget(package, "homework")

    def restore(self, *, closest: bool = False) -> list[str]:
        """Puts back what was replaced or deleted; returns the names of it.

        ``closest``: looks only at what makes an answer of a value, which is little enough for every answer.
        """
        looked_at = self._closest if closest else self._watched
        found = [name for held in looked_at for name in held.restore()]
        if found:
            found += [name for held in self._others for name in held.restore()]
            sys.modules.update(self._modules)
        return found


class _Held:
    """What one module holds; of this package and json also the methods of its classes and the code of its functions."""

    def __init__(self, module: ModuleType) -> None:
        self._space = vars(module)
        self._names = dict(self._space)
        self._classes: list[tuple[type, dict[str, Any], int]] = []
        self._functions: list[tuple[FunctionType, Any, Any, Any]] = []
        if module.__name__.partition(".")[0] in _DEEP:
            self._take(module)

    def forget(self, module: ModuleType | None, name: str) -> None:
        """Deletes a name, if this is the module, and does not put it back."""
        if module is not None and self._space is vars(module):
            self._names.pop(name, None)
            self._space.pop(name, None)

    def restore(self) -> Iterator[str]:
        """Puts everything back, and gives the names of what had changed."""
        for name, value in self._names.items():
            if self._space.get(name, _MISSING) is not value:
                self._space[name] = value
                yield f"{self._space.get('__name__')}.{name}"
        for owner, attributes, count in self._classes:
            now = vars(owner)
            if len(now) > count:
                yield from _shadowing(owner, attributes)
            for name, value in attributes.items():
                if now.get(name, _MISSING) is not value:
                    setattr(owner, name, value)
                    yield f"{owner.__module__}.{owner.__qualname__}.{name}"
        for function, *before in self._functions:
            if [function.__code__, function.__defaults__, function.__kwdefaults__] != before:
                function.__code__, function.__defaults__, function.__kwdefaults__ = before
                yield f"{function.__module__}.{function.__qualname__}"

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
                self._classes.append((value, attributes, len(vars(value))))
                for held in attributes.values():
                    inner = getattr(held, "__func__", getattr(held, "fget", held))
                    if isinstance(inner, FunctionType):
                        self._take_function(inner)

    def _take_function(self, function: FunctionType) -> None:
        self._functions.append((function, function.__code__, function.__defaults__, function.__kwdefaults__))


def _shadowing(owner: type, attributes: dict[str, Any]) -> Iterator[str]:
    """Deletes what was added to a class in the place of something inherited, and gives its names."""
    for name in [name for name in vars(owner) if name not in attributes and not name.startswith("__")]:
        if any(name in vars(base) for base in owner.__mro__[1:]):
            delattr(owner, name)
            yield f"{owner.__module__}.{owner.__qualname__}.{name}"
