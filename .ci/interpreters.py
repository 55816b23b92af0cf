"""Run the core of the suite on every other Python from 3.11 that this machine has, and say which those were.

    python .ci/interpreters.py [--lowest | --newest] [VERSION ...]

Each gets an environment of its own. A Python that is named and missing is fetched by uv. ``--lowest`` installs, by uv,
the lowest versions that pyproject.toml allows, ``--newest`` the newest there are; otherwise the lock file decides.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIRST = (3, 11)
CORE = ("tests/messages", "tests/tracing", "tests/engine/test_function.py", "tests/engine/test_backward.py",
        "tests/engine/test_variable.py", "tests/gradcheck/test_comparison.py", "tests/magics/test_options.py",
        "tests/magics/test_terminal.py", "tests/magics/test_like_a_plain_cell.py",
        "tests/magics/test_without_a_system.py")  # fmt: skip
TOOLS = ("hypothesis", "ipykernel", "mpmath", "nbconvert", "pytest", "pytest-xdist")


def found() -> list[str]:
    """The interpreters of this machine: on the path, of pyenv and of uv; of each other minor version the latest."""
    candidates = [Path(name) for name in map(shutil.which, (f"python3.{minor}" for minor in range(11, 30))) if name]
    candidates += Path.home().glob(".pyenv/versions/*/bin/python3")
    if shutil.which("uv"):
        command = ["uv", "python", "list", "--only-installed"]
        listed = subprocess.run(command, capture_output=True, text=True, check=False)
        candidates += [Path(line.split()[1]) for line in listed.stdout.splitlines() if len(line.split()) > 1]
    latest: dict[tuple[int, int], tuple[tuple[int, int, int], str]] = {}
    for path in candidates:
        version = _version(path)
        if version is not None and version[:2] >= FIRST and version[:2] != sys.version_info[:2]:
            latest[version[:2]] = max(latest.get(version[:2], ((0, 0, 0), "")), (version, str(path)))
    return [path for _, path in sorted(latest.values())]


def _version(path: Path) -> tuple[int, int, int] | None:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    match = re.fullmatch(r"Python (\d+)\.(\d+)\.(\d+)\S*", done.stdout.strip())
    return None if match is None else (int(match[1]), int(match[2]), int(match[3]))


def _uv() -> str:
    path = shutil.which("uv")
    if path is None:
        sys.exit("uv is missing: pip install uv")
    return path


def run(python: str, versions: list[str], folder: Path) -> bool:
    """Runs the core on one interpreter; returns whether all of it passed."""
    environment = folder / re.sub(r"\W", "_", python)
    if Path(python).exists():
        subprocess.run([python, "-m", "venv", environment], check=True)
    else:
        subprocess.run([_uv(), "venv", "-q", "--seed", "--python", python, environment], check=True)
    inside = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [inside, "-m", "pip", "install", "-q"]
    if versions[0] != "-c":
        install = [_uv(), "pip", "install", "-q", "--python", inside]
    subprocess.run([*install, *versions, f"{ROOT}[homework]", *TOOLS], check=True)
    subprocess.run([inside, "--version"], check=True)
    tests = [str(ROOT / name) for name in CORE if (ROOT / name).exists()]
    options = ["-q", "-p", "no:cacheprovider", "-m", "not browser and not lab and not torch"]
    if versions[0] == "--resolution":
        options += ["-W", "ignore"]  # what other versions deprecate is not ours to mend
    return subprocess.run([inside, "-m", "pytest", *options, *tests], cwd=ROOT, check=False).returncode == 0


def main(words: list[str]) -> None:
    """Runs it on those that are named, or on all."""
    versions = ["-c", str(ROOT / "requirements.lock")]
    if "--lowest" in words:
        versions = ["--resolution", "lowest-direct"]
    elif "--newest" in words:
        versions = ["--resolution", "highest"]
    pythons = [word for word in words if not word.startswith("-")] or found()
    with tempfile.TemporaryDirectory() as folder:
        passed = {python: run(python, versions, Path(folder)) for python in pythons}
    for python, right in passed.items():
        sys.stdout.write(f"{'passed' if right else 'FAILED'} {python}\n")
    if not passed:
        sys.stdout.write("There is no other Python from 3.11 on this machine.\n")
    if not all(passed.values()):
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
