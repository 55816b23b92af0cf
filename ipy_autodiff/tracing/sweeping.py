"""Turns backward calls that were seen into Steps, and makes them on copies where the cell did not make them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ipy_autodiff.designs import design_of, rerun_of
from ipy_autodiff.designs.arrays.values import Value
from ipy_autodiff.designs.reading import array_of, kept
from ipy_autodiff.limits import HELD_FUNCTIONS, STUDIED_FUNCTIONS
from ipy_autodiff.tracing.diagnosis import ENGINE, GRAPH, Diagnosis
from ipy_autodiff.tracing.graph import Addition, Array, FunctionNode, Graph, Step, VariableNode
from ipy_autodiff.tracing.replay import Replay, ReplayError
from ipy_autodiff.tracing.watching.calls import CallLog
from ipy_autodiff.tracing.watching.recorder import BackwardCall, Recorder, Sweep, SweepTooLong

__all__ = ["Swept", "local_derivatives", "steps_of", "sweep_of", "sweep_on_copies"]

_LARGE = 10_000  # elements
_HEAVY = 1_000_000  # elements
_SHOWN_ROUND = 3  # steps beyond one round of a sweep that does not end


@dataclass(frozen=True, eq=False)
class Swept:
    """A backward pass: its steps, who ran it, and the gradient that it left in each Variable."""

    steps: tuple[Step, ...]
    by: Literal["cell", "replay", "nobody"]
    gradients: Mapping[VariableNode, Array] = field(default_factory=dict)
    findings: tuple[Diagnosis, ...] = ()
    begun: bool = False
    """Whether the cell began a pass from there, to its end or not."""
    raised: Step | None = None
    """The cell's own call with which its own pass ended, where that raised and the pass was run anew."""


def sweep_of(graph: Graph, of: VariableNode, seen: Sequence[Sweep], replay: Replay, moved: bool = False) -> Swept:
    """The backward pass from ``of``: the cell's own where it made one, else the student's engine on copies.

    ``moved`` says that the graph's data are not those that its objects were computed with.
    """
    functions = graph.upstream(of)
    if len(functions) > HELD_FUNCTIONS:
        blanks = {"count": len(functions), "limit": HELD_FUNCTIONS}
        finding = Diagnosis("many-functions", GRAPH, None, blanks, mistake=False)
        swept = any(sweep.root is of.object for sweep in seen)
        gradients = {leaf: leaf.grad for leaf in graph.leaves if leaf.grad is not None} if swept else {}
        return Swept((), "cell" if swept else "nobody", gradients, (finding,))
    by_object = _by_object(functions)
    latest = list(reversed(seen))
    own = [sweep for sweep in latest if sweep.root is of.object]
    for sweep in (*own, *(sweep for sweep in latest if sweep.root_reference is None)):
        calls = [call for call in sweep.calls if call.function is not None and id(call.function) in by_object]
        calls = calls if sweep.root_reference is not None else _last_pass(calls, by_object)
        if calls and sweep.root is of.object and _is_swept_by_hand(of.object):
            return _as_seen(graph, of, calls, sweep, by_object, replay)
        if functions and len({id(call.function) for call in calls}) == len(by_object) and len(calls) >= len(functions):
            return _as_seen(graph, of, calls, sweep, by_object, replay)
    if own and not own[0].noted:
        return _unwatched(graph, of, functions, own[0], replay)
    anew = sweep_on_copies(graph, of, functions, replay, moved)
    own = own or [sweep for sweep in latest if sweep.root_reference is None]
    begun = any(id(call.function) in by_object for call in own[0].calls) if own else False
    if any(step.error is not None for step in anew.steps):
        return replace(anew, begun=begun)
    return replace(anew, begun=begun, raised=_raised(own[0].calls, by_object, replay) if own else None)


def _is_swept_by_hand(root: Any) -> bool:
    return type(root) is Value and root.record is not None and root.record.by_hand


