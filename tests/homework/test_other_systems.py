"""On systems without forks, namespaces and limits: the modules can be imported, and a notebook checks itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.homework.conftest import RIGHT

POOR = """
import ctypes, os, platform, select, signal, socket, subprocess, sys
import asyncio, concurrent.futures, multiprocessing, pty, tempfile
import IPython, nbclient, numpy, pytest, zmq, _pytest.capture
from IPython.core.interactiveshell import InteractiveShell

for module, names in {
    os: "fork getuid geteuid setuid setsid kill killpg pidfd_open getpgid O_NOFOLLOW O_NONBLOCK mkfifo WNOHANG",
    signal: "SIGKILL SIGALRM setitimer ITIMER_REAL pthread_sigmask SIGCHLD SIGHUP",
    socket: "AF_UNIX socketpair send_fds recv_fds SOCK_SEQPACKET",
    select: "poll epoll",
}.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
platform.system = lambda: "Windows"
library = ctypes.PyDLL.__init__
def nameless(self, name, *a, **k):
    if name is None:
        raise TypeError("there is no such library here")
    library(self, name, *a, **k)
ctypes.PyDLL.__init__ = nameless

from ipy_autodiff.homework import command, notebook
from ipy_autodiff.homework.grade import grading
from ipy_autodiff.homework.grade import reports
from ipy_autodiff.homework.sheet import session
from ipy_autodiff.homework.grade import worker_process as worker
from ipy_autodiff.homework.grade import worker_pool as workers
from ipy_autodiff.homework.sandbox.sandbox import Sandbox, SandboxError
from ipy_autodiff.homework.sandbox import nbclient_kernel as kernel
from ipy_autodiff.homework.sandbox.inside import kernel_side
from traitlets.config import Config

try:
    Sandbox()
except SandboxError:
    assert Sandbox("nbclient").isolation == "nbclient"
else:
    raise AssertionError("an isolation that this system does not have")
config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
for cell in CELLS:
    shell.run_cell(cell, store_history=True)
checked = notebook.check(shell, SHEET, language="en")
assert checked.ok, str(checked)
print("checked")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="is such a system already")
def test_a_poorer_system(sheet: Path) -> None:
    code = f"CELLS, SHEET = {RIGHT!r}, {str(sheet)!r}\n{POOR}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.strip().endswith("checked"), done.stderr
