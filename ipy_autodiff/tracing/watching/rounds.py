"""Watch a loop at little cost once its rounds are known: only its backward passes, and of the last one all that it was.

The rounds that were watched in full say which method sweeps, which leaves come back in each round, and how the graph
looks. From then on each pass costs copies of those leaves' data and gradients; the graph of the last root is read from
what the engine keeps when the loop is over.
"""

from __future__ import annotations

import contextlib
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ipy_autodiff.designs.reading import CREATOR, GRADIENT, array_of, data_of, gradient_of, is_variable, kept
from ipy_autodiff.limits import HELD_FUNCTIONS
from ipy_autodiff.tracing.graph import Array
from ipy_autodiff.tracing.producers import Producer
from ipy_autodiff.tracing.watching.backward_calls import BackwardCalls
from ipy_autodiff.tracing.watching.calls import CallLog, Derived, reference
from ipy_autodiff.tracing.watching.forward_calls import ForwardCalls
from ipy_autodiff.tracing.watching.frames import simple_arguments_of
from ipy_autodiff.tracing.watching.history import Histories, Key, Series, key_of
from ipy_autodiff.tracing.watching.sweep_events import SweepEvents
from ipy_autodiff.tracing.watching.sweeps import Sweep
from ipy_autodiff.tracing.watching.templates import Template, leaves_of, note, read, template_of

__all__ = ["Rounds"]

_IN_FULL = 3
"""Passes of each kind that are watched in full before a loop counts as known."""
_CALLS = 100
"""Calls before which nothing is gained by watching less."""
_KINDS = 4
_SMALL = 2**16  # bytes up to which a plain copy is made


@dataclass(eq=False, slots=True)
class _Pass:
    """A backward pass of which only beginning and end were seen."""

    root: Any
    number: int
    key: Key
    series: Series | None
    before: list[Array | None]
    given: dict[str, Any]
    data: list[Array | None] = field(default_factory=list)
    left: list[Array | None] = field(default_factory=list)
    ended: bool = False
    order: list[Producer] | None = None
    """Its graph, where the code cuts it afterwards."""
    derived: list[tuple[Any, Any]] = field(default_factory=list)


