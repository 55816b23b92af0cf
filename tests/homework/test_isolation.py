"""What a submission can see and reach, by each kind of isolation, and that the kinds give the same marks."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipy_autodiff.homework.sandbox.protocol import Reply, Value
from ipy_autodiff.homework.sandbox.sandbox import STRONG, DeadError, Isolation, Limits, Sandbox, SandboxError
from ipy_autodiff.homework.sandbox.wire import GarbledError, decoded
from ipy_autodiff.homework.student.errors import AnswerError
from ipy_autodiff.homework.student.student import Student
from tests.homework.conftest import RIGHT, Row, write_notebook
from tests.homework.hostile_notebooks import NOTEBOOKS

linux = pytest.mark.skipif(sys.platform != "linux", reason="namespaces of Linux")
Grade = Callable[..., list[Row]]


@pytest.fixture(params=STRONG)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    try:
        opened = Sandbox(request.param)
    except SandboxError as error:
        pytest.skip(str(error))
    with opened:
        yield opened


def _asked(sandbox: Sandbox, path: Path, expression: str) -> Any:
    """What an expression gives, evaluated after the notebook's cells."""
    with path.open("rb") as file:
        attempt = sandbox.attempt(file.fileno(), Limits(seconds=20))
        try:
            attempt.run()
            with attempt.test():
                return Student(attempt.ask).value(expression)
        finally:
            attempt.close()


