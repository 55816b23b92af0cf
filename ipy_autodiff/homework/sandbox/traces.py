"""Pass what was seen of a submission's graph through the wire: its records as JSON, rebuilt without the live objects.

``packed_trace`` runs beside the submission, ``unpacked_trace`` outside. A rebuilt trace can be drawn and read like any
other. What it says comes from where the submission runs: good enough to explain a mistake, not to decide on marks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from numpy import asarray, generic, ndarray

from ipy_autodiff.homework.sandbox.arrays import pack, unpack
from ipy_autodiff.homework.sandbox.wire import GarbledError
from ipy_autodiff.messages import LANGUAGES, Message
from ipy_autodiff.tracing.diagnosis import GRAPH, Diagnosis
from ipy_autodiff.tracing.graph import Addition, Array, FunctionNode, Graph, Recording, Step, VariableNode

if TYPE_CHECKING:
    from ipy_autodiff.gradcheck.comparison import Comparison

__all__ = ["Packed", "packed_trace", "unpacked_trace"]

Packed = dict[str, Any]

_FUNCTIONS = 500
_ELEMENTS = 20_000
_TEXT = 600
_ROLES = ("leaf", "intermediate", "output")
_VERDICTS = ("pass", "fail", "inconclusive")
_SWEPT = ("cell", "replay", "nobody")


def packed_trace(recording: Recording, comparison: Comparison | None, blame: Sequence[Diagnosis]) -> Packed:
    """A recording, its comparison and blame as JSON. Raises ``OverflowError`` for a graph too large to send."""
    graph = recording.graph
    if len(graph.functions) > _FUNCTIONS:
        raise OverflowError(f"{len(graph.functions)} Functions")
    return {
        "variables": [
            {
                "id": node.id,
                "name": _short(node.name),
                "named": bool(node.named),
                "data": _packed_data(node.data),
                "grad": _packed_array(node.grad),
                "role": node.role,
            }
            for node in graph.variables
        ],
        "functions": [
            {
                "id": node.id,
                "name": _short(node.name),
                "inputs": [variable.id for variable in node.inputs],
                "outputs": [variable.id for variable in node.outputs],
                "line": node.line,
                "code": _short(node.code),
            }
            for node in graph.functions
        ],
        "steps": [_packed_step(step) for step in recording.steps],
        "raised": None if recording.raised is None else _packed_step(recording.raised),
        "checked": {}
        if comparison is None
        else {node.id: check.verdict for node, check in comparison.functions.items()},
        "of": recording.of.id if recording.of else None,
        "wrt": [node.id for node in recording.wrt],
        "source": _short(recording.source),
        "swept_by": recording.swept_by,
        "gradients": {node.id: _packed_array(array) for node, array in recording.gradients.items()},
        "findings": [_packed_diagnosis(one) for one in recording.findings],
        "rows": None
        if comparison is None
        else [
            {
                "variable": row.variable.id,
                "name": _short(row.name),
                "backprop": _packed_array(row.backprop),
                "numerical": _packed_array(row.numerical),
                "uncertainty": _packed_array(row.uncertainty),
                "verdict": row.verdict,
                "reason": None if row.reason is None else _packed_message(row.reason),
            }
            for row in comparison.rows
        ],
        "blame": [_packed_diagnosis(one) for one in blame],
    }


def _packed_step(step: Step) -> Packed:
    return {
        "function": step.function.id,
        "gys": [_packed_array(array) for array in step.gys],
        "gxs": [_packed_array(array) for array in step.gxs],
        "local": [_packed_array(array) for array in step.local],
        "additions": [
            {
                "variable": addition.variable.id,
                "before": _packed_array(addition.before),
                "contribution": _packed_array(addition.contribution),
                "after": _packed_array(addition.after),
            }
            for addition in step.additions
        ],
        "line": step.line,
        "error": None if step.error is None else _short(step.error),
    }


def unpacked_trace(packed: object) -> tuple[Recording, Comparison | None, tuple[Diagnosis, ...]]:
    """What ``packed_trace`` packed. Raises ``GarbledError`` for anything else."""
    try:
        return _unpacked(packed)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise GarbledError(f"no trace: {error}") from None


def _unpacked(packed: Any) -> tuple[Recording, Comparison | None, tuple[Diagnosis, ...]]:
    if len(packed["functions"]) > _FUNCTIONS or len(packed["variables"]) > 20 * _FUNCTIONS:
        raise GarbledError("too large a graph")
    variables = {
        f"v{number}": VariableNode(
            id=f"v{number}",
            name=_text(one["name"]) or f"v{number}",
            named=one["named"] is True,
            data=_unpacked_data(one["data"]),
            grad=_array(one["grad"]),
            role=_one_of(one["role"], _ROLES),  # type: ignore[arg-type]
            object=None,
        )
        for number, one in enumerate(packed["variables"])
    }
    # The identifiers end up in HTML, so they are given here, in the order of the list, and only looked up there.
    known = dict(zip((str(one["id"]) for one in packed["variables"]), variables.values(), strict=True))
    if len(known) != len(variables):
        raise GarbledError("two Variables of one name")
    functions: dict[str, FunctionNode] = {}
    for number, one in enumerate(packed["functions"]):
        inputs = tuple(known[name] for name in one["inputs"])
        functions[str(one["id"])] = FunctionNode(
            id=f"f{number}",
            name=_text(one["name"]) or "?",
            inputs=inputs,
            outputs=tuple(known[name] for name in one["outputs"]),
            line=_line(one["line"]),
            code=_text(one["code"]),
            arguments=inputs,
            object=None,
        )

    def variable(name: object) -> VariableNode | None:
        return None if name is None else known[str(name)]

    def function(name: object) -> FunctionNode | None:
        return None if name is None else functions[str(name)]

    findings = tuple(_diagnosis(one, function) for one in packed["findings"])
    recording = Recording(
        graph=Graph(tuple(variables.values()), tuple(functions.values()), findings),
        steps=tuple(_step(number, one, known, functions) for number, one in enumerate(packed["steps"], 1)),
        of=variable(packed["of"]),
        wrt=tuple(known[name] for name in packed["wrt"]),
        source=_text(packed["source"]),
        swept_by=_one_of(packed["swept_by"], _SWEPT),  # type: ignore[arg-type]
        gradients={
            known[name]: array for name, one in packed["gradients"].items() if (array := _array(one)) is not None
        },
        findings=findings,
        raised=None if packed.get("raised") is None else _step(0, packed["raised"], known, functions),
    )
    checked = {functions[name]: verdict for name, verdict in packed.get("checked", {}).items()}
    return (
        recording,
        _comparison(packed["rows"], known, checked),
        tuple(_diagnosis(one, function) for one in packed["blame"]),
    )


def _step(
    number: int, one: Mapping[str, Any], known: Mapping[str, VariableNode], functions: Mapping[str, FunctionNode]
) -> Step:
    return Step(
        number=number,
        function=functions[one["function"]],
        gys=tuple(map(_array, one["gys"])),
        gxs=tuple(map(_array, one["gxs"])),
        local=tuple(map(_array, one["local"])),
        additions=tuple(
            Addition(known[add["variable"]], _array(add["before"]), _array(add["contribution"]), _array(add["after"]))
            for add in one["additions"]
        ),
        line=_line(one["line"]),
        error=None if one["error"] is None else _text(one["error"]),
    )


def _comparison(
    rows: Sequence[Mapping[str, Any]] | None, known: Mapping[str, VariableNode], checked: Mapping[FunctionNode, Any]
) -> Comparison | None:
    if rows is None:
        return None
    from ipy_autodiff.gradcheck.blame.local_result import LocalCheck
    from ipy_autodiff.gradcheck.comparison import Comparison, Row
    from ipy_autodiff.gradcheck.measure.probe import Probe

    return Comparison(
        functions={
            node: LocalCheck(Probe(node, []), _one_of(verdict, _VERDICTS))  # type: ignore[arg-type]
            for node, verdict in checked.items()
        },
        rows=tuple(
            Row(
                variable=known[row["variable"]],
                name=_text(row["name"]),
                backprop=_array(row["backprop"]),
                numerical=_array(row["numerical"]),
                uncertainty=_array(row["uncertainty"]),
                verdict=_one_of(row["verdict"], _VERDICTS),  # type: ignore[arg-type]
                reason=None if row["reason"] is None else _message(row["reason"]),
                references={},
            )
            for row in rows
        ),
    )


def _packed_diagnosis(one: Diagnosis) -> Packed:
    return {
        "code": one.code,
        "where": _short(one.where),
        "function": one.function.id if one.function else None,
        "blanks": _packed_message(one.sentence)["blanks"],
        "mistake": bool(one.mistake),
    }


def _diagnosis(one: Mapping[str, Any], function: Callable[[object], Any]) -> Diagnosis:
    """A diagnosis that can be said."""
    unsaid = Diagnosis(_text(one["code"]), GRAPH, mistake=one["mistake"] is True)
    blanks = _message({"identifier": unsaid.sentence.identifier, "blanks": one["blanks"]}).blanks
    if unsaid.mistake:
        _message({"identifier": unsaid.hint.identifier, "blanks": one["blanks"]})
    return replace(unsaid, where=_text(one["where"]), function=function(one["function"]), blanks=blanks)


@dataclass(frozen=True)
class _Said:
    """What a student put where an array belongs, as text."""

    text: str

    def __repr__(self) -> str:
        return self.text


def _packed_array(value: object) -> Packed | None:
    if value is None:
        return None
    array = asarray(value)
    if array.dtype.kind not in "biufc" or array.size > _ELEMENTS:
        return None
    return pack(array)


def _packed_data(value: object) -> Packed:
    if isinstance(value, ndarray | generic) and (packed := _packed_array(value)) is not None:
        return packed
    try:
        return {"text": repr(value)[:_TEXT]}
    except BaseException:
        return {"text": type(value).__name__}


def _unpacked_data(packed: Any) -> Any:
    return _Said(_text(packed["text"])) if "text" in packed else unpack(packed)


def _packed_message(message: Message) -> Packed:
    blanks: dict[str, Any] = {}
    for key, value in message.blanks.items():
        if isinstance(value, Message):
            blanks[key] = _packed_message(value)
        elif type(value) in (int, float, bool):
            blanks[key] = value
        else:
            blanks[key] = _short(str(value))
    return {"identifier": message.identifier, "blanks": blanks}


def _message(packed: Mapping[str, Any]) -> Message:
    """A message that can be said: of the catalogue, with blanks that fill it."""
    blanks: dict[str, Any] = {}
    for key, value in packed["blanks"].items():
        if isinstance(value, dict):
            blanks[key] = _message(value)
        elif isinstance(value, str):
            blanks[key] = _text(value)
        elif isinstance(value, int | float):
            blanks[key] = value
        else:
            raise GarbledError("a message's blank")
    message = Message(packed["identifier"], **blanks)
    for language in LANGUAGES:
        message.text(language)
    return message


def _array(packed: object) -> Array | None:
    return None if packed is None else unpack(packed)


def _line(value: object) -> int | None:
    return value if type(value) is int and 0 < value < 10**6 else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise GarbledError("no text")
    return value[:_TEXT]


def _one_of(value: object, known: Sequence[str]) -> str:
    if value not in known:
        raise GarbledError(f"not one of {known}")
    return str(value)


def _short(text: str) -> str:
    return text[:_TEXT]
