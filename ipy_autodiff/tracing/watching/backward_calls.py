"""Note the backward calls of a run: which Function answers what, and what its inputs' gradients become."""

from __future__ import annotations

import contextlib
import weakref
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ipy_autodiff.designs import is_computed
from ipy_autodiff.designs.makers import MakerDesign
from ipy_autodiff.designs.reading import (
    CREATOR,
    GRADIENT,
    OUTPUTS,
    array_of,
    gradient_of,
    inputs_of,
    is_function,
    is_variable,
    kept,
    listed,
)
from ipy_autodiff.limits import HELD_FUNCTIONS
from ipy_autodiff.tracing.watching.calls import CallLog, Derived, reference
from ipy_autodiff.tracing.watching.frames import arguments_of, first_argument, has_returned, is_backward_method
from ipy_autodiff.tracing.watching.history import Key
from ipy_autodiff.tracing.watching.sweeps import BackwardCall, Sweep, SweepTooLong

__all__ = ["BackwardCalls"]

_KEPT_SWEEPS = 2
_KEPT_ORDERS = 2
_KEPT_GRADIENTS = 64
_KEPT_BY_HAND = 2_000
_KEPT_RECORDS = 4 * HELD_FUNCTIONS


@dataclass(eq=False, slots=True)
class _Record:
    """A computed value of a design that asks something else than a Function object."""

    value: Any
    record: Any
    inputs: tuple[Any, ...]


