"""Step 25: nodes and edges as text."""

import pytest

from ipy_autodiff.homework.sheet.dezero.drawn import drawn_name

pytestmark = pytest.mark.own_engine  # submissions bring their own Variable and Function


@pytest.mark.points(2)
def test_a_variable(student):
    """A Variable's node has its id and its name.

    ko: 변수의 노드에는 id와 이름이 있습니다.
    ja: 変数のノードには、idと名前があります。
    """
    name = drawn_name(student.rng)
    text = f"v = Variable(x.data, name='{name}')\nfound = dot_variable(v)\n"
    text += f"[found.count(str(id(v))), found.count('{name}'), '->' in found]"
    assert student.value(text, x=1.0).tolist() == [1, 1, 0]


@pytest.mark.points(3)
def test_a_function(student):
    """A Function's node has its class, and an edge for each input and output.

    ko: 함수의 노드에는 클래스 이름이, 입력과 출력마다 간선이 있습니다.
    ja: 関数のノードにはクラス名があり、入力と出力ごとに矢印があります。
    """
    n = int(student.rng.integers(2, 5))
    name = drawn_name(student.rng)
    text = f"class {name}(Function):\n    def forward(self, *xs):\n        return sum(xs)\n"
    text += f"y = {name}()(" + "x, " * (n - 1) + "Variable(x.data))\nf = y.creator\nfound = dot_function(f)\n"
    text += f"[found.count('{name}'), found.count('->'), "
    text += "found.count(f'{id(x)} -> {id(f)}'), found.count(f'{id(f)} -> {id(y)}')]"
    assert student.value(text, x=1.0).tolist() == [1, n + 1, n - 1, 1]
