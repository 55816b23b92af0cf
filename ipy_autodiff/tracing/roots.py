"""Choose the Variables whose graph a cell's reader means: the last that it swept back from, else its last result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipy_autodiff.designs import is_computed
from ipy_autodiff.designs.reading import is_variable
from ipy_autodiff.tracing.watching.calls import CallLog
from ipy_autodiff.tracing.watching.recorder import Recorder, Sweep
from ipy_autodiff.tracing.watching.source import names_assigned

__all__ = ["roots_of"]

_ROOTS = 8  # Variables that nothing consumed; a cell's graph is drawn for so many


def roots_of(
    recorder: Recorder, names: Mapping[int, str], namespace: Mapping[str, Any], source: str, value: Any, of: Any
) -> list[Any]:
    """The Variables whose graph is drawn, the one to differentiate last; none where there is no Variable.

    ``names`` are the notebook's by ``id``; ``value`` is the cell's last expression; ``of`` what was asked for.
    """
    log = recorder.log
    computed = [call for call in log if call.number >= recorder.first and not call.during_backward]
    consumed = {id(argument) for call in log if not call.during_backward for argument in call.arguments}
    free = [(call.number, output) for call in computed for output in call.outputs if id(output) not in consumed]
    bound = [(number, output) for number, output in free if id(output) in names or output is value]
    last = recorder.last_unnoted()
    swept, sweep = _swept(recorder) if of is None and last is None else (None, None)
    if swept is not None and sweep is not None:  # what the cell computed afterwards is not part of this graph
        before = [output for number, output in bound if number < sweep.first_call and output is not swept]
        return [*before[-_ROOTS:], swept]
    outputs = [output for _, output in bound[-_ROOTS:]] or [output for _, output in free[-1:]]
    roots = [last] if last is not None else outputs
    if of is not None:
        return [*(root for root in roots if root is not of), of]
    if not roots:
        fallback = _without_calls(recorder, namespace, source, value)
        return [] if fallback is None else [fallback]
    return roots


def _swept(recorder: Recorder) -> tuple[Any, Sweep | None]:
    """The Variable that the cell called ``backward`` on last; for a gradient, the Variable whose gradient it is."""
    log = recorder.log
    for sweep in reversed(recorder.sweeps):
        root = sweep.root
        if root is None or (log.made(root) is None and not is_computed(root)):
            continue
        found = _differentiated(root, log)
        if found is None:
            return None, None
        made = log.made(found)
        root = found if made is not None and made.number >= recorder.first else root
        return root, sweep
    return None, None


def _differentiated(root: Any, log: CallLog) -> Any:
    """The Variable whose gradient this is, of any order: itself where it is none, None where it is gone."""
    for _ in range(len(log.derived) + 1):
        derived = next((one for one in reversed(log.derived) if one.gradient() is root), None)
        if derived is None or root is None:
            break
        root = derived.of()
    return root


def _without_calls(recorder: Recorder, namespace: Mapping[str, Any], source: str, value: Any) -> Any:
    """The Variable that a cell is about which computed none: swept, swept by hand, shown, or assigned."""
    for sweep in reversed(recorder.sweeps):
        if sweep.root is not None:
            return sweep.root
        outputs = [call.outputs for item in sweep.calls if (call := recorder.log.latest(item.function))]
        if outputs and outputs[0]:
            return _end_of(outputs[0][0], recorder.log)
    if is_variable(value):
        return value
    assigned = [namespace.get(name) for name in names_assigned(source)]
    return next((item for item in reversed(assigned) if is_variable(item)), None)


def _end_of(variable: Any, log: CallLog) -> Any:
    """The last Variable that was computed with this one."""
    results = {id(argument): output for call in log for argument in call.arguments for output in call.outputs}
    seen = set()
    while id(variable) in results and id(variable) not in seen:
        seen.add(id(variable))
        variable = results[id(variable)]
    return variable
