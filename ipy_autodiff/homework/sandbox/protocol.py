"""What the grader and a notebook's process say to each other: questions one way, reports and answers the other.

What comes back is made up by whoever controls that process, so each struct says how long, how large and how deep its
parts may be, and decoding refuses the rest. What it says is another matter: as long as the answers come from the
student's own process, code in it can answer questions without an engine. That cannot be closed for good. It is
narrowed: what stands in the notebook is read by the grader, sheets ask for numbers that were drawn after the notebook
had run, and whatever does not keep to the order of questions and answers, or reaches for the interpreter's insides,
is reported to the lecturer as suspect.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ipy_autodiff.homework.sandbox.arrays import PackedArray
from ipy_autodiff.homework.sandbox.packed_trace import PackedTrace

__all__ = [
    "Answer",
    "Answered",
    "Begun",
    "Cells",
    "End",
    "Ended",
    "Errors",
    "Has",
    "NoBackward",
    "NotNumbers",
    "NotVariable",
    "Over",
    "Question",
    "Raised",
    "Ran",
    "Report",
    "Swept",
    "Test",
    "Traced",
    "Unreadable",
    "Value",
    "clean",
]

Name = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=4000)]
Nonce = Annotated[str, Meta(max_length=32)]
Index = Annotated[int, Meta(ge=0, le=1_000_000)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Code = Annotated[int, Meta(ge=-1000, le=1000)]


class Message(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind"):
    """One message."""


# From the grader.


class Test(Message, tag="test"):
    """A test begins: its questions may take so many seconds together."""

    __test__ = False

    number: int
    seconds: float


class Question(Message, tag="question"):
    """Evaluates an expression on inputs, each arriving as the student's Variable, after ``repairs``.

    ``name`` takes the place of an expression where something is only looked for (``has``).
    """

    ask: Literal["value", "gradients", "trace", "raises", "has"]
    nonce: str = ""
    seed: int = 0
    expression: str = ""
    inputs: dict[str, PackedArray] = {}
    repairs: tuple[str, ...] = ()
    name: str = ""


class End(Message, tag="end"):
    """A test is over: its process is to exit with this code, which nobody could know before."""

    code: int


# While the cells run.


class Cells(Message, tag="cells"):
    """How many code cells the notebook has: the first report."""

    count: Index


class Unreadable(Message, tag="unreadable"):
    """The file is not a notebook: the only report."""

    reason: Literal["empty", "zip", "json", "cells", "many", "link", "file", "large"]


class Begun(Message, tag="begun"):
    """A cell begins."""

    cell: Index


class Ended(Message, tag="ended"):
    """A cell is over: the class of the exception that ended it, the text, and whether its stored output is another."""

    cell: Index
    error: Name = ""
    text: Text = ""
    stale: bool = False


class Ran(Message, tag="ran"):
    """All cells are over; the end of what they printed."""

    output: Annotated[str, Meta(max_length=20_000)] = ""


# Answers.


class Value(Message, tag="value"):
    """Numbers or a text, the class of what held them."""

    type: Name
    array: PackedArray | None = None
    text: Annotated[str, Meta(max_length=2000)] | None = None


class NotNumbers(Message, tag="not-numbers"):
    """The value holds no numbers: its class."""

    type: Name


class Raised(Message, tag="raised"):
    """An exception of the submission's code."""

    type: Name
    bases: Annotated[tuple[Annotated[str, Meta(max_length=400)], ...], Meta(max_length=60)] = ()
    """It and all its base classes, with their modules."""
    text: Text = ""
    traceback: Text = ""
    name: Name | None = None
    """The name that a ``NameError`` is about."""
    inside: bool = False
    """Whether it was raised in code of the notebook or beyond, and not by Python at the question's own call."""


class Swept(Message, tag="gradients"):
    """What ``backward`` left in the inputs; how many calls that took."""

    gradients: Annotated[dict[Name, Value | NotNumbers | None], Meta(max_length=1000)]
    forward_calls: Count
    backward_calls: Count
    seeded: bool = False


class NoBackward(Message, tag="no-backward"):
    """The result, of this class, has no ``backward``."""

    type: Name


class Traced(Message, tag="trace"):
    """A graph and what is known of it."""

    trace: PackedTrace


class NotVariable(Message, tag="not-variable"):
    """The result, of this class, has no graph."""

    type: Name


class Errors(Message, tag="errors"):
    """What an expression raised, or None."""

    error: Raised | None


class Has(Message, tag="has"):
    """Whether there is such a name."""

    has: bool


Answer = Value | NotNumbers | Raised | Swept | NoBackward | Traced | NotVariable | Errors | Has


class Answered(Message, tag="answered"):
    """An answer to the question with this nonce."""

    nonce: Nonce
    answer: Answer


class Over(Message, tag="over"):
    """A test's process has ended, with this exit code (negative: by a signal)."""

    test: Index
    code: Code


Report = Cells | Unreadable | Begun | Ended | Ran
Reply = Answered | Over


def clean(text: object, most: int) -> str:
    """A text of limited length that can be sent: lone surrogates become question marks."""
    return str(text)[:most].encode("utf-8", "replace").decode("utf-8")
