"""Say what a page has to change when a slider moves: values, gradients, the open step, the curve, the comparison.

Everything is computed on copies; the answer is JSON and small, so that it can be sent many times a second.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ipy_autodiff.messages import current_language, say, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import ReplayError
from ipy_autodiff.tracing.following import Follower, Position
from ipy_autodiff.tracing.graph import Recording, VariableNode
from ipy_autodiff.tracing.moving import Mover
from ipy_autodiff.views.explore.controls import Control, moved_data
from ipy_autodiff.views.explore.curve_window import measured_slope, window
from ipy_autodiff.views.explore.paths import Paths
from ipy_autodiff.views.steps.stepper import tell_lines
from ipy_autodiff.views.text.formatting import inline
from ipy_autodiff.views.text.gradient_timeline import timeline
from ipy_autodiff.views.text.labels import shorten

__all__ = ["Explorer"]

_POINTS = 97
_FEWEST_POINTS = 25
_CURVE_SECONDS = 0.15


class Explorer:
    """A run whose controls can be moved, of a cell that took ``seconds``; in the language that is in force now."""

    def __init__(
        self,
        recording: Recording,
        controls: Sequence[Control],
        namespace: Mapping[str, Any] | None = None,
        seconds: float = math.inf,
    ) -> None:
        self.recording = recording
        self.controls = tuple(controls)
        self._language = current_language()
        self._paths = Paths(recording, namespace, seconds)
        self._follower: Follower | None = None
        self._curves: dict[Any, dict[str, Any]] = {}
        self._recorded: dict[str, str] = {}

    def remarks(self) -> list[str]:
        """What is to be said beside the sliders: whether the cell's own choices are followed."""
        with speaking(self._language):
            return self._paths.remarks()

    def departure(self, values: Mapping[str, float]) -> str:
        """One sentence where the cell itself would compute something else at these values; else empty."""
        moved = {one: values[one.name] for one in self.controls if values.get(one.name, one.value) != one.value}
        with speaking(self._language):
            return self._paths.departure(moved)

    def add(self, one: Control) -> None:
        """Let one more number be moved."""
        self.controls = (*(other for other in self.controls if other.name != one.name), one)

    def picture(self, values: Mapping[str, float], step: int = 0) -> dict[str, Any]:
        """All Variables' values and gradients as text, the open step's lines, and the output with its slopes.

        ``step`` is the number of the backward call, from 1; 0 is after the whole backward pass. Texts of values that
        are as recorded are None.
        """
        with speaking(self._language), self._aside():
            try:
                position = self._following.at(moved_data(self.controls, values), with_steps=True)
            except (ReplayError, RecursionError) as error:
                cause = error.cause if isinstance(error, ReplayError) else error
                place = error.function.name if isinstance(error, ReplayError) and error.function else ""
                text = f"{type(cause).__name__}: {cause}"
                return {"error": say("sliders.raised", name=shorten(place, 40), error=shorten(text, 160)), "step": step}
            return self._told(position, step)

    def curve(self, name: str, values: Mapping[str, float], wait: bool = True) -> dict[str, Any] | None:
        """The output over this control where the others have these values: ``ys`` at even distances.

        Its window is the part of the control's range around the present value in which the tangent can be told from
        the axis; it stays while the value is well within it. Without ``wait`` None where it is not known yet.
        """
        one = next(control for control in self.controls if control.name == name)
        others = tuple((key, value) for key, value in sorted(values.items()) if key != name)
        known = self._curves.get((name, others))
        x = values.get(name, one.value)
        if wait and (known is None or not _well_within(x, known, one)):
            self._curves.pop((name, others), None)
            known = self._curves[name, others] = self._curve(one, values)
            while len(self._curves) > 8:
                self._curves.pop(next(iter(self._curves)))
        return known

    def measured(self, name: str, values: Mapping[str, float]) -> float | None:
        """The slope of the output over this control, by differences; None where there is no one slope."""
        one = next(control for control in self.controls if control.name == name)
        if one.whole:
            return None
        with self._aside():
            slope = measured_slope(lambda x: self._height(one, values, x), values.get(name, one.value))
        return None if slope is None else _number(slope)

    def check(self, values: Mapping[str, float]) -> Trace:
        """The trace at these values, for its comparison. Raises ``ReplayError``."""
        return Trace(Mover(self.recording).moved(moved_data(self.controls, values)))

    @property
    def _following(self) -> Follower:
        if self._follower is None:
            self._follower = Follower(self.recording)
            self._recorded = {node.id: inline(node.data) for node in self.recording.graph.variables}
        return self._follower

    def _aside(self) -> Any:
        return self._following.replay.aside()

    def _told(self, position: Position, step: int) -> dict[str, Any]:
        recording = replace(self.recording, steps=position.steps, gradients=position.gradients)
        gradients = timeline(recording)
        data = {node.id: inline(position.values.get(node, node.data)) for node in self.recording.graph.variables}
        now: Mapping[str, Any]
        if step and step <= len(position.steps):
            now = dict(gradients.start)
            for change in gradients.changes[:step]:
                now.update(change)
            shown = {node.id: inline(now[node.id]) if node.id in now else "" for node in self.recording.graph.variables}
        else:
            shown = {node.id: gradients.final(node.id) for node in self.recording.graph.variables}
        told: dict[str, Any] = {
            "data": {identifier: text for identifier, text in data.items() if text != self._recorded[identifier]},
            "gradients": shown,
            "step": step,
            "y": _number(self._output(position.values)),
            "slopes": {one.name: _slope(one, position) for one in self.controls},
        }
        if step and step <= len(position.steps):
            open_ = position.steps[step - 1]
            open_ = replace(open_, local=self._following.local(open_, position.values))
            touched = {addition.variable.id for one in position.steps[: step - 1] for addition in one.additions}
            told["lines"] = [asdict(line) for line in tell_lines(open_, touched)]
        return told

    def _output(self, values: Mapping[VariableNode, Any]) -> float:
        of = self.recording.of
        try:
            return float("nan") if of is None else float(np.sum(values[of]))
        except (TypeError, ValueError, KeyError):
            return float("nan")

    def _height(self, one: Control, values: Mapping[str, float], x: float) -> float:
        """The output where this control is at ``x``; NaN where the student's code raises."""
        try:
            return self._output(self._following.values(moved_data(self.controls, {**values, one.name: x})))
        except (ReplayError, RecursionError):
            return math.nan

    def _curve(self, one: Control, values: Mapping[str, float]) -> dict[str, Any]:
        def height(x: float) -> float:
            return self._height(one, values, x)

        low, high, count = one.low, one.high, _POINTS
        x = values.get(one.name, one.value)
        with self._aside():
            height(x)  # the first takes longer
            started = time.perf_counter()
            height(x)
            within = int(_CURVE_SECONDS / (time.perf_counter() - started))
            if one.whole:
                count = min(_POINTS, round((high - low) / one.step) + 1)
            else:  # fewer points where each takes long
                count = min(_POINTS, max(_FEWEST_POINTS, within))
                if within >= _FEWEST_POINTS:
                    low, high = window(height, measured_slope(height, x), x, low, high)
            xs = (low + (high - low) * index / max(1, count - 1) for index in range(count))
            ys = [_number(height(each)) for each in xs]
        return {"of": one.name, "low": low, "high": high, "ys": ys}


def _well_within(x: float, curve: Mapping[str, Any], one: Control) -> bool:
    """Whether a value is so far from the ends of a curve's window that the window need not move."""
    low, high = float(curve["low"]), float(curve["high"])
    air = (high - low) / 8
    return (low == one.low or x >= low + air) and (high == one.high or x <= high - air)


def _slope(one: Control, position: Position) -> float | None:
    gradient = position.gradients.get(one.node)
    if gradient is None:
        return None
    try:
        return _number(float(np.sum(gradient) if one.place is None else gradient[one.place]))
    except (IndexError, TypeError, ValueError):
        return None


def _number(value: float) -> float | None:
    return float(f"{value:.7g}") if math.isfinite(value) else None
