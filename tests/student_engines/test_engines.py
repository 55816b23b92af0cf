"""The catalogue is right: each engine runs, its gradients are the true ones, and its graph is as it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from .catalogue import ENGINES
from .notebook import FOLDER, run
from .student_engine import StudentEngine

each_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


def test_every_file_is_in_the_catalogue_once() -> None:
    assert sorted(engine.name for engine in ENGINES) == sorted(path.stem for path in FOLDER.glob("*.py"))


@each_engine
def test_the_formula_is_what_the_engine_computes(engine: StudentEngine) -> None:
    namespace, _, _ = run(engine.source, engine.cells)
    leaves = {name: np.asarray(namespace[name].data) for name in engine.gradients}
    np.testing.assert_allclose(namespace[engine.of].data, value(engine.formula, leaves), rtol=1e-14)


@each_engine
def test_the_gradients_are_those_of_the_formula(engine: StudentEngine) -> None:
    namespace, _, _ = run(engine.source, engine.cells)
    leaves = {name: np.asarray(namespace[name].data, dtype=float) for name in engine.gradients}
    for name, true in engine.gradients.items():
        np.testing.assert_allclose(true, difference_quotient(engine.formula, leaves, name), rtol=1e-8, atol=1e-10)


@each_engine
def test_the_cell_leaves_the_true_gradients_or_none(engine: StudentEngine) -> None:
    namespace, _, _ = run(engine.source, engine.cells)
    for name, true in engine.gradients.items():
        left: Any = getattr(namespace[name], "grad", None)
        if engine.sweeps in ("cell", "by hand"):
            np.testing.assert_allclose(left, true, rtol=1e-13)
            assert np.shape(left) == true.shape
        else:
            assert left is None


@each_engine
def test_a_variable_has_the_sweeper_that_the_catalogue_names(engine: StudentEngine) -> None:
    namespace, _, _ = run(engine.source, engine.cells)
    methods = {name for name in dir(namespace[engine.of]) if name.startswith("backward")}
    assert engine.sweeper in methods if engine.sweeper else not methods


@each_engine
def test_the_graph_has_the_functions_and_variables_of_the_catalogue(engine: StudentEngine) -> None:
    namespace, _, _ = run(engine.source, engine.cells)
    if engine.saves != "creator":
        assert getattr(namespace[engine.of], "creator", None) is None
        return
    functions, variables = walk(namespace[engine.of])
    assert sorted(type(function).__name__ for function in functions) == sorted(engine.functions)
    assert len(variables) == engine.variables
    assert all(hasattr(function, "backward") for function in functions if engine.function_backward)


@each_engine
def test_the_cell_calls_backward_as_often_as_the_catalogue_says(engine: StudentEngine) -> None:
    counting = f"{engine.source}{_COUNT}"
    if not engine.function_backward:
        assert engine.calls == 0
        return
    *before, last = engine.cells
    namespace, _, _ = run(counting, [*before, f"backward_calls.clear()\n{last}"])
    assert len(namespace["backward_calls"]) == engine.calls


def value(formula: str, leaves: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
    return np.asarray(eval(formula, {"np": np, **leaves}), dtype=np.float64)


def difference_quotient(
    formula: str, leaves: Mapping[str, npt.NDArray[np.float64]], name: str
) -> npt.NDArray[np.float64]:
    """The derivative of the formula's sum, by central differences of two steps, extrapolated."""
    x = leaves[name]
    slopes = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        wide, narrow = (
            (_sum_at(formula, leaves, name, index, h) - _sum_at(formula, leaves, name, index, -h)) / (2 * h)
            for h in (2e-3, 1e-3)
        )
        slopes[index] = (4 * narrow - wide) / 3
    return slopes


def _sum_at(
    formula: str, leaves: Mapping[str, npt.NDArray[np.float64]], name: str, index: tuple[int, ...], h: float
) -> float:
    moved = leaves[name].copy()
    moved[index] += h
    return float(value(formula, {**leaves, name: moved}).sum())


def walk(of: Any) -> tuple[list[Any], list[Any]]:
    """The Functions and Variables that lead to ``of``, each once, by the attributes that these engines use."""
    functions: dict[int, Any] = {}
    variables = {id(of): of}
    pending = [of]
    while pending:
        function = pending.pop().creator
        if function is None or id(function) in functions:
            continue
        functions[id(function)] = function
        ends = [getattr(function, name, ()) for name in ("input", "inputs", "input_", "output", "outputs", "output_")]
        for end in ends:
            for variable in end if isinstance(end, list | tuple) else [end]:
                live = variable() if callable(variable) else variable
                if live is not None and id(live) not in variables:
                    variables[id(live)] = live
                    pending.append(live)
    return list(functions.values()), list(variables.values())


_COUNT = """
backward_calls = []

def _count(cls):
    def counted(self, *gys, _backward=cls.backward):
        backward_calls.append(cls)
        return _backward(self, *gys)
    cls.backward = counted

for _cls in {c for v in list(globals().values()) + list(globals().get('F', type).__dict__.values())
             for c in [v] if isinstance(v, type) and 'forward' in vars(v) and 'backward' in vars(v)}:
    _count(_cls)
"""
