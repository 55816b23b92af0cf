"""Every view there is, found by its folder: which can be asked for, which are shown by default, which are wanted."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence

from ipy_autodiff.views.contract import View

__all__ = ["DEFAULT", "SELECTABLE", "VIEWS", "chosen"]


def _found() -> Iterator[View]:
    package = __name__.rpartition(".")[0]
    for folder in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if folder.ispkg:
            view = getattr(importlib.import_module(f"{package}.{folder.name}"), "VIEW", None)
            if isinstance(view, View):
                yield view


VIEWS: Mapping[str, View] = {view.name: view for view in sorted(_found(), key=lambda view: view.order)}
"""All views, by name."""
SELECTABLE = tuple(name for name, view in VIEWS.items() if not view.beside)
"""The names that ``--show`` takes."""
DEFAULT = tuple(name for name in SELECTABLE if VIEWS[name].default)
"""What is shown where nobody says what to show."""


def chosen(show: Sequence[str]) -> Iterator[View]:
    """The views behind these names, each followed by those that always come with it."""
    for name in show:
        yield VIEWS[name]
        yield from (view for view in VIEWS.values() if view.beside == name)
