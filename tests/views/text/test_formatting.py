"""Numbers and arrays as short text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ipy_autodiff.messages import speaking
from ipy_autodiff.views.text.formatting import block, inline, number, spell_type, summary
from ipy_autodiff.views.text.labels import columns


class Rude:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (3.297442541400256, "3.2974"),
        (np.float32(0.1), "0.1"),
        (1e-5, "1e-5"),
        (-1e300, "-1e300"),
        (1e16, "1e16"),
        (float("nan"), "nan"),
        (-np.inf, "-inf"),
        (3, "3"),
        (np.int64(123456789), "123456789"),
        (10**400, "int"),
        (True, "True"),
        (1 + 2j, "1+2j"),
        (1 - 2j, "1-2j"),
        (None, "None"),
        ("a\nb", "'a\\nb'"),
        (Rude(), "Rude"),
        (object(), "object"),
        (np.array(2.5), "2.5"),
    ],
)
def test_a_number(value, text):
    assert inline(value) == text


@given(st.floats(-1e300, 1e300))
def test_a_number_reads_back_to_its_digits(value):
    assert float(number(value)) == pytest.approx(value, rel=1e-4, abs=5e-324)


@pytest.mark.parametrize(
    ("array", "text"),
    [
        ([1.0, 2.0], "[1 2]"),
        ([[1, 2], [3, 4]], "[[1 2] [3 4]]"),
        ([], "[]"),
        (np.linspace(-1, 2, 99), "-1 … 2"),
        (np.ones((9, 9)), "all 1"),
        (np.array([np.nan] * 20), "nan … nan"),
        (np.array([1j] * 20), "complex128 (20,)"),
        (np.array([object()] * 20), "object (20,)"),
    ],
)
def test_an_array_on_one_line(array, text):
    with speaking("en"):
        assert inline(np.asarray(array)) == text


def test_a_constant_array_is_said_in_korean():
    with speaking("ko"):
        assert summary(np.ones(30)) == "모두 1"


@given(
    arrays.arrays(
        st.sampled_from(["f4", "f8", "i8", "?", "c16"]), arrays.array_shapes(min_dims=0, max_dims=3, max_side=6)
    )
)
def test_every_array_has_a_short_line_and_a_block(array):
    with speaking("en"), np.errstate(all="ignore"):
        assert columns(inline(array)) <= 40
        assert len(block(array)) < 4000


def test_a_block_stands_in_columns():
    assert block(np.array([[1.0, -22.5], [0.25, 3.0]])) == "[[    1 -22.5]\n [ 0.25     3]]"


def test_a_large_block_leaves_its_middle_out():
    text = block(np.arange(10_000.0).reshape(100, 100))
    assert "..." in text
    assert len(text.splitlines()) < 10


def test_the_kind_of_data():
    assert spell_type(np.zeros((3, 4), "f4")) == "float32 (3, 4)"
    assert spell_type(np.array(1)) == "int64"
    assert spell_type([1]) == "list"
