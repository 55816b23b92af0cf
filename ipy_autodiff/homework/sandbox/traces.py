"""Pass what was seen of a submission's graph on as structs, and rebuild it without the live objects.

``packed_trace`` runs beside the submission, ``unpacked_trace`` outside. A rebuilt trace can be drawn and read like any
other. What it says comes from where the submission runs: good enough to explain a mistake, not to decide on marks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from numpy import asarray, generic, ndarray

from ipy_autodiff.designs.nodes import Array, FunctionNode, VariableNode
from ipy_autodiff.homework.sandbox.arrays import PackedArray, pack, unpack
from ipy_autodiff.homework.sandbox.packed_trace import (
    EDGES,
    FUNCTIONS,
    VARIABLES,
    PackedAddition,
    PackedDiagnosis,
    PackedFunction,
    PackedRow,
    PackedStep,
    PackedTrace,
    PackedVariable,
    packed_blank,
    packed_message,
    short,
)
from ipy_autodiff.tracing.diagnosis import Diagnosis
from ipy_autodiff.tracing.graph import Addition, Graph, Recording, Step

if TYPE_CHECKING:
    from ipy_autodiff.gradcheck.rows import Comparison

__all__ = ["TooLargeError", "packed_trace", "unpacked_trace"]

_ELEMENTS = 20_000


class TooLargeError(Exception):
    """The graph has too many Functions, Variables or edges to be sent."""


def packed_trace(recording: Recording, comparison: Comparison | None, blame: Sequence[Diagnosis]) -> PackedTrace:
    """A recording, its comparison and blame as structs. Raises ``TooLargeError``."""
    graph = recording.graph
    edges = sum(len(node.inputs) + len(node.outputs) for node in graph.functions)
    if len(graph.functions) > FUNCTIONS or len(graph.variables) > VARIABLES or edges > EDGES:
        raise TooLargeError(f"{len(graph.functions)} Functions")
    variables = {node: index for index, node in enumerate(graph.variables)}
    functions = {node: index for index, node in enumerate(graph.functions)}

    def packed_step(step: Step) -> PackedStep:
        return PackedStep(
            function=functions[step.function],
            gys=tuple(map(_packed_array, step.gys)),
            gxs=tuple(map(_packed_array, step.gxs)),
            local=tuple(map(_packed_array, step.local)),
            additions=tuple(
                PackedAddition(
                    variables[one.variable],
                    _packed_array(one.before),
                    _packed_array(one.contribution),
                    _packed_array(one.after),
                )
                for one in step.additions
            ),
            line=step.line,
            error=None if step.error is None else short(step.error),
        )

    def packed_diagnosis(one: Diagnosis) -> PackedDiagnosis:
        return PackedDiagnosis(
            code=one.code,
            where=short(one.where),
            function=functions.get(one.function) if one.function is not None else None,
            blanks={key: packed_blank(value) for key, value in one.blanks.items()},
            input=one.input,
            mistake=bool(one.mistake),
        )

    return PackedTrace(
        variables=tuple(
            PackedVariable(
                short(node.name), bool(node.named), _packed_data(node.data), _packed_array(node.grad), node.role
            )
            for node in graph.variables
        ),
        functions=tuple(
            PackedFunction(
                short(node.name),
                tuple(variables[one] for one in node.inputs),
                tuple(variables[one] for one in node.outputs),
                node.line,
                short(node.code),
            )
            for node in graph.functions
        ),
        steps=tuple(packed_step(step) for step in recording.steps),
        raised=None if recording.raised is None else packed_step(recording.raised),
        checked=None
        if comparison is None
        else {functions[node]: check.verdict for node, check in comparison.functions.items() if node in functions},
        of=variables[recording.of] if recording.of else None,
        wrt=tuple(variables[node] for node in recording.wrt),
        source=short(recording.source),
        swept_by=recording.swept_by,
        gradients={
            variables[node]: packed
            for node, array in recording.gradients.items()
            if (packed := _packed_array(array)) is not None
        },
        findings=tuple(packed_diagnosis(one) for one in recording.findings),
        rows=None
        if comparison is None
        else tuple(
            PackedRow(
                variables[row.variable],
                short(row.name),
                _packed_array(row.backprop),
                _packed_array(row.numerical),
                _packed_array(row.uncertainty),
                row.verdict,
                None if row.reason is None else packed_message(row.reason),
            )
            for row in comparison.rows
        ),
        blame=tuple(packed_diagnosis(one) for one in blame),
    )


def unpacked_trace(packed: PackedTrace) -> tuple[Recording, Comparison | None, tuple[Diagnosis, ...]]:
    """What ``packed_trace`` packed."""
    # Identifiers end up in HTML: they are given here, and not taken from what was packed.
    variables = [
        VariableNode(
            id=f"v{index}",
            name=one.name or f"v{index}",
            named=one.named,
            data=_Represented(one.data) if isinstance(one.data, str) else unpack(one.data),
            grad=_array(one.grad),
            role=one.role,
            object=None,
        )
        for index, one in enumerate(packed.variables)
    ]
    functions = []
    for index, one in enumerate(packed.functions):
        inputs = tuple(variables[place] for place in one.inputs)
        functions.append(
            FunctionNode(
                id=f"f{index}",
                name=one.name or "?",
                inputs=inputs,
                outputs=tuple(variables[place] for place in one.outputs),
                line=one.line,
                code=one.code,
                arguments=inputs,
                object=None,
            )
        )

    def step(number: int, one: PackedStep) -> Step:
        return Step(
            number=number,
            function=functions[one.function],
            gys=tuple(map(_array, one.gys)),
            gxs=tuple(map(_array, one.gxs)),
            local=tuple(map(_array, one.local)),
            additions=tuple(
                Addition(variables[add.variable], _array(add.before), _array(add.contribution), _array(add.after))
                for add in one.additions
            ),
            line=one.line,
            error=one.error,
        )

    findings = tuple(one.unpacked(functions) for one in packed.findings)
    recording = Recording(
        graph=Graph(tuple(variables), tuple(functions), findings),
        steps=tuple(step(number, one) for number, one in enumerate(packed.steps, 1)),
        of=None if packed.of is None else variables[packed.of],
        wrt=tuple(variables[index] for index in packed.wrt),
        source=packed.source,
        swept_by=packed.swept_by,
        gradients={variables[index]: unpack(array) for index, array in packed.gradients.items()},
        findings=findings,
        raised=None if packed.raised is None else step(0, packed.raised),
    )
    blame = tuple(one.unpacked(functions) for one in packed.blame)
    return recording, _comparison(packed, variables, functions), blame


def _comparison(
    packed: PackedTrace, variables: Sequence[VariableNode], functions: Sequence[FunctionNode]
) -> Comparison | None:
    if packed.rows is None:
        return None
    from ipy_autodiff.gradcheck.blame.local_result import LocalCheck
    from ipy_autodiff.gradcheck.measure.probe import Probe
    from ipy_autodiff.gradcheck.rows import Comparison, Row

    return Comparison(
        functions={
            functions[index]: LocalCheck(Probe(functions[index], []), verdict)
            for index, verdict in (packed.checked or {}).items()
        },
        rows=tuple(
            Row(
                variable=variables[row.variable],
                name=row.name,
                backprop=_array(row.backprop),
                numerical=_array(row.numerical),
                uncertainty=_array(row.uncertainty),
                verdict=row.verdict,
                reason=None if row.reason is None else row.reason.unpacked(),
            )
            for row in packed.rows
        ),
    )


@dataclass(frozen=True)
class _Represented:
    """What a student put where an array belongs, as text."""

    text: str

    def __repr__(self) -> str:
        return self.text


def _packed_array(value: object) -> PackedArray | None:
    if value is None:
        return None
    array = asarray(value)
    if array.dtype.kind not in "biufc" or array.size > _ELEMENTS:
        return None
    return pack(array)


def _packed_data(value: object) -> PackedArray | str:
    if isinstance(value, ndarray | generic) and (packed := _packed_array(value)) is not None:
        return packed
    try:
        return short(repr(value))
    except BaseException:
        return type(value).__name__


def _array(packed: PackedArray | None) -> Array | None:
    return None if packed is None else unpack(packed)
