"""Any text becomes one safe line, as short as asked, and no wider than reckoned."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipy_autodiff.views.text.labels import clean, columns, pad, shorten, width
from tests.views.traces import HOSTILE


@given(st.text())
def test_a_clean_text_is_one_line_that_can_be_shown(text):
    line = clean(text)
    assert len(line.splitlines()) <= 1
    assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") and c != "\ufffd"]
    line.encode("utf-8")
    assert clean(line) == line


@given(st.text(), st.integers(2, 40))
def test_a_shortened_text_takes_no_more_columns_than_asked(text, most):
    short = shorten(text, most)
    assert columns(short) <= most
    if columns(clean(text)) <= most:
        assert short == clean(text)
    else:
        assert short.endswith("…")


@given(st.text(max_size=20), st.integers(0, 40), st.booleans())
def test_padding_fills_to_the_columns(text, to, right):
    line = clean(text)
    assert columns(pad(line, to, right=right)) == max(to, columns(line))
    assert pad(line, to, right=right).strip() == line.strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_become_short_lines(text):
    assert len(shorten(text, 24)) <= 24


def test_korean_takes_two_columns_and_a_whole_em():
    assert columns("한글") == 4
    assert width("한글") == pytest.approx(2.0)
    assert width("ab") == pytest.approx(1.22)
