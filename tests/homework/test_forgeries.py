"""Submissions that speak for the grader's own tools: each costs itself at most, and a person is shown the line."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ipy_autodiff.homework.command import main
from ipy_autodiff.homework.sandbox.text.notebook_text import NotebookText
from ipy_autodiff.homework.sandbox.text.suspicions import suspicious_lines
from tests.homework import forged_notebooks
from tests.homework.conftest import ENGINE, RIGHT, SHEET, SQUARE, Row, read_rows, write_notebook

linux = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox")

WIRE = """
import sys, json, os
def _c():
    f = sys._getframe()
    while 'channel' not in f.f_locals: f = f.f_back
    return f.f_locals['channel']
def raw(b): _c().sendall(len(b).to_bytes(8, 'big') + b)
"""
SERVER = """
import base64
def read(n):
    data = b''
    while len(data) < n: data += _c().recv(n - len(data))
    return data
def message(): return json.loads(read(int.from_bytes(read(8), 'big')))
def packed(a):
    return {"dtype": "<f8", "shape": list(a.shape), "data": base64.b64encode(a.tobytes()).decode()}
def say(m): raw(json.dumps(m).encode())
import numpy as np
say({"kind": "ended", "cell": 1})
say({"kind": "ran", "output": ""})
while True:
    m = message()
    if m["kind"] != "question": continue
    x = np.frombuffer(base64.b64decode(m["inputs"]["x"]["data"])).reshape(m["inputs"]["x"]["shape"])
    value = {"kind": "value", "type": "ndarray", "array": packed(x ** 2)}
    slope = {"kind": "value", "type": "ndarray", "array": packed(4 * x ** 3)}
    answer = value if m["ask"] == "value" else {
        "kind": "gradients", "gradients": {"x": slope}, "forward_calls": 2, "backward_calls": 3}
    say({"kind": "answered", "nonce": m["nonce"], "answer": answer})
"""
ANSWERING = (
    SQUARE.replace("return 2 * self.input.data * gy", "return gy")
    + """
def forge(answer):
    f = sys._getframe()
    while not hasattr(f.f_locals.get('message'), 'nonce'): f = f.f_back
    if f.f_locals['message'].ask != 'trace': return
    raw(('{"kind": "answered", "nonce": "%s", "answer": %s}' % (f.f_locals['message'].nonce, answer)).encode())
    os._exit(0)
def square(x):
    forge(ANSWER)
    return Square()(x)
