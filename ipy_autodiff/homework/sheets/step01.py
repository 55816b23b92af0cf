"""Step 1: a Variable is a box for an array."""

import numpy as np
import pytest


@pytest.mark.points(1)
def test_variable_is_defined(student):
    """The notebook defines a class named Variable."""
    assert student.has("Variable")


@pytest.mark.points(2)
def test_variable_keeps_its_data(student):
    """A Variable keeps the array that it was made of in .data."""
    data = student.rng.normal(size=(2, 3))
    np.testing.assert_array_equal(student.value("x.data", x=data), data)


@pytest.mark.points(1)
def test_data_can_be_replaced(student):
    """Another array can be put into the box."""
    old, new = student.rng.normal(size=2)
    value = student.value("x.data = replacement.data\nx.data", x=old, replacement=new)
    assert value == new


@pytest.mark.points(1)
@pytest.mark.hidden
def test_boxes_are_apart(student):
    """Two Variables do not share their data."""
    a, b = student.rng.normal(size=2)
    assert student.value("x.data", x=a, y=b) == a
    assert student.value("y.data", x=a, y=b) == b
