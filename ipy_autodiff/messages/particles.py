"""Choose the Korean particle that fits the last sound of a name or number, so that a sentence never offers both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

__all__ = ["fill", "with_particle"]

_PARTICLES = {
    "이가": ("이", "가"),
    "을를": ("을", "를"),
    "은는": ("은", "는"),
    "과와": ("과", "와"),
    "이라": ("이라", "라"),
}
_BY = "으로"
"""Becomes 로 after a vowel, and after ㄹ too."""
_RIEUL = 8
"""The number of ㄹ among the 28 endings of a Hangul syllable."""
_DIGITS = {"0": "영", "1": "일", "2": "이", "3": "삼", "4": "사", "5": "오", "6": "육", "7": "칠", "8": "팔", "9": "구"}
_LETTERS = {"l": "엘", "m": "엠", "n": "엔", "r": "알"}
"""The letters whose Korean names end in a consonant."""
_CLOSED_WORD = re.compile(r"(?:(?P<l>l|le)|m|me|n|ne|ng|[^aeiou][aeiou](?:p|t|k|ck))$")
"""English words that end in a consonant when written in Hangul (step, Mul, Sine, Variable); others end in a vowel."""


def with_particle(text: str, particle: str) -> str:
    """The text followed by one form of ``particle``: "이가", "을를", "은는", "과와", "으로" or "이라".

    What counts is the last syllable as it is read: Hangul by its ending, digits and single Latin letters by their
    names, words by an approximation of how they are written in Hangul. Signs at the end, such as brackets, are skipped.
    Raises ``ValueError`` for another particle.
    """
    ending = _ending(text)
    if particle == _BY:
        return text + ("로" if ending in (0, _RIEUL) else "으로")
    if particle not in _PARTICLES:
        raise ValueError(f"{particle!r} is not one of {', '.join([*_PARTICLES, _BY])}")
    return text + _PARTICLES[particle][ending == 0]


def _ending(text: str) -> int:
    """The number of the last syllable's ending among Hangul's; 0 for a vowel, and where nothing can be read."""
    word = re.search(r"([a-z]+|[^\W_])[\W_]*$", text, re.IGNORECASE)
    if word is None:
        return 0
    last = word[1]
    if last.isascii() and last.isalpha():
        if len(last) == 1 or last.isupper():
            last = _LETTERS.get(last[-1].lower(), "에이")
        else:
            closed = _CLOSED_WORD.search(last.lower())
            last = "이" if closed is None else "일" if closed["l"] else "인"
    syllable = _DIGITS.get(last, last)[-1]
    return (ord(syllable) - ord("가")) % 28 if "가" <= syllable <= "힣" else 0


class _Filler(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec in _PARTICLES or format_spec == _BY:
            return with_particle(str(value), format_spec)
        return str(super().format_field(value, format_spec))


def fill(sentence: str, values: Mapping[str, Any]) -> str:
    """The sentence with its placeholders filled as by ``str.format``; ``{name:이가}`` adds the particle that fits."""
    empty: Sequence[Any] = ()
    return _Filler().vformat(sentence, empty, values)
