"""Which elements feed which: the same as changing one element after the other, whatever engine and operation."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipy_autodiff as ad
from ipy_autodiff.tracing.replay import Replay
from ipy_autodiff.views.inspect.local_jacobian import relations
from tests.student_engines import ENGINES
from tests.tracing.watched import watch

SHAPES = [(3,), (4,), (1,), (2, 3), (3, 1), (1, 4), (3, 3), (2, 3, 4), (2, 1, 2), (1, 1)]


def called(compute, *shapes):
    """The one Function that ``compute`` calls, and its relations."""
    random = np.random.default_rng(7)
    variables = [ad.Variable(random.uniform(0.5, 2.0, shape)) for shape in shapes]
    graph = ad.trace(compute(*variables)).graph
    (function,) = graph.functions
    return function, Replay(graph)


def index_pairs(relation, x, y):
    """The pairs of elements that a relation speaks of, each with its derivative."""
    if relation.x_labels is None:
        yield from zip(relation.y_places, relation.x_places, strict=True)
        return
    for at_x, at_y in itertools.product(np.ndindex(x.shape), np.ndindex(y.shape)):
        here = {label: at for label, at in zip(relation.x_labels, at_x, strict=True) if label >= 0}
        if all(here.get(label, at) == at for label, at in zip(relation.y_labels, at_y, strict=True)):
            yield np.ravel_multi_index(at_y, y.shape) if y.ndim else 0, np.ravel_multi_index(at_x, x.shape)


def derivative_of(relation, number, at_x, at_y, xs, y):
    d = relation.derivative
    if isinstance(d, tuple):
        other, labels = d
        here = dict(zip(relation.x_labels, np.unravel_index(at_x, xs[relation.input].shape), strict=True))
        here |= dict(zip(relation.y_labels, np.unravel_index(at_y, y.shape) if y.ndim else (), strict=True))
        return xs[other][tuple(0 if label < 0 else here[label] for label in labels)]
    if isinstance(d, np.ndarray):
        return d.flat[number if relation.x_labels is None else at_y if d.size == y.size else at_x]
    return d


def jacobians(found, xs, ys):
    """What the relations say as matrices: one for each output and input, and which elements they speak of."""
    shape = [[np.zeros((y.size, x.size)) for x in xs] for y in ys]
    said = [[np.zeros((y.size, x.size), bool) for x in xs] for y in ys]
    for relation in found:
        x, y = xs[relation.input], ys[relation.output]
        for number, (at_y, at_x) in enumerate(index_pairs(relation, x, y)):
            d = derivative_of(relation, number, at_x, at_y, xs, y)
            shape[relation.output][relation.input][at_y, at_x] += np.nan if d is None else d
            said[relation.output][relation.input][at_y, at_x] = True
    return shape, said


def numerically(function, replay, xs, ys):
    """The matrices by changing one element of the inputs after the other."""
    found = [[np.zeros((y.size, x.size)) for x in xs] for y in ys]
    for place, x in enumerate(xs):
        for element in range(x.size):
            ends = []
            for change in (1e-5, -1e-5):
                moved = [np.array(other, float) for other in xs]
                moved[place].flat[element] += change
                ends.append(replay.apply(function, moved))
            for output, (up, down) in enumerate(zip(*ends, strict=True)):
                found[output][place][:, element] = (up - down).ravel() / 2e-5
    return found


def check(function, replay, budget=400, may_be_silent=False):
    found = relations(function, replay, budget)
    xs, ys = ([node.data for node in nodes] for nodes in (function.inputs, function.outputs))
    if may_be_silent and not found:
        return found
    assert found, function
    told, said = jacobians(found, xs, ys)
    for mine, true, speaks in zip(
        itertools.chain(*told),
        itertools.chain(*numerically(function, replay, xs, ys)),
        itertools.chain(*said),
        strict=True,
    ):
        silent = np.isnan(mine) & may_be_silent  # an engine may have no backward yet
        np.testing.assert_allclose(np.where(silent, true, mine), true, rtol=1e-6, atol=1e-7)
        assert not (~speaks & (np.abs(true) > 1e-7)).any()
    return found


shapes = st.sampled_from(SHAPES)
OPERATIONS = {
    "exp": np.exp,
    "relu": ad.relu,
    "transpose": np.transpose,
    "flat": lambda x: np.reshape(x, (-1,)),
    "half": lambda x: x[: (len(x) + 1) // 2],
    "backwards": lambda x: x[::-1],
    "last": lambda x: x[-1],
    "twice the first": lambda x: x[[0, 0]],
    "sum": np.sum,
    "sum of rows": lambda x: np.sum(x, axis=-1),
    "sum of columns": lambda x: np.sum(x, axis=0, keepdims=True),
    "mean": lambda x: np.mean(x, axis=0),
    "max": lambda x: np.max(x, axis=-1),
    "prod": lambda x: np.prod(x, axis=0),
    "cumsum": lambda x: np.cumsum(x, axis=0),
    "softmax": lambda x: ad.softmax(x, axis=-1),
    "three times": lambda x: np.broadcast_to(x, (3, *x.shape)),
}


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=6, deadline=None)
@given(shape=shapes)
def test_one_input(name, shape):
    check(*called(OPERATIONS[name], shape))


def broadcast_pair(draw):
    y = draw(shapes)
    cut = draw(st.integers(0, len(y)))
    other = tuple(1 if draw(st.booleans()) else size for size in y[cut:])
    return (y, other) if draw(st.booleans()) else (other, y)


@pytest.mark.parametrize(
    "operation", [np.add, np.multiply, np.divide, np.maximum, np.power], ids=lambda one: one.__name__
)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_broadcasting(operation, data):
    pair = broadcast_pair(data.draw)
    found = check(*called(operation, *pair))
    assert np.prod(np.broadcast_shapes(*pair)) == 1 or all(relation.x_labels is not None for relation in found)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 3), k=st.integers(1, 4), m=st.integers(1, 3), kind=st.sampled_from(range(5)))
def test_matrix_products(n, k, m, kind):
    a, b = [((n, k), (k, m)), ((k,), (k, m)), ((n, k), (k,)), ((2, n, k), (k, m)), ((2, n, k), (2, k, m))][kind]
    check(*called(np.matmul, a, b))


@pytest.mark.parametrize("shape", [(3, 4), (3, 3)])
def test_a_layer_is_a_product_with_something_added(shape):
    class Linear(ad.Function):
        def forward(self, x, w, b):
            return x @ w.T + b

        def backward(self, gy):
            x, w = (variable.data for variable in self.inputs[:2])
            return gy @ w, gy.T @ x, gy.sum(axis=0)

    found = check(*called(lambda x, w, b: Linear()(x, w, b), (5, shape[1]), shape, shape[:1]), budget=0)
    assert [
        relation.derivative[0] if isinstance(relation.derivative, tuple) else relation.derivative for relation in found
    ] == [1, 0, 1.0]


def test_joined_arrays_come_from_several_inputs():
    check(*called(lambda a, b: np.concatenate([a, b]), (2, 3), (1, 3)))


def test_a_loss_comes_from_all_of_both():
    check(*called(ad.mean_squared_error, (4, 2), (4, 2)))


def test_labels_that_have_no_gradient_go_into_the_loss():
    class CrossEntropy(ad.Function):
        def forward(self, x, t):
            p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
            return -np.log(p[np.arange(len(t)), t]).mean()

        def backward(self, gy):
            x, t = (variable.data for variable in self.inputs)
            p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
            return (p - np.eye(x.shape[1])[t]) * gy / len(t), None

    variables = [ad.Variable(np.random.default_rng(0).normal(size=(4, 3))), ad.Variable(np.array([0, 2, 1, 1]))]
    graph = ad.trace(CrossEntropy()(*variables)).graph
    scores, labels = relations(graph.functions[0], Replay(graph))
    assert scores.derivative.shape == (4, 3)
    assert (labels.x_labels, labels.y_labels, labels.derivative) == ((0,), (), None)


def test_without_a_budget_only_what_has_a_rule_is_told():
    function, replay = called(lambda x: np.cumsum(x, axis=0), (4, 3))
    assert relations(function, replay) == ()
    assert relations(function, replay, 12) != ()


def test_a_function_that_takes_too_long_is_given_up():
    function, replay = called(lambda x: np.cumsum(x, axis=0), (4, 3))
    assert relations(function, replay, 12, until=0.0) == ()


def test_a_relu_that_is_off_is_still_fed():
    x = ad.Variable(np.array([[-1.0, 2.0], [3.0, -4.0]]))
    graph = ad.trace(ad.relu(x)).graph
    (relation,) = relations(graph.functions[0], Replay(graph))
    assert relation.x_labels == relation.y_labels == (0, 1)
    np.testing.assert_array_equal(relation.derivative, [[0, 1], [1, 0]])


def test_a_wrong_backward_does_not_change_what_feeds_what():
    class Doubled(ad.Function):
        def forward(self, x):
            return 2 * x

        def backward(self, gy):
            return np.cumsum(gy)

    (relation,) = relations(*called(Doubled(), (4,)))
    assert (relation.x_labels, relation.derivative) == ((0,), None)


def test_a_softmax_whose_backward_looks_elementwise_is_not_taken_for_it():
    class Softmax(ad.Function):
        def forward(self, x):
            e = np.exp(x)
            return e / e.sum()

        def backward(self, gy):
            y = self.outputs[0].data
            return y * (1 - y) * gy

    assert relations(*called(Softmax(), (4,))) == ()


def test_what_differs_from_call_to_call_is_not_told():
    random = np.random.default_rng(7)

    class Dropout(ad.Function):
        def forward(self, x):
            self.kept = random.random(x.shape) < 0.5
            return x * self.kept

        def backward(self, gy):
            return gy * self.kept

    assert relations(*called(Dropout(), (50,))) == ()


@pytest.mark.parametrize("data", [np.zeros(5000), np.zeros(0), np.array([1j, 2]), np.array([object(), None])])
def test_what_cannot_be_looked_into_has_no_relations(data):
    from tests.views import traces

    x, y = traces.variable(0, "x", data), traces.variable(1, "y", data)
    function = traces.function(0, "F", [x], [y])
    assert relations(function, Replay(traces.recorded((x, y), (function,)).graph)) == ()


@pytest.mark.parametrize("engine", [engine for engine in ENGINES if engine.functions], ids=lambda engine: engine.name)
def test_every_students_engine_can_be_asked(engine):
    recording, _, _ = watch(engine.source, engine.cells)
    replay = Replay(recording.graph)
    for function in recording.graph.functions:
        if all(np.size(node.data) for node in function.inputs):
            check(function, replay, may_be_silent=True)
