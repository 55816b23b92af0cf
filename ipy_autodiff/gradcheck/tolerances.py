"""All limits and tolerances of the gradient check: what counts as wrong, as right, as zero, as too large.

They were set by calibration against slopes known to fifty digits: ``tests/gradcheck/test_derivative.py`` holds some
points of each kind, ``python -m tests.gradcheck.peers_table`` all of them.
"""

from __future__ import annotations

__all__ = [
    "ALONE",
    "AMPLIFIED",
    "BESIDE",
    "BUDGET",
    "CALLS",
    "CLEAR",
    "CLOSE",
    "CONFIRMED",
    "COVERAGE",
    "EDGES",
    "ELEMENTS_A_CALL",
    "EVALUATIONS",
    "EXCUSED",
    "EXPLAINED",
    "FINE",
    "HAIR",
    "HELPERS",
    "HOPELESS",
    "INSIDE",
    "KINKS_ONE_BY_ONE",
    "LARGE",
    "LEAST",
    "LITTLE",
    "LOCAL",
    "LOCAL_MOST",
    "LONG_DOUBLE",
    "MOST_NAMED",
    "NEGLIGIBLE",
    "ONE_CALL",
    "OTHER_STEPS",
    "PASSES",
    "POINTS",
    "REDUCED_TOGETHER",
    "RESOLUTION",
    "ROUNDING",
    "RUNS",
    "SHAKEN",
    "SHAKY_ANSWER",
    "SHAKY_ROW",
    "SHORT_MOST",
    "SHORT_UNITS",
    "SINGLE",
    "TINY",
    "TRIES",
    "UNLIKE",
    "WHOLE_JACOBIAN",
]

# Verdicts

COVERAGE = 10.0
"""How many uncertainties away a gradient must be to be called wrong: sigma is an estimate, ten of them a bound."""

RESOLUTION = 5e-4
"""A gradient passes only where an error of a thousandth would have shown, with room to spare."""

ROUNDING = 2.0**-30
"""How far, relatively, a right gradient may be off by its own round-off; a cast to float32 is fifty times worse."""

HAIR = 1e-5
"""What is off by less than this part is not called wrong: an iteration that ends early has a slope of its own."""

CLOSE = 2e-9
"""A slope that agrees so well with what is expected, of what it is made of, does so for no other reason."""

NEGLIGIBLE = 1e-9
"""A gradient of exactly zero passes where the function would have shown this part of its natural slope."""

INSIDE = 1e-5
"""A function that moves by less than this part of its size may move by round-off inside of it alone."""

EDGES = 3
"""So often a ladder that leads to where nothing is finite is begun anew, with steps up to 8**7 times shorter."""

OTHER_STEPS = 41 / 64
"""What steps are multiplied by to see whether they meet the same slope."""

CONFIRMED = 4
"""After so many gradients that long double calls wrong too, and none that it does not, no more are asked."""

# Ladders

REDUCED_TOGETHER = 256
"""Values up to which the differences of a path are reduced in one go."""

UNLIKE = 100.0
"""The longer of the two shortest steps is too long where its slope is off by so many times the shorter one."""

BESIDE = 3
"""The level at which a kink has to show the same slopes."""

HOPELESS = 0.03
"""Where round-off is more than this part of all that the function moves, there is no slope to be seen."""

LONG_DOUBLE = 20_000
"""It is slow, and not used for more elements."""

AMPLIFIED = 10.0
"""How much more round-off a gradient may have, relatively, than the function."""

# Arrays

SINGLE = 16
"""Arrays of up to so many elements are checked element by element."""

MOST_NAMED = 4
"""How many wrong elements of a large array are looked for."""

CLEAR = 1e-5
"""A half whose slope is off by so much of what it is made of holds a wrong element for sure."""

KINKS_ONE_BY_ONE = 64
"""Of arrays of up to so many elements, each is checked by itself where a direction meets a kink."""

EXCUSED = 16
"""After so many elements that look wrong along a direction and are right by themselves, no more are looked for."""

# Round-off

SHORT_UNITS, SHORT_MOST = 64, 2.0**-9
"""How far, in units of its round-off and at most, a gradient in float32 or float16 may be off, as one sigma."""

FINE = 1e-6
"""A row fails by so little, relatively, that it is left open where each Function and the sweep are right."""

SHAKY_ROW = 1e-9
"""A gradient whose round-off is this part of it has lost half of its digits."""

SHAKY_ANSWER = 1e-6
"""Where round-off is this part of an answer, the input is too large to have the digits that matter."""

RUNS = 6
"""Runs of which the scatter is round-off."""

SHAKEN = 2.0
"""How far numbers are moved, in units of their round-off."""

# Budget

BUDGET = 40_000.0
"""Calls of Functions that a comparison may cost; one with large arrays counts as several."""

LEAST = 6
"""The least number of runs that judge a gradient of an array; without the budget for them nothing is run."""

ALONE, ONE_CALL = 0.25, 0.02
"""Of a graph too large to be run, Functions may take this part of the budget by themselves, and one call that of it."""

LOCAL = 0.25
"""The part of the budget that the Functions may take."""

LOCAL_MOST = 0.5
"""The part that they may take where one is wrong."""

EVALUATIONS, CALLS = 4, 6
"""What a right Function costs: evaluations for each input, and calls besides."""

ELEMENTS_A_CALL = 5_000
"""So many elements cost about as much as calling a Function does."""

TRIES = 4
"""So often a Function that may draw is asked, lest a small mask come out the same by chance."""

HELPERS = 50
"""So many of the functions that a Function calls are read for the generators that they draw from."""

# Blame

TINY = 1e-300
"""Numbers too small for all their digits."""

LARGE = 1_000
"""Of arrays with more elements, one call of each class is asked whether another object's call disturbs it."""

POINTS = 4
"""Points at which an explanation of a wrong answer has to hold."""

WHOLE_JACOBIAN = 64
"""Up to so many elements, on both sides, the whole Jacobian is computed."""

EXPLAINED = 1e-7
"""How close, relatively, a repaired gradient has to come to the truth."""

PASSES = 4
"""How many passes over one graph are tried, to see whether they add up to what stands there."""

LITTLE = 2.0**-20
"""How far integers are moved to see whether they are labels."""
