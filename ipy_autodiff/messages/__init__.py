"""Every sentence that people read, by a stable identifier, in each language.

A folder is a language, and holds one file per area of the package; code refers to a sentence by its identifier::

    Message("check.kink", name="x").text("ko")
"""

from __future__ import annotations

import locale
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ipy_autodiff.messages.particles import fill

__all__ = ["LANGUAGES", "Message", "current_language", "prefer", "say", "sentences", "speaking"]

_FOLDER = Path(__file__).parent
LANGUAGES = ("en", *sorted({file.parent.name for file in _FOLDER.glob("*/language.toml")} - {"en"}))

_preferred: str | None = None
_spoken: ContextVar[str | None] = ContextVar("ipy_autodiff_language", default=None)


@dataclass(frozen=True, init=False)
class Message:
    """A sentence that is not yet in a language: its identifier in the catalogue, and what fills its blanks."""

    identifier: str
    blanks: Mapping[str, Any]

    def __init__(self, identifier: str, /, **blanks: Any) -> None:
        object.__setattr__(self, "identifier", identifier)
        object.__setattr__(self, "blanks", blanks)

    def text(self, language: str | None = None) -> str:
        """The sentence in ``language``, one of ``LANGUAGES``; by default the current one."""
        return say(self.identifier, language=language, **self.blanks)

    def __str__(self) -> str:
        return self.text()


def say(identifier: str, /, *, language: str | None = None, **blanks: Any) -> str:
    """The sentence of this identifier in ``language``, its blanks filled; a ``Message`` in a blank is said too.

    Raises ``KeyError`` for an identifier that the catalogue does not have.
    """
    language = language or current_language()
    filled = {key: value.text(language) if isinstance(value, Message) else value for key, value in blanks.items()}
    room, _, key = identifier.partition(".")
    sentence = _room(language, room).get(key)
    if sentence is None:
        raise KeyError(identifier)
    return fill(sentence, filled)


def sentences(language: str) -> dict[str, str]:
    """All sentences of one language: identifier to sentence. Identifiers are ``room.key``, the room a file's name."""
    rooms = [file.stem for file in (_FOLDER / language).glob("*.toml")]
    return {f"{room}.{key}": sentence for room in rooms for key, sentence in _room(language, room).items()}


@cache
def _room(language: str, room: str) -> dict[str, str]:
    """One file of the catalogue; they are read one by one, as they are needed. Empty where there is none."""
    if room not in _rooms():  # a name from elsewhere is never made a path
        return {}
    return tomllib.loads((_FOLDER / language / f"{room}.toml").read_text(encoding="utf-8"))


@cache
def _rooms() -> frozenset[str]:
    return frozenset(file.stem for file in (_FOLDER / LANGUAGES[0]).glob("*.toml"))


def prefer(language: str | None) -> None:
    """Speak ``language`` from now on where ``speaking`` says nothing else; None leaves it to the locale again."""
    global _preferred
    _preferred = language


def current_language() -> str:
    """The language in force: the one that ``speaking`` set, else the preferred one, the locale's, English."""
    return _spoken.get() or _preferred or _of_the_locale()


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Within this context every message is in ``language``; None leaves it to the locale.

    Raises ``ValueError`` for a language that the catalogue does not have.
    """
    if language is not None and language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, not {language!r}")
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def _of_the_locale() -> str:
    names = [os.environ.get(key, "") for key in ("LC_ALL", "LC_MESSAGES", "LANG")]
    with suppress(ValueError):  # a locale that Python cannot parse
        names.append(locale.getlocale()[0] or "")
    first = next((name for name in names if name), "")
    named = first.lower().replace(".", "_").partition("_")[0]  # ko of ko_KR.UTF-8, korean of Windows' Korean_Korea.949
    if named in LANGUAGES:
        return named
    return next((each for each in LANGUAGES if named in _room(each, "language")["names"].lower().split(", ")), "en")
