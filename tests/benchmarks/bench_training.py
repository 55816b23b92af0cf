"""Time a training step against DeZero, MyGrad, autograd and PyTorch, those that are installed, on one BLAS thread.

    python -m tests.benchmarks.bench_training [mlp] [convolution] [lstm]

Prints the processor time of each engine's step (forward, backward and update, in float32) over ours: above 1 it is
slower than this engine. The engines take turns in one process, so the ratios hold on a busy machine too. Each starts
from the same parameters and must come to the same ones, else it is not timed. Data are plain arrays where an engine
takes them: only DeZero, which makes Variables of them, then computes their gradients too.
"""

from __future__ import annotations

import importlib
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np  # noqa: E402

import ipy_autodiff as ad  # noqa: E402

Arrays = dict[str, np.ndarray]
Step = Callable[[], None]
RATE = 0.01
ROUNDS = 40
GATES = "fiou"

rng = np.random.default_rng(0)


def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
    return (rng.normal(size=shape) * scale).astype(np.float32)


IMAGES, LABELS = normal(100, 784), rng.integers(0, 10, 100)
PICTURES, KINDS = normal(20, 1, 28, 28), rng.integers(0, 10, 20)
SEQUENCE, GOAL = [normal(30, 100) for _ in range(30)], normal(30, 100)
PARAMETERS: dict[str, Arrays] = {
    "mlp": {"W1": normal(784, 1000, scale=0.03), "b1": normal(1000, scale=0.1)}
    | {"W2": normal(1000, 10, scale=0.03), "b2": normal(10, scale=0.1)},
    "convolution": {"W1": normal(8, 1, 3, 3, scale=0.3), "b1": normal(8, scale=0.1)}
    | {"W2": normal(16, 8, 3, 3, scale=0.1), "b2": normal(16, scale=0.1)}
    | {"W3": normal(784, 10, scale=0.03), "b3": normal(10, scale=0.1)},
    "lstm": {f"{kind}{gate}": normal(100, 100, scale=0.1) for kind in "WU" for gate in GATES}
    | {f"b{gate}": normal(100, scale=0.1) for gate in GATES},
}


class Engine:
    """Programs in terms of what an engine offers; ``start`` makes its parameters, ``learn`` is backward and update."""

    def start(self, array: np.ndarray) -> Any:
        raise NotImplementedError

    def learn(self, loss: Any, parameters: Sequence[Any]) -> None:
        raise NotImplementedError

    def constant(self, array: np.ndarray) -> Any:
        return array

    def array(self, parameter: Any) -> np.ndarray:
        return np.asarray(parameter.data)

    def linear(self, x: Any, W: Any, b: Any) -> Any:
        return x @ W + b

    def matmul(self, x: Any, W: Any) -> Any:
        return x @ W

    def zeros(self, *shape: int) -> Any:
        return self.constant(np.zeros(shape, np.float32))

    def flat(self, x: Any) -> Any:
        return x.reshape(len(x), -1)

    relu: Any
    sigmoid: Any
    tanh: Any
    convolved: Any
    pooled: Any
    cross_entropy: Any

    def squared(self, x: Any, goal: Any) -> Any:
        d = x - goal
        return (d * d).sum()

    def mlp(self, p: dict[str, Any]) -> Any:
        hidden = self.relu(self.linear(self.constant(IMAGES), p["W1"], p["b1"]))
        return self.cross_entropy(self.linear(hidden, p["W2"], p["b2"]), LABELS)

    def convolution(self, p: dict[str, Any]) -> Any:
        x = self.pooled(self.relu(self.convolved(self.constant(PICTURES), p["W1"], p["b1"])))
        x = self.pooled(self.relu(self.convolved(x, p["W2"], p["b2"])))
        return self.cross_entropy(self.linear(self.flat(x), p["W3"], p["b3"]), KINDS)

    def lstm(self, p: dict[str, Any]) -> Any:
        h = c = self.zeros(30, 100)
        for step in SEQUENCE:
            x = self.constant(step)
            f, i, o, u = (
                self.linear(x, p[f"W{gate}"], p[f"b{gate}"]) + self.matmul(h, p[f"U{gate}"]) for gate in GATES
            )
            c = self.sigmoid(f) * c + self.sigmoid(i) * self.tanh(u)
            h = self.sigmoid(o) * self.tanh(c)
        return self.squared(h, self.constant(GOAL))

    def step(self, program: str) -> tuple[Step, dict[str, Any]]:
        parameters = {name: self.start(array.copy()) for name, array in PARAMETERS[program].items()}
        run = getattr(self, program)
        return lambda: self.learn(run(parameters), list(parameters.values())), parameters


