"""What is known of one planted mistake: the engine it was planted in, the wrong gradients it gives, and where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .catalogue import engine


@dataclass(frozen=True)
class Mistake:
    """A student's notebook with one mistake. What is said of a graph is said of the last cell's."""

    name: str
    kind: str
    """The mistake in a few words."""
    source: str
    """The classes and functions, as one cell."""
    cells: tuple[str, ...]
    """What is typed after the definitions, in order."""
    where: str
    """What is to blame: a Function's class name, ``"engine"`` or ``"graph"``."""
    gradients: Mapping[str, npt.NDArray[np.float64]]
    """By the notebook's name of each leaf: the true derivative of the sum of ``of``."""
    wrong: Mapping[str, npt.NDArray[np.float64] | None]
    """The gradient that the cells leave in each of those leaves; None where they leave none."""
    of: str = "y"
    """The notebook's name of the Variable that is differentiated."""
    error: str | None = None
    """The name of the exception that the last cell raises."""
    or_where: tuple[str, ...] = ()
    """Other answers to ``where`` that a reader would accept."""
    repaired: str | None = None
    """The source without the mistake, where the mistake is in the source: the same cells then give ``gradients``."""
    formula: str | None = None
    """The value of ``of``, in plain NumPy over the leaves' names, where there is no ``repaired`` to compare with."""
    endless: bool = False
    """Whether a sweep of the graph by its own engine would never end; the cells do not start one."""


def mistake(
    name: str,
    kind: str,
    base: str,
    edits: Mapping[str, str],
    cell: str,
    where: str,
    gradients: Mapping[str, Any],
    wrong: Mapping[str, Any],
    **facts: Any,
) -> Mistake:
    """The sound engine ``base`` with each key of ``edits`` replaced by its value, and ``cell`` typed after it.

    Raises ``ValueError`` where a text to replace does not stand in the engine exactly once.
    """
    source = engine(base).source
    for old, new in edits.items():
        if source.count(old) != 1:
            raise ValueError(f"{name}: {old!r} stands {source.count(old)} times in {base}")
        source = source.replace(old, new)
    repaired = engine(base).source if edits and "formula" not in facts else None
    return written(name, kind, source, (cell,), where, gradients, wrong, repaired=repaired, **facts)


def written(
    name: str,
    kind: str,
    source: str,
    cells: tuple[str, ...],
    where: str,
    gradients: Mapping[str, Any],
    wrong: Mapping[str, Any],
    **facts: Any,
) -> Mistake:
    """A mistake with a source of its own. Gradients may be numbers and lists."""
    return Mistake(
        name,
        kind,
        source,
        tuple(cell.strip("\n") + "\n" for cell in cells),
        where,
        {leaf: np.asarray(gradient, dtype=np.float64) for leaf, gradient in gradients.items()},
        {leaf: None if gradient is None else np.asarray(gradient, np.float64) for leaf, gradient in wrong.items()},
        **facts,
    )