"""
)
TRACE: dict[str, object] = {
    "variables": [
        {"name": "x", "named": True, "data": "1", "grad": None, "role": "leaf"},
        {"name": "y", "named": True, "data": "1", "grad": None, "role": "output"},
    ],
    "functions": [{"name": "F", "inputs": [0], "outputs": [1], "line": 1, "code": ""}],
    "steps": [], "raised": None, "checked": None, "of": 1, "wrt": [0], "source": "", "swept_by": "cell",
    "gradients": {}, "findings": [], "rows": [], "blame": [],
}  # fmt: skip


def forged_trace(**parts: object) -> str:
    return json.dumps({"kind": "trace", "trace": {**TRACE, **parts}})


def diagnosis(code: str, **blanks: object) -> dict[str, object]:
    return {"code": code, "where": "F", "function": 0, "blanks": blanks, "input": None, "mistake": True}


WIDE = [
    {"name": f"F{n}", "inputs": [0] * 100, "outputs": [], "line": None, "code": ""} for n in range(30)
]  # more edges than a graph may have
ANSWERS = {
    "deep": '{"kind": "trace", "trace": ' + '{"a":' * 600 + "1" + "}" * 600 + "}",
    "a path": forged_trace(blame=[diagnosis("/proc/self/cwd/settings.api_key")]),
    "a long name": forged_trace(blame=[diagnosis("A" * 300 + ".x")]),
    "a format": forged_trace(blame=[diagnosis("missing-gy", function="{x.__class__}")]),
    "edges": forged_trace(functions=WIDE),
    "an index": forged_trace(functions=[{"name": "F", "inputs": [9], "outputs": [1], "line": 1, "code": ""}]),
    "surrogates": forged_trace(source="\ud800"),
}
FORGERS: dict[str, tuple[str, ...]] = {
    "unreadable": (*RIGHT, WIRE + 'raw(b\'{"unreadable": "x"}\')'),
    "unreadable by its kind": (*RIGHT, WIRE + 'raw(b\'{"kind": "unreadable", "reason": "empty"}\')'),
    "unknown reason": (*RIGHT, WIRE + 'raw(b\'{"kind": "unreadable", "reason": "../x"}\')'),
    "digits": (*RIGHT, WIRE + "raw(b'{\"kind\": \"ended\", \"cell\": ' + b'9' * 4300 + b'}')"),
    "nothing": (*RIGHT, WIRE + "raw(b'')"),
    "early": (*RIGHT, WIRE + 'raw(b\'{"kind": "ran", "output": ""}\')'),
    "server": ("x = 1", WIRE + SERVER),
    "hidden words": (*RIGHT, "import sys\nf = getattr(sys, '_get' + 'frame')()"),
    "in a text": (*RIGHT, "exec('import g' + 'c\\nfound = gc.get_ob' + 'jects()')"),
    "ctypes": (*RIGHT, "import importlib\nimportlib.import_module('c' + 'types').CDLL(None)"),
    **{f"answers {name}": (ENGINE, WIRE + f"ANSWER = {answer!r}" + ANSWERING) for name, answer in ANSWERS.items()},
}


class Class_:
    """What became of a class with forgers in it."""

    def __init__(self, folder: Path) -> None:
        sheet = folder / "sheets" / "squares.py"
        sheet.parent.mkdir()
        sheet.write_text(SHEET.replace("@pytest.mark.hidden\n", ""), encoding="utf-8")
        (folder / "settings.toml").write_text('api_key = "a secret of the grader"')
        honest = write_notebook(folder / "in" / "honest 1.ipynb", RIGHT)
        paths = [write_notebook(folder / "in" / f"{name}.ipynb", cells) for name, cells in FORGERS.items()]
        last = write_notebook(folder / "in" / "honest 2.ipynb", (*RIGHT, "n = 2"))
        self.out = folder / "out"
        self.command = ["grade", str(sheet), str(honest), *map(str, paths), str(last), "--out", str(self.out)]
        self.command += ["--jobs", "1", "--timeout", "12", "--lang", "en"]
        before = Path.cwd()
        os.chdir(folder)
        try:
            self.status = main(self.command)
            self.rows: dict[str, Row] = {row["student_id"]: row for row in read_rows(self.out / "grades.csv")}
            self.again = main(self.command)
            self.rows_again = {row["student_id"]: row for row in read_rows(self.out / "grades.csv")}
        finally:
            os.chdir(before)


@pytest.fixture(scope="module")
def class_(tmp_path_factory: pytest.TempPathFactory) -> Class_:
    return Class_(tmp_path_factory.mktemp("forgeries"))


@linux
def test_everybody_has_a_row_and_the_honest_their_marks(class_: Class_) -> None:
    assert class_.status == 0
    assert class_.rows.keys() == {*FORGERS, "honest 1", "honest 2"}
    for name in ("honest 1", "honest 2"):
        assert (class_.rows[name]["score"], class_.rows[name]["suspect"]) == ("5", "")
    assert (class_.again, class_.rows_again) == (0, class_.rows)


@linux
@pytest.mark.parametrize("name", FORGERS)
def test_a_forger_is_named(class_: Class_, name: str) -> None:
    row = class_.rows[name]
    assert row["status"] == "graded", row
    assert "cell " in row["suspect"], row
    if name.startswith("answers"):
        assert row["test_gradient"] == "fail", row
    page = (class_.out / "feedback" / f"{name}.html").read_text(encoding="utf-8")
    assert "a secret of the grader" not in page
    assert len(page) < 2_000_000


@pytest.fixture(scope="module")
def forged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """The forged notebooks and honest ones between them, graded by one command."""
    folder = tmp_path_factory.mktemp("forged")
    sheet = folder / "sheets" / "squares.py"
    sheet.parent.mkdir()
    sheet.write_text(SHEET, encoding="utf-8")
    forged, honest = list(forged_notebooks.FORGED.items()), list(forged_notebooks.HONEST.items())
    every = [pair for n, one in enumerate(forged) for pair in ([honest[n // 4], one] if n % 4 == 0 else [one])]
    every += honest[(len(forged) + 3) // 4 :]
    assert len(every) == len(forged) + len(honest)
    paths = [write_notebook(folder / "in" / f"{n:02}.ipynb", cells) for n, (_, cells) in enumerate(every)]
    command = ["grade", str(sheet), *map(str, paths), "--out", str(folder / "out"), "--jobs", "2", "--timeout", "12"]
    assert main([*command, "--lang", "en"]) == 0
    return dict(zip((name for name, _ in every), read_rows(folder / "out" / "grades.csv"), strict=True))


# Ways in which nothing is gained, and that are not all seen: the answer is wrong, or there is none.
UNSEEN = {"Variable without code", "everything agrees", "ends the test itself", "differences", "torch", "autograd"}


@linux
@pytest.mark.parametrize("name", forged_notebooks.FORGED)
def test_no_mark_that_is_not_earned(forged: dict[str, Row], name: str) -> None:
    row = forged[name]
    assert row["status"] == "graded"
    passed = {test for test in ("test_value", "test_gradient") if row[test] == "pass"}
    assert passed == forged_notebooks.EARNED.get(name, set()), row
    assert name in UNSEEN or "cell " in row["suspect"], row


@linux
@pytest.mark.parametrize("name", forged_notebooks.HONEST)
def test_the_honest_among_them(forged: dict[str, Row], name: str) -> None:
    assert (forged[name]["score"], forged[name]["suspect"]) == ("5", "")


@linux
def test_a_clone3_is_unknown_to_the_kernel_inside() -> None:
    """Its flags cannot be read by a filter: were it let through, namespaces could be made by it."""
    program = textwrap.dedent("""
        import ctypes, os
        from ipy_autodiff.homework.sandbox import linux
        linux.no_new_privileges()
        linux.forbid()
        libc = ctypes.CDLL(None, use_errno=True)
        found = []
        calls = (("clone3", None, 0), ("socket", 40, 1, 0), ("socket", 16, 3, 0), ("unshare", 1 << 28))
        for name, *arguments in calls:
            libc.syscall(linux._NUMBERS[os.uname().machine][name], *arguments)
            found.append(ctypes.get_errno())
            ctypes.set_errno(0)
        import socket
        socket.socketpair(); socket.socket(socket.AF_INET).close(); socket.socket(socket.AF_UNIX).close()
        print(*found)
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert list(map(int, done.stdout.split())) == [errno.ENOSYS, errno.EPERM, errno.EPERM, errno.EPERM]


