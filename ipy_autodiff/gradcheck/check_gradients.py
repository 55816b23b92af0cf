"""Check the gradients of a function of Variables, of the reference engine or of any other: for tests and test cells.

check_gradients(lambda x, w: np.sum(x @ w), X, W).ok
assert_gradients(softmax, X)                        # of whatever engine softmax is written for
assert_gradients(softmax, X, variable=Variable)     # where its code does not tell
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ipy_autodiff.designs.arrays.pytorch import is_tensor
from ipy_autodiff.designs.reading import GRADIENT, array_of, data_of, is_variable
from ipy_autodiff.gradcheck.bare_values import array_returned, maker_of, standing_for
from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.gradcheck.measure.draws import Draws
from ipy_autodiff.gradcheck.measure.ladder import Array, Floats
from ipy_autodiff.gradcheck.rows import Comparison
from ipy_autodiff.gradcheck.tolerances import BUDGET
from ipy_autodiff.gradcheck.variable_class import named_by, reached_by, variable_class
from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.graph import Recording
from ipy_autodiff.tracing.recording import record_variables
from ipy_autodiff.tracing.replay import ReplayError
from ipy_autodiff.tracing.watching.calls import CallLog
from ipy_autodiff.tracing.watching.recorder import Recorder

__all__ = ["assert_gradients", "check_gradients"]


def check_gradients(
    f: Callable[..., Any],
    *arrays: Any,
    variable: Callable[[Array], Any] | None = None,
    budget: float = BUDGET,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """The Comparison of ``f``, a function of Variables, at these arrays: a row for each argument.

    Arguments may be numbers, arrays or Variables. They are put into new Variables of the class ``variable``, by default
    that of a Variable among them, else the one that the code of ``f`` leads to, else the only one that the caller has a
    name for, else the reference engine's; the last of ``remarks`` says whose they were. The
    numerical gradient is that of ``f`` itself, called again with other data, so a graph that was cut inside of ``f``
    does not go unnoticed. Where ``f`` returns several Variables, each is checked. The Functions that ``f`` called are
    checked one by one too.

    Raises ``TypeError`` where ``f`` returns no Variable, where another engine's Variables may be meant and it cannot be
    known whose, and what ``f`` raises at these arrays.
    """
    given = variable or next((type(item) for item in arrays if is_variable(item)), None)
    given = (
        maker_of(list(reached_by(f)), list(named_by(f)), arrays, given) or given or variable_class(f, _callers_names())
    )
    make = given or _reference_variable()
    data = [_plain(item) for item in arrays]
    names = _names(f, len(data))
    found = []
    with Draws((f,)).repeated() as draws:
        for number, recording in enumerate(_recordings(f, make, data, names, sure=given is not None)):
            draws.notice()
            moved = {node: _moved(f, make, data, place, number, draws) for place, node in enumerate(recording.wrt)}
            compared = compare(recording, budget=budget, progress=progress, recomputed=moved)
            if not compared.ok:
                missing = [finding.sentence for finding in recording.findings if finding.code == "no-backward"]
                blame = [one.sentence for one in find_blame(recording, compared, budget=budget)]
                compared = replace(compared, remarks=(*compared.remarks, *missing, *blame))
            whose = Message("check.whose", variable=_named(make))
            found.append(replace(compared, remarks=(*compared.remarks, whose)))
    if len(found) == 1:
        return found[0]
    rows = [replace(row, name=f"{row.name} → [{n}]") for n, one in enumerate(found) for row in one.rows]
    checks = {function: check for one in found for function, check in one.functions.items()}
    remarks = {str(remark): remark for one in found for remark in one.remarks}
    return Comparison(tuple(rows), checks, tuple(remarks.values()))


def assert_gradients(f: Callable[..., Any], *arrays: Any, **options: Any) -> None:
    """Raise an ``AssertionError`` that says what is wrong, unless ``check_gradients(f, *arrays, **options).ok``."""
    __tracebackhide__ = True
    comparison = check_gradients(f, *arrays, **options)
    if not comparison.ok:
        raise AssertionError(f"{Message('check.not-ok')}\n{comparison}")


def _recordings(
    f: Callable[..., Any], make: Callable[[Array], Any], data: Sequence[Array], names: Sequence[str], sure: bool
) -> Iterator[Recording]:
    inputs = [make(array.copy()) for array in data]
    log = CallLog()
    try:
        with Recorder(log):
            returned = f(*inputs)
    except (TypeError, AttributeError) as error:
        if not sure:
            error.add_note(Message("check.whose-variable").text())
        raise
    outputs = returned if isinstance(returned, list | tuple) else [returned]
    names_of = dict(zip(names, inputs, strict=True))
    if not any(map(is_variable, inputs)):
        outputs, inputs = standing_for(outputs, log.arrays), standing_for(inputs, log.arrays)
    for output in outputs:
        if not is_variable(output) or np.asarray(data_of(output)).dtype.kind not in "biufc":
            raise TypeError(Message("check.returns-no-variable", kind=type(output).__name__).text())
    namespace = {**names_of, **dict(zip(names, inputs, strict=True))}
    for output in outputs:
        recording = record_variables([*inputs, output], namespace, log)
        nodes = {id(node.object): node for node in recording.graph.variables}
        recording = replace(recording, wrt=tuple(nodes[id(item)] for item in inputs))
        yield recording if recording.graph.functions else _swept(recording, output)


def _swept(recording: Recording, output: Any) -> Recording:
    """The same run with the gradients that the engine's own ``backward`` leaves, where its Functions are not read."""
    if any(node.object is output for node in recording.wrt) or not callable(getattr(output, "backward", None)):
        return recording
    output.backward()  # the check's own Variables
    left = {node: array_of(GRADIENT.read(node.object)) for node in recording.wrt}
    gradients = {node: gradient.copy() for node, gradient in left.items() if gradient is not None}
    return replace(recording, gradients=gradients, swept_by="cell")


def _callers_names() -> dict[str, Any]:
    """The names where the check was called from, outside of this package."""
    frame = sys._getframe(1)  # noqa: SLF001 - as inspect does it
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] == "ipy_autodiff":
        frame = frame.f_back
    return {**frame.f_globals, **frame.f_locals}


def _named(make: Callable[[Array], Any]) -> str:
    return f"{make.__module__.removesuffix('.engine.variable')}.{getattr(make, '__qualname__', make)}"


def _moved(
    f: Callable[..., Any],
    make: Callable[[Array], Any],
    data: Sequence[Array],
    place: int,
    output: int,
    draws: Draws,
) -> Callable[[Floats], Array]:
    """One output's data as a function of one argument's, by calling ``f`` again; random draws are the first's."""
    others = [array.astype(np.float64) if array.dtype.kind == "f" else array for array in data]

    def value(x: Floats) -> Array:
        handed = [make((x if n == place else other).copy()) for n, other in enumerate(others)]
        draws.start_over()
        try:
            returned = f(*handed)
        except Exception as error:
            raise ReplayError(None, error) from error
        found = array_returned(returned[output] if isinstance(returned, list | tuple) else returned)
        if found is None:
            raise ReplayError(None, TypeError(type(returned).__name__))
        return found

    return value


def _plain(item: Any) -> Array:
    item = array_returned(item) if is_tensor(item) else item
    if is_variable(item):
        item = array_of(item)
    if isinstance(item, int) and not isinstance(item, bool):
        item = float(item)
    return np.asarray(item)


def _names(f: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[n] if n < len(names) else f"x{n}" for n in range(count)]


def _reference_variable() -> Callable[[Array], Any]:
    from ipy_autodiff.engine import Variable

    return Variable
