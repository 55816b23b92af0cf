"""Sentences with names and numbers in them: in Korean the particle fits what stands before it."""

from __future__ import annotations

import locale
import re

import pytest

from ipy_autodiff.messages import Message, current_language, sentences
from ipy_autodiff.messages.particles import fill, with_particle

NAMES = {
    "변수": "가 를 는 와 로 라",
    "입력값": "이 을 은 과 으로 이라",
    "길": "이 을 은 과 로 이라",
    "x": "가 를 는 와 로 라",
    "l": "이 을 은 과 로 이라",
    "n": "이 을 은 과 으로 이라",
    "MLP": "가 를 는 와 로 라",
    "Square": "가 를 는 와 로 라",
    "Mul": "이 을 은 과 로 이라",
    "Sine": "이 을 은 과 으로 이라",
    "step": "이 을 은 과 으로 이라",
    "v10": "이 을 은 과 으로 이라",
    "x2": "가 를 는 와 로 라",
    "4.74387": "이 을 은 과 로 이라",
    "W[0, 3]": "이 을 은 과 으로 이라",
    "square(x)": "가 를 는 와 로 라",
    "(2, 3)": "이 을 은 과 으로 이라",
    "": "가 를 는 와 로 라",
    "…": "가 를 는 와 로 라",
}
"""What a sentence may name, and the forms that follow it."""
PARTICLES = ("이가", "을를", "은는", "과와", "으로", "이라")
FORMS = "이|가|을|를|은|는|과|와|으로|로"


@pytest.mark.parametrize("name", NAMES)
def test_the_particle_fits_the_last_sound(name: str) -> None:
    assert [with_particle(name, particle) for particle in PARTICLES] == [name + form for form in NAMES[name].split()]


def test_another_particle_is_an_error() -> None:
    with pytest.raises(ValueError, match="이가"):
        with_particle("x", "에서")


def test_other_formats_are_those_of_str_format() -> None:
    assert fill("{x:.2f} {{y}} {name!r:이가}", {"x": 1.0, "name": "n"}) == "1.00 {y} 'n'이"


@pytest.mark.parametrize("name", [name for name in NAMES if name])
def test_no_korean_sentence_doubles_or_mistakes_a_particle(name: str) -> None:
    allowed = set(NAMES[name].split())
    for identifier, sentence in sentences("ko").items():
        fields = dict.fromkeys(re.findall(r"(?<!\{)\{(\w+)[:}]", sentence), name)
        text = Message(identifier, **fields).text("ko")
        assert not re.search(rf"(?:{FORMS}|이라)\((?:{FORMS}|라)\)|\(으\)로|\(이\)라", text), identifier
        assert set(re.findall(rf"{re.escape(name)}({FORMS})(?=[\s.,:])", text)) <= allowed, identifier


def test_japanese_is_punctuated_as_japanese() -> None:
    for identifier, sentence in sentences("ja").items():
        if identifier != "language.names":
            assert not re.search(r"[ぁ-んァ-ヶ一-龠] ?[,?!:;(]|[,?!:;] ?[ぁ-んァ-ヶ一-龠]", sentence), identifier


@pytest.mark.parametrize(
    ("system", "language"),
    [
        ("ko_KR.UTF-8", "ko"),
        ("Korean_Korea.949", "ko"),
        ("ja_JP.UTF-8", "ja"),
        ("Japanese_Japan.932", "ja"),
        ("en_GB.UTF-8", "en"),
        ("English_United States.1252", "en"),
        ("C.UTF-8", "en"),
        ("kok_IN", "en"),
        ("", "en"),
    ],
)
def test_the_locale_chooses_the_language(monkeypatch: pytest.MonkeyPatch, system: str, language: str) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", system)
    monkeypatch.setattr(locale, "getlocale", lambda: (None, None))
    assert current_language() == language
