"""Count how often ``forward`` and ``backward`` run, however the code is named: backprop is told from differences.

A call counts by the code that runs: the code of a function that some class has as its ``forward``, a copy of that code
under another name, and any function that is called ``forward``.
"""

from __future__ import annotations

import sys
from itertools import count
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import Any

__all__ = ["CallCounts"]


class CallCounts:
    """Counts while it is open. ``namespace`` is where classes are looked for; others are found by their objects."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._counts = {"forward": count(), "backward": count()}
        self._seen: dict[CodeType, str | None] = {}
        self._known: dict[tuple[object, ...], str] = {}
        for value in list(namespace.values()):
            if isinstance(value, type):
                self._learn(value)

    def __enter__(self) -> CallCounts:
        seen, counts, named = self._seen, self._counts, self._named

        def called(frame: FrameType, event: str, _argument: object) -> None:
            if event != "call":
                return
            code = frame.f_code
            name = seen[code] if code in seen else named(frame)
            if name is not None:
                next(counts[name])

        sys.setprofile(called)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        sys.setprofile(None)

    @property
    def forward(self) -> int:
        """How many calls of a ``forward`` there were. To be read once."""
        return next(self._counts["forward"])

    @property
    def backward(self) -> int:
        """How many calls of a ``backward`` there were. To be read once."""
        return next(self._counts["backward"])

    def _named(self, frame: FrameType) -> str | None:
        """What a code that is met for the first time counts as."""
        code = frame.f_code
        if code.co_argcount:
            owner = frame.f_locals.get(code.co_varnames[0])
            self._learn(owner if isinstance(owner, type) else type(owner))
        name = code.co_name if code.co_name in self._counts else None
        for sign in _signs(code):
            name = name or self._known.get(sign)
        self._seen[code] = name
        return name

    def _learn(self, owner: type) -> None:
        for base in type.mro(owner)[:-1]:
            attributes = type.__getattribute__(base, "__dict__")
            for name in self._counts:
                held = attributes.get(name)
                held = getattr(held, "__func__", held)
                if isinstance(held, FunctionType):
                    for sign in _signs(held.__code__):
                        self._known.setdefault(sign, name)


def _signs(code: CodeType) -> tuple[tuple[object, ...], ...]:
    """What tells a code from others: where it stands, and what it does. A copy under another name keeps both."""
    return (
        (code.co_filename, code.co_firstlineno, code.co_argcount),
        (code.co_code, repr(code.co_consts), code.co_names, code.co_argcount),
    )
