"""Run the steps 23 to 60 of a book's repository as cells, plain and shown, and compare: ``python -m`` this, or a test.

The repository is where the environment variable ``BOOK_REPOSITORY`` says; none of its code is here. Data that it would
fetch are drawn at random, epochs are few, and pictures that need another program are left out.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
import types
from collections.abc import Mapping
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

STEPS = tuple(step for step in range(23, 61) if step not in (25, 30, 31, 32, 55, 56))
"""The steps with code that deals with Variables."""
_SMALLER = (
    (r"max_epoch = \d+", "max_epoch = 2"),
    (r"iters = \d{3,}", "iters = 60"),
    (r"max_iter = \d+", "max_iter = 60"),
    (r"h = 0\.001", "h = 0.1"),
    (r"VGG16\(pretrained=True\)", "VGG16(pretrained=False)"),
    (r"VGG16\.preprocess\(img\)", "VGG16.preprocess(img, size=(32, 32))"),
    (r"time: \{:\.4f\}\[sec\]", "{:.0s}"),
    (r"epoch \+ 1, sum_loss / len\(train_set\), elapsed_time", "epoch + 1, sum_loss / len(train_set), ''"),
)


def step_source(repository: Path, step: int) -> str:
    source = (repository / "steps" / f"step{step}.py").read_text(encoding="utf-8")
    for pattern, smaller in _SMALLER:
        source = re.sub(pattern, smaller, source)
    return "import os\n" + source


def cells_of(source: str) -> list[str]:
    """The imports and settings, and the rest."""
    lines = source.splitlines(keepends=True)
    last = max((at for at, line in enumerate(lines) if re.match(r"(import|from) ", line)), default=-1)
    return ["".join(lines[: last + 1]), "".join(lines[last + 1 :])]


def _prepare(repository: Path) -> None:
    os.environ["MPLBACKEND"] = "Agg"
    sys.path.insert(0, str(repository))
    named: list[Any] = [import_module(f"dezero.{name}") for name in ("datasets", "models", "utils")]
    datasets, models, utils = named

    def drawn(self: Any) -> None:
        rng = np.random.default_rng(1)
        self.data = rng.integers(0, 256, (500, 1, 28, 28), dtype=np.uint8)
        self.label = rng.integers(0, 10, 500, dtype=np.uint8)

    def image(url: str, file_name: str | None = None) -> str:
        from PIL import Image

        pixels = np.random.default_rng(2).integers(0, 256, (48, 48, 3), dtype=np.uint8)
        Image.fromarray(pixels).save("drawn.png")
        return "drawn.png"

    datasets.MNIST.prepare = drawn
    datasets.ImageNet.labels = staticmethod(lambda: {number: f"kind {number}" for number in range(5000)})
    utils.get_file = image
    for module in (utils, models.utils):
        module.plot_dot_graph = lambda *_, **__: None
    models.Model.plot = lambda *_, **__: None


def fingerprints(namespace: Mapping[str, Any]) -> dict[str, str]:
    """What the notebook's own objects hold, by name, to the last bit."""
    seen: set[int] = set()
    found: dict[str, str] = {}
    for name, value in sorted(namespace.items(), key=lambda pair: pair[0]):
        if not name.startswith("_") and name not in ("In", "Out", "exit", "quit", "get_ipython", "start", "trace"):
            found.update(_held(name, value, seen, 0))
    return found


def _held(name: str, value: Any, seen: set[int], depth: int) -> dict[str, str]:
    if isinstance(value, np.ndarray | np.generic):
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]
        return {name: f"{value.dtype} {np.shape(value)} {digest}"}
    if isinstance(value, str | int | float | bool) or value is None:
        return {name: repr(value)}
    if depth > 6 or id(value) in seen or isinstance(value, type | types.FunctionType | types.ModuleType):
        return {}
    seen.add(id(value))
    if isinstance(value, dict):
        keys = [place if isinstance(key, int) else key for place, key in enumerate(value)]  # an optimizer's are ids
        items = [(str(key), item) for key, item in zip(keys, value.values(), strict=True)]
    elif isinstance(value, list | tuple):
        items = [(str(place), item) for place, item in enumerate(value)]
    else:
        items = list(getattr(value, "__dict__", {}).items())
    found = {name: type(value).__name__}
    for key, item in items:
        found.update(_held(f"{name}.{key}", item, seen, depth + 1))
    return found


