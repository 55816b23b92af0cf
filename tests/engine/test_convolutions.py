"""Convolution, pooling and padding beside plain loops, and their edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ipy_autodiff.engine import Variable, average_pooling, conv2d, conv_nd, max_pool, pooling

rng = np.random.default_rng(0)


def convolved(x: np.ndarray, W: np.ndarray, stride: tuple[int, int], pad: tuple[int, int]) -> np.ndarray:
    x = np.pad(x, [(0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2])
    height, width = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], W.shape[2:], stride, strict=True)]
    y = np.empty((len(x), len(W), height, width))
    for i in range(height):
        for j in range(width):
            top, left = i * stride[0], j * stride[1]
            window = x[:, :, top : top + W.shape[2], left : left + W.shape[3]]
            y[:, :, i, j] = np.einsum("nchw,fchw->nf", window, W)
    return y


@pytest.mark.parametrize(
    ("kernel", "stride", "pad"), [((3, 3), (1, 1), (1, 1)), ((2, 3), (2, 1), (0, 2)), ((1, 1), (3, 2), (1, 0))]
)
def test_convolution(kernel: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int]) -> None:
    x, W = rng.normal(size=(2, 3, 6, 7)), rng.normal(size=(4, 3, *kernel))
    y = conv2d(Variable(x), Variable(W), stride=stride, pad=pad)
    np.testing.assert_allclose(y.data, convolved(x, W, stride, pad), rtol=1e-12)


def test_images_that_are_no_variable_stay_out_of_the_graph() -> None:
    W = Variable(rng.normal(size=(2, 1, 3, 3)))
    y = conv2d(rng.normal(size=(1, 1, 5, 5)), W, pad=1)
    leaves, pending = set(), [y]
    while pending:
        v = pending.pop()
        if v.creator is None:
            leaves.add(v)
        else:
            pending += [x for x in v.creator.inputs if isinstance(x, Variable)]
    assert leaves == {W}
    assert isinstance(conv2d([[[[1.0, 2.0]]]], W.data[..., :1, :1]), Variable)


def test_pooling_shares_the_gradient_among_equal_elements() -> None:
    x = Variable(np.array([[[[1.0, 1.0, 0.0], [0.0, 1.0, 2.0], [2.0, 2.0, 2.0]]]]))
    y = pooling(x, 2, 1)
    assert y.data.tolist() == [[[[1.0, 2.0], [2.0, 2.0]]]]
    y.grad = np.array([[[[3.0, 1.0], [4.0, 6.0]]]])
    y.backward()
    np.testing.assert_allclose(x.grad[0, 0], [[1.0, 1.0, 0.0], [0.0, 1.0, 1.0 + 2.0], [2.0, 2.0 + 2.0, 2.0]])


@pytest.mark.parametrize("pool", [lambda x: pooling(x, 3, 2, 1), lambda x: max_pool(x, (3, 3), 2)])
def test_pooling_in_single_precision(pool: Any) -> None:
    x = Variable(rng.uniform(1, 2, (2, 2, 5, 5)).astype(np.float32))  # above the zeros around it
    y = pool(x)
    y.backward()
    assert y.dtype == x.grad.dtype == np.float32
    np.testing.assert_allclose(x.grad.sum(), y.size, rtol=1e-6)


def test_a_window_that_does_not_fit_raises() -> None:
    x = Variable(np.ones((1, 1, 2, 2)))
    for call in (
        lambda: conv2d(x, np.ones((1, 1, 3, 3))),
        lambda: conv_nd(x.data, Variable(np.ones((1, 1, 3, 3)))),
        lambda: pooling(x, 3),
        lambda: average_pooling(x, 3),
    ):
        with pytest.raises(ValueError, match="window shape"):
            call()


@pytest.mark.parametrize("width", [2, (1,), (1, 2), [(1, 0), (0, 3)], ((2, 1),), np.array([[0, 1], [2, 3]])])
@pytest.mark.parametrize("value", [0, 1.5, (1.0, 2.0), ((1.0, 2.0), (3.0, 4.0))])
def test_padding_is_numpys(width: Any, value: Any) -> None:
    data = rng.normal(size=(2, 3))
    x = Variable(data)
    y = np.pad(x, width, constant_values=value)
    np.testing.assert_array_equal(y.data, np.pad(data, width, constant_values=value))
    y.backward()
    np.testing.assert_array_equal(x.grad, np.ones((2, 3)))


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.2.0", reason="widths by axis are new in NumPy 2.2")
def test_padding_widths_by_axis() -> None:
    x = Variable(np.ones((2, 3)))
    assert np.pad(x, {-1: (1, 2), 0: 1}).shape == np.pad(x.data, {-1: (1, 2), 0: 1}).shape == (4, 6)
