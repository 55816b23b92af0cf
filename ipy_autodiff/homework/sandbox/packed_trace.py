"""The structs of a trace that is passed on: what decodes has bounds, and sentences of the catalogue.

Indices lead to something, no graph has more edges than can be drawn, and every sentence is known and can be filled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ipy_autodiff.designs.nodes import FunctionNode
from ipy_autodiff.homework.sandbox.arrays import PackedArray
from ipy_autodiff.messages import LANGUAGES, Message, sentences
from ipy_autodiff.tracing.diagnosis import Diagnosis

__all__ = [
    "EDGES",
    "FUNCTIONS",
    "VARIABLES",
    "PackedAddition",
    "PackedDiagnosis",
    "PackedFunction",
    "PackedMessage",
    "PackedRow",
    "PackedStep",
    "PackedTrace",
    "PackedVariable",
    "packed_blank",
    "packed_message",
    "short",
]

FUNCTIONS = 500
VARIABLES = 2000
EDGES = 2000
_TEXT = 600

Index = Annotated[int, Meta(ge=0, lt=VARIABLES)]
Line = Annotated[int, Meta(ge=1, le=10**6)]
Text = Annotated[str, Meta(max_length=_TEXT)]
Arrays = Annotated[tuple[PackedArray | None, ...], Meta(max_length=100)]
Indices = Annotated[tuple[Index, ...], Meta(max_length=100)]
Verdict = Literal["pass", "fail", "inconclusive"]


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a trace. Variables and Functions are named by their index."""


class PackedMessage(Part):
    """A sentence of the catalogue. What is decoded can be said: it is known there, and its placeholders are filled."""

    identifier: Annotated[str, Meta(max_length=100)]
    blanks: Annotated[dict[Text, str | int | float | bool | PackedMessage], Meta(max_length=20)] = {}

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a sentence that there is not, or one that cannot be filled."""
        if self.identifier not in _known():
            raise ValueError("a sentence that is not in the catalogue")
        if any(isinstance(value, str) and len(value) > _TEXT for value in self.blanks.values()):
            raise ValueError("a text that is too long")
        message = self.unpacked()
        try:
            for language in LANGUAGES:
                message.text(language)
        except (KeyError, IndexError, AttributeError, TypeError) as error:
            raise ValueError(f"a sentence that cannot be filled: {error}") from None

    def unpacked(self) -> Message:
        """The message."""
        return Message(self.identifier, **_unpacked_blanks(self.blanks))


class PackedVariable(Part):
    """A Variable."""

    name: Text
    named: bool
    data: PackedArray | Text
    grad: PackedArray | None
    role: Literal["leaf", "intermediate", "output"]


class PackedFunction(Part):
    """One call of a Function."""

    name: Text
    inputs: Indices
    outputs: Indices
    line: Line | None
    code: Text


class PackedAddition(Part):
    """What one backward call did to one input's gradient."""

    variable: Index
    before: PackedArray | None
    contribution: PackedArray | None
    after: PackedArray | None


class PackedStep(Part):
    """One call of a Function's ``backward``."""

    function: Index
    gys: Arrays
    gxs: Arrays
    local: Arrays
    additions: Annotated[tuple[PackedAddition, ...], Meta(max_length=100)]
    line: Line | None
    error: Text | None


class PackedDiagnosis(Part):
    """What is wrong, or a remark. What is decoded has sentences in the catalogue, whose placeholders are filled."""

    code: Annotated[str, Meta(max_length=100)]
    where: Text
    function: Index | None
    blanks: Annotated[dict[Text, str | int | float | bool | PackedMessage], Meta(max_length=20)]
    input: Annotated[int, Meta(ge=0, le=1000)] | None
    mistake: bool

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a code without a sentence, or one whose sentence cannot be filled."""
        diagnosis = self.unpacked([None] * FUNCTIONS)
        PackedMessage(diagnosis.sentence.identifier, self.blanks)
        if self.mistake:
            PackedMessage(diagnosis.hint.identifier, self.blanks)

    def unpacked(self, functions: Sequence[FunctionNode | None]) -> Diagnosis:
        """The diagnosis, about one of these Functions."""
        return Diagnosis(
            self.code,
            self.where,
            None if self.function is None else functions[self.function],
            _unpacked_blanks(self.blanks),
            self.input,
            mistake=self.mistake,
        )


class PackedRow(Part):
    """One row of the comparison."""

    variable: Index
    name: Text
    backprop: PackedArray | None
    numerical: PackedArray | None
    uncertainty: PackedArray | None
    verdict: Verdict
    reason: PackedMessage | None


class PackedTrace(Part):
    """A recording, its comparison and its blame."""

    variables: Annotated[tuple[PackedVariable, ...], Meta(max_length=VARIABLES)]
    functions: Annotated[tuple[PackedFunction, ...], Meta(max_length=FUNCTIONS)]
    steps: Annotated[tuple[PackedStep, ...], Meta(max_length=2 * FUNCTIONS)]
    raised: PackedStep | None
    checked: Annotated[dict[Index, Verdict], Meta(max_length=FUNCTIONS)] | None
    of: Index | None
    wrt: Annotated[tuple[Index, ...], Meta(max_length=VARIABLES)]
    source: Text
    swept_by: Literal["cell", "replay", "nobody"]
    gradients: Annotated[dict[Index, PackedArray], Meta(max_length=VARIABLES)]
    findings: Annotated[tuple[PackedDiagnosis, ...], Meta(max_length=100)]
    rows: Annotated[tuple[PackedRow, ...], Meta(max_length=VARIABLES)] | None
    blame: Annotated[tuple[PackedDiagnosis, ...], Meta(max_length=100)]

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a graph with too many edges, or with an index to something that is not there."""
        if sum(len(one.inputs) + len(one.outputs) for one in self.functions) > EDGES:
            raise ValueError("too many edges")
        steps = (*self.steps, *filter(None, [self.raised]))
        variables = {index for one in self.functions for index in (*one.inputs, *one.outputs)}
        variables.update(one.variable for step in steps for one in step.additions)
        variables.update(self.wrt, self.gradients, (row.variable for row in self.rows or ()))
        functions = {step.function for step in steps} | set(self.checked or ())
        if self.of is not None:
            variables.add(self.of)
        for one in (*self.findings, *self.blame):
            if one.function is not None:
                functions.add(one.function)
        if max(variables, default=-1) >= len(self.variables) or max(functions, default=-1) >= len(self.functions):
            raise ValueError("an index to nothing")
        made = [index for one in self.functions for index in one.outputs]
        if len(made) != len(set(made)):
            raise ValueError("a Variable with two creators")


def packed_message(message: Message) -> PackedMessage:
    """A message as a struct, its texts cut to a limited length."""
    return PackedMessage(message.identifier, {key: packed_blank(value) for key, value in message.blanks.items()})


def packed_blank(value: Any) -> str | int | float | bool | PackedMessage:
    """What fills a placeholder, as plain data."""
    if isinstance(value, Message):
        return packed_message(value)
    if type(value) is bool or (type(value) is int and abs(value) < 2**63):
        return bool(value) if type(value) is bool else int(value)
    if type(value) is float and math.isfinite(value):
        return value
    return short(str(value))


def short(text: str) -> str:
    """A text of limited length that can be sent."""
    return text[:_TEXT].encode("utf-8", "replace").decode()


def _unpacked_blanks(blanks: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.unpacked() if isinstance(value, PackedMessage) else value for key, value in blanks.items()}


@cache
def _known() -> frozenset[str]:
    return frozenset(sentences("en"))
