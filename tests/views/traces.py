"""Traces written by hand, exactly as a tracer would hand them over, for every view to be tried on."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np

from ipy_autodiff.messages import Message
from ipy_autodiff.tracing.diagnosis import GRAPH, Diagnosis
from ipy_autodiff.tracing.graph import Addition, FunctionNode, Graph, Recording, Step, VariableNode


@dataclass
class Row:
    variable: VariableNode
    name: str
    backprop: np.ndarray | None
    numerical: np.ndarray | None
    uncertainty: np.ndarray | None
    verdict: str
    reason: Message | str | None = None
    references: dict[str, Any] = field(default_factory=dict)
    wrong: tuple[Any, ...] = ()
    rungs: object = None
    slopes: tuple[float, ...] | None = None


@dataclass
class Blame:
    where: str
    function: FunctionNode | None
    code: str
    sentence: str
    hint: str


@dataclass
class Trace:
    recording: Recording
    rows: tuple[Any, ...] = ()
    blame: tuple[Blame, ...] = ()

    @property
    def graph(self):
        return self.recording.graph

    @property
    def steps(self):
        return self.recording.steps

    @property
    def comparison(self):
        return SimpleNamespace(
            rows=self.rows, functions={}, remarks=(), ok=all(row.verdict == "pass" for row in self.rows)
        )


def variable(number, name, data, grad=None, role="intermediate", named=True):
    data = np.asarray(data) if isinstance(data, int | float | list) else data
    grad = None if grad is None else np.asarray(grad)
    return VariableNode(f"v{number}", name, named, data, grad, role, object())


def function(number, name, inputs, outputs, line=None, code=""):
    return FunctionNode(f"f{number}", name, tuple(inputs), tuple(outputs), line, code, tuple(inputs), object())


def array(value):
    return None if value is None else np.asarray(value)


def step(number, node, gys, gxs, local, additions, **more):
    additions = [Addition(v, array(before), array(came), array(after)) for v, before, came, after in additions]
    return Step(
        number,
        node,
        tuple(map(array, gys)),
        tuple(map(array, gxs)),
        tuple(map(array, local)),
        tuple(additions),
        node.line,
        **more,
    )


def composed(names=("x", "a", "b", "y"), classes=("Square", "Exp", "Square")):
    """y = square(exp(square(x))) at 0.5: the example of the book's first steps."""
    x0 = 0.5
    a0 = x0**2
    b0 = float(np.exp(a0))
    y0 = b0**2
    gb, ga = 2 * b0, 2 * b0 * b0
    gx = ga * 2 * x0
    x = variable(0, names[0], x0, gx, "leaf")
    a = variable(1, names[1], a0, ga)
    b = variable(2, names[2], b0, gb)
    y = variable(3, names[3], y0, 1.0, "output")
    f = function(0, classes[0], [x], [a], 5, f"{names[1]} = A({names[0]})")
    g = function(1, classes[1], [a], [b], 6, f"{names[2]} = B({names[1]})")
    h = function(2, classes[2], [b], [y], 7, f"{names[3]} = C({names[2]})")
    steps = (
        step(1, h, [1.0], [gb], [2 * b0], [(b, None, gb, gb)]),
        step(2, g, [gb], [ga], [b0], [(a, None, ga, ga)]),
        step(3, f, [ga], [gx], [2 * x0], [(x, None, gx, gx)]),
    )
    graph = Graph((x, a, b, y), (f, g, h))
    gradients = {v: v.grad for v in (x, a, b, y)}
    recording = Recording(graph, steps, y, (x,), "", "cell", gradients)
    row = Row(x, names[0], np.asarray(gx), np.asarray(gx + 1e-13), np.asarray(3.1e-13), "pass")
    return Trace(recording, (row,))


