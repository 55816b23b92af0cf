"""A live view of a trace: its step can be read, set and observed from Python, as ``view.step``."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from ipy_autodiff.views.front_end import read

__all__ = ["View"]


class View(anywidget.AnyWidget):
    """One view in the notebook. ``step`` runs from 0, before the first, to the number of steps."""

    _esm = read("view.js")
    _css = read("view.css")

    step = traitlets.Int(0, help="The step that is shown: 0 before the first.").tag(sync=True)
    payload = traitlets.Dict().tag(sync=True)

    @traitlets.validate("step")
    def _within(self, proposal: Any) -> int:
        steps = self.payload.get("steps") or ()
        return max(0, min(int(proposal["value"]), len(steps)))