@linux
def test_where_a_notebooks_namespaces_cannot_be_made_only_the_child_goes() -> None:
    program = (
        textwrap.dedent("""
        import os
        from ipy_autodiff.homework.sandbox.inside import zygote
        def unshare(flags):
            if flags != zygote.linux.NEW_PROCESSES:
                raise PermissionError(1, "not here")
        zygote.linux.unshare = unshare
        zygote.linux.enter = lambda *_: None
        around = zygote._Around(True, True, os.open("/", os.O_RDONLY))
        print(zygote._works(around), flush=True)
        def refused(flags):
            raise PermissionError(1, "not here")
        zygote.linux.unshare = refused
        print(zygote._works(around), flush=True)
        print(zygote.os.getpid() == %s or "still here", flush=True)
    """)
        % "0"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:3] == ["False", "False", "still here"]


SUSPICIOUS = (
    "import sys\nf = sys._getframe()",
    "from gc import get_objects",
    "import gc\ngc.get_referrers(1)",
    "import ctypes",
    "from ipy_autodiff.homework.sandbox import wire",
    "from ipy_autodiff import gradcheck",
    "import os\nos.write(3, b'')",
    "import inspect\ninspect.currentframe().f_back",
    "f = (lambda: 1).__globals__",
    "open('/proc/self/fd/3')",
    "import socket\nsocket.socket(fileno=3)",
    "object.__subclasses__()",
)
HONEST = (
    "import gc\ngc.collect()",
    "import os\nos.getcwd()",
    "import sys\nIN_COLAB = 'google.colab' in sys.modules",
    "import sys\nsys.setrecursionlimit(5000)\nprint(sys.version)",
    "import weakref, inspect\ninspect.getsource",
    "import ipy_autodiff as ad\nfrom ipy_autodiff import Variable\nad.trace",
    "%load_ext ipy_autodiff",
    "class F:\n    def write(self, x): return x\nF().write(1)",
)


def test_lines_that_a_person_is_to_look_at() -> None:
    for source in SUSPICIOUS:
        assert list(suspicious_lines([source])), source
    for source in HONEST:
        assert not NotebookText([(source, "")]).suspicions(), source


def test_what_a_notebook_defines_is_read_in_its_text() -> None:
    text = NotebookText([
        ("class Function:\n    def __call__(self, x): self.input = x\nclass Square(Function):\n    pass", ""),
        ("class Variable:\n    pass\ndef mul(a, b): ...\nVariable.__mul__ = mul", "cell-2"),
        ("Variable.__add__ = setattr(Variable, '__neg__', None)\nfrom numpy import exp as e", ""),
        ("%%time\nclass Square(Function):\n    def forward(self, x): return x ** 2", ""),
    ])  # fmt: skip
    yes = ("Square", "Function.__call__", "Square.input", "Variable.__mul__", "Variable.__neg__", "e", "Square.forward")
    assert [name for name in yes if text.defines(name) is not True] == []
    no = ("Cube", "Variable.__truediv__", "Square.backward", "exp")
    assert [name for name in no if text.defines(name) is not False] == []
    assert "x ** 2" in (text.source("Square") or "")
    assert (text.source("Square.forward") or "").startswith("def forward")
    assert text.source("Cube") is None
    assert "class Variable" in (text.cell("cell-2") or "")