def overwritten():
    """y = add(x, x) in an engine that overwrites a gradient where it should add: fan-out, as the book's step 14."""
    x = variable(0, "x", 3.0, 1.0, "leaf")
    t = variable(1, "t", 9.0, 1.0)
    y = variable(2, "y", 12.0, 1.0, "output")
    square = function(0, "Square", [x], [t], 3, "t = square(x)")
    add = function(1, "Add", [t, x], [y], 4, "y = add(square(x), x)")
    steps = (
        step(1, add, [1.0], [1.0, 1.0], [1.0, 1.0], [(t, None, 1.0, 1.0), (x, None, 1.0, 1.0)]),
        step(2, square, [1.0], [6.0], [6.0], [(x, 1.0, 6.0, 6.0)]),
    )
    recording = Recording(
        Graph((x, t, y), (square, add)), steps, y, (x,), "", "replay", {x: np.asarray(6.0), t: t.grad, y: y.grad}
    )
    row = Row(
        x,
        "x",
        np.asarray(6.0),
        np.asarray(7.0),
        np.asarray(2e-12),
        "fail",
        "The second contribution replaced the first.",
    )
    blame = Blame(
        "engine",
        None,
        "overwrites",
        "The engine replaces the gradient of a Variable that is used twice; it has to add.",
        "Look at the line of backward that assigns x.grad.",
    )
    return Trace(recording, (row,), (blame,))


def wrong_function():
    """tanh with a backward that forgot gy."""
    trace = composed(classes=("Square", "Tanh", "Square"))
    g = trace.steps[1].function
    x, a, b, y = trace.graph.variables
    steps = (trace.steps[0], step(2, g, [2.568], [1.284], [1.284], [(a, None, 1.284, 1.284)]), trace.steps[2])
    row = Row(x, "x", np.asarray(1.284), np.asarray(3.2974425414), np.asarray(4e-13), "fail")
    blame = Blame(
        "Tanh",
        g,
        "missing-gy",
        "Tanh.backward does not use gy.",
        "The chain rule multiplies by the gradient that comes in.",
    )
    recording = Recording(trace.graph, steps, y, (x,), "", "cell", trace.recording.gradients)
    return Trace(
        recording,
        (row, Row(b, "b", np.asarray(2.5), np.asarray(np.nan), None, "inconclusive", "f is not finite near b.")),
        (blame,),
    )


def matrices():
    """A layer: matmul, a bias, a ReLU and a sum."""
    rng = np.random.default_rng(0)
    x0, w0, b0 = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), np.zeros(2)
    t0 = x0 @ w0
    z0 = t0 + b0
    r0 = np.maximum(z0, 0)
    gz = (z0 > 0) * 1.0
    x, w = variable(0, "x", x0, gz @ w0.T, "leaf"), variable(1, "W", w0, x0.T @ gz, "leaf")
    b = variable(2, "b", b0, gz.sum(0), "leaf")
    t, z, r = variable(3, "t", t0, gz), variable(4, "z", z0, gz), variable(5, "r", r0, np.ones_like(r0))
    y = variable(6, "loss", r0.sum(), 1.0, "output")
    nodes = (
        function(0, "MatMul", [x, w], [t], 3, "t = x @ W"),
        function(1, "Add", [t, b], [z], 4, "z = t + b"),
        function(2, "ReLU", [z], [r], 5, "r = relu(z)"),
        function(3, "Sum", [r], [y], 6, "loss = r.sum()"),
    )
    ones = np.ones_like(r0)
    steps = (
        step(1, nodes[3], [1.0], [ones], [None], [(r, None, ones, ones)]),
        step(2, nodes[2], [ones], [gz], [gz], [(z, None, gz, gz)]),
        step(3, nodes[1], [gz], [gz, gz.sum(0)], [ones, None], [(t, None, gz, gz), (b, None, gz.sum(0), gz.sum(0))]),
        step(
            4,
            nodes[0],
            [gz],
            [gz @ w0.T, x0.T @ gz],
            [None, None],
            [(x, None, x.grad, x.grad), (w, None, w.grad, w.grad)],
        ),
    )
    variables = (x, w, b, t, z, r, y)
    recording = Recording(Graph(variables, nodes), steps, y, (x, w, b), "", "cell", {v: v.grad for v in variables})
    rows = tuple(Row(v, v.name, v.grad, v.grad, np.full_like(v.grad, 1e-11), "pass") for v in (x, w))
    rows += (Row(b, "b", b.grad, b.grad, np.full_like(b.grad, 1e-11), "inconclusive", "There is a kink at b[0]."),)
    return Trace(recording, rows)


