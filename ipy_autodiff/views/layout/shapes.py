"""What a layout is made of: the sizes that it is given, and the places and curves that it gives."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Curve", "Layout", "Point", "Size"]

Point = tuple[float, float]


@dataclass(frozen=True)
class Size:
    """The room that one node takes, in pixels, and whether its outline is an ellipse or a box."""

    width: float
    height: float
    round: bool = False


@dataclass(frozen=True)
class Curve:
    """An edge: a start and then three control points for each Bézier piece, in pixels, y downwards."""

    tail: str
    head: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Layout:
    """Where everything is, in pixels from the top left: the nodes' centres, and the edges in their order."""

    width: float
    height: float
    centres: dict[str, Point]
    curves: tuple[Curve, ...]
