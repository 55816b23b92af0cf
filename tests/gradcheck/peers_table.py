"""Print how gradient checkers compare: ours, PyTorch's, autograd's, DeZero's and the book's, on the same gradients.

    python -m tests.gradcheck.peers_table [points per function]

The first two tables count verdicts over functions and points with a known derivative, easy ones and ones of the hard
kinds, the gradient right, or wrong by a factor. The third counts, of programs with one planted mistake, those that are
called wrong, and those whose culprit is named. A checker that is not installed is left out.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ipy_autodiff.gradcheck.blame.find_blame import find_blame
from ipy_autodiff.gradcheck.comparison import compare
from ipy_autodiff.gradcheck.measure.derivative import FAIL, INCONCLUSIVE, derivative
from ipy_autodiff.gradcheck.measure.program import Program
from tests.student_engines.mistakes import MISTAKES

from .functions_to_differentiate import KNOWN, points
from .hard_functions import hard_points
from .planted import PLANTED
from .watching import recorded

# A checker is given a function, a point and a gradient; it says whether it calls the gradient wrong, None for "open".
Checker = Callable[[Callable[[Any], Any], np.ndarray, np.ndarray], bool | None]
Case = tuple[str, Callable[[Any], Any], np.ndarray, float]
"""The kind, a function, a point and the slope there."""
FACTORS = (1.0, 1.001, 1.1, -1.0, 0.0)


def ours(f: Callable[[Any], Any], x: np.ndarray, gradient: np.ndarray) -> bool | None:
    verdicts = derivative(f, x, gradient).judge(gradient)
    return True if (verdicts == FAIL).any() else None if (verdicts == INCONCLUSIVE).any() else False


def dezero(f: Callable[[Any], Any], x: np.ndarray, gradient: np.ndarray) -> bool:
    return not np.allclose(gradient, central(f, x, 1e-4), atol=1e-5, rtol=1e-4)


def book(f: Callable[[Any], Any], x: np.ndarray, gradient: np.ndarray) -> bool:
    return not np.allclose(gradient, central(f, x, 1e-4))


def central(f: Callable[[Any], Any], x: np.ndarray, eps: float) -> np.ndarray:
    slopes = np.empty(x.size)
    for place in range(x.size):
        ends = []
        for sign in (1, -1):
            moved = x.astype(np.float64)
            moved.flat[place] += sign * eps
            ends.append(np.sum(f(moved)))
        slopes[place] = (ends[0] - ends[1]) / (2 * eps)
    return slopes.reshape(x.shape)


def by_torch() -> Checker:
    import torch

    def check(f: Callable[[Any], Any], x: np.ndarray, gradient: np.ndarray) -> bool:
        class Wrapped(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, t: Any) -> Any:
                return torch.tensor(np.sum(f(t.detach().numpy().copy())), dtype=torch.float64)

            @staticmethod
            def backward(ctx: Any, gy: Any) -> Any:
                return torch.tensor(np.asarray(gradient, dtype=np.float64)) * gy

        point = torch.tensor(np.asarray(x, dtype=np.float64), requires_grad=True)
        return not torch.autograd.gradcheck(Wrapped.apply, (point,), raise_exception=False)

    return check


def by_autograd() -> Checker:
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    def check(f: Callable[[Any], Any], x: np.ndarray, gradient: np.ndarray) -> bool:
        wrapped = primitive(lambda t: np.sum(f(np.asarray(t))))
        defvjp(wrapped, lambda ans, t: lambda gy: gradient * gy)
        try:
            check_grads(wrapped, modes=["rev"], order=1)(np.asarray(x, dtype=np.float64))
        except AssertionError:
            return True
        return False

    return check


def checkers() -> dict[str, Checker]:
    found: dict[str, Checker] = {"ipy_autodiff": ours, "DeZero gradient_check": dezero, "np.allclose, as step 10": book}
    for name, make in (("torch gradcheck", by_torch), ("autograd check_grads", by_autograd)):
        with contextlib.suppress(ImportError):
            found[name] = make()
    return found


def easy_cases(count: int) -> list[Case]:
    rng = np.random.default_rng(2024)
    return [
        ("easy", known.f, np.asarray(x), float(known.slope(np.asarray(x))))
        for known in KNOWN
        for x in rng.permutation(points(known, rng, count))[:count]
    ]


def hard_cases(count: int) -> list[Case]:
    drawn = hard_points(np.random.default_rng(2025), count)
    return [(hard.kind, hard.f, np.asarray(x), slope) for hard, x, slope in drawn]


def calibration(title: str, cases: list[Case]) -> Iterator[str]:
    """One line for each checker; then ours, kind by kind, where there are several."""
    kinds = list(dict.fromkeys(kind for kind, *_ in cases))
    yield f"\n{title}: {len(cases):,} points\n"
    missed_at = " | ".join(f"×{factor:g} missed" for factor in FACTORS[1:])
    yield f"| checker | right called wrong | left open | {missed_at} | ms each |"
    yield "| --- " * 8 + "|"
    for name, check in checkers().items():
        began = time.perf_counter()
        yield line(name, [(x, slope, verdicts(check, f, x, slope)) for _, f, x, slope in cases], began)
    for kind in kinds if len(kinds) > 1 else ():
        began = time.perf_counter()
        seen = [(x, slope, verdicts(ours, f, x, slope)) for of, f, x, slope in cases if of == kind]
        yield line(f"ipy_autodiff, {kind} ({len(seen)})", seen, began)


def verdicts(check: Checker, f: Callable[[Any], Any], x: np.ndarray, slope: float) -> dict[float, bool | None]:
    """What a checker says to the gradient times each factor; zero in all but name is left as it is."""
    factors = FACTORS if abs(slope) >= 1e-300 else FACTORS[:1]
    return {factor: check(f, x, np.asarray(slope * factor)) for factor in factors}


def line(name: str, seen: list[tuple[np.ndarray, float, dict[float, bool | None]]], began: float) -> str:
    tried = {factor: [said[factor] for *_, said in seen if factor in said] for factor in FACTORS}
    missed = [share(sum(said is False for said in tried[k]), len(tried[k])) for k in FACTORS[1:]]
    right = tried[1.0]
    first = [share(sum(said is flag for said in right), len(right)) for flag in (True, None)]
    spent = (time.perf_counter() - began) * 1e3 / max(sum(map(len, tried.values())), 1)
    return f"| {name} | {' | '.join([*first, *missed])} | {spent:.2f} |"


def share(part: int, whole: int) -> str:
    return "0" if part == 0 or whole == 0 else f"{part / whole:.1%}"


def planted_mistakes() -> Iterator[str]:
    programs: list[tuple[str, str, tuple[str, ...], str, tuple[str, ...]]] = [
        (p.name, p.source, (p.cell,), "y", (p.where,)) for p in PLANTED
    ]
    programs += [(m.name, m.source, m.cells, m.of, (m.where, *m.or_where)) for m in MISTAKES]
    found = dict.fromkeys(checkers(), 0)
    named = count = 0
    for _, source, cells, of, where in programs:
        recording, _, _ = recorded(source, cells, of)
        if recording is None:
            continue
        count += 1
        comparison = compare(recording)
        blame = find_blame(recording, comparison)
        found["ipy_autodiff"] += bool(blame) or not comparison.ok
        named += bool(blame) and blame[0].where in where
        for name, check in checkers().items():
            if name != "ipy_autodiff":
                found[name] += called_wrong(recording, check)
    yield f"\n{count} programs with one mistake each\n"
    yield "| checker | called wrong | culprit named |"
    yield "| --- | --- | --- |"
    for name, number in found.items():
        yield f"| {name} | {number} | {named if name == 'ipy_autodiff' else 0} |"


def called_wrong(recording: Any, check: Checker) -> bool:
    """Whether a checker that sees the whole program as one function finds some gradient wrong."""
    program = Program(recording, np.inf)
    try:
        with program.running():
            for leaf in recording.wrt:
                gradient = recording.gradients.get(leaf)
                x = np.asarray(leaf.data, dtype=np.float64)
                if gradient is None or np.shape(gradient) != x.shape:
                    return True
                if check(program.function_of(leaf), x, np.asarray(gradient, dtype=np.float64)):
                    return True
    except Exception:  # a checker that stops has found something
        return True
    return False


def main() -> None:
    """Print the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        easy, hard = easy_cases(count), hard_cases(count)
        tables = (calibration("Easy", easy), calibration("Hard", hard), planted_mistakes())
        for table in tables:
            for line in table:
                print(line, flush=True)


if __name__ == "__main__":
    main()