def cyclic():
    """One Function instance that was called twice: the graph leads back to itself."""
    trace = composed()
    x, a, b, y = trace.graph.variables
    f, _, h = trace.graph.functions
    g2 = function(1, "Exp", [b], [b], 6, "b = B(B(a))")
    graph = Graph((x, a, b, y), (f, g2, h), (Diagnosis("cycle", GRAPH, g2, {"function": g2.name}),))
    return Trace(Recording(graph, (), y, (x,), "", "nobody", {}, graph.findings))


def chain(length):
    """A chain of so many Functions."""
    variables = [variable(0, "x", 1.0, 1.0, "leaf")]
    functions, steps = [], []
    for i in range(length):
        variables.append(variable(i + 1, f"h{i}", 1.0, 1.0, "output" if i == length - 1 else "intermediate"))
        functions.append(function(i, "Sin", variables[i : i + 1], variables[i + 1 : i + 2], 2, "h = sin(h)"))
    for i, node in enumerate(reversed(functions)):
        steps.append(step(i + 1, node, [1.0], [1.0], [1.0], [(node.inputs[0], None, 1.0, 1.0)]))
    recording = Recording(
        Graph(tuple(variables), tuple(functions)), tuple(steps), variables[-1], (variables[0],), "", "cell"
    )
    return Trace(recording)


def tangled(count, seed=0, reach=10**9, kinds=("Mul",)):
    """A random graph: every Function, of one of the kinds, takes two of the last ``reach`` Variables before it."""
    rng = np.random.default_rng(seed)
    variables = [variable(i, f"x{i}", 1.0, None, "leaf") for i in range(3)]
    functions = []
    for i in range(count):
        chosen = len(variables) - 1 - rng.choice(min(len(variables), reach), 2, replace=False)
        kind = kinds[rng.integers(len(kinds))]
        out = variable(len(variables), f"t{i}", 1.0, None, "output" if i == count - 1 else "intermediate")
        functions.append(function(i, kind, [variables[j] for j in chosen], [out], 1, "t = a * b"))
        variables.append(out)
    return Trace(Recording(Graph(tuple(variables), tuple(functions)), (), variables[-1], tuple(variables[:3])))


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"onload="alert(1)',
    "'; alert(1) //",
    "a\x00b",
    "a\nb\r\nc\td",
    "\\",
    "\\N\\G",
    "<b>x</b>",
    "&lt;",
    "]]>",
    "<!--",
    "x" * 40_000,
    "한글" * 9_000,
    "\u202eabc",
    "\ud800",
    "\u2028",
    "{name}",
    "%s",
    "`${1}`",
    "😀" * 50,
    "",
    " ",
    "\ufdfd" * 5,
    "नमस्ते",
]


def hostile(text):
    """Every text of the trace is ``text``."""
    trace = composed((text,) * 4, (text,) * 3)
    recording = trace.recording
    functions = tuple(function(i, text, n.inputs, n.outputs, 1, text) for i, n in enumerate(trace.graph.functions))
    graph = Graph(
        trace.graph.variables, functions, (Diagnosis("no-creator", GRAPH, None, {"variable": text}, mistake=False),)
    )
    steps = tuple(
        step(
            s.number,
            functions[2 - i],
            s.gys,
            s.gxs,
            s.local,
            [(a.variable, a.before, a.contribution, a.after) for a in s.additions],
            error=text,
        )
        for i, s in enumerate(trace.steps)
    )
    rows = (Row(graph.variables[0], text, np.asarray(1.0), np.asarray(1.0), np.asarray(0.1), "fail", text),)
    found = Recording(graph, steps, recording.of, recording.wrt, text, "cell", recording.gradients, graph.findings)
    return Trace(found, rows, (Blame(text, functions[0], text, text, text),))


KOREAN = ("입력값", "제곱한_값", "지수", "결과")


def recorded(variables, functions, steps=()):
    """A graph, and what is given of its backward pass."""
    swept_by: Literal["cell", "nobody"] = "cell" if steps else "nobody"
    return Trace(Recording(Graph(tuple(variables), tuple(functions)), tuple(steps), None, (), "", swept_by))
