"""Tell what the arguments of a forward and a backward call over arrays are: inputs, targets, the gradient, the rest."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Mapping, Sequence
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ipy_autodiff.designs.nodes import Array

__all__ = ["accumulated", "arguments_of_call", "gradients_among", "is_number", "is_target", "places_of_gradient"]

_TARGETS = {"t", "ts", "target", "targets", "label", "labels", "y_true", "ytrue", "truth", "true", "gt", "onehot"}
_PERHAPS = {"y", "Y", "T"}


def is_number(item: Any) -> bool:
    """Whether this can be differentiated: a floating array, or a number of Python's or NumPy's."""
    if isinstance(item, np.ndarray):
        return bool(item.dtype.kind == "f")
    return isinstance(item, np.floating | float | int) and not isinstance(item, bool)


def arguments_of_call(frame: FrameType, skip: int) -> tuple[list[str], list[Any], dict[str, Any]]:
    """The names and values of a call's positional arguments, the first ``skip`` left out, and its keyword ones."""
    code, held = frame.f_code, frame.f_locals
    names = list(code.co_varnames[skip : code.co_argcount])
    values = [held.get(name) for name in names]
    place = code.co_argcount + code.co_kwonlyargcount
    keywords = {name: held.get(name) for name in code.co_varnames[code.co_argcount : place]}
    if code.co_flags & inspect.CO_VARARGS:
        more = held.get(code.co_varnames[place], ())
        names += [f"{code.co_varnames[place]}{number}" for number in range(len(more))]
        values += more
        place += 1
    if code.co_flags & inspect.CO_VARKEYWORDS:
        keywords.update(held.get(code.co_varnames[place], {}))
    return names, values, keywords


def is_target(place: int, names: Sequence[str], values: Sequence[Any], computed: Sequence[bool], output: Any) -> bool:
    """Whether a loss compares with this argument, and is not to be differentiated with respect to it."""
    if np.size(output) != 1 or np.size(values[place]) <= 1 or computed[place]:
        return False
    others = [other for other, value in enumerate(values) if other != place and is_number(value)]
    if not others:
        return False
    if any(names[other] in _TARGETS for other in others):
        return False
    return names[place] in _TARGETS | _PERHAPS or any(computed[other] for other in others)


def places_of_gradient(values: Sequence[Any], known: Sequence[Any], output: Any) -> int | None:
    """Which of a backward call's arguments is the output's gradient; None where it was handed none."""
    if len(values) == 1:
        return 0 if is_number(values[0]) else None
    new = [
        place
        for place, value in enumerate(values)
        if is_number(value) and not any(value is item for item in known if not isinstance(item, int | float))
    ]
    shaped = [place for place in new if np.shape(values[place]) == np.shape(output)]
    return next(iter(shaped or new), None)


def gradients_among(returned: Any, names: Sequence[str]) -> list[Array | None]:
    """What a backward call returned for the arguments of these names, in order."""
    if isinstance(returned, Mapping):
        found = [next((returned[key] for key in (f"d{n}", n, f"d_{n}") if key in returned), None) for n in names]
    else:
        found = list(returned) if isinstance(returned, list | tuple) else [returned]
    return [np.asarray(item) if is_number(item) else None for item in found]


def accumulated(code: CodeType) -> bool:
    """Whether the code adds to an attribute, or to an item of a list, instead of setting it."""
    adding = False
    for one in dis.get_instructions(code):
        if one.opname == "BINARY_OP":
            adding = one.argrepr == "+="
        elif adding and one.opname in ("STORE_ATTR", "STORE_SUBSCR"):
            return True
        elif one.opname.startswith("STORE_"):
            adding = False
    return False
