"""Step 26: a graph as text."""

import numpy as np
import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_name

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(3)
def test_edges(student):
    """All edges stand there, each once.

    ko: 모든 간선이 한 번씩 나옵니다.
    ja: すべての矢印が1回ずつ現れます。
    """
    n = int(student.rng.integers(2, 6))
    text = (
        "y = x\n"
        + "y = square(y) * y\n" * n
        + "found = get_dot_graph(y)\n[found.count('->'), found.count('Square'), found.count('Mul')]"
    )
    np.testing.assert_array_equal(student.value(text, x=1.0), [5 * n, n, n])


@pytest.mark.points(1)
def test_a_digraph(student):
    """The text is one digraph.

    ko: 글 전체가 digraph 하나입니다.
    ja: 全体が1つのdigraphです。
    """
    text = (
        "found = get_dot_graph(square(x)).strip()\n[found.startswith('digraph'), found.count('{'), found.endswith('}')]"
    )
    assert student.value(text, x=1.0).tolist() == [1, 1, 1]


@pytest.mark.points(2)
def test_every_variable_once(student):
    """Each Variable has one node.

    ko: 변수마다 노드가 하나입니다.
    ja: それぞれの変数のノードは1つです。
    """
    n = int(student.rng.integers(2, 6))
    name = drawn_name(student.rng)
    text = (
        f"v = Variable(x.data, name='{name}')\ny = v\n"
        + "y = y + v\n" * n
        + f"found = get_dot_graph(y)\nfound.count('{name}')"
    )
    assert student.value(text, x=1.0) == 1
