"""The built files are those of the modules they are built from, and the modules do what their tests say."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ipy_autodiff import front_end

FOLDER = Path(front_end.__file__).parent


@pytest.fixture
def npm() -> str:
    found = shutil.which("npm")
    if found is None or not (FOLDER / "node_modules").is_dir():
        pytest.skip("the front end's tools are not installed: npm --prefix ipy_autodiff/front_end ci")
    return found


@pytest.mark.parametrize("script", ["fresh", "check", "lint", "test"])
def test_the_front_end_is_in_order(npm: str, script: str) -> None:
    ran = subprocess.run([npm, "run", "--silent", script], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]


def test_a_built_file_that_is_stale_is_named_with_the_command_to_run(npm: str, tmp_path: Path) -> None:
    copy = tmp_path / "front_end"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    (copy / "node_modules").symlink_to(FOLDER / "node_modules")
    page = copy / "built" / "page.js"
    page.write_text(page.read_text(encoding="utf-8") + "//", encoding="utf-8")
    ran = subprocess.run([npm, "run", "--silent", "fresh"], cwd=copy, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "page.js" in ran.stderr
    assert "npm --prefix ipy_autodiff/front_end run build" in ran.stderr
