"""What a layout is judged by: overlaps, and how often its curves cross, from their points alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from ipy_autodiff.views.layout import Curve, Layout, Size

_PER_PIECE = 12


def overlaps(layout: Layout, sizes: Mapping[str, Size]) -> list[tuple[str, str]]:
    """The pairs of boxes that share more than a rim."""
    found = []
    for a, b in combinations(sizes, 2):
        (ax, ay), (bx, by) = layout.centres[a], layout.centres[b]
        wide, high = (sizes[a].width + sizes[b].width) / 2, (sizes[a].height + sizes[b].height) / 2
        if abs(ax - bx) < wide - 0.01 and abs(ay - by) < high - 0.01:
            found.append((a, b))
    return found


def sampled(curve: Curve) -> npt.NDArray[np.float64]:
    """Points along a curve."""
    t = np.linspace(0, 1, _PER_PIECE + 1)[:, None]
    points = np.array(curve.points)
    pieces = [points[:1]]
    for start in range(0, len(points) - 1, 3):
        a, b, c, d = points[start : start + 4]
        pieces.append(((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d)[1:])
    return np.concatenate(pieces)


def crossed(layout: Layout) -> int:
    """How often curves cross each other, but for two that leave the same node."""
    lines = [sampled(curve)[:-1] for curve in layout.curves]  # where two end at one point, they do not cross there
    return sum(
        _crossings(one, other)
        for (one, a), (other, b) in combinations(zip(lines, layout.curves, strict=True), 2)
        if a.tail != b.tail
    )


def _crossings(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> int:
    if (one.max(0) < other.min(0)).any() or (other.max(0) < one.min(0)).any():
        return 0
    p, q = one[:-1, None], one[1:, None]
    r, s = other[None, :-1], other[None, 1:]

    def side(
        a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], c: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])

    apart = (side(p, q, r) >= 0) != (side(p, q, s) >= 0)
    return int((apart & ((side(r, s, p) >= 0) != (side(r, s, q) >= 0))).sum())


def through_nodes(layout: Layout, sizes: Mapping[str, Size]) -> list[tuple[str, str, str]]:
    """The curves that lead through a box that is not theirs, with that box."""
    found = []
    for curve in layout.curves:
        points = sampled(curve)
        for name, (x, y) in layout.centres.items():
            if name in (curve.tail, curve.head):
                continue
            size = sizes[name]
            inside = (abs(points[:, 0] - x) < size.width / 2 - 0.5) & (abs(points[:, 1] - y) < size.height / 2 - 0.5)
            if inside.any():
                found.append((curve.tail, curve.head, name))
    return found


def bends(curves: Sequence[Curve]) -> float:
    """The total turning of the curves, in right angles."""
    total = 0.0
    for curve in curves:
        steps = np.diff(sampled(curve), axis=0)
        steps = steps[np.hypot(*steps.T) > 1e-6]
        angles = np.arctan2(steps[:, 1], steps[:, 0])
        total += sum(abs((b - a + np.pi) % (2 * np.pi) - np.pi) for a, b in pairwise(angles))
    return total / (np.pi / 2)