class Ours(Engine):
    start = staticmethod(ad.Variable)
    linear = staticmethod(ad.linear)
    relu = staticmethod(ad.relu)
    sigmoid = staticmethod(ad.sigmoid)
    tanh = staticmethod(np.tanh)
    cross_entropy = staticmethod(ad.softmax_cross_entropy)

    def convolved(self, x: Any, W: Any, b: Any) -> Any:
        return ad.conv2d(x, W, b, stride=1, pad=1)

    def pooled(self, x: Any) -> Any:
        return ad.pooling(x, 2, 2)

    def learn(self, loss: Any, parameters: Sequence[Any]) -> None:
        loss.backward()
        for p in parameters:
            p.data -= RATE * p.grad
            p.cleargrad()


class DeZero(Engine):
    def __init__(self) -> None:
        functions = importlib.import_module("dezero.functions")
        convolutions = importlib.import_module("dezero.functions_conv")
        self.start = self.constant = importlib.import_module("dezero").Variable
        self.linear, self.relu, self.sigmoid = functions.linear, functions.relu, functions.sigmoid
        self.tanh, self.cross_entropy = functions.tanh, functions.softmax_cross_entropy
        self.convolved = lambda x, W, b: convolutions.conv2d(x, W, b, stride=1, pad=1)
        self.pooled = lambda x: convolutions.pooling(x, 2, 2)
        self.squared = lambda x, goal: functions.sum((x - goal) * (x - goal))
        self.matmul = functions.matmul

    def flat(self, x: Any) -> Any:
        return x.reshape(x.shape[0], -1)

    def learn(self, loss: Any, parameters: Sequence[Any]) -> None:
        loss.backward()
        for p in parameters:
            p.data -= RATE * p.grad.data
            p.cleargrad()


class MyGrad(Engine):
    def __init__(self) -> None:
        mg = importlib.import_module("mygrad")
        activations = importlib.import_module("mygrad.nnet.activations")
        layers = importlib.import_module("mygrad.nnet.layers")
        losses = importlib.import_module("mygrad.nnet.losses")
        self.start = mg.tensor
        self.relu, self.sigmoid, self.tanh = activations.relu, activations.sigmoid, activations.tanh
        self.cross_entropy = losses.softmax_crossentropy
        self.pooled = lambda x: layers.max_pool(x, (2, 2), 2)
        self.convolved = lambda x, W, b: (
            layers.conv_nd(x, W, stride=1, padding=1) + mg.expand_dims(mg.expand_dims(b, -1), -1)
        )

    def learn(self, loss: Any, parameters: Sequence[Any]) -> None:
        loss.backward()
        for p in parameters:
            p.data -= RATE * p.grad
            p.null_grad()


