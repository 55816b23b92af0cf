"""The Trace that users hold: it shows itself as the last line of a cell, and writes itself to a file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipy_autodiff.messages import current_language, say, speaking
from ipy_autodiff.traced import Trace
from ipy_autodiff.tracing import CallLog, record_variables

if TYPE_CHECKING:
    from ipy_autodiff.views.output.widget import LiveView

__all__ = ["ShownTrace", "trace_of"]


class ShownTrace(Trace):
    """A Trace with a ``view``, ``save``, and a display of its own."""

    open_view: Callable[[], LiveView] | None = None
    """Opens the live view, and gives it whenever it is called again; None where the trace is not shown live."""
    show: tuple[str, ...] = ()
    """The views with which it shows itself; empty for those that are shown by default."""
    language: str | None = None
    """The language in which it shows itself; None for the one in force."""

    @property
    def view(self) -> LiveView | None:
        """The live view in the notebook, whose ``.step`` can be read, set and observed; None where there is none."""
        return None if self.open_view is None else self.open_view()

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the trace to a file: ``.html`` (one file, works offline), ``.svg``, ``.png`` or ``.dot`` by its suffix.

        Returns the path. Raises ``ValueError`` for another suffix.
        """
        from ipy_autodiff.views.output import files

        target = Path(path)
        writer = files.WRITERS.get(target.suffix.lower())
        if writer is None:
            raise ValueError(say("views.save-suffix", suffix=target.suffix or "''", known=", ".join(files.WRITERS)))
        writer(self, target)
        return target

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> Mapping[str, Any]:
        from ipy_autodiff.views.output.bundle import mime_bundle
        from ipy_autodiff.views.registry import DEFAULT

        with speaking(self.language or current_language()):
            return mime_bundle(self, self.show or DEFAULT, live=False)[0]


def trace_of(outputs: tuple[Any, ...], namespace: Mapping[str, Any], log: CallLog | None = None) -> ShownTrace:
    """The Trace of a graph that already exists, of any engine; ``namespace`` names its Variables.

    Raises ``TypeError`` for an object that is not a Variable.
    """
    return ShownTrace(record_variables(outputs, namespace, log))
