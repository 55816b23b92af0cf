"""Read Einstein's notation as ``numpy.einsum`` takes it, and write down the notation of an operand's gradient."""

from __future__ import annotations

from string import ascii_letters
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Operand", "gradient_notation", "parse"]


class Operand(NamedTuple):
    """An array and the letters of its axes."""

    letters: str
    array: Any


def parse(operands: tuple[Any, ...]) -> tuple[list[str], str, list[Any]]:
    """The letters of each operand, those of the result, and the operands; every ellipsis is written out.

    Takes ``"ij,jk->ik", x, y`` as well as ``x, [0, 1], y, [1, 2], [0, 2]``.
    """
    if isinstance(operands[0], str):
        inputs, arrow, result = operands[0].replace(" ", "").partition("->")
        letters, arrays = inputs.split(","), list(operands[1:])
    else:
        pairs, last = operands[: len(operands) // 2 * 2], operands[len(operands) // 2 * 2 :]
        arrays, letters = list(pairs[::2]), [_lettered(axes) for axes in pairs[1::2]]
        arrow, result = ("->", _lettered(last[0])) if last else ("", "")
    if len(letters) != len(arrays):
        raise ValueError(f"einsum: {len(letters)} operands in the notation, {len(arrays)} given")
    if any("." in part for part in letters):
        letters, result = _without_ellipses(letters, result, bool(arrow), [np.ndim(array) for array in arrays])
    if not arrow:
        once = [c for c in "".join(letters) if "".join(letters).count(c) == 1 and c not in result]
        result += "".join(sorted(once))
    return letters, result, arrays


def gradient_notation(operands: list[Operand], result: str, number: int, gy: Any) -> tuple[str, list[Any]]:
    """The notation and the factors whose einsum is the gradient of operand ``number``.

    The result's gradient takes the operand's place among the others. An axis that stands nowhere else is multiplied by
    ones; an axis that the operand has twice is put on a diagonal by an identity matrix.
    """
    letters, array = operands[number]
    factors = [Operand(result, gy), *[operand for place, operand in enumerate(operands) if place != number]]
    known = {c for factor in factors for c in factor.letters}
    fresh = iter([c for c in ascii_letters if c not in known and c not in letters])
    target: list[str] = []
    for axis, letter in enumerate(letters):
        n = array.shape[axis]
        if letter in target:
            twin = next(fresh)
            factors.append(Operand(letter + twin, np.eye(n)))
            target.append(twin)
            continue
        if letter not in known:
            factors.append(Operand(letter, np.ones(n)))
        target.append(letter)
    notation = ",".join([factor.letters for factor in factors])
    return f"{notation}->{''.join(target)}", [factor.array for factor in factors]


def _lettered(axes: Any) -> str:
    return "".join(["..." if axis is Ellipsis else ascii_letters[axis] for axis in axes])


def _without_ellipses(letters: list[str], result: str, explicit: bool, ndims: list[int]) -> tuple[list[str], str]:
    free = [c for c in ascii_letters if c not in "".join(letters) + result]
    counts = [
        ndim - len(part.replace("...", "")) if "..." in part else 0 for part, ndim in zip(letters, ndims, strict=True)
    ]
    broadcast = "".join(free[: max(counts)])
    written = [
        part.replace("...", broadcast[len(broadcast) - count :]) for part, count in zip(letters, counts, strict=True)
    ]
    if explicit:
        return written, result.replace("...", broadcast)
    return written, broadcast
