"""Mistakes as readers of the book's steps 1 to 22 make them, in an engine of that age, and programs without any."""

from __future__ import annotations

from dataclasses import dataclass, field

from .classroom_engine import ENGINE


@dataclass(frozen=True)
class Mistake:
    """One mistake: what is written in place of what the engine has, and what is said of it."""

    name: str
    where: str
    codes: tuple[str, ...]
    """The first is the best; the others say the same."""
    edits: dict[str, str]
    cell: str

    @property
    def source(self) -> str:
        text = ENGINE
        for old, new in self.edits.items():
            if text.count(old) != 1:
                raise ValueError(f"{self.name}: {old!r} stands in the engine {text.count(old)} times")
            text = text.replace(old, new)
        return text


@dataclass(frozen=True)
class Clean:
    """A program without a mistake."""

    name: str
    cell: str
    edits: dict[str, str] = field(default_factory=dict)


_X = "x = Variable(np.array(0.7))\n"
_XS = "x = Variable(np.array([0.3, -1.2, 2.5]))\n"
_XW = "x = Variable(np.array([1.5, -0.5]))\nw = Variable(np.array([0.4, 2.0]))\n"
_BACK = "\ny.backward()"

MISTAKES = (
    Mistake(
        "subtraction gives both the same",
        "Sub",
        ("sign",),
        {"return gy, -gy\n": "return gy, gy\n"},
        _XW + "y = Square()(x - w)" + _BACK,
    ),
    Mistake(
        "quotient with its order of arguments turned round",
        "Div",
        ("operands-swapped", "backward-wrong"),
        {"return gy / b, -gy * a / b ** 2": "return -gy * a / b ** 2, gy / b"},
        _XW + "y = x / w" + _BACK,
    ),
    Mistake(
        "quotient without the square below",
        "Div",
        ("wrong-power", "operand-missing"),
        {"-gy * a / b ** 2": "-gy * a / b"},
        _XW + "y = x / w" + _BACK,
    ),
    Mistake(
        "product answers for its first input only",
        "Mul",
        ("gradient-count",),
        {"return sum_to(gy * b, a.shape), sum_to(gy * a, b.shape)": "return gy * b"},
        _XW + "y = x * w" + _BACK,
    ),
    Mistake(
        "sum of a row and a column keeps the large shape",
        "Add",
        ("unbroadcast-missing",),
        {"return sum_to(gy, self.shapes[0]), sum_to(gy, self.shapes[1])": "return gy, gy"},
        "x = Variable(np.ones((2, 3)))\nb = Variable(np.array([1.0, 2.0, 3.0]))\ny = Square()(x + b)" + _BACK,
    ),
    Mistake(
        "broadcast product added up along the other axis",
        "Mul",
        ("gradient-shape",),
        {"sum_to(gy * b, a.shape), sum_to(gy * a, b.shape)": "gy * b, (gy * a).sum(axis=1)"},
        "x = Variable(np.arange(6.0).reshape(2, 3))\nb = Variable(np.array([1.0, 2.0, 3.0]))\ny = x * b" + _BACK,
    ),
    Mistake(
        "exponential of the gradient",
        "Exp",
        ("not-linear",),
        {"return self.outputs[0]().data * gy": "return np.exp(gy)"},
        _X + "y = Exp()(Square()(x))" + _BACK,
    ),
    Mistake(
        "exponential of the exponential",
        "Exp",
        ("output-for-input",),
        {"return self.outputs[0]().data * gy": "return np.exp(self.outputs[0]().data) * gy"},
        _X + "y = Exp()(x)" + _BACK,
    ),
    Mistake(
        "cosine of the gradient",
        "Sin",
        ("not-linear",),
        {"np.cos(self.inputs[0].data) * gy": "np.cos(gy)"},
        _X + "y = Square()(Sin()(x))" + _BACK,
    ),
    Mistake(
        "tanh of its output",
        "Tanh",
        ("output-for-input", "backward-wrong"),
        {"return gy * (1 - y ** 2)": "return gy * (1 - np.tanh(y) ** 2)"},
        _X + "y = Tanh()(x)" + _BACK,
    ),
    Mistake(
        "power keeps its exponent",
        "Pow",
        ("wrong-power", "input-missing", "operand-missing"),
        {"self.inputs[0].data ** (self.c - 1) * gy": "self.inputs[0].data ** self.c * gy"},
        _X + "y = x ** 3" + _BACK,
    ),
    Mistake(
        "power without its factor",
        "Pow",
        ("factor",),
        {"return self.c * self": "return self"},
        _XS + "y = Sum()(x ** 3)" + _BACK,
    ),
    Mistake(
        "total of one number",
        "Sum",
        ("sum-not-spread",),
        {"return np.broadcast_to(gy, self.inputs[0].data.shape)": "return gy * np.ones(gy.shape)"},
        _XS + "y = Sum()(x)" + _BACK,
    ),
    Mistake(
        "mean divided by the wrong length",
        "Mean",
        ("mean-factor",),
        {"/ x.size": "/ len(x)"},
        "x = Variable(np.arange(6.0).reshape(2, 3))\ny = Mean()(Square()(x))" + _BACK,
    ),
    Mistake(
        "reshape that does not go back",
        "Reshape",
        ("gradient-shape",),
        {"return gy.reshape(self.x_shape)": "return gy"},
        "x = Variable(np.arange(6.0).reshape(2, 3))\ny = Square()(Reshape((6,))(x))" + _BACK,
    ),
    Mistake(
        "square matrix not turned back",
        "Transpose",
        ("transpose-missing",),
        {"return gy.T\n": "return gy\n"},
        "x = Variable(np.arange(4.0).reshape(2, 2))\nw = Variable(np.array([[1.0, 5.0], [-2.0, 3.0]]))\n"
        "y = Transpose()(x) * w" + _BACK,
    ),
    Mistake(
        "product of square matrices in the wrong order",
        "MatMul",
        ("transpose-missing",),
        {"return gy @ W.T, x.T @ gy": "return W.T @ gy, gy @ x.T"},
        "x = Variable(np.array([[1.0, 2.0], [3.0, -1.0]]))\nW = Variable(np.array([[0.5, 1.5], [-2.0, 1.0]]))\n"
        "y = Square()(x @ W)" + _BACK,
    ),
    Mistake(
        "numerical slope without the chain rule",
        "Sin",
        ("missing-gy",),
        {
            "return np.cos(self.inputs[0].data) * gy": (
                "return (np.sin(self.inputs[0].data + 1e-6) - np.sin(self.inputs[0].data - 1e-6)) / 2e-6"
            )
        },
        _X + "y = Square()(Sin()(x))" + _BACK,
    ),
    Mistake(
        "numerical slope to one side",
        "Sin",
        ("backward-wrong",),
        {
            "return np.cos(self.inputs[0].data) * gy": (
                "return gy * (np.sin(self.inputs[0].data + 1e-2) - np.sin(self.inputs[0].data)) / 1e-2"
            )
        },
        _X + "y = Square()(Sin()(x))" + _BACK,
    ),
    Mistake(
        "division without remainder",
        "Div",
        ("not-linear", "backward-wrong", "integer-buffer"),
        {"return gy / b, -": "return gy // b, -"},
        _XW + "y = Square()(x / w)" + _BACK,
    ),
    Mistake(
        "gradient made an integer",
        "Square",
        ("integer-buffer",),
        {"return 2 * self.inputs[0].data * gy": "return (2 * self.inputs[0].data * gy).astype(int)"},
        _XS + "y = Sum()(Square()(x))" + _BACK,
    ),
    Mistake(
        "first answer kept for ever",
        "Square",
        ("backward-changes-state", "not-linear", "gy-sign-lost"),
        {"return 2 * self.inputs[0].data * gy": "return self.__dict__.setdefault('gx', 2 * self.inputs[0].data * gy)"},
        _X + "y = Square()(x)" + _BACK,
    ),
    Mistake(
        "output changed on the way back",
        "Sigmoid",
        ("backward-changes-state",),
        {"return gy * y * (1 - y)": "y *= 1 - y\n        return gy * y"},
        _XS + "y = Sum()(Sigmoid()(x))" + _BACK,
    ),
    Mistake(
        "clipped on one side only",
        "Clip",
        ("backward-wrong", "one-side-wrong"),
        {"((x >= self.low) & (x <= self.high))": "(x >= self.low)"},
        _XS + "y = Sum()(Clip(-1.0, 1.0)(x))" + _BACK,
    ),
    Mistake(
        "natural logarithm in place of the decimal one",
        "Log10",
        ("factor",),
        {"gy / (self.inputs[0].data * np.log(10))": "gy / self.inputs[0].data"},
        "x = Variable(np.array([0.5, 2.0]))\ny = Log10()(x)" + _BACK,
    ),
    Mistake(
        "forward that does not square",
        "Square",
        ("wrong-power", "input-missing"),
        {"return x ** 2\n": "return x * 2\n"},
        _X + "y = Sin()(Square()(x))" + _BACK,
    ),
    Mistake(
        "forward into its own input",
        "Relu",
        ("forward-in-place",),
        {"return np.maximum(x, 0.0)": "return np.maximum(x, 0.0, out=x)"},
        _XS + "y = Sum()(Square()(Relu()(Sin()(x))))" + _BACK,
    ),
    Mistake(
        "gradients added in place",
        "engine",
        ("shared-array", "gradient-changed", "not-added"),
        {"x.grad = x.grad + gx": "x.grad += gx"},
        "x = Variable(np.array([1.0, 2.0]))\nw = Variable(np.array([3.0, 4.0]))\ny = (x + w) + x" + _BACK,
    ),
    Mistake(
        "gradients doubled",
        "engine",
        ("not-added",),
        {"x.grad = x.grad + gx": "x.grad = x.grad + x.grad"},
        _X + "y = Square()(x) * Sin()(x)" + _BACK,
    ),
    Mistake(
        "no generations",
        "engine",
        ("used-before-complete",),
        {"self.generation = func.generation + 1": "pass"},
        _X + "a = Square()(x)\ny = a + Square()(Square()(a))" + _BACK,
    ),
    Mistake(
        "inputs cleared in place of outputs",
        "engine",
        ("gradient-not-kept", "none-handed-on", "sweep-raises"),
        {
            "for y in f.outputs:\n                    y().grad = None": (
                "for x in f.inputs:\n                    x.grad = None"
            ),
        },
        _X + "y = Square()(Sin()(x))" + _BACK,
    ),
    Mistake(
        "cleared under another name",
        "engine",
        ("cleargrad-does-nothing",),
        {"    def cleargrad(self):\n        self.grad = None": "    def cleargrad(self):\n        self.gard = None"},
        _X + "y = Square()(x)\ny.backward()\nx.cleargrad()\ny = Sin()(x)" + _BACK,
    ),
    Mistake(
        "one for a vector",
        "engine",
        ("seed-shape",),
        {"np.ones_like(self.data)": "np.array(1.0)"},
        _XS + "y = x + x" + _BACK,
    ),
    Mistake(
        "visited every time it is met",
        "engine",
        ("function-visited-twice",),
        {"if f not in seen:": "if True:", "seen.add(f)": "seen.add(object())"},
        _X + "a = Square()(x)\ny = Sin()(a) + Square()(a)" + _BACK,
    ),
    Mistake(
        "half handed to the wrong half",
        "Halves",
        ("outputs-swapped",),
        {"return np.concatenate([ga, gb])": "return np.concatenate([gb, ga])"},
        "x = Variable(np.arange(4.0))\na, b = Halves()(x)\ny = Sum()(a * b * b)" + _BACK,
    ),
    Mistake(
        "gathered by assignment",
        "Take",
        ("repeated-index",),
        {"np.add.at(gx, self.index, gy)": "gx[self.index] = gy"},
        _XS + "y = Square()(x[np.array([0, 2, 0])])" + _BACK,
    ),
    Mistake(
        "gradient in half of the digits",
        "Sin",
        ("float32-cast",),
        {"return np.cos(self.inputs[0].data) * gy": "return (np.cos(self.inputs[0].data) * gy).astype('f4')"},
        _XS + "y = Sum()(Sin()(x))" + _BACK,
    ),
)