class Autograd(Engine):
    def __init__(self) -> None:
        self.np: Any = importlib.import_module("autograd.numpy")
        self.grad = importlib.import_module("autograd").grad
        self.convolve = importlib.import_module("autograd.scipy.signal").convolve
        self.tanh = self.np.tanh

    def start(self, array: np.ndarray) -> Any:
        return array

    def array(self, parameter: Any) -> np.ndarray:
        return np.asarray(parameter)

    def linear(self, x: Any, W: Any, b: Any) -> Any:
        return self.np.dot(x, W) + b

    def relu(self, x: Any) -> Any:
        return self.np.maximum(x, 0)

    def sigmoid(self, x: Any) -> Any:
        return self.np.tanh(x * 0.5) * 0.5 + 0.5

    def convolved(self, x: Any, W: Any, b: Any) -> Any:
        x = self.np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), "constant")
        y = self.convolve(x, W[:, :, ::-1, ::-1], axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")
        return y + b[:, None, None]

    def pooled(self, x: Any) -> Any:
        n, channels, height, width = x.shape
        return self.np.max(self.np.reshape(x, (n, channels, height // 2, 2, width // 2, 2)), axis=(3, 5))

    def flat(self, x: Any) -> Any:
        return self.np.reshape(x, (x.shape[0], -1))

    def cross_entropy(self, x: Any, labels: Any) -> Any:
        shifted = x - self.np.max(x, axis=1, keepdims=True)
        log_softmax = shifted - self.np.log(self.np.sum(self.np.exp(shifted), axis=1, keepdims=True))
        return -self.np.sum(log_softmax[np.arange(len(labels)), labels]) / len(labels)

    def squared(self, x: Any, goal: Any) -> Any:
        return self.np.sum((x - goal) * (x - goal))

    def step(self, program: str) -> tuple[Step, dict[str, Any]]:
        parameters = {name: array.copy() for name, array in PARAMETERS[program].items()}
        gradient = self.grad(getattr(self, program))

        def learn() -> None:
            for name, g in gradient(parameters).items():
                parameters[name] -= RATE * g

        return learn, parameters


class PyTorch(Engine):
    def __init__(self) -> None:
        self.torch: Any = importlib.import_module("torch")
        self.torch.set_num_threads(1)
        functional = self.torch.nn.functional
        self.relu, self.sigmoid, self.tanh = self.torch.relu, self.torch.sigmoid, self.torch.tanh
        self.convolved = lambda x, W, b: functional.conv2d(x, W, b, padding=1)
        self.pooled = lambda x: functional.max_pool2d(x, 2)
        self.cross_entropy = lambda x, labels: functional.cross_entropy(x, self.constant(labels))
        self.constant = self.torch.from_numpy

    def start(self, array: np.ndarray) -> Any:
        return self.torch.from_numpy(array).requires_grad_()

    def linear(self, x: Any, W: Any, b: Any) -> Any:
        return self.torch.addmm(b, x, W)

    def array(self, parameter: Any) -> np.ndarray:
        return np.asarray(parameter.detach().numpy())

    def learn(self, loss: Any, parameters: Sequence[Any]) -> None:
        loss.backward()
        with self.torch.no_grad():
            for p in parameters:
                p -= RATE * p.grad
                p.grad = None


ENGINES: dict[str, type[Engine]] = {
    "ours": Ours,
    "dezero": DeZero,
    "mygrad": MyGrad,
    "autograd": Autograd,
    "pytorch": PyTorch,
}


def steps_of(program: str) -> dict[str, Step]:
    """The engines that are installed, each after two steps that led to the parameters that ours led to."""
    steps: dict[str, Step] = {}
    expected: Arrays = {}
    for name, kind in ENGINES.items():
        try:
            engine = kind()
        except ImportError:
            continue
        step, parameters = engine.step(program)
        step()
        step()
        found = {key: engine.array(p) for key, p in parameters.items()}
        expected = expected or {key: array.copy() for key, array in found.items()}
        assert all(array.dtype == np.float32 for array in found.values()), f"{name} does not compute in float32"
        for key, array in found.items():
            np.testing.assert_allclose(array, expected[key], rtol=1e-3, atol=1e-4, err_msg=f"{name}: {key}")
        steps[name] = step
    return steps


def seconds(step: Step) -> float:
    start = process_time()
    step()
    return process_time() - start


def main(programs: Sequence[str]) -> None:
    for program in programs or list(PARAMETERS):
        steps = steps_of(program)
        times: dict[str, list[float]] = {name: [] for name in steps}
        for turn in range(ROUNDS):
            order = list(steps)
            for name in order[turn % len(order) :] + order[: turn % len(order)]:
                times[name].append(seconds(steps[name]))
        ours = statistics.median(times["ours"])
        ratios = {
            name: statistics.median(b / a for a, b in zip(times["ours"], measured, strict=True))
            for name, measured in times.items()
        }
        row = "".join(f"  {name} {ratio:.2f}" for name, ratio in ratios.items() if name != "ours")
        print(f"{program:12} ours {ours * 1e3:8.2f} ms of processor time; over ours:{row}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