class Rounds:
    """The passes of one statement, whether watched in full or not."""

    def __init__(self, log: CallLog, forward: ForwardCalls, backward: BackwardCalls) -> None:
        self.histories = Histories()
        self._log = log
        self._forward = forward
        self._backward = backward
        self._templates: dict[Any, deque[Template]] = {}
        self._full: dict[Any, int] = {}
        self._codes: dict[int, CodeType] = {}
        self._leaves: list[Any] = []
        self._leaves_of: dict[Any, list[Any]] = {}
        self._resume: Callable[[FrameType, Any], None] | None = None
        self._previous: Any = None
        self._cuts = False
        self._started_at = log.count
        self._events: SweepEvents | None = None
        self._passes: deque[_Pass] = deque(maxlen=2)

    def begin(self) -> None:
        """A statement begins: its rounds are not known yet."""
        self._full.clear()
        self._templates.clear()
        self._leaves_of.clear()
        self._previous = None
        self._cuts = False
        self._started_at = self._log.count

    @property
    def quiet(self) -> bool:
        """Whether only passes are watched."""
        return self._events is not None

    def begun_in_full(self, frame: FrameType, root: Any) -> Key:
        """A pass begins that is watched in full; where in the code."""
        self._codes[id(frame.f_code)] = frame.f_code
        if self._previous is not None:
            self._cuts = self._cuts or read(self._previous) is None
            self._previous = None
        key = key_of(frame.f_back, root)
        self.histories.begin(key)
        return key

    def ended_in_full(self, sweep: Sweep, number: int) -> bool:
        """A pass ends that was watched in full; whether the rounds are known now."""
        root, key = sweep.root, sweep.key
        if root is None or key is None or not sweep.whole:
            return False
        found = {id(item): item for call in sweep.calls for give in call.inputs if (item := give()) is not None}
        leaves = [item for key, item in found.items() if key in sweep.left]
        self.histories.keep_live(key, root, leaves)
        self._full[key] = self._full.get(key, 0) + 1
        if self._full[key] < _IN_FULL - 1 or len(self._full) > _KINDS:
            return False
        template = template_of(root, self._log, number, self._forward.local_names) if sweep.ended else None
        if template is None:
            self._full[key] = 0
            return False
        templates = self._templates.setdefault(key, deque(maxlen=2))
        if templates and templates[-1].signature != template.signature:  # it is another round each time
            self._full[key] = 1
        templates.append(template)
        self._previous = root
        before = self._leaves_of.get(key)
        self._leaves_of[key] = leaves if before is None else [item for item in leaves if _among(item, before)]
        enough = all(count >= _IN_FULL for count in self._full.values())
        return enough and self._log.count - self._started_at >= _CALLS

    def watch_less(self, resume: Callable[[FrameType, Any], None]) -> None:
        """Watch passes only; ``resume`` is called when one begins that is of another kind than those before."""
        self._resume = resume
        leaves = {id(item): item for found in self._leaves_of.values() for item in found}
        self._leaves = list(leaves.values())
        self._events = SweepEvents(list(self._codes.values()), self._began, self._ended)
        self._events.start()

    def watch_all(self) -> Exception | None:
        """The statement ends, or is to be watched in full again: note what the last passes were.

        What goes wrong with that is given back: the run goes on as if nobody watched.
        """
        if self._events is None:
            return None
        self._events.stop()
        fault, self._events = self._events.fault, None
        self._resume = None
        passes, self._passes = list(self._passes), deque(maxlen=2)
        latest = {id(one.series): one for one in passes}
        if fault is not None:
            self._leaves = []
            return fault
        try:
            for one in passes:
                self._note(one, one is latest[id(one.series)])
        except Exception as error:
            return error
        finally:
            self._leaves = []
        return None

    def _began(self, frame: FrameType, root: Any) -> None:
        key = key_of(frame.f_back, root)
        if key not in self._templates:
            resume = self._resume
            self.watch_all()
            self.begin()
            if resume is not None:
                resume(frame, root)
            return
        self._backward.begun += 1
        series = self.histories.begin(key)
        before = [None if (gradient := GRADIENT.read(leaf)) is None else _copy(gradient) for leaf in self._leaves]
        self._passes.append(_Pass(root, self._backward.begun, key, series, before, simple_arguments_of(frame)))

    def _ended(self, returned: bool) -> None:
        one, leaves = self._passes[-1], self._leaves
        one.ended = returned
        one.data = [_copy(data_of(leaf)) for leaf in leaves]
        gradients = [GRADIENT.read(leaf) for leaf in leaves]
        one.left = [_copy(gradient) for gradient in gradients]
        for leaf, gradient in zip(leaves, gradients, strict=True):
            if type(gradient) is type(leaf) and CREATOR.read(gradient) is not None:
                one.derived.append((leaf, gradient))
        if self._cuts:
            one.order = read(one.root)
        series = one.series
        if series is not None and series.due:
            self._keep(one, series)

    def _keep(self, one: _Pass, series: Series) -> None:
        taken = zip(self._leaves, one.data, one.left, strict=True)
        series.keep(self.histories.taken(series.count, array_of(data_of(one.root)), taken))

    def _note(self, one: _Pass, latest: bool) -> None:
        """Note this pass, and the calls behind its root, as if they had been watched."""
        log, backward, leaves = self._log, self._backward, self._leaves
        if not one.data:  # it did not come to its end
            one.data = [_copy(data_of(leaf)) for leaf in leaves]
            one.left = [gradient_of(leaf) for leaf in leaves]
        if one.series is not None and latest:
            self._keep(one, one.series)
        order = one.order if one.order is not None else read(one.root)
        if order is None:
            return
        data = {id(leaf): array for leaf, array in zip(leaves, one.data, strict=True)}
        templates = [template for found in self._templates.values() for template in found]
        note(order, templates, log, data, one.number, self._forward.local_names, backward.expect)
        sweep = Sweep(reference(one.root), [], first_call=log.count, ended=one.ended, noted=False, key=one.key)
        sweep.given = one.given
        sweep.left = dict(zip(map(id, leaves), one.left, strict=True))
        sweep.before = dict(zip(map(id, leaves), one.before, strict=True))
        backward.add(sweep)
        with contextlib.suppress(TypeError):  # it allows no weak reference
            log.swept.append(weakref.ref(one.root))
        log.swept_at.append(log.count)
        backward.swept = [one.root]
        for producer in order[: 2 * HELD_FUNCTIONS]:
            backward.swept += (producer.function, *filter(is_variable, producer.arguments), *producer.outputs)
        self._forward.last_output = one.root
        if one.derived:
            self._derive(one, order)

    def _derive(self, one: _Pass, order: list[Producer]) -> None:
        """Note the gradients that the pass left with a graph of their own."""
        behind = {id(leaf) for leaf in leaves_of(order)}
        for leaf, gradient in one.derived:
            found = read(gradient)
            if found is None or id(leaf) not in behind:
                continue
            fresh = [item for item in leaves_of(found) if id(item) not in behind]
            seed = fresh[0] if fresh else one.root
            try:
                self._log.derived.append(Derived(*map(weakref.ref, (one.root, seed, leaf, gradient))))
            except TypeError:
                return
            self._backward.hold(gradient)


def _copy(value: Any) -> Array | None:
    return value.copy() if type(value) is np.ndarray and value.nbytes <= _SMALL else kept(array_of(value))


def _among(item: Any, items: Sequence[Any]) -> bool:
    return any(item is one for one in items)