class BackwardCalls:
    """Notes the calls of one run in ``sweeps``. ``limit`` ends code that makes more of them than that."""

    def __init__(self, log: CallLog, limit: int | None) -> None:
        self.log = log
        self.sweeps: list[Sweep] = []
        self.begun = 0
        """How many backward passes were begun."""
        self.swept: list[Any] = []
        """What the last pass went over is kept until it has been shown, even where the cell cuts the graph then."""
        self.codes: dict[int, tuple[CodeType, MakerDesign]] = {}
        """Code that answers for values of other designs than the book's, by ``id``: equal code need not be the same."""
        self._records: dict[Hashable, _Record] = {}
        self.began: Callable[[FrameType, Any], Key] | None = None
        self.ended: Callable[[Sweep], None] | None = None
        self._held: deque[Any] = deque(maxlen=_KEPT_GRADIENTS)
        self._limit = limit
        self._count = 0
        self._open: list[tuple[FrameType, BackwardCall, Any]] = []
        self._sweep_frame: FrameType | None = None
        self._possible: tuple[FrameType, Any] | None = None
        """A method of a Variable with such a name, as ``unchain_backward``: a sweep once a Function is asked in it."""
        self._calls_before_sweep = 0
        self._seed: Any = None
        self._derived: dict[tuple[int, int], Any] = {}
        self._pending: tuple[BackwardCall, tuple[Any, ...]] | None = None
        self._pass: Sweep | None = None
        """The pass that the run makes by hand over values that have no ``backward`` of their own."""
        self._passed: list[Any] = []

    def pass_ended(self) -> bool:
        """Whether a pass by hand was under way that a new call forward ends."""
        ended, self._pass = self._pass is not None, None
        if ended:
            self._settle()
        return ended

    def passes(self) -> list[Any]:
        """The values that the last passes by hand are of."""
        return self._passed

    @property
    def under_way(self) -> bool:
        """Whether a backward call, or a sweep, is running."""
        return bool(self._open) or self._sweep_frame is not None

    @property
    def sweeping(self) -> bool:
        """Whether a Variable's ``backward`` is running."""
        return self._sweep_frame is not None

    @property
    def at_work(self) -> Any:
        """The Function whose ``backward`` is running; None where none is."""
        return self._open[-1][2] if self._open else None

    def expect(self, design: MakerDesign, value: Any, inputs: tuple[Any, ...]) -> None:
        """Know the calls that answer for this value, made from ``inputs``."""
        record = design.record(value)
        if record is None:
            return
        for code in design.codes(record):
            self.codes[id(code)] = (code, design)
        if len(self._records) > _KEPT_RECORDS:
            self._records = {key: one for key, one in self._records.items() if one.value() is not None}
        found = _Record(reference(value), reference(record), tuple(reference(one) for one in inputs))
        for key in design.keys(value, record):
            self._records[key] = found

    def called(self, frame: FrameType) -> None:
        """A function that may be a ``backward``, of a Function or a Variable, begins."""
        owner = first_argument(frame)
        if owner is None:
            return
        if is_function(owner):
            if self._open and self._open[-1][2] is owner:  # super().backward(...)
                return
            self._function_called(frame, owner)
        elif is_variable(owner) and not self.under_way:
            if is_backward_method(frame):
                self._sweep_begins(frame, owner)
            elif self._possible is None:
                self._possible = (frame, owner)

    def _sweep_begins(self, frame: FrameType, owner: Any) -> None:
        self._possible = None
        self._settle()
        self._sweep_frame = frame
        self.begun += 1
        self._calls_before_sweep = self.log.count
        self.log.swept_at.append(self.log.count)
        with contextlib.suppress(TypeError):  # it allows no weak reference
            self.log.swept.append(weakref.ref(owner))
        key = None if self.began is None else self.began(frame, owner)
        self.add(Sweep(reference(owner), [], first_call=self.log.count, key=key))
        self.swept = [owner]

    def add(self, sweep: Sweep) -> None:
        """Keep one more pass from a Variable: of each order only the last ones are kept."""
        sweep.order = min(self.log.order(sweep.root), _KEPT_ORDERS)
        self.sweeps.append(sweep)
        alike = [one for one in self.sweeps if one.root_reference is not None and one.order == sweep.order]
        if len(alike) > _KEPT_SWEEPS:
            self.sweeps.remove(alike[0])

    def hold(self, gradient: Any) -> None:
        """Keep a gradient that has a graph of its own until the cell has been shown."""
        self._held.append(gradient)

    def record_called(self, frame: FrameType, design: MakerDesign) -> None:
        """Code begins that answers for a value of this design."""
        found = next((one for key in design.keys_of(frame) if (one := self._records.get(key)) is not None), None)
        value = None if found is None else found.value()
        record = None if found is None else found.record()
        if found is None or value is None or record is None or self._counted_only():
            return
        if self._open and self._open[-1][2] is record:  # one of several functions that answer for one value
            return
        self._sweep_may_begin()
        self._settle()
        self._count_one()
        inputs = tuple(one for give in found.inputs if (one := give()) is not None)
        handed = design.given(frame, record)
        gy = gradient_of(value) if handed is None else kept(array_of(handed))
        if gy is None:
            given = [array_of(item) for item in arguments_of(frame)[-1:]]
            gy = kept(given[0]) if given else None
        call = BackwardCall(
            function_reference=found.record,
            gys=(gy,),
            inputs=tuple(reference(one) for one in inputs),
            before=tuple(gradient_of(one) for one in inputs),
            answers=False,
            design=design,
        )
        if self._sweep_frame is None and self._pass is None:
            self._begin_pass(design, value, gy)
        self._begin(frame, call, record)

    def returned(self, frame: FrameType, value: Any) -> bool:
        """A function ends; whether it was one of those that are noted here."""
        if self._open and self._open[-1][0] is frame:
            self._function_returned(frame, value)
        elif frame is self._sweep_frame:
            self._sweep_ended(has_returned(frame))
        else:
            if self._possible is not None and self._possible[0] is frame:
                self._possible = None
            return False
        return True

    def forget(self) -> None:
        """Drop the backward calls that were seen so far."""
        self.sweeps.clear()
        self._pending = None

    def close(self) -> None:
        """Nothing is watched from now on."""
        self._settle()
        self._open.clear()
        self._sweep_frame = self._possible = None

    def count_only(self) -> bool:
        """Whether the sweep that is running is too long for its calls to be noted; this one is counted."""
        if self._counted_only():
            self._count_one()
            return True
        return False

    def _counted_only(self) -> bool:
        return self._sweep_frame is not None and not self.sweeps[-1].whole

    def _sweep_may_begin(self) -> None:
        if self._possible is not None:
            self._sweep_begins(*self._possible)

    def _function_called(self, frame: FrameType, function: Any) -> None:
        self._sweep_may_begin()
        self._settle()
        self._count_one()
        given = arguments_of(frame)
        gys = tuple(kept(array_of(value)) for value in given)
        if self._sweep_frame is not None and not self.sweeps[-1].calls and given:
            self._seed = given[0]
        inputs = tuple(item for item in inputs_of(function) if is_variable(item))
        if not inputs:
            call = self.log.latest(function)
            inputs = tuple(item for item in call.arguments if is_variable(item)) if call else ()
        backward = BackwardCall(
            function_reference=reference(function),
            gys=gys,
            inputs=tuple(reference(item) for item in inputs),
            before=tuple(gradient_of(item) for item in inputs),
        )
        if self._sweep_frame is not None and len(self.swept) < 4 * HELD_FUNCTIONS:
            self.swept += (function, *inputs, *listed(OUTPUTS.read(function)))
        self._begin(frame, backward, function)

    def _begin(self, frame: FrameType, call: BackwardCall, function: Any) -> None:
        sweep = self.sweeps[-1] if self._sweep_frame is not None else self._pass
        if sweep is not None:
            if len(sweep.calls) >= HELD_FUNCTIONS:
                sweep.whole = False
                return
            sweep.calls.append(call)
        else:
            self._by_hand().append(call)
        self._open.append((frame, call, function))

    def begin_pass_at(self, design: MakerDesign, value: Any, gy: Any) -> None:
        """A pass begins at this value that makes its calls unseen."""
        self._begin_pass(design, value, gy, by_hand=False)

    def _begin_pass(self, design: MakerDesign, value: Any, gy: Any, by_hand: bool = True) -> None:
        """The first backward call after calls forward, of values that cannot be swept back from, begins a pass."""
        found = design.pass_from(value, gy, by_hand)
        if found is None:
            return
        root, first = found
        self._pass = Sweep(reference(root), [], ended=True, first_call=self.log.count)
        self.begun += 1
        self.log.swept_at.append(self.log.count)
        self._passed = [*self._passed[-1:], root]
        self.add(self._pass)
        if first is not None:
            inputs = tuple(map(reference, first.inputs))
            weights = tuple(kept(array_of(one)) for one in first.answer(np.ones(())))
            self._pass.calls.append(
                BackwardCall(reference(first), (np.ones(()),), inputs, (None,), weights, weights, returned=True)
            )

    def _count_one(self) -> None:
        self._count += 1
        if self._limit is not None and self._count > self._limit:
            raise SweepTooLong

    def _by_hand(self) -> list[BackwardCall]:
        for sweep in self.sweeps:
            if sweep.root_reference is None:
                if len(sweep.calls) > _KEPT_BY_HAND:
                    sweep.calls = [call for call in sweep.calls if call.function is not None][-_KEPT_BY_HAND // 2 :]
                return sweep.calls
        self.sweeps.append(Sweep(None, []))
        return self.sweeps[-1].calls

    def _function_returned(self, frame: FrameType, value: Any) -> None:
        _, backward, _ = self._open.pop()
        code = frame.f_code
        backward.returned = has_returned(frame)
        if not str(frame.f_globals.get("__name__")).startswith("ipy_autodiff.designs"):  # nobody's own code
            backward.lines = (code.co_filename, code.co_firstlineno, frame.f_lineno)
        if backward.answers:
            items = value if isinstance(value, list | tuple) else (value,)
            answered = backward.returned and value is not None
            backward.gxs = tuple(kept(array_of(item)) for item in items) if answered else ()
        elif backward.design is not None and backward.returned:
            found = backward.design.answered(backward.function, value)
            if found is not None:
                backward.answers = True
                backward.gxs = tuple(map(kept, found))
        inputs = tuple(give() for give in backward.inputs)
        if self._pass is not None:
            self._pass.left |= {id(one): gradient_of(one) for one in inputs if one is not None and not is_computed(one)}
        self._pending = (backward, tuple(item for item in inputs if item is not None))

    def _settle(self) -> None:
        """The engine has dealt with the last backward call: note what its inputs' gradients became."""
        if self._pending is not None:
            backward, inputs = self._pending
            backward.after = tuple(gradient_of(item) for item in inputs)
            self._pending = None

    def _sweep_ended(self, returned: bool) -> None:
        self._settle()
        self._sweep_frame = None
        sweep = self.sweeps[-1]
        sweep.ended = returned
        for call in sweep.calls:
            for give in call.inputs:
                variable = give()
                if variable is not None and not is_computed(variable):
                    sweep.left[id(variable)] = gradient_of(variable)
        if self.log.count > self._calls_before_sweep:
            self._keep_derived(sweep)
        self._seed = None
        if self.ended is not None:
            self.ended(sweep)

    def _keep_derived(self, sweep: Sweep) -> None:
        """Note the gradients that this sweep left in the leaves and that have a graph of their own.

        The latest ones of the first orders are kept until the cell has been shown: a loop forgets them.
        """
        root = sweep.root
        order = self.log.order(root) + 1
        leaves = {id(leaf): leaf for call in sweep.calls for give in call.inputs if (leaf := give()) is not None}
        for key, leaf in leaves.items():
            gradient = GRADIENT.read(leaf)
            if not is_variable(gradient) or CREATOR.read(gradient) is None or CREATOR.read(leaf) is not None:
                continue
            try:
                references = (weakref.ref(each) for each in (root, self._seed, leaf, gradient))
                self.log.derived.append(Derived(*references))
            except TypeError:  # slots without room for a weak reference: held for good, it would be a leak
                return
            if order <= _KEPT_ORDERS:
                self._derived[order, key] = gradient
