"""Move a trace's numbers by hand or from Python: ``trace.view.sliders["x"].value = 0.7``, linked and observed as usual.

A slider is an ordinary ``ipywidgets.FloatSlider``. The page draws its own and speaks to Python by messages: it sends
the latest position whenever the last one is answered, and Python answers with what has changed.
"""

from __future__ import annotations

import contextlib
import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import ipywidgets

from ipy_autodiff.messages import current_language, say, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import ReplayError
from ipy_autodiff.tracing.following import detached
from ipy_autodiff.views.contract import Redraw
from ipy_autodiff.views.explore.controls import Asked, Control, NoControl, an_element, control, controls, not_found
from ipy_autodiff.views.explore.explorer import Explorer
from ipy_autodiff.views.explore.rerun import NotRerun, rerun
from ipy_autodiff.views.text.labels import shorten

__all__ = ["Exploration", "Page", "Slider"]

_SAID = (
    "heading",
    "label",
    "value_of",
    "reset",
    "reset_long",
    "curve",
    "sum_of",
    "no_slope",
    "measured",
    "gone",
    "run_anew",
    "run_anew_long",
    "recorded",
    "add",
    "add_label",
)


class Slider(ipywidgets.FloatSlider):
    """One number of the trace that can be moved; ``value`` can be set, observed and linked."""

    @classmethod
    def of(cls, one: Control) -> Slider:
        """A slider for this control, at its recorded value."""
        return cls(value=one.value, min=one.low, max=one.high, step=one.step, description=one.label)


class Page(Protocol):
    """The live end of an output, as far as sliders need it."""

    step: int
    steps: int
    update: dict[str, Any]
    controls: dict[str, Any]
    anew: dict[str, Any]

    @property
    def model_id(self) -> str | None: ...  # noqa: D102
    def hold_trait_notifications(self) -> Any: ...  # noqa: D102
    def on_msg(self, callback: Callable[..., None], remove: bool = False) -> None: ...  # noqa: D102


