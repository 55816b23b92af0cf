"""Ctrl-C ends a watched loop whenever it is pressed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot interrupt itself there")
def test_no_interrupt_is_lost() -> None:
    command = [sys.executable, "-m", "tests.tracing.interrupting"]
    ran = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["0"], ran.stderr
