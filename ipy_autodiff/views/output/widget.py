"""The live end of an output: its step can be read, set and observed from Python, as ``view.step``.

The model has no view of its own: it finds the output's HTML in the page. JupyterLab shows ``model not found`` in place
of a widget's view when the notebook is opened again, whatever else the output carries; HTML stays.
"""

from __future__ import annotations

from collections import deque
from typing import Any
from uuid import uuid4

import anywidget
import traitlets

from ipy_autodiff.front_end import read

__all__ = ["LiveView", "open_view"]

_MOST = 64
_open: deque[LiveView] = deque()


class LiveView(anywidget.AnyWidget):
    """One output in the notebook. ``step`` runs from 0, before the first, to the number of steps."""

    _esm = read("widget.js")

    output = traitlets.Unicode(help="The identifier of the output's HTML.").tag(sync=True)
    live = traitlets.Unicode(help="The identifier of this model: another kernel may have its own.").tag(sync=True)
    step = traitlets.Int(0, help="The step that is shown: 0 before the first.").tag(sync=True)
    steps = traitlets.Int(0, help="How many steps there are.")
    controls = traitlets.Dict(help="What can be moved, as the page draws it.").tag(sync=True)
    update = traitlets.Dict(help="What has changed since the output was drawn, because a slider moved.").tag(sync=True)
    anew = traitlets.Dict(help="Another run of the cell that is shown instead; empty for the recorded one.").tag(
        sync=True
    )

    def __init__(self, **traits: Any) -> None:
        name = uuid4().hex
        super().__init__(model_id=name, live=name, **traits)
        self.exploration: Any = None
        """What ties the sliders to the trace; ``exploration.add("W[0, 1]")`` makes one more."""

    @property
    def sliders(self) -> dict[str, Any]:
        """The sliders by what they move, ``x`` or ``W[0, 1]``: widgets whose ``value`` can be set and observed."""
        return {} if self.exploration is None else self.exploration.sliders

    @traitlets.validate("step")
    def _within(self, proposal: Any) -> int:
        return max(0, min(int(proposal["value"]), int(self.steps)))


def open_view(output: str, steps: int, step: int = 0) -> LiveView:
    """A model for this output, which shows ``step`` of its ``steps``.

    The oldest of very many is closed; its output goes on without Python.
    """
    while len(_open) >= _MOST:
        oldest = _open.popleft()
        if oldest.exploration is not None:
            oldest.exploration.close()
        oldest.close()
    view = LiveView(output=output, steps=steps, step=step)
    _open.append(view)
    return view
