"""The graph is not what was computed: cut, tied into a cycle, or made without calling ``forward``."""

from __future__ import annotations

import numpy as np

from .mistake import mistake, written

MISTAKES_IN_GRAPHS = (
    mistake(
        "one_exp_called_twice",
        "one Function instance is called twice and keeps the second input only",
        "step06_by_hand",
        {},
        """
square1, exp, square2 = Square(), Exp(), Square()
x = Variable(np.array(0.5))
a = square1(x)
b = exp(a)
c = exp(b)
y = square2(c)
y.grad = np.array(1.0)
c.grad = square2.backward(y.grad)
b.grad = exp.backward(c.grad)
a.grad = exp.backward(b.grad)
x.grad = square1.backward(a.grad)
print(x.grad)
""",
        "graph",
        {"x": 33.488363287556496},
        {"x": 94.18146788281396},
        or_where=("Exp",),
        formula="np.exp(np.exp(x**2)) ** 2",
    ),
    mistake(
        "one_square_called_twice_recursive",
        "one Function instance is called twice: the recursion goes round in a cycle",
        "step07_recursive",
        {},
        "f = Square()\nx = Variable(np.array(0.5))\ny = f(f(x))\ny.grad = np.array(1.0)\ny.backward()",
        "graph",
        {"x": 0.5},
        {"x": None},
        error="RecursionError",
        or_where=("Square",),
        endless=True,
        formula="x**4",
    ),
    mistake(
        "one_square_called_twice_loop",
        "one Function instance is called twice: the loop would never end",
        "step08_loop",
        {},
        "f = Sqare()\nx = Variable(np.array(3.0))\na = f(x)\ny = f(a)",
        "graph",
        {"x": 108.0},
        {"x": None},
        or_where=("Sqare",),
        endless=True,
        formula="x**4",
    ),
    mistake(
        "one_square_on_two_variables",
        "one Function instance is called on two Variables: no cycle, and one of them is forgotten",
        "step16_generations",
        {},
        "f = Square()\na = Variable(np.array(3.0))\nb = Variable(np.array(5.0))\ny = add(f(a), f(b))\ny.backward()",
        "graph",
        {"a": 6.0, "b": 10.0},
        {"a": None, "b": 10.0},
        or_where=("Square",),
        formula="a**2 + b**2",
    ),
    mistake(
        "inputs_kept_on_the_class",
        "all Functions of a class share one input: the graph turns into a cycle",
        "one_input_functions",
        {"self.input_ = input_\n": "type(self).input_ = input_\n"},
        "x = Variable(np.array(3.0))\ny = square(square(x))",
        "graph",
        {"x": 108.0},
        {"x": None},
        or_where=("Square", "engine"),
        endless=True,
        formula="x**4",
    ),
    mistake(
        "call_never_calls_forward",
        "__call__ squares, whatever forward says",
        "step09_functions",
        {"y = self.forward(x)": "y = x ** 2"},
        "x = Variable(np.array(0.5))\ny = square(exp(square(x)))\ny.backward()\nprint(y.data, x.grad)",
        "Exp",
        {"x": 2 * np.exp(0.5)},
        {"x": 0.125 * np.exp(0.25)},
        or_where=("engine",),
    ),
    mistake(
        "call_never_calls_forward_early",
        "__call__ squares, whatever forward says, before there is any backward",
        "step03_forward_only",
        {"result = self.forward(v.data)   # 값을 꺼내서 계산하고": "result = v.data ** 2"},
        "x = Variable(np.array(2.0))\ny = Exp()(x)\nprint(y.data)",
        "Exp",
        {"x": np.exp(2.0)},
        {"x": None},
        or_where=("engine",),
        formula="np.exp(x)",
    ),
    mistake(
        "data_wrapped_again",
        "a Variable is made of another one's data",
        "step09_functions",
        {},
        "x = Variable(np.array(0.5))\na = exp(x)\ny = square(Variable(a.data))\ny.backward()\nprint(x.grad)",
        "graph",
        {"x": 2 * np.exp(1.0)},
        {"x": None},
        formula="np.exp(x) ** 2",
    ),
    mistake(
        "data_wrapped_again_for_one_operand",
        "one of two paths leaves the graph",
        "step22_operators",
        {},
        "x = Variable(np.array(2.0))\ny = x * as_variable((x ** 2).data)\ny.backward()\nprint(x.grad)",
        "graph",
        {"x": 12.0},
        {"x": 4.0},
        formula="x**3",
    ),
    mistake(
        "operand_taken_as_a_number",
        "a Variable's data goes into an operator as a plain array",
        "arrays",
        {},
        "x = Variable([1.0, 2.0])\nW = Variable([[1.0, 2.0], [3.0, 4.0]])\ny = ((x * x.data) + x).sum()\ny.backward()",
        "graph",
        {"x": [3.0, 5.0]},
        {"x": [2.0, 3.0]},
        formula="(x * x + x).sum()",
    ),
    mistake(
        "function_wraps_its_result_again",
        "a helper returns a new Variable of the result's data",
        "step22_operators",
        {},
        "def sphere(x, y):\n    return as_variable((x ** 2 + y ** 2).data)\n\n"
        "x = Variable(np.array(1.0))\ny = Variable(np.array(2.0))\nz = sphere(x, y)\nz.backward()",
        "graph",
        {"x": 2.0, "y": 4.0},
        {"x": None, "y": None},
        of="z",
        error="AttributeError",
        formula="x**2 + y**2",
    ),
    mistake(
        "backprop_left_off",
        "enable_backprop is set to False and never put back",
        "step18_retain_grad",
        {},
        "Config.enable_backprop = False\nx = Variable(np.array(2.0))\ny = square(x)\ny.backward()",
        "graph",
        {"x": 4.0},
        {"x": None},
        error="AttributeError",
        or_where=("engine",),
        formula="x**2",
    ),
    mistake(
        "second_output_without_creator",
        "only the first output is told who made it",
        "arrays",
        {"        for y in outputs:\n            y.set_creator(self)\n": "        outputs[0].set_creator(self)\n"},
        "x = Variable([1.0, 2.0, 3.0, 4.0])\nleft, right = split(x)\ny = (right * right).sum()\ny.backward()",
        "graph",
        {"x": [0.0, 0.0, 6.0, 8.0]},
        {"x": None},
        or_where=("engine", "Split"),
        formula="(x[2:] ** 2).sum()",
    ),
    mistake(
        "data_changed_before_backward",
        "the input is overwritten between forward and backward",
        "step14_fan_out",
        {},
        "x = Variable(np.array([1.0, 3.0]))\ny = square(x)\nx.data -= 0.5\ny.backward()",
        "graph",
        {"x": [2.0, 6.0]},
        {"x": [1.0, 5.0]},
        or_where=("engine", "Square"),
        formula="x**2",
    ),
    written(
        "composed_without_creator",
        "a Function that calls others wraps the result itself and saves no input of its own",
        """\
import numpy as np

class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None

    def backward(self):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        f = self.creator
        while f is not None:
            f.input.grad = f.backward(f.output.grad)
            f = f.input.creator

class Function:
    def __call__(self, input):
        output = Variable(np.asarray(self.forward(input.data)))
        output.creator = self
        self.input, self.output = input, output
        return output

class Square(Function):
    def forward(self, x):
        return x ** 2
    def backward(self, gy):
        return 2 * self.input.data * gy

class Sin(Function):
    def forward(self, x):
        return np.sin(x)
    def backward(self, gy):
        return np.cos(self.input.data) * gy

def sin_of_square(x):
    x = Variable(x.data)       # 원래 x 를 바꾸지 않으려고 복사
    return Sin()(Square()(x))
""",
        ("x = Variable(np.array(0.5))\ny = sin_of_square(x)\ny.backward()\nprint(x.grad)",),
        "graph",
        {"x": np.cos(0.25)},
        {"x": None},
        formula="np.sin(x**2)",
    ),
)
