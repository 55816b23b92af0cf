"""The comparison as a table: digits that show where two values part, verdicts in words and signs."""

from typing import Any

import numpy as np
import pytest

from ipy_autodiff.messages import speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import record_variables
from ipy_autodiff.views.check.judged_rows import check
from tests.views import traces
from tests.views.traces import Row


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


def checked(*rows, blame=()):
    trace = traces.composed()
    shown: Any = traces.Trace(trace.recording, rows, blame)
    return check(shown)


def row(backprop, numerical, uncertainty=1e-12, verdict="pass", **more):
    x = traces.variable(0, "x", 1.0, None, "leaf")
    backprop, numerical, uncertainty = (
        None if value is None else np.asarray(value) for value in (backprop, numerical, uncertainty)
    )
    return Row(x, "x", backprop, numerical, uncertainty, verdict, **more)


def test_equal_values_are_shown_with_many_digits():
    shown = checked(row(3.297442541400256, 3.2974425414003)).rows[0]
    assert shown.cells == ("x", "3.297442541", "3.297442541", "± 1e-12")
    assert (shown.verdict, shown.verdict_text, shown.reason) == ("pass", "agrees", "")


def test_different_values_are_shown_until_they_part():
    assert checked(row(1.0, 1.0000001, verdict="fail")).rows[0].cells[1:3] == ("1", "1.0000001")
    assert checked(row(94.18146788, 33.48836329, verdict="fail")).rows[0].cells[1:3] == ("94.1815", "33.4884")


def test_a_large_wrong_gradient_shows_its_worst_element():
    good = np.arange(12.0).reshape(3, 4)
    bad = good.copy()
    bad[1, 2] += 0.5
    shown = checked(row(bad, good, np.full((3, 4), 1e-9), "fail")).rows[0]
    assert shown.cells == ("x[1, 2]", "6.5", "6", "± 1e-9")


def test_elements_that_were_not_measured_are_passed_over():
    numerical, uncertainty = (
        np.array([np.nan, 4.0, np.nan, 1.0, np.nan]),
        np.array([np.inf, 1e-9, np.inf, 1e-9, np.inf]),
    )
    shown = checked(row(np.array([0.0, 2.0, 9.0, 1.0, 9.0]), numerical, uncertainty, "fail")).rows[0]
    assert shown.cells == ("x[1]", "2", "4", "± 1e-9")
    shown = checked(row(np.arange(5.0), None, None, reason="All together.")).rows[0]
    assert shown.cells == ("x", "[0 1 2 3 4]", "–", "")


def test_what_is_missing_is_a_dash():
    shown = checked(row(None, np.nan, None, "inconclusive", reason="No gradient.")).rows[0]
    assert shown.cells[1:] == ("–", "nan", "")
    assert shown.reason == "No gradient."


def test_odd_shapes_are_no_error():
    rows = [row(np.ones((2, 3)), np.ones(6), 1e-9, "fail"), row(np.ones(9), 2.0, 1e-9, "fail"), row([], [], [], "pass")]
    rows += [row(np.array([None] * 9), np.ones(9), 1e-9, "fail"), row(np.ones(9) * 1j, np.ones(9), 1e-9, "fail")]
    assert len(checked(*rows).rows) == 5


def test_references_are_columns_of_their_own():
    both = checked(row(1.0, 1.0, references={"torch": np.asarray(1.0)}), row(2.0, 2.0))
    assert both.columns == ("Variable", "Backprop", "Numerical", "Error bound", "torch", "Verdict")
    assert [shown.cells[4] for shown in both.rows] == ["1", "–"]


def test_the_heading_says_the_whole_and_counts_only_what_can_be_counted():
    assert checked(row(1, 1)).summary.heading == "Backprop agrees with the numerical derivative."
    assert checked(row(1, 1), row(1, 1)).summary.heading.endswith("Variables compared: 2.")
    assert checked(row(1, 2, verdict="fail")).summary.heading == "Backprop differs from the numerical derivative."
    several = checked(row(1, 1), row(1, 2, verdict="fail"))
    assert several.summary.verdict == "fail"
    assert several.summary.heading.endswith("Variables that differ: 1 of 2.")
    assert checked(row(1, 1), row(1, 2, verdict="inconclusive")).summary.verdict == "inconclusive"
    assert checked().summary.heading == "There is no gradient to compare."


def test_without_a_backward_pass_the_numerical_derivative_is_shown_and_nothing_is_judged():
    found = check(Trace(record_variables([exp_without_backward()], {})))
    assert found.summary.verdict == "inconclusive"
    assert found.summary.heading.startswith("There is no backward pass yet")
    (only,) = found.rows
    assert only.cells[1:3] == ("–", "1.64872")
    assert (only.verdict, only.verdict_text, only.reason) == ("inconclusive", "not compared", "")


def exp_without_backward():
    """The exponential of 0.5 in the book's second step: there are classes, and no ``backward`` anywhere."""

    class Variable:
        def __init__(self, data):
            self.data, self.creator = data, None

    class Exp:
        def forward(self, x):
            return np.exp(x)

    x, function = Variable(np.array(0.5)), Exp()
    y = Variable(function.forward(x.data))
    y.creator, function.input, function.output = function, x, y
    return y


def test_a_wrong_value_is_never_shown_as_equal():
    wrong = row(np.float32(1 / 3), 1 / 3, 1e-15, "fail")
    backprop, numerical = checked(wrong).rows[0].cells[1:3]
    assert backprop != numerical
    close = np.array([1.0, 2.0])
    shown = checked(row(close, close + np.array([0, 1e-9]), np.full(2, 1e-13), "fail")).rows[0].cells
    assert shown[0] == "x[1]"
    assert shown[1:3] == ("2", "2.000000001")


def test_a_row_leads_to_its_variable():
    assert checked(row(1, 1)).rows[0].variable == "v0"


def test_right_by_chance_is_not_all_right():
    found = checked(row(1, 1), blame=traces.wrong_function().blame)
    assert found.summary.verdict == "fail"
    assert found.summary.heading.endswith("and yet something is wrong.")


def test_blame_has_a_sentence_and_a_hint():
    found = check(traces.wrong_function()).summary.blame[0]
    assert found.sentence == "Tanh.backward does not use gy."
    assert found.hint.startswith("The chain rule")


def test_the_verdict_line_gives_both_numbers_and_counts_the_others():
    one = checked(row(4.74387, 14.2316, verdict="fail")).summary
    assert one.line == "✗ x: 4.74387, should be 14.2316."
    two = checked(row(1, 2, verdict="fail"), row(1, 2, verdict="fail"), row(1, 1)).summary
    assert two.line == "✗ x: 1, should be 2. More gradients that are wrong: 1."
    assert checked(row(1, 1)).summary.line == "✓ Backprop agrees with the numerical derivative."
    assert checked(row(None, 6, verdict="fail")).summary.line == "✗ x has no gradient; it should be 6."