def _unwatched(
    graph: Graph, of: VariableNode, functions: Sequence[FunctionNode], sweep: Sweep, replay: Replay
) -> Swept:
    """The cell's own pass of which beginning and end were seen: run anew from there, it has to come to the same end."""
    seen = {leaf: sweep.left[id(leaf.object)] for leaf in graph.leaves if id(leaf.object) in sweep.left}
    before = {leaf: gradient for leaf in seen if (gradient := sweep.before.get(id(leaf.object))) is not None}
    left = {leaf: gradient for leaf, gradient in seen.items() if gradient is not None}
    for moved in (False, True):
        anew = sweep_on_copies(graph, of, functions, replay, moved, before, sweep.given)
        if sweep.ended and not anew.findings and all(_same(anew.gradients.get(leaf), seen[leaf]) for leaf in seen):
            steps = tuple(replace(step, by="cell") for step in anew.steps)
            return Swept(steps, "cell", {**anew.gradients, **left})
    return anew


def _same(found: Array | None, left: Array | None) -> bool:
    if found is None or left is None:
        return found is left
    return found.shape == left.shape and bool(np.array_equal(found, left, equal_nan=found.dtype.kind in "fc"))


def _raised(calls: Sequence[BackwardCall], by_object: Mapping[int, list[FunctionNode]], replay: Replay) -> Step | None:
    """The last of the calls that the cell made, where it raised: its error is that of the same call on copies."""
    if not calls or calls[-1].returned or id(calls[-1].function) not in by_object:
        return None
    call, node = calls[-1], by_object[id(calls[-1].function)][-1]
    try:
        replay.answer(node, list(call.gys))  # type: ignore[arg-type]
    except ReplayError as error:
        cause = error.cause.__context__ or error.cause  # it is tried with a list too; the first error is the cell's
        text = f"{type(cause).__name__}: {cause}"
        return replace(_step(len(calls), node, call, "cell", ()), error=text)
    return None


def _last_pass(calls: Sequence[BackwardCall], by_object: Mapping[int, list[FunctionNode]]) -> list[BackwardCall]:
    """Of calls made by hand, perhaps in several runs of a loop, those that belong to the last pass."""
    wanted = {key: len(nodes) for key, nodes in by_object.items()}
    chosen: list[BackwardCall] = []
    for call in reversed(calls):
        if wanted.get(id(call.function), 0) > 0:
            wanted[id(call.function)] -= 1
            chosen.append(call)
    return chosen[::-1]


def _by_object(functions: Sequence[FunctionNode]) -> dict[int, list[FunctionNode]]:
    found: dict[int, list[FunctionNode]] = {}
    for function in functions:
        found.setdefault(id(function.object), []).append(function)
    return found


def _as_seen(
    graph: Graph,
    of: VariableNode,
    calls: Sequence[BackwardCall],
    sweep: Sweep,
    by_object: Mapping[int, list[FunctionNode]],
    replay: Replay,
) -> Swept:
    steps = steps_of(calls, by_object, "cell", replay)
    gradients = _gradients(of, steps)
    for node in graph.leaves:
        left = sweep.left.get(id(node.object), node.grad)
        if left is not None and (node not in gradients or id(node.object) in sweep.left):
            gradients[node] = left
        elif id(node.object) in sweep.left:
            gradients.pop(node, None)
    return Swept(steps, "cell", gradients)


def _gradients(of: VariableNode, steps: Sequence[Step]) -> dict[VariableNode, Array]:
    gradients: dict[VariableNode, Array] = {}
    for step in steps:
        for node, gy in zip(step.function.outputs, step.gys, strict=False):
            if gy is not None and node is of:
                gradients[node] = gy
        for addition in step.additions:
            if addition.after is not None:
                gradients[addition.variable] = addition.after
    return gradients


