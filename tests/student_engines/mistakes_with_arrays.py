"""A Function is wrong in what it does to arrays: shapes, axes, buffers, dtypes, state; ``where`` is its class."""

from __future__ import annotations

import numpy as np

from .mistake import mistake

_SOFTMAX = np.exp([0.1, 0.2, 0.7]) / np.exp([0.1, 0.2, 0.7]).sum()
_WEIGHTS = np.array([1.0, 2.0, 3.0])

MISTAKES_WITH_ARRAYS = (
    mistake(
        "add_without_unbroadcast",
        "a broadcast input gets a gradient of the output's shape",
        "arrays",
        {"return sum_to(gy, self.shapes[0]), sum_to(gy, self.shapes[1])": "return gy, gy"},
        "x = Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])\nb = Variable([0.5, -0.5])\n"
        "y = ((x + b) * (x + b)).sum()\ny.backward()",
        "Add",
        {"x": [[3.0, 3.0], [7.0, 7.0], [11.0, 11.0]], "b": [21.0, 21.0]},
        {"x": [[3.0, 3.0], [7.0, 7.0], [11.0, 11.0]], "b": [[3.0, 3.0], [7.0, 7.0], [11.0, 11.0]]},
    ),
    mistake(
        "mul_unbroadcast_by_mean",
        "a broadcast input's gradient is averaged, not summed",
        "arrays",
        {"sum_to(gy * a, b.shape)": "sum_to(gy * a, b.shape) / (gy.size / b.size)"},
        "x = Variable([[1.0, 2.0], [3.0, 4.0]])\nk = Variable([[2.0], [10.0]])\ny = (x * k).sum()\ny.backward()",
        "Mul",
        {"x": [[2.0, 2.0], [10.0, 10.0]], "k": [[3.0], [7.0]]},
        {"x": [[2.0, 2.0], [10.0, 10.0]], "k": [[1.5], [3.5]]},
    ),
    mistake(
        "matmul_without_transpose",
        "a transpose is missing, which square matrices hide",
        "arrays",
        {"return gy @ W.T, x.T @ gy": "return gy @ W.T, x @ gy"},
        "x = Variable([[1.0, 2.0], [3.0, 4.0]])\nW = Variable([[0.5, -1.0], [1.5, 2.0]])\n"
        "y = (x @ W).sum()\ny.backward()",
        "MatMul",
        {"x": [[-0.5, 3.5], [-0.5, 3.5]], "W": [[4.0, 4.0], [6.0, 6.0]]},
        {"x": [[-0.5, 3.5], [-0.5, 3.5]], "W": [[3.0, 3.0], [7.0, 7.0]]},
    ),
    mistake(
        "matmul_dot_without_transpose",
        "a transpose is missing, Tensor and Operation",
        "tensor_and_operation",
        {"g.dot(b.data.T)": "g.dot(b.data)"},
        "x = Tensor([[1.0, 2.0]])\nw = Tensor([[1.0, 2.0], [3.0, 4.0]])\ny = MatMul()(x, w)\ny.backward()",
        "MatMul",
        {"x": [[3.0, 7.0]], "w": [[1.0, 1.0], [2.0, 2.0]]},
        {"x": [[4.0, 6.0]], "w": [[1.0, 1.0], [2.0, 2.0]]},
    ),
    mistake(
        "transpose_not_undone",
        "the gradient is not transposed back",
        "arrays",
        {"return gy.T\n": "return gy\n"},
        "x = Variable([[1.0, 2.0], [3.0, 4.0]])\ny = (x.T * np.array([[1.0, 2.0], [3.0, 4.0]])).sum()\ny.backward()",
        "Transpose",
        {"x": [[1.0, 3.0], [2.0, 4.0]]},
        {"x": [[1.0, 2.0], [3.0, 4.0]]},
    ),
    mistake(
        "sum_not_spread_back",
        "a sum's gradient keeps the sum's shape",
        "arrays",
        {"return np.broadcast_to(gy, self.inputs[0].data.shape).copy()": "return gy"},
        "x = Variable([1.0, 2.0, 3.0])\ny = x.sum()\ny.backward()",
        "Sum",
        {"x": [1.0, 1.0, 1.0]},
        {"x": 1.0},
    ),
    mistake(
        "sum_spread_along_the_wrong_axis",
        "the summed axis is not put back, which square arrays hide",
        "arrays",
        {"            gy = np.expand_dims(gy, self.axis)\n": "            pass\n"},
        "x = Variable([[1.0, 2.0], [3.0, 4.0]])\ny = (x.sum(axis=1) * np.array([1.0, 10.0])).sum()\ny.backward()",
        "Sum",
        {"x": [[1.0, 1.0], [10.0, 10.0]]},
        {"x": [[1.0, 10.0], [1.0, 10.0]]},
    ),
    mistake(
        "mean_without_its_size",
        "a mean's gradient is not divided by the number of elements",
        "arrays",
        {"np.full(x.shape, gy) / x.size": "np.full(x.shape, gy)"},
        "x = Variable([1.0, 2.0, 3.0, 6.0])\ny = (x * x).mean()\ny.backward()",
        "Mean",
        {"x": [0.5, 1.0, 1.5, 3.0]},
        {"x": [2.0, 4.0, 6.0, 12.0]},
    ),
    mistake(
        "mean_divided_by_rows",
        "a mean's gradient is divided by the number of rows",
        "arrays",
        {"np.full(x.shape, gy) / x.size": "np.full(x.shape, gy) / len(x)"},
        "x = Variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])\ny = x.mean()\ny.backward()",
        "Mean",
        {"x": np.full((2, 3), 1 / 6)},
        {"x": np.full((2, 3), 0.5)},
    ),
    mistake(
        "getitem_assigns",
        "= where an element that was taken twice needs np.add.at",
        "arrays",
        {"np.add.at(gx, self.index, gy)": "gx[self.index] = gy"},
        "x = Variable([1.0, 2.0, 3.0])\ny = (x[[0, 0, 2]] * np.array([1.0, 10.0, 100.0])).sum()\ny.backward()",
        "GetItem",
        {"x": [11.0, 0.0, 100.0]},
        {"x": [10.0, 0.0, 100.0]},
    ),
    mistake(
        "softmax_diagonal_only",
        "y·(1 - y)·gy: the other classes' share is left out",
        "arrays",
        {"return gx - self.y * gx.sum(axis=-1, keepdims=True)": "return gx * (1 - self.y)"},
        "x = Variable([0.1, 0.2, 0.7])\ny = (softmax(x) * np.array([1.0, 2.0, 3.0])).sum()\ny.backward()",
        "Softmax",
        {"x": _SOFTMAX * (_WEIGHTS - (_SOFTMAX * _WEIGHTS).sum())},
        {"x": _SOFTMAX * (1 - _SOFTMAX) * _WEIGHTS},
    ),
    mistake(
        "softmax_summed_over_all",
        "the sum runs over the rows too",
        "arrays",
        {"return gx - self.y * gx.sum(axis=-1, keepdims=True)": "return gx - self.y * gx.sum()"},
        "x = Variable([[0.0, 0.0], [0.0, 0.0]])\n"
        "y = (softmax(x) * np.array([[1.0, 3.0], [5.0, 7.0]])).sum()\ny.backward()",
        "Softmax",
        {"x": [[-0.5, 0.5], [-0.5, 0.5]]},
        {"x": [[-3.5, -2.5], [-1.5, -0.5]]},
    ),
    mistake(
        "split_joined_in_the_wrong_order",
        "two outputs' gradients are exchanged",
        "arrays",
        {"np.concatenate([ga, gb], axis=-1)": "np.concatenate([gb, ga], axis=-1)"},
        "x = Variable([1.0, 2.0, 3.0, 4.0])\nleft, right = split(x)\n"
        "y = (left * right).sum() + left.sum()\ny.backward()",
        "Split",
        {"x": [4.0, 5.0, 1.0, 2.0]},
        {"x": [1.0, 2.0, 4.0, 5.0]},
    ),
    mistake(
        "forward_in_place",
        "forward writes into its input",
        "step09_functions",
        {"        return x ** 2\n": "        x *= x\n        return x\n"},
        "x = Variable(np.array([1.0, 3.0]))\na = exp(x)\ny = square(a)\ny.backward()",
        "Square",
        {"x": 2 * np.exp([2.0, 6.0])},
        {"x": 2 * np.exp([3.0, 9.0])},
    ),
    mistake(
        "saved_output_overwritten",
        "one Function's forward writes into the array that another one saved",
        "one_input_functions",
        {"        return x + 1\n": "        x += 1\n        return x\n"},
        "x = Variable(np.array([0.5]))\ny = square(add_one(exp(x)))\ny.backward()",
        "AddOne",
        {"x": 2 * (np.exp([0.5]) + 1) * np.exp([0.5])},
        {"x": 2 * (np.exp([0.5]) + 1) ** 2},
    ),
    mistake(
        "backward_in_place",
        "backward writes into the gradient that it was given, which a second Function shares",
        "step16_generations",
        {"return 2 * self.inputs[0].data * gy": "gy *= 2 * self.inputs[0].data\n        return gy"},
        "a = Variable(np.array(3.0))\nb = Variable(np.array(5.0))\ny = add(square(a), square(b))\ny.backward()",
        "Square",
        {"a": 6.0, "b": 10.0},
        {"a": 60.0, "b": 60.0},
    ),
    mistake(
        "integer_buffer",
        "the gradient is written into an array of integers",
        "arrays",
        {
            "np.zeros_like(self.inputs[0].data)": "np.zeros(self.inputs[0].data.shape, dtype=int)",
            "np.add.at(gx, self.index, gy)": "gx[self.index] += gy.astype(int)",
        },
        "x = Variable([1.0, 2.0, 3.0])\ny = (x[1:] * np.array([0.5, 1.5])).sum()\ny.backward()",
        "GetItem",
        {"x": [0.0, 0.5, 1.5]},
        {"x": [0.0, 0.0, 1.0]},
    ),
    mistake(
        "float32_cast",
        "the gradient is rounded to float32",
        "step09_functions",
        {"return np.exp(x) * gy": "return (np.exp(x) * gy).astype(np.float32)"},
        "x = Variable(np.array([0.1, 0.7]))\ny = exp(x)\ny.backward()",
        "Exp",
        {"x": np.exp([0.1, 0.7])},
        {"x": np.exp([0.1, 0.7]).astype(np.float32)},
    ),
    mistake(
        "mask_drawn_again",
        "dropout's backward draws a mask of its own",
        "one_input_functions",
        {
            "if self.mask is None:        # 마스크는 한 번만 뽑는다\n            self.mask": "self.mask",
            "gy * self.mask / (1": "gy * (self.rng.random(gy.shape) > self.ratio) / (1",
        },
        "x = Variable(np.arange(1.0, 7.0))\ny = dropout(x)\ny.backward()",
        "Dropout",
        {"x": 2.0 * (np.random.default_rng(0).random(12) > 0.5)[:6]},
        {"x": 2.0 * (np.random.default_rng(0).random(12) > 0.5)[6:]},
    ),
    mistake(
        "input_kept_on_the_class",
        "all instances share what one saved",
        "step06_partly_by_hand",
        {"        self.x = x.data\n": "        type(self).x = x.data\n"},
        """
x = Variable(np.array(0.5))
F, G = Square(), Square()
a = F(x)
y = G(a)
y.grad = np.array(1.0)
a.grad = G.backward(y.grad)
x.grad = F.backward(a.grad)
""",
        "Square",
        {"x": 0.5},
        {"x": 0.25},
    ),
    mistake(
        "input_kept_in_a_global",
        "what forward saved stands in a global name",
        "step08_loop",
        {
            "        return np.exp(in_data)\n": (
                "        global saved\n        saved = np.exp(in_data)\n        return saved\n"
            ),
            "return np.exp(self.input.data) * grad": "return saved * grad",
        },
        "x = Variable(np.array(0.0))\ny = Exponential()(Exponential()(x))\ny.grad = np.array(1.0)\ny.backward()",
        "Exponential",
        {"x": np.e},
        {"x": np.e**2},
    ),
    mistake(
        "gradient_of_another_shape",
        "the gradient is summed to a number",
        "step17_weakref",
        {"return 2 * x * gy": "return (2 * x * gy).sum()"},
        "x = Variable(np.array([1.0, 2.0]))\ny = square(x)\ny.backward()",
        "Square",
        {"x": [2.0, 4.0]},
        {"x": 6.0},
    ),
)