def run_step(repository: Path, step: int, shown: bool, directory: Path) -> dict[str, Any]:
    """In this process: what the step prints, raises and leaves, and the view of it."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    os.chdir(directory)
    np.random.seed(7)  # noqa: NPY002 - the steps draw from it
    _prepare(repository)
    shell = InteractiveShell.instance()
    shell.user_ns["_repr"] = repr
    if shown:
        shell.run_cell("%load_ext ipy_autodiff")
    result: dict[str, Any] = {"step": step, "shown": shown}
    printed, texts = io.StringIO(), []
    started = time.perf_counter()
    for cell in cells_of(step_source(repository, step)):
        with capture_output() as captured:
            ran = shell.run_cell(f"%%autodiff trace\n{cell}" if shown else cell, silent=False)
        printed.write(re.sub(r"\x1b\[[0-9;]*m", "", captured.stdout if ran.error_in_exec is None else ""))
        texts += [output.data.get("text/plain", "") for output in captured.outputs]
        error = ran.error_in_exec or ran.error_before_exec
        result["error"] = None if error is None else f"{type(error).__name__}: {error}"
    result["seconds"] = round(time.perf_counter() - started, 2)
    result["printed"] = printed.getvalue()
    trace = shell.user_ns.get("trace")
    if shown:
        result["text"] = "\n".join(texts)
        result["view"] = None if trace is None else view_of(trace)
    result["left"] = fingerprints(shell.user_ns)
    return result


def view_of(trace: Any) -> dict[str, Any]:
    recording = trace.recording
    return {
        "of": None if recording.of is None else recording.of.name,
        "functions": len(trace.graph.functions),
        "swept_by": recording.swept_by,
        "ok": trace.comparison.ok,
        "rows": [f"{row.name}: {row.verdict}" for row in trace.comparison.rows if row.verdict != "pass"],
        "blame": [diagnosis.code for diagnosis in trace.blame],
        "mistakes": [diagnosis.code for diagnosis in trace.findings if diagnosis.mistake],
        "left_out": list(recording.left_out),
    }


def compared(repository: Path, step: int, directory: Path, timeout: float = 300) -> dict[str, Any]:
    """Both runs, each in a process of its own, and whether they are alike."""
    runs = []
    for shown in (False, True):
        for left in directory.iterdir():
            left.unlink()
        command = [sys.executable, "-m", __name__ if __name__ != "__main__" else "tests.tracing.book_steps"]
        command += [str(repository), str(step), "shown" if shown else "plain", str(directory)]
        environment = os.environ | {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    plain: dict[str, Any] = runs[0]
    shown_run: dict[str, Any] = runs[1]
    shown_run["plain_seconds"] = plain["seconds"]
    shown_run["unlike"] = [key for key in ("printed", "error", "left") if plain[key] != shown_run[key]]
    left, plain_left = shown_run.pop("left"), plain["left"]
    shown_run["differ"] = sorted(key for key in {*left, *plain_left} if left.get(key) != plain_left.get(key))[:6]
    return shown_run


def main() -> None:
    if len(sys.argv) == 5:
        with redirect_stdout(io.StringIO()):
            result = run_step(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "shown", Path(sys.argv[4]))
        print(json.dumps(result))
        return
    import tempfile

    repository = Path(os.environ["BOOK_REPOSITORY"])
    for step in [int(argument) for argument in sys.argv[1:]] or STEPS:
        with tempfile.TemporaryDirectory() as directory:
            try:
                found = compared(repository, step, Path(directory))
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                print(step, type(error).__name__, str(error)[-300:], flush=True)
                continue
        shown = {key: value for key, value in found.items() if key not in ("printed", "text", "shown")}
        print(json.dumps(shown, ensure_ascii=False), flush=True)
        if not found["view"] or os.environ.get("BOOK_TEXT"):
            print(found["text"], flush=True)


if __name__ == "__main__":
    main()