CLEAN = (
    Clean("a kink at zero", "x = Variable(np.array([-1.0, 0.0, 2.0]))\ny = Sum()(Relu()(x))" + _BACK),
    Clean("kinks between the points", "x = Variable(np.array([-0.3, 0.2]))\ny = Abs()(x) * Relu()(x)" + _BACK),
    Clean("zero of |x|", "x = Variable(np.array(0.0))\ny = Abs()(x)" + _BACK),
    Clean("at the clip's edge", "x = Variable(np.array([-1.0, 0.5, 1.0]))\ny = Sum()(Clip(-1.0, 1.0)(x))" + _BACK),
    Clean("0-dimensional", "x = Variable(np.array(2.0))\ny = x * x * 3.0 + x / 2.0 - Sin()(x)" + _BACK),
    Clean("integers", "x = Variable(np.array([1, 2, 3]))\ny = Sum()(Square()(x))" + _BACK),
    Clean("an integer used twice", "x = Variable(np.array(3))\ny = x * x + x" + _BACK),
    Clean("empty", "x = Variable(np.zeros((0, 3)))\ny = Sum()(Sin()(x))" + _BACK),
    Clean(
        "views of one array",
        "x = Variable(np.arange(6.0))\ny = Transpose()(Reshape((2, 3))(x)) @ Reshape((2, 3))(x)" + _BACK,
    ),
    Clean("the input handed on", "x = Variable(np.array([1.0, 2.0]))\ny = Same()(x) + Same()(Same()(x))" + _BACK),
    Clean(
        "dropout", "np.random.seed(0)\nx = Variable(np.arange(1.0, 9.0))\ny = Sum()(Square()(Dropout(0.5)(x)))" + _BACK
    ),
    Clean("a state beside", "x = Variable(np.array([1.0, 4.0, 2.0]))\ny = Sum()(Square()(Norm()(x)))" + _BACK),
    Clean("taken twice", "x = Variable(np.array([1.0, 4.0, 2.0]))\ny = Sum()(x[np.array([2, 2, 0])] * x)" + _BACK),
    Clean(
        "one half unused but by zero",
        "x = Variable(np.arange(4.0))\na, b = Halves()(x)\ny = Sum()(a * 2.0) + Sum()(b * 0.0)" + _BACK,
    ),
    Clean("very small and very large", "x = Variable(np.array([1e-9, 1e9]))\ny = x * 1e-9 + Sin()(x * 1e-9)" + _BACK),
    Clean("terms that cancel", "x = Variable(np.array(1e-10))\ny = (Exp()(x) - 1.0) / x" + _BACK),
    Clean("single precision", "x = Variable(np.array([0.5, 7.0], dtype=np.float32))\ny = Sum()(Sigmoid()(x))" + _BACK),
    Clean("cleared between two passes", _X + "y = Square()(x)\ny.backward()\nx.cleargrad()\ny = Sin()(x)" + _BACK),
    Clean("a constant", _X + "y = x ** 0 + 2.0" + _BACK),
    Clean("saturated", "x = Variable(np.array([40.0, -40.0, 0.1]))\ny = Sum()(Tanh()(x))" + _BACK),
    Clean(
        "generator of its own",
        "x = Variable(np.arange(1.0, 9.0))\ny = Sum()(Dropout(0.5)(x))" + _BACK,
        {"np.random.rand(*x.shape)": "np.random.default_rng().random(x.shape)"},
    ),
)