def sweep_on_copies(
    graph: Graph,
    of: VariableNode,
    functions: Sequence[FunctionNode],
    replay: Replay,
    moved: bool = False,
    before: Mapping[VariableNode, Array] | None = None,
    given: Mapping[str, Any] | None = None,
) -> Swept:
    """The student's engine run backward from ``of`` on copies; ``moved`` where the graph's data are not the cell's.

    ``before`` are gradients that stand in leaves when it begins, ``given`` arguments for ``backward``.
    """
    if not functions or not any(function.has_backward for function in functions):
        return Swept((), "nobody")
    if not all(function.recorded for function in functions):
        return Swept((), "nobody")
    if graph.cyclic or not isinstance(of.data, np.ndarray):
        return Swept((), "nobody")
    objects = rerun_of(graph)
    if moved:
        with replay.aside():
            objects.refresh()
    for leaf, gradient in (before or {}).items():
        objects.set_gradient(leaf, gradient.copy())
    by_object: dict[int, list[FunctionNode]] = {}
    for function in functions:
        by_object.setdefault(id(objects.functions[function]), []).append(function)
    recorder = Recorder(CallLog(), limit=20 * len(functions) + 200)
    for function in functions:
        output = objects.variables[function.outputs[0]]
        design = design_of(output)
        if design is not None:
            recorder.backward.expect(design, output, tuple(objects.variables[node] for node in function.inputs))
    findings: list[Diagnosis] = []
    gradients: dict[VariableNode, Array] = {}
    with replay.aside(), contextlib.ExitStack() as stack:
        stack.enter_context(recorder)
        try:
            gradients = replay.sweep(of, objects=objects, restarted=recorder.forget, given=given)
        except ReplayError as error:
            stack.close()
            findings.append(_failure(error, of))
        except RecursionError:
            stack.close()
            findings.append(Diagnosis("backward-recurses", ENGINE, None, {"variable": of.name}))
    calls = [call for sweep in recorder.sweeps for call in sweep.calls if id(call.function) in by_object]
    if findings:  # a sweep that does not end repeats itself: a little more than one round shows it
        calls = calls[: len(functions) + _SHOWN_ROUND]
    steps = steps_of(calls, by_object, "replay", replay)
    for node, gradient in _gradients(of, steps).items():
        if node.role != "leaf":
            gradients.setdefault(node, gradient)
    if findings:
        steps = tuple(_with_error(step, findings[-1]) if step is steps[-1] else step for step in steps)
        gradients = {}
    return Swept(steps, "replay", gradients, tuple(findings))


def _failure(error: ReplayError, of: VariableNode) -> Diagnosis:
    cause = error.cause
    if isinstance(cause, SweepTooLong):
        return Diagnosis("sweep-does-not-end", ENGINE, None, {"variable": of.name})
    if isinstance(cause, RecursionError):
        return Diagnosis("backward-recurses", ENGINE, None, {"variable": of.name})
    text = f"{type(cause).__name__}: {cause}"
    return Diagnosis("sweep-raises", ENGINE, error.function, {"variable": of.name, "error": text})


def _with_error(step: Step, finding: Diagnosis) -> Step:
    error = finding.blanks.get("error")
    return replace(step, error=error) if error else step


def steps_of(
    calls: Sequence[BackwardCall],
    by_object: Mapping[int, list[FunctionNode]],
    by: Literal["cell", "replay"],
    replay: Replay | None,
) -> tuple[Step, ...]:
    """The Steps of these calls, by the Functions' identities; without local derivatives where ``replay`` is None."""
    uncalled = {key: list(nodes) for key, nodes in by_object.items()}
    steps: list[Step] = []
    known: dict[FunctionNode, tuple[Array | None, ...]] = {}
    for call in calls:
        nodes = uncalled[id(call.function)]
        # A Function object that was called twice is swept back from its last call to its first.
        node = nodes.pop() if len(nodes) > 1 else nodes[0]
        if node not in known:
            known[node] = _local(node, replay) if replay and len(calls) <= STUDIED_FUNCTIONS else ()
        if not call.answers and replay is not None:
            call.gxs = _answered(node, call, replay)
        steps.append(_step(len(steps) + 1, node, call, by, known[node]))
    return _with_gradients_kept_aside(steps)


def _answered(node: FunctionNode, call: BackwardCall, replay: Replay) -> tuple[Array | None, ...]:
    """What a record gives for each input that adds to the inputs' gradients instead of returning them."""
    xs = [array_of(variable.data) for variable in node.inputs]
    if any(gy is None for gy in call.gys) or any(x is None for x in xs):
        return ()
    try:
        return tuple(kept(array_of(gx)) for gx in replay.vjp(node, xs, call.gys))  # type: ignore[arg-type]
    except (ReplayError, RecursionError):
        return ()


