"""Reads what stands behind a magic's name: views, sliders, languages; and says what may have been meant."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from IPython.core.error import UsageError
from IPython.utils.process import arg_split
from traitlets import TraitError

from ipy_autodiff.messages import LANGUAGES, say
from ipy_autodiff.views.registry import SELECTABLE

__all__ = [
    "OTHERS",
    "Settings",
    "Slider",
    "checked",
    "parse_compare",
    "parse_lang",
    "parse_show",
    "parse_slider",
    "parsed",
]

OTHERS = ("torch", "complex")
"""What gradients can be compared with, besides numerical ones."""


def parsed(magic: Any, line: str) -> Any:
    """The options of a magic that ``magic_arguments`` decorates.

    Raises ``UsageError`` for an option that it does not have, with the one that may have been meant.
    """
    options, rest = magic.parser.parse_known_args(arg_split(line))
    if rest:
        known = [name for action in magic.parser._actions for name in action.option_strings]  # noqa: SLF001
        meant = difflib.get_close_matches(rest[0].partition("=")[0], known, n=1)
        known_text = ", ".join(name for name in known if name.startswith("--") and name != "--help")
        if meant:
            raise UsageError(say("magic.did-you-mean", option=rest[0], meant=meant[0]))
        raise UsageError(say("magic.no-option", option=rest[0], known=known_text))
    return options


@dataclass(frozen=True)
class Slider:
    """A slider's range and step, in the units of the Variable's data."""

    variable: str
    low: float
    high: float
    step: float


@dataclass(frozen=True)
class Settings:
    """What one use of a magic was asked for, defaults filled in."""

    show: tuple[str, ...]
    of: str
    wrt: tuple[str, ...] | None
    sliders: tuple[Slider, ...]
    compare: str


def parse_show(text: str) -> tuple[str, ...]:
    """The views that ``--show`` names, in its order. Raises ``UsageError`` for one that does not exist."""
    views = tuple(word.strip() for word in text.split(",") if word.strip())
    unknown = [view for view in views if view not in SELECTABLE]
    if unknown or not views:
        raise UsageError(say("magic.show", view=", ".join(unknown) or text, known=",".join(SELECTABLE)))
    return tuple(dict.fromkeys(views))


def parse_lang(text: str) -> str:
    """A language, or empty. Raises ``UsageError`` for one that there is not."""
    if text and text not in LANGUAGES:
        raise UsageError(say("magic.lang", lang=text, known=", ".join(LANGUAGES)))
    return text


def parse_compare(text: str) -> str:
    """Another engine to compare with, or empty. Raises ``UsageError`` for one that there is not."""
    if text and text not in OTHERS:
        raise UsageError(say("magic.compare", name=text))
    if text == "torch" and importlib.util.find_spec(text) is None:
        raise UsageError(say("check.no-torch"))
    return text


def parse_slider(text: str) -> Slider:
    """A slider from ``name=low:high:step``. Raises ``UsageError`` for anything else."""
    name, _, numbers = text.partition("=")
    try:
        low, high, step = (float(number) for number in numbers.split(":"))
    except ValueError:
        raise UsageError(say("magic.slider", text=text)) from None
    if not name.strip() or not low < high or not 0 < step <= high - low:
        raise UsageError(say("magic.slider", text=text))
    return Slider(name.strip(), low, high, step)


def checked(parse: Callable[[str], Any], value: str) -> str:
    """The value of a setting that ``parse`` reads. Raises ``TraitError`` with what it says otherwise."""
    try:
        parse(value)
    except UsageError as error:
        raise TraitError(str(error)) from None
    return value
