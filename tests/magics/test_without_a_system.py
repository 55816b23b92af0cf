"""The package where no thread, process or timer can be had, as in a browser's Python, and with a read-only home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, signal, subprocess, sys, threading

def refused(*_, **__):
    raise RuntimeError("not here")

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
sys.modules["resource"] = sys.modules["fcntl"] = sys.modules["multiprocessing"] = None
threading.Thread.start = subprocess.Popen.__init__ = refused
for owner, names in ((os, ("fork", "system", "posix_spawn")), (signal, ("signal", "setitimer", "alarm"))):
    for name in names:
        if hasattr(owner, name):
            setattr(owner, name, refused)

shell.run_line_magic("load_ext", "ipy_autodiff")
cell = "x = Variable(np.array(0.5))\\ny = square(exp(square(x)))\\ny.backward()\\n"
shell.run_cell_magic("autodiff", "t --lang en --show graph,steps,check,rules", cell)
shell.run_line_magic("autodiff", "y --lang en")
trace = shell.user_ns["t"]
assert trace.comparison.ok
assert trace.steps
assert trace.save(sys.argv[1]).stat().st_size > 400
assert not [name for name in sys.modules if name.startswith("ipy_autodiff.homework")]
"""


def _run(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(folder / "shown.html")]
    environment = {**os.environ, "IPYTHONDIR": str(folder), **variables}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, encoding="utf-8")


def test_a_cell_is_shown_without_threads_processes_and_timers(tmp_path: Path) -> None:
    done = _run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "could not show" not in done.stdout, done.stdout
    assert "agrees" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o500)
    nowhere = str(home / "not" / "there")
    done = _run(tmp_path, HOME=str(home), XDG_CACHE_HOME=nowhere, XDG_CONFIG_HOME=nowhere, JUPYTER_DATA_DIR=nowhere)
    assert done.returncode == 0, done.stderr
    assert "agrees" in done.stdout
    assert not list(home.iterdir())