@linux
def test_neither_files_nor_environment_nor_processes_are_seen(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_SECRET", "a-secret-in-the-environment")
    (tmp_path / "sheet.py").write_text("a-secret-in-a-file")
    here = str(Path(__file__).parent)
    cell = f"""
import os, glob, pathlib
def exists(path): return int(os.path.exists(path))
files = exists({str(tmp_path / "sheet.py")!r}) + exists({here!r}) + exists("/etc/shadow") + exists("/home")
sheets = len(glob.glob(os.path.join(os.path.dirname(__import__("ipy_autodiff").__file__), "homework/sheet/dezero/*")))
environment = 0
for path in glob.glob("/proc/*/environ"):
    try:
        environment += b"a-secret" in pathlib.Path(path).read_bytes()
    except OSError:
        pass
environment += "GRADER_SECRET" in os.environ
processes = sum(name.isdecimal() for name in os.listdir("/proc"))
writable = 0
for folder in ("/", "/dev", "/usr", "/etc", "/proc/sys/kernel", *map(os.path.dirname, (os.__file__, np.__file__))):
    try:
        open(os.path.join(folder, "written"), "w")
        writable += 1
    except OSError:
        pass
"""
    path = write_notebook(tmp_path / "spy.ipynb", (RIGHT[0], cell))
    found = _asked(sandbox, path, "np.array([files, sheets, environment, writable])")
    np.testing.assert_array_equal(found, 0)
    assert _asked(sandbox, path, "processes") <= 3


@linux
def test_no_network(sandbox: Sandbox, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        cell = f"""
import socket
reached = 0
for address in (("127.0.0.1", {server.getsockname()[1]}), ("1.1.1.1", 53), ("8.8.8.8", 53)):
    try:
        socket.create_connection(address, timeout=0.5).close()
        reached += 1
    except OSError:
        pass
"""
        assert _asked(sandbox, write_notebook(tmp_path / "net.ipynb", (RIGHT[0], cell)), "reached") == 0
        with pytest.raises(TimeoutError):
            server.accept()


@linux
def test_one_submission_sees_nothing_of_the_last(sandbox: Sandbox, tmp_path: Path) -> None:
    folders = "('/homework', '/dev/shm')"
    leave = f"import builtins\nbuiltins.left = np.left = 1\nfor f in {folders}: open(f + '/left', 'w')"
    look = f"import builtins, os\nfound = hasattr(builtins, 'left') + sum(len(os.listdir(f)) for f in {folders})"
    assert _asked(sandbox, write_notebook(tmp_path / "a.ipynb", (RIGHT[0], leave)), "left") == 1
    assert _asked(sandbox, write_notebook(tmp_path / "b.ipynb", (RIGHT[0], look)), "found") == 0


@linux
def test_neither_new_namespaces_nor_privileges(sandbox: Sandbox, tmp_path: Path) -> None:
    cell = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
gained = sum(libc.unshare(flag) == 0 for flag in (0x10000000, 0x20000, 0x20000000))
gained += libc.mount(b"none", b"/homework", b"tmpfs", 0, None) == 0
gained += os.getuid() == 0
for call in (lambda: os.setuid(0), lambda: os.chroot("/"), lambda: os.memfd_create("x")):
    try:
        call()
        gained += 1
    except OSError:
        pass
gained += libc.ptrace(16, 1, 0, 0) == 0
status = open("/proc/self/status").read() if os.path.exists("/proc/self/status") else "CapEff:\\t0000000000000000\\n"
gained += "CapEff:\\t0000000000000000\\n" not in status
"""
    assert _asked(sandbox, write_notebook(tmp_path / "more.ipynb", (RIGHT[0], cell)), "gained") == 0


@linux
def test_answers_that_were_made_up_beforehand_are_not_taken(sandbox: Sandbox, tmp_path: Path) -> None:
    cell = """
import json, os
def forge(message):
    body = json.dumps(message).encode()
    for number in range(3, 64):
        try:
            os.write(number, len(body).to_bytes(8, "big") + body)
        except OSError:
            pass
forge({"kind": "answered", "nonce": "0" * 32, "answer": {"kind": "has", "has": True}})
forge({"kind": "ran", "output": "forged"})
forge({"kind": "over", "code": 0, "test": 1})
"""
    path = write_notebook(tmp_path / "forger.ipynb", (RIGHT[0], cell))
    with path.open("rb") as file:
        attempt = sandbox.attempt(file.fileno(), Limits(seconds=10))
        try:
            attempt.run()
            with attempt.test(), contextlib.suppress(DeadError):
                assert not Student(attempt.ask).has("square")
        finally:
            attempt.close()


BORROWED = (
    "import sys\nsys.modules.pop('ipy_autodiff.engine', None)\nfrom ipy_autodiff.engine import *\nimport numpy as np"
)


@pytest.mark.parametrize("isolation", [*STRONG, "nbclient"])
def test_an_engine_of_ones_own_is_not_the_one_that_comes_along(
    grade: Grade, tmp_path: Path, sheet: Path, isolation: str
) -> None:
    if isolation in STRONG:
        try:
            Sandbox(isolation).close()
        except SandboxError as error:
            pytest.skip(str(error))
        cells = (BORROWED,)
    else:  # no wall there, but what is not done on purpose does not happen
        cells = ("from ipy_autodiff import Variable, square",)
    borrowed = write_notebook(tmp_path / "in" / "borrowed.ipynb", cells)
    right = write_notebook(tmp_path / "in" / "right.ipynb", RIGHT)
    options = ("--jobs", "1", "--timeout", "20", "--isolation", isolation)
    assert [row["score"] for row in grade(borrowed, right, options=options)] == ["5", "5"]
    sheet.write_text(sheet.read_text() + "\npytestmark = pytest.mark.own_engine\n")
    rows = grade(borrowed, right, options=options)
    assert [(row["test_value"], row["score"]) for row in rows] == [("missing", "0"), ("pass", "5")]


def test_weak_isolation_has_to_be_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ipy_autodiff.homework.sandbox.sandbox.Enclosed", _refused)
    with pytest.raises(SandboxError, match=r"bubblewrap.*namespaces"):
        Sandbox()


def _refused(isolation: Isolation, hidden: object = ()) -> None:
    raise SandboxError("not here")


SAME = ("right", "wrong", "nothing", "raises in the middle", "sys.exit", "os._exit after the work", "replaces json",
        "replaces np.allclose and the testing module", "NaN", "objects instead of numbers", "magics")  # fmt: skip


@pytest.mark.parametrize("isolation", ["limits", "nbclient"])
def test_weaker_isolation_gives_the_same_marks(
    grade: Grade, tmp_path: Path, isolation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if isolation == "limits" and sys.platform != "linux":
        pytest.skip("Linux only")
    paths = [write_notebook(tmp_path / "in" / f"{name.replace('/', '_')}.ipynb", NOTEBOOKS[name][0]) for name in SAME]
    rows = grade(*paths, options=("--jobs", "2", "--timeout", "20", "--isolation", isolation))
    assert {row["isolation"] for row in rows} == {isolation}
    assert f'Isolation "{isolation}"' in capsys.readouterr().out
    assert {name: (row["test_value"], row["test_gradient"]) for name, row in zip(SAME, rows, strict=True)} == {
        name: NOTEBOOKS[name][1] for name in SAME
    }


def test_answers_are_checked_before_they_are_believed() -> None:
    answers: list[object] = [
        {},
        {"kind": "value", "array": {"dtype": "|O8", "shape": [1], "data": ""}, "type": "ndarray"},
        {"kind": "value", "array": {"dtype": "<f8", "shape": [1000000], "data": ""}, "type": "ndarray"},
        {"kind": "value", "array": {"dtype": "<f8", "shape": [-1], "data": ""}, "type": "ndarray"},
        {"kind": "value", "array": {"dtype": "<f8", "shape": [True], "data": "AAAAAAAAAAA="}, "type": "ndarray"},
        {"kind": "value", "array": {"dtype": "<f8", "shape": [1], "data": "not base64!"}, "type": "ndarray"},
        {"kind": "value", "array": {"dtype": "|b1", "shape": [1], "data": "Ag=="}, "type": "ndarray"},
        {"kind": "value", "text": "a" * 2001, "type": "str"},
        {"kind": "raised", "type": 1},
        {"kind": "raised", "type": "E", "bases": ["a"] * 100},
        {"kind": "raised", "type": "E", "unknown": 1},
        {"kind": "gradients", "gradients": {}, "forward_calls": -1, "backward_calls": 0},
        {"kind": "gradients", "gradients": {}, "forward_calls": int("9" * 30), "backward_calls": 0},
        {"kind": "nothing"},
        "text",
        None,
    ]
    for answer in answers:
        with pytest.raises(GarbledError):
            decoded(json.dumps({"kind": "answered", "nonce": "", "answer": answer}).encode(), Reply)
    for content in (b"", b"{", b"[" * 100_000, b'{"kind":' * 100_000, b"9" * 5000, b'"\\ud800"', b"\xff", b"null"):
        with pytest.raises(GarbledError):
            decoded(content, Reply)
    with pytest.raises(AnswerError):
        Student(lambda _question: Value("ndarray")).value("x")


@linux
@pytest.mark.skipif("os.getuid() != 0", reason="only root's processes need another user")
def test_root_does_not_run_submissions_as_root(sandbox: Sandbox, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "who.ipynb", (RIGHT[0], "import os\nwho = os.getuid()"))
    assert _asked(sandbox, path, "who") != os.getuid()