def _with_gradients_kept_aside(steps: Sequence[Step]) -> tuple[Step, ...]:
    """An engine may keep gradients elsewhere until it has passed: then they are what it hands to the next Function."""
    handed = {
        node: gy for step in steps for node, gy in zip(step.function.outputs, step.gys, strict=False) if gy is not None
    }
    last = {addition.variable: addition for step in steps for addition in step.additions}
    unseen = {
        addition.variable
        for step in steps
        for addition in step.additions
        if addition.after is None and addition.contribution is not None
    }
    running: dict[VariableNode, Array] = {}
    completed = []
    for step in steps:
        additions = []
        for addition in step.additions:
            node, contribution = addition.variable, addition.contribution
            if node in unseen and contribution is not None:
                before = running.get(node, addition.before)
                after = handed.get(node) if addition is last[node] else addition.after
                if after is None:
                    after = _sum(before, contribution)
                running[node] = after
                additions.append(Addition(node, before, contribution, after))
            else:
                additions.append(addition)
        completed.append(replace(step, additions=tuple(additions)))
    return tuple(completed)


def _sum(before: Array | None, contribution: Array) -> Array:
    if before is None:
        return contribution
    try:
        return np.asarray(before + contribution)
    except ValueError:  # shapes that do not belong together
        return contribution


def _step(
    number: int, node: FunctionNode, call: BackwardCall, by: Literal["cell", "replay"], local: tuple[Array | None, ...]
) -> Step:
    additions = []
    for place, variable in enumerate(node.inputs):
        seen = place < len(call.inputs) and (by == "replay" or _is_or_was(call.inputs[place](), variable))
        additions.append(
            Addition(
                variable,
                # A Function object that was called again has another input by now: the gradient of that one was seen.
                call.before[place] if seen and place < len(call.before) else None,
                call.gxs[place] if place < len(call.gxs) else None,
                call.after[place] if seen and place < len(call.after) else None,
            )
        )
    return Step(number, node, call.gys, call.gxs, local, tuple(additions), node.line, call.lines, by)


def _is_or_was(live: Any, variable: VariableNode) -> bool:
    return live is None or live is variable.object


def _local(node: FunctionNode, replay: Replay) -> tuple[Array | None, ...]:
    """The local derivatives at the recorded data; of a graph with much data no more is copied than the call needs."""
    if sum(np.size(variable.data) for variable in replay.graph.variables) > _HEAVY:
        replay = Replay(Graph(tuple(dict.fromkeys((*node.inputs, *node.outputs))), (node,)))
    return local_derivatives(node, replay)


def local_derivatives(
    node: FunctionNode, replay: Replay, values: Mapping[VariableNode, Any] | None = None
) -> tuple[Array | None, ...]:
    """The local derivatives, as the Function's own ``backward`` gives them for a gradient of ones.

    They are those at ``values``, else at the recorded ones; empty where there are none. An element of an input that
    has an effect on more than its own element of the output has no local derivative of its own.
    """
    given = values or {}
    xs = [array_of(given.get(variable, variable.data)) for variable in node.inputs]
    ys = [array_of(given.get(variable, variable.data)) for variable in node.outputs]
    if len(ys) != 1 or any(x is None or x.size > _LARGE or x.dtype.kind not in "biuf" for x in (*xs, *ys)):
        return ()
    y = ys[0]
    assert y is not None
    given_xs = [x for x in xs if x is not None]
    ones = np.ones(y.shape, np.result_type(y, np.float32))
    uneven = np.cos(1.0 + np.arange(y.size)).astype(ones.dtype).reshape(y.shape)  # no row is a multiple of another
    try:
        found = [array_of(item) for item in replay.vjp(node, given_xs, [ones])]
        scaled = [array_of(item) for item in replay.vjp(node, given_xs, [uneven])] if y.size > 1 else found
    except (ReplayError, RecursionError):
        return ()
    return tuple(
        kept(item) if item is not None and (y.size == 1 or _elementwise(item, other, uneven)) else None
        for item, other, _ in zip(found, scaled, xs, strict=False)
    )


def _elementwise(derivative: Array, scaled: Array | None, gy: Array) -> bool:
    """Whether the answer to ``gy``, ``scaled``, is element by element ``gy`` times that to ones."""
    if scaled is None or not derivative.shape == scaled.shape == gy.shape:
        return False
    if derivative.dtype.kind not in "fiub" or scaled.dtype.kind not in "fiub":
        return False
    with np.errstate(all="ignore"):
        return bool(np.allclose(scaled, derivative * gy, rtol=1e-3, atol=1e-12, equal_nan=True))