class Exploration:
    """Ties sliders, page and replay together: whoever moves a slider, the page shows the run at that place."""

    def __init__(
        self,
        view: Page,
        trace: Trace,
        redraw: Redraw,
        asked: tuple[Asked, ...] = (),
        namespace: Mapping[str, Any] | None = None,
        seconds: float = math.inf,
    ) -> None:
        self._view = view
        self._redraw = redraw
        self._namespace = namespace
        self._seconds = seconds
        self._steps = view.steps
        self._language = current_language()
        self._quiet = False
        self._asker: dict[str, Any] = {}
        self._of = ""
        self._anew = ""
        run = detached(trace.recording)
        self._not_found = not_found(run, asked)
        self._recorded = self._explorer = Explorer(run, controls(run, asked), namespace, seconds)
        self._values = {one.name: one.value for one in self._explorer.controls}
        self._sliders: dict[str, Slider] | None = None
        self._say_controls()
        view.on_msg(self._take)

    @property
    def values(self) -> dict[str, float]:
        """Where the sliders stand."""
        return dict(self._values)

    @property
    def sliders(self) -> dict[str, Slider]:
        """The sliders by what they move; they are made when they are first asked for."""
        if self._sliders is None:
            self._sliders = {}
            for one in self._explorer.controls:
                self._add_slider(one)
        return self._sliders

    def close(self) -> None:
        """End the sliders' link to the page."""
        for slider in (self._sliders or {}).values():
            slider.close()

    def add(self, name: str) -> Slider:
        """A slider for one more leaf or element, such as ``W[0, 1]``. Raises ``NoControl``."""
        return self.sliders[self._add(name)]

    def _add(self, name: str) -> str:
        one = control(self._explorer.recording, name)
        if one.name not in self._values:
            self._explorer.add(one)
            self._values[one.name] = one.value
            if self._sliders is not None:
                self._add_slider(one)
            self._say_controls()
        return one.name

    def show(self, rest: bool = False) -> None:
        """Send the page the run as the sliders stand; ``rest`` with what takes longer: curve and comparison."""
        started = time.perf_counter()
        values = self.values
        at_home = all(values.get(one.name, one.value) == one.value for one in self._explorer.controls)
        step = int(self._asker.get("step", self._view.step))
        update: dict[str, Any] = {**self._asker, "values": values, "moved": not at_home}
        update |= self._explorer.picture(values, step)
        if at_home:  # the page has the recorded texts
            for name in ("data", "gradients", "lines"):
                update.pop(name, None)
        if self._of in values:
            found = self._explorer.curve(self._of, values, wait=rest)
            if found:
                update["curve"] = found
            if rest and found and "error" not in update:
                update["measured"] = self._explorer.measured(self._of, values)
        if rest and not at_home:
            remarks = self._explorer.remarks()
            departure = self._explorer.departure(values)
            update["branches"] = [departure] if departure else []
            if self._explorer.remarks() != remarks:
                self._say_controls()
        if rest and not at_home and self._redraw.check is not None and "error" not in update:
            with speaking(self._language), contextlib.suppress(ReplayError, RecursionError):
                update["check"] = self._redraw.check(self._explorer.check(values))
        if rest:
            update["rest"] = True
        update["milliseconds"] = round(1000 * (time.perf_counter() - started), 2)
        self._view.update = update

    def _take(self, _: Any, message: dict[str, Any], buffers: Any = None) -> None:
        kind = message.get("kind")
        self._asker = {key: message[key] for key in ("by", "number", "step") if key in message}
        self._of = str(message.get("of", self._of))
        try:
            if kind in ("move", "rest"):
                self._put(message.get("values", {}))
                self.show(rest=kind == "rest")
            elif kind == "add":
                self._add_by_hand(str(message.get("name", "")))
            elif kind == "anew":
                self._run_anew()
            elif kind == "recorded":
                self._go_back()
        finally:
            self._asker = {}

    def _put(self, values: Mapping[str, Any]) -> None:
        for one in self._explorer.controls:
            if one.name in values:
                value = min(one.high, max(one.low, float(values[one.name])))
                self._values[one.name] = value
                if self._sliders is not None:
                    with self._quietly():
                        self._sliders[one.name].value = value

    def _moved(self, name: str, change: Any) -> None:
        """Python, or a linked widget, has set a slider."""
        if not self._quiet and self._values.get(name) != change["new"]:
            self._values[name] = float(change["new"])
            self.show()

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def _add_by_hand(self, name: str) -> None:
        with speaking(self._language):
            try:
                self._of = self._add(name)
            except (NoControl, IndexError):
                self._view.update = {**self._asker, "refused": say("sliders.no_such", name=shorten(name, 40))}
                return
        self.show(rest=True)

    def _run_anew(self) -> None:
        explorer = self._explorer
        values = self.values
        with speaking(self._language):
            moved = {one: values[one.name] for one in explorer.controls if values[one.name] != one.value}
            try:
                recording = rerun(explorer.recording, self._namespace or {}, moved)
            except NotRerun as error:
                text = say("sliders.not_rerun", error=shorten(str(error) or say("sliders.nothing"), 160))
                self._view.update = {**self._view.update, **self._asker, "refused": text}
                return
            found = {one.name: one for one in controls(recording)}
            kept = []
            for one in explorer.controls:
                with contextlib.suppress(NoControl, IndexError):
                    kept.append(control(recording, one.name, (one.low, one.high, one.step)))
            names = {one.name for one in kept}
            kept += [one for name, one in found.items() if name not in names]
            said = ", ".join(f"{one.label} = {value:g}" for one, value in moved.items())
            self._anew = say("sliders.anew", values=said)
            whole = self._redraw.whole(Trace(recording))
        self._exchange(Explorer(recording, kept, self._namespace, self._seconds), {"whole": whole})

    def _go_back(self) -> None:
        self._anew = ""
        self._exchange(self._recorded, {})

    def _exchange(self, explorer: Explorer, anew: dict[str, Any]) -> None:
        """Show another run: the page draws it from the start."""
        self._explorer = explorer
        self._replace_sliders()
        self._view.update = {}
        with self._view.hold_trait_notifications():
            self._view.steps = len(anew["whole"].get("steps", ())) if anew else self._steps
            self._view.step = 0
        self._view.anew = anew

    def _replace_sliders(self) -> None:
        wanted = {one.name: one for one in self._explorer.controls}
        self._values = {name: one.value for name, one in wanted.items()}
        made = self._sliders
        if made is not None:
            for name in [name for name in made if name not in wanted]:
                made.pop(name).close()
            for name, one in wanted.items():
                if name not in made:
                    self._add_slider(one)
                    continue
                with self._quietly(), made[name].hold_trait_notifications():
                    made[name].min, made[name].max = min(made[name].min, one.low), max(made[name].max, one.high)
                    made[name].value = one.value
                    made[name].min, made[name].max, made[name].step = one.low, one.high, one.step
        self._say_controls()

    def _add_slider(self, one: Control) -> None:
        slider = Slider.of(one)
        slider.observe(functools.partial(self._moved, one.name), "value")
        self.sliders[one.name] = slider

    def _remarks(self) -> list[str]:
        explorer = self._explorer
        known = ", ".join(one.label for one in explorer.controls)
        sentence = "sliders.not_found" if known else "sliders.none_found"
        asked = [say(sentence, name=shorten(name, 40), known=known) for name in self._not_found]
        return asked + (explorer.remarks() if explorer.controls else [])

    def _say_controls(self) -> None:
        """Tell the page what can be moved, and in which words."""
        explorer = self._explorer
        of = explorer.recording.of
        with speaking(self._language):
            self._view.controls = {
                "sliders": [
                    {
                        "name": one.name,
                        "label": one.label,
                        "min": one.low,
                        "max": one.high,
                        "step": one.step,
                        "value": one.value,
                    }
                    for one in explorer.controls
                ],
                "of": shorten(of.name, 24) if of is not None else "",
                "whole": of is None or of.shape == (),
                "example": an_element(explorer.recording),
                "remarks": self._remarks(),
                "can_run": bool(explorer.recording.source) and self._namespace is not None,
                "anew": self._anew,
                "says": {key: say(f"sliders.{key}") for key in _SAID},
            }
