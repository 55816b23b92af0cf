# NumPy's types do not know that its functions take Variables.
# mypy: disable-error-code="arg-type, call-overload, misc, no-any-return, return-value, type-var"
"""Functions with kinks and steps: absolute values, extremes of two operands, clipping, choosing and rounding.

Where a function has a kink, the gradient is the mean of both sides; where it has a step, the gradient is zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ipy_autodiff.engine.binary import Binary, binary
from ipy_autodiff.engine.operation import as_constant
from ipy_autodiff.engine.registry import Sample, operation, random
from ipy_autodiff.engine.unary import Elementwise, elementwise
from ipy_autodiff.engine.variable import Variable, as_variable, peek

__all__ = [
    "absolute",
    "ceil",
    "clip",
    "copysign",
    "divmod",
    "fabs",
    "fix",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "maximum",
    "minimum",
    "nan_to_num",
    "remainder",
    "rint",
    "round",
    "select",
    "sign",
    "trunc",
    "where",
]


class Abs(Elementwise):
    """The absolute value."""

    __slots__ = ()
    rule = "gy · sign(x)"
    compute = np.absolute

    def derivative(self) -> Any:
        return np.sign(self.x)


absolute = elementwise(Abs, np.absolute, name="absolute")
fabs = elementwise(Abs, np.fabs, name="fabs")


class Steps(Elementwise):
    """A function that is constant between its steps."""

    __slots__ = ()
    rule = "gy · 0"

    def derivative(self) -> Any:
        return 0.0


class Sign(Steps):
    """-1, 0 or 1."""

    __slots__ = ()
    compute = np.sign


class Floor(Steps):
    """The largest integer that is not above ``x``."""

    __slots__ = ()
    compute = np.floor


class Ceil(Steps):
    """The smallest integer that is not below ``x``."""

    __slots__ = ()
    compute = np.ceil


class Trunc(Steps):
    """``x`` without its decimals."""

    __slots__ = ()
    compute = np.trunc


class Rint(Steps):
    """The nearest integer, the even one half-way."""

    __slots__ = ()
    compute = np.rint


sign = elementwise(Sign, np.sign)
floor = elementwise(Floor, np.floor)
ceil = elementwise(Ceil, np.ceil)
trunc = elementwise(Trunc, np.trunc)
fix = elementwise(Trunc, np.fix, name="fix")
rint = elementwise(Rint, np.rint)


class Round(Steps):
    """``x`` rounded to a number of decimals."""

    __slots__ = ("decimals",)

    def __init__(self, decimals: int) -> None:
        self.decimals = decimals

    def compute(self, x: Any) -> Any:
        return np.round(x, self.decimals)


@operation(np.round, method="round", samples=[Sample(random(2, 3)), Sample(random(3), decimals=1)])
def round(a: Any, decimals: int = 0) -> Variable:  # noqa: A001
    """``a`` rounded to ``decimals``."""
    return Round(decimals).apply(a)


class Maximum(Binary):
    """The larger operand; the gradient is shared where they are equal."""

    __slots__ = ()
    rule = ("gy · ((x0 > x1) + (x0 == x1) / 2)", "gy · ((x1 > x0) + (x0 == x1) / 2)")
    compute: Any = np.maximum

    def gradient0(self, gy: Any) -> Any:
        return gy * share(np.greater(self.x0, self.x1), np.equal(self.x0, self.x1))

    def gradient1(self, gy: Any) -> Any:
        return gy * share(np.less(self.x0, self.x1), np.equal(self.x0, self.x1))


class Fmax(Maximum):
    """The larger operand, or the one that is a number."""

    __slots__ = ()
    rule = ("gy · ((x0 > x1) + isnan(x1) + (x0 == x1) / 2)", "gy · ((x1 > x0) + isnan(x0) + (x0 == x1) / 2)")
    compute = np.fmax

    def gradient0(self, gy: Any) -> Any:
        return gy * share(np.greater(self.x0, self.x1) | np.isnan(self.x1), np.equal(self.x0, self.x1))

    def gradient1(self, gy: Any) -> Any:
        return gy * share(np.less(self.x0, self.x1) | np.isnan(self.x0), np.equal(self.x0, self.x1))


class Minimum(Binary):
    """The smaller operand; the gradient is shared where they are equal."""

    __slots__ = ()
    rule = ("gy · ((x0 < x1) + (x0 == x1) / 2)", "gy · ((x1 < x0) + (x0 == x1) / 2)")
    compute: Any = np.minimum

    def gradient0(self, gy: Any) -> Any:
        return gy * share(np.less(self.x0, self.x1), np.equal(self.x0, self.x1))

    def gradient1(self, gy: Any) -> Any:
        return gy * share(np.greater(self.x0, self.x1), np.equal(self.x0, self.x1))


class Fmin(Minimum):
    """The smaller operand, or the one that is a number."""

    __slots__ = ()
    rule = ("gy · ((x0 < x1) + isnan(x1) + (x0 == x1) / 2)", "gy · ((x1 < x0) + isnan(x0) + (x0 == x1) / 2)")
    compute = np.fmin

    def gradient0(self, gy: Any) -> Any:
        return gy * share(np.less(self.x0, self.x1) | np.isnan(self.x1), np.equal(self.x0, self.x1))

    def gradient1(self, gy: Any) -> Any:
        return gy * share(np.greater(self.x0, self.x1) | np.isnan(self.x0), np.equal(self.x0, self.x1))


maximum = binary(Maximum, np.maximum)
minimum = binary(Minimum, np.minimum)
fmax = binary(Fmax, np.fmax)
fmin = binary(Fmin, np.fmin)


class Remainder(Binary):
    """``x0 - floor(x0 / x1) * x1``, which has the sign of ``x1``."""

    __slots__ = ()
    rule = ("gy", "-gy · floor(x0 / x1)")
    compute: Any = np.remainder

    def gradient0(self, gy: Any) -> Any:
        return gy

    def gradient1(self, gy: Any) -> Any:
        return -(gy * np.floor(self.x0 / self.x1))


class Fmod(Remainder):
    """``x0 - trunc(x0 / x1) * x1``, which has the sign of ``x0``."""

    __slots__ = ()
    rule = ("gy", "-gy · trunc(x0 / x1)")
    compute = np.fmod

    def gradient1(self, gy: Any) -> Any:
        return -(gy * np.trunc(self.x0 / self.x1))


class BinarySteps(Binary):
    """A function of two operands that is constant between its steps."""

    __slots__ = ()
    rule = ("gy · 0", "gy · 0")

    def gradient0(self, gy: Any) -> Any:
        return gy * 0.0

    gradient1 = gradient0


class FloorDivide(BinarySteps):
    """``floor(x0 / x1)``."""

    __slots__ = ()
    compute = np.floor_divide


class Heaviside(BinarySteps):
    """0 where ``x0`` is negative, 1 where it is positive, and ``x1`` where it is 0."""

    __slots__ = ()
    rule = ("gy · 0", "gy · (x0 == 0)")
    compute = np.heaviside

    def gradient1(self, gy: Any) -> Any:
        return gy * np.equal(self.x0, 0)


class CopySign(Binary):
    """``x0`` with the sign of ``x1``."""

    __slots__ = ()
    rule = ("gy · sign(x0) · sign(y)", "gy · 0")
    compute = np.copysign

    def gradient0(self, gy: Any) -> Any:
        return gy * np.sign(self.x0) * np.sign(self.y)

    def gradient1(self, gy: Any) -> Any:
        return gy * 0.0


remainder = binary(Remainder, np.remainder, domain=(0.4, 2.0))
fmod = binary(Fmod, np.fmod, domain=(0.4, 2.0))
floor_divide = binary(FloorDivide, np.floor_divide, name="floor_divide", domain=(0.4, 2.0))
heaviside = binary(Heaviside, np.heaviside)
copysign = binary(CopySign, np.copysign)


@operation(np.divmod, samples=[Sample(random(2, 3), random(3))], domain=(0.4, 2.0))
def divmod(x0: Any, x1: Any) -> tuple[Variable, Variable]:  # noqa: A001
    """``floor_divide(x0, x1)`` and ``remainder(x0, x1)``."""
    return floor_divide(x0, x1), remainder(x0, x1)


class Clip(Elementwise):
    """``x`` moved into an interval."""

    __slots__ = ("high", "low")

    def __init__(self, low: Any, high: Any) -> None:
        self.low = low
        self.high = high

    def compute(self, x: Any) -> Any:
        return np.clip(x, self.low, self.high)

    @property
    def rule(self) -> str:
        """With the limits that there are."""
        low = "" if self.low is None else " · (x >= {0.low:g})"
        return "gy" + low + ("" if self.high is None else " · (x <= {0.high:g})")

    def derivative(self) -> Any:
        inside: Any = True
        if self.low is not None:
            inside = np.greater_equal(self.x, self.low)
        if self.high is not None:
            inside = inside & np.less_equal(self.x, self.high)
        return inside * 1.0


@operation(
    np.clip,
    method="clip",
    samples=[Sample(random(3, 4), -0.5, 0.7), Sample(random(4), None, 0.3), Sample(random(2, 3), random(3), 1.5)],
)
def clip(a: Any, a_min: Any = None, a_max: Any = None) -> Variable:
    """``a`` moved into the interval from ``a_min`` to ``a_max``; the ends count as inside. None means no limit.

    Limits that are arrays or Variables are broadcast against ``a``.
    """
    limits = [limit for limit in (a_min, a_max) if limit is not None]
    if all(np.ndim(limit) == 0 and not isinstance(limit, Variable) for limit in limits):
        return Clip(a_min, a_max).apply(a)
    y = a if a_min is None else maximum(a, a_min)
    return as_variable(y if a_max is None else minimum(y, a_max))


class Where(Binary):
    """``x0`` where a condition holds, ``x1`` elsewhere."""

    __slots__ = ("condition",)
    rule = ("where(condition, gy, 0)", "where(condition, 0, gy)")

    def __init__(self, condition: Any) -> None:
        self.condition = condition

    def compute(self, x0: Any, x1: Any) -> Any:
        return np.where(self.condition, x0, x1)

    def gradient0(self, gy: Any) -> Any:
        return np.where(self.condition, gy, 0.0)

    def gradient1(self, gy: Any) -> Any:
        return np.where(self.condition, 0.0, gy)


_CONDITION = np.array([[True, False, True], [False, False, True]])


@operation(
    np.where,
    samples=[
        Sample(_CONDITION, random(2, 3), random(2, 3)),
        Sample(_CONDITION, random(3), random()),
        Sample(_CONDITION[0], random(2, 1), 1.5),
    ],
)
def where(condition: Any, *choices: Any) -> Any:
    """``x0`` where ``condition`` holds, ``x1`` elsewhere; with the condition alone, the indices where it holds."""
    condition = peek(condition)
    if not choices:
        return np.where(condition)
    x0, x1 = choices
    if isinstance(x0, Variable) or isinstance(x1, Variable):
        return Where(condition).apply(x0, x1)
    return np.where(condition, as_constant(x0), as_constant(x1))


@operation(np.select, samples=[Sample([_CONDITION, ~_CONDITION[::-1]], [random(2, 3), random(3)], 0.5)])
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Variable:
    """At each place the first choice whose condition holds there, or ``default``."""
    y = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        y = where(condition, choice, y)
    return as_variable(y)


class NanToNum(Elementwise):
    """``x`` with numbers in place of NaN and infinities."""

    __slots__ = ("numbers",)
    rule = "gy · isfinite(x)"

    def __init__(self, nan: float, posinf: float | None, neginf: float | None) -> None:
        self.numbers = {"nan": nan, "posinf": posinf, "neginf": neginf}

    def compute(self, x: Any) -> Any:
        return np.nan_to_num(x, **self.numbers)

    def derivative(self) -> Any:
        return np.isfinite(self.x) * 1.0


@operation(np.nan_to_num, samples=[Sample(random(2, 3))])
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Variable:
    """``x`` with ``nan``, ``posinf`` and ``neginf`` in place of what is not finite; the gradient there is 0."""
    return NanToNum(nan, posinf, neginf).apply(x)


def share(wins: Any, ties: Any) -> Any:
    """1 where an operand wins, a half where it ties."""
    return wins + 0.5 * ties
