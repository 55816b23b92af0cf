"""Large gradients are added and multiplied in the memory that is there, and only where nobody else sees it."""

from __future__ import annotations

import numpy as np
import pytest

from ipy_autodiff.engine.ownership import LARGE, can_add, owns

LENGTH = LARGE // 8


def test_an_array_of_its_own_that_is_large_is_added_to() -> None:
    assert can_add(np.zeros(LENGTH), np.ones(LENGTH))


@pytest.mark.parametrize(
    ("array", "other"),
    [
        (np.zeros(LENGTH - 1), np.ones(LENGTH - 1)),
        (np.zeros(LENGTH), np.ones(LENGTH, np.float32)),
        (np.zeros(LENGTH), np.ones((1, LENGTH))),
        (np.zeros(LENGTH), 1.0),
        (np.zeros(LENGTH + 1)[1:], np.ones(LENGTH)),
        (np.zeros(LENGTH).view(np.matrix), np.ones((1, LENGTH))),
    ],
    ids=["small", "other dtype", "other shape", "number", "a view", "a subclass"],
)
def test_others_are_not(array: object, other: object) -> None:
    assert not can_add(array, other)


def test_what_may_not_be_written_is_not_owned() -> None:
    array = np.zeros(3)
    assert owns(array)
    array.flags.writeable = False
    assert not owns(array)
