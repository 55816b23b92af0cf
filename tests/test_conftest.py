"""Where CI asks for it, a test that did not run has failed; elsewhere it is skipped as always."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_skips():
    pytest.skip("lacks something")

@pytest.mark.skipif(True, reason="lacks something")
def test_is_skipped():
    pass

@pytest.mark.xfail(reason="lacks something", run=False)
def test_is_not_run():
    pass

@pytest.mark.xfail(reason="not yet right")
def test_fails_as_expected():
    assert False

def test_passes():
    pass
"""


@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", "1 failed, 1 passed, 1 xfailed, 2 errors"), ("", "1 passed, 2 skipped, 2 xfailed")]
)
def test_what_does_not_run_fails_in_ci(ci: str, outcome: str, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_bytes(Path(__file__).with_name("conftest.py").read_bytes())
    (tmp_path / "test_skipping.py").write_text(TESTS, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "markers=lab browser torch",
        "test_skipping.py",
    ]
    ran = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"CI": ci}, capture_output=True, text=True, check=False
    )
    assert outcome in ran.stdout
