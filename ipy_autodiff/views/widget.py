"""The live end of an output: its step can be read, set and observed from Python, as ``view.step``.

The model has no view of its own: it finds the output's HTML in the page. JupyterLab shows ``model not found`` in place
of a widget's view when the notebook is opened again, whatever else the output carries; HTML stays.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from ipy_autodiff.views.front_end import read

__all__ = ["View"]


class View(anywidget.AnyWidget):
    """One output in the notebook. ``step`` runs from 0, before the first, to the number of steps."""

    _esm = read("link.js")

    output = traitlets.Unicode(help="The identifier of the output's HTML.").tag(sync=True)
    step = traitlets.Int(0, help="The step that is shown: 0 before the first.").tag(sync=True)
    steps = traitlets.Int(0, help="How many steps there are.")

    @traitlets.validate("step")
    def _within(self, proposal: Any) -> int:
        return max(0, min(int(proposal["value"]), int(self.steps)))
