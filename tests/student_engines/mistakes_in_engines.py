"""Every Function is right and the sweep over them is wrong; ``where`` is the engine."""

from __future__ import annotations

import numpy as np

from .mistake import mistake

_DIAMOND = """\
x = Variable(np.array(2.0))
a = square(x)
y = add(square(a), square(a))
y.backward()
x.grad
"""
_REUSED = """\
x = Variable(np.array(3.0))
y = add(x, x)
y.backward()
print(x.grad)
"""

MISTAKES_IN_ENGINES = (
    mistake(
        "overwrites_on_fan_out",
        "a second gradient replaces the first",
        "step13_many_inputs",
        {},
        _REUSED,
        "engine",
        {"x": 2.0},
        {"x": 1.0},
        formula="x + x",
    ),
    mistake(
        "overwrites_with_dataclasses",
        "a second gradient replaces the first, dataclasses",
        "dataclass_variables",
        {"gx if x.grad is None else x.grad + gx": "gx"},
        "x = Variable(np.array([1.0, 2.0]))\ny = Axpy(a=3.0)(x, x)\ny.backward()",
        "engine",
        {"x": [4.0, 4.0]},
        {"x": [1.0, 1.0]},
    ),
    mistake(
        "averages_on_fan_out",
        "gradients are averaged, not added",
        "step17_weakref",
        {"x.grad = x.grad + gx": "x.grad = (x.grad + gx) / 2"},
        _REUSED,
        "engine",
        {"x": 2.0},
        {"x": 1.0},
    ),
    mistake(
        "adds_in_place",
        "+= writes into a gradient that two Variables share",
        "step14_fan_out",
        {"x.grad = x.grad + gx   # += 로 하면 안 됨!": "x.grad += gx"},
        "x = Variable(np.array(3.0))\ny = add(add(x, x), x)\ny.backward()\nprint(x.grad)",
        "engine",
        {"x": 3.0},
        {"x": 4.0},
    ),
    mistake(
        "adds_in_place_with_operators",
        "+= writes into a gradient that two Variables share, arrays and operators",
        "arrays",
        {
            "                x.grad = gx if x.grad is None else x.grad + gx\n": (
                "                if x.grad is None: x.grad = gx\n                else: x.grad += gx\n"
            )
        },
        "x = Variable([1.0, 2.0])\nw = Variable([3.0, 4.0])\ny = x + w + x\ny.backward()",
        "engine",
        {"x": [2.0, 2.0], "w": [1.0, 1.0]},
        {"x": [2.0, 2.0], "w": [2.0, 2.0]},
    ),
    mistake(
        "no_order",
        "Functions are not sorted by generation",
        "step16_generations",
        {"                funcs.sort(key=lambda x: x.generation)\n": ""},
        _DIAMOND,
        "engine",
        {"x": 64.0},
        {"x": 32.0},
    ),
    mistake(
        "order_reversed",
        "Functions are sorted the wrong way round",
        "step18_retain_grad",
        {"key=lambda f: f.generation": "key=lambda f: -f.generation"},
        "x = Variable(np.array(2.0))\na = square(x)\ny = add(a, square(a))\ny.backward(retain_grad=True)",
        "engine",
        {"x": 36.0},
        {"x": 4.0},
    ),
    mistake(
        "generation_never_grows",
        "every Variable is of generation 0",
        "step17_weakref",
        {"func.generation + 1": "func.generation"},
        _DIAMOND,
        "engine",
        {"x": 64.0},
        {"x": 32.0},
    ),
    mistake(
        "generation_of_the_youngest",
        "a Function takes the least generation of its inputs",
        "step16_generations",
        {"max([x.generation for x in inputs])": "min([x.generation for x in inputs])"},
        "x = Variable(np.array(2.0))\na = square(x)\nc = add(square(a), x)\ny = add(c, a)\ny.backward()",
        "engine",
        {"x": 37.0},
        {"x": 5.0},
    ),
    mistake(
        "no_visited_set",
        "a Function that was reached twice runs twice",
        "step16_generations",
        {"if f not in seen_set:": "if True:"},
        _DIAMOND,
        "engine",
        {"x": 64.0},
        {"x": 128.0},
    ),
    mistake(
        "stage_before_generations",
        "the engine of step 14 on a graph that needs step 16",
        "step14_fan_out",
        {},
        _DIAMOND,
        "engine",
        {"x": 64.0},
        {"x": 96.0},
        formula="2 * x**4",
    ),
    mistake(
        "seed_is_a_number",
        "the sweep starts with 1.0 where y is a vector",
        "step17_weakref",
        {"self.grad = np.ones_like(self.data)": "self.grad = np.array(1.0)"},
        "x = Variable(np.array([1.0, 2.0]))\ny = add(x, x)\ny.backward()",
        "engine",
        {"x": [2.0, 2.0]},
        {"x": 2.0},
    ),
    mistake(
        "seed_is_the_value",
        "the sweep starts with y, not with ones",
        "one_input_functions",
        {"self.grad = np.ones_like(self.data)": "self.grad = self.data"},
        "x = Variable(np.array(3.0))\ny = square(x)\ny.backward()",
        "engine",
        {"x": 6.0},
        {"x": 54.0},
    ),
    mistake(
        "seed_by_hand",
        "the cell starts the sweep with 2",
        "step08_loop",
        {},
        "x = Variable(np.array(3.0))\ny = Sqare()(x)\ny.grad = np.array(2.0)\ny.backward()",
        "engine",
        {"x": 6.0},
        {"x": 12.0},
        formula="x**2",
    ),
    mistake(
        "every_function_gets_the_seed",
        "each Function is given y's gradient, not its own output's",
        "step09_functions",
        {"f.backward(y.grad)": "f.backward(self.grad)"},
        "x = Variable(np.array(0.5))\ny = square(exp(square(x)))\ny.backward()",
        "engine",
        {"x": 2 * np.exp(0.5)},
        {"x": 1.0},
    ),
    mistake(
        "gradients_handed_to_the_wrong_inputs",
        "inputs and gradients are paired in opposite order",
        "step16_heap",
        {"zip(f.inputs, f.backward(": "zip(f.inputs[::-1], f.backward("},
        "w = Variable(np.array(0.5))\nx = Variable(np.array(-1.5))\ny = Mul()(w, x)\ny.backward()",
        "engine",
        {"w": -1.5, "x": 0.5},
        {"w": 0.5, "x": -1.5},
    ),
    mistake(
        "only_the_first_input",
        "the other inputs get no gradient",
        "step13_many_inputs",
        {"zip(f.inputs, gxs)": "zip(f.inputs[:1], gxs)"},
        "x = Variable(np.array(2.0))\ny = Variable(np.array(3.0))\nz = add(square(x), square(y))\nz.backward()",
        "engine",
        {"x": 4.0, "y": 6.0},
        {"x": 4.0, "y": None},
        of="z",
    ),
    mistake(
        "stops_before_the_first_function",
        "the loop ends one Function too soon",
        "step10_tests",
        {"while f is not None:": "while f.input.creator is not None:"},
        "x = Variable(np.array(3.0))\ny = square(square(x))\ny.backward()\nprint(x.grad)",
        "engine",
        {"x": 108.0},
        {"x": None},
    ),
    mistake(
        "clears_the_leaves",
        "the inputs' gradients are cleared, not the outputs'",
        "step18_retain_grad",
        {
            "for y in f.outputs:\n                    y().grad = None": (
                "for x in f.inputs:\n                    x.grad = None"
            )
        },
        "x = Variable(np.array(3.0))\ny = square(x)\ny.backward()",
        "engine",
        {"x": 6.0},
        {"x": None},
    ),
    mistake(
        "cleargrad_does_nothing",
        "cleargrad sets a local name",
        "step14_fan_out",
        {"def cleargrad(self):\n        self.grad = None": "def cleargrad(self):\n        grad = None"},
        "x = Variable(np.array(3.0))\ny = add(x, x)\ny.backward()\n\n"
        "x.cleargrad()\ny = add(add(x, x), x)\ny.backward()",
        "engine",
        {"x": 3.0},
        {"x": 5.0},
    ),
    mistake(
        "cleargrad_not_called",
        "a Variable is used for a second sweep with the first one's gradient",
        "step16_generations",
        {},
        "x = Variable(np.array(3.0))\ny = square(x)\ny.backward()\n\ny = add(x, square(x))\ny.backward()",
        "engine",
        {"x": 7.0},
        {"x": 13.0},
        or_where=("graph",),
        formula="x + x**2",
    ),
    mistake(
        "backward_called_twice",
        "one graph is swept twice, and all that was there is added again",
        "step14_fan_out",
        {},
        "x = Variable(np.array(3.0))\ny = add(add(x, x), x)\ny.backward()\ny.backward()",
        "engine",
        {"x": 3.0},
        {"x": 8.0},
        or_where=("graph",),
        formula="3 * x",
    ),
    mistake(
        "recursion_too_deep",
        "a recursive sweep of 2000 Functions",
        "slots_without_weakref",
        {},
        """
x = Variable(np.array(3.0))
one = Variable(np.array(1.0))
y = x
for _ in range(2000):
    y = Multiply()(y, one)
y.backward()
""",
        "engine",
        {"x": 1.0},
        {"x": None},
        error="RecursionError",
        formula="x",
    ),
    mistake(
        "as_array_forgotten",
        "a 0-d result is a NumPy number, which Variable refuses",
        "step09_functions",
        {"Variable(as_array(y))": "Variable(y)"},
        "x = Variable(np.array(3.0))\ny = square(x)\ny.backward()",
        "engine",
        {"x": 6.0},
        {"x": None},
        error="TypeError",
    ),
    mistake(
        "unused_output_has_no_gradient",
        "None is handed to a Function one of whose outputs is not used",
        "arrays",
        {},
        "x = Variable([1.0, 2.0, 3.0, 4.0])\nleft, right = split(x)\ny = left.sum()\ny.backward()",
        "engine",
        {"x": [1.0, 1.0, 0.0, 0.0]},
        {"x": None},
        error="ValueError",
        or_where=("Split",),
        formula="x[:2].sum()",
    ),
    mistake(
        "wrong_gradient_handed_on_by_hand",
        "the cell hands y's gradient to a Function in the middle",
        "step06_by_hand",
        {},
        """
A, B, C = Square(), Exp(), Square()
x = Variable(np.array(0.5))
a = A(x)
b = B(a)
y = C(b)
y.grad = np.array(1.0)
b.grad = C.backward(y.grad)
a.grad = B.backward(y.grad)
x.grad = A.backward(a.grad)
""",
        "engine",
        {"x": 2 * np.exp(0.5)},
        {"x": np.exp(0.25)},
        or_where=("graph",),
        formula="np.exp(x**2) ** 2",
    ),
    mistake(
        "gradient_used_before_it_is_complete",
        "the cell hands a gradient on before its second part is added",
        "step13_many_inputs",
        {},
        """
x = Variable(np.array(2.0))
a = square(x)
b = square(a)
y = add(b, a)
y.grad = np.array(1.0)
b.grad, ga = y.creator.backward(y.grad)
a.grad = b.creator.backward(b.grad)
x.grad = a.creator.backward(a.grad)
a.grad = a.grad + ga
""",
        "engine",
        {"x": 36.0},
        {"x": 32.0},
        or_where=("graph",),
        formula="x**4 + x**2",
    ),
)
