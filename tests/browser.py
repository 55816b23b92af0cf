"""A real Chromium and a real JupyterLab for tests that look at pages as people do.

``from tests.browser import chromium, jupyter_lab  # noqa: F401`` makes the fixtures known to a test module. However
many modules do so, one browser and one server are started.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

PATIENCE = 30_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


_BROWSER = pytest.StashKey[Any]()
_LAB = pytest.StashKey["JupyterLab"]()


@pytest.fixture
def chromium(pytestconfig: pytest.Config) -> Any:
    """The browser: Playwright's own where it is installed, else the system's. One for all tests."""
    if _BROWSER not in pytestconfig.stash:
        pytestconfig.stash[_BROWSER] = _start_browser(pytestconfig)
    return pytestconfig.stash[_BROWSER]


def _start_browser(config: pytest.Config) -> Any:
    sync_api = pytest.importorskip("playwright.sync_api")
    playwright = sync_api.sync_playwright().start()
    config.add_cleanup(playwright.stop)
    own = Path(playwright.chromium.executable_path)
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = str(own) if own.exists() else next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
    config.add_cleanup(browser.close)
    return browser


def _wait_until_drawn(page: Any) -> None:
    """Let ``goto`` return when the outputs of the page are drawn, which is soon after it has loaded."""
    goto = page.goto

    def opened(url: str) -> None:
        goto(url)
        page.wait_for_function("() => !document.querySelector('[data-autodiff=view]:not(.ad-drawn)')")

    page.goto = opened


@contextmanager
def offline_page(browser: Any, **options: Any) -> Iterator[Any]:
    """A new page without a network; what it tries to fetch and what its scripts raise fails the test."""
    context = browser.new_context(offline=True, **options)
    page = context.new_page()
    fetched: list[str] = []
    raised: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.on("pageerror", lambda error: raised.append(str(error)))
    if options.get("java_script_enabled", True):
        _wait_until_drawn(page)
    try:
        yield page
    finally:
        context.close()
    assert [url for url in fetched if not url.startswith(("file:", "data:", "about:"))] == []
    assert raised == []


@pytest.fixture
def open_html(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a page of this HTML as ``offline_page`` does, with its options."""
    opened = []

    def open_(html: str, **options: Any) -> Any:
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        manager = offline_page(chromium, **options)
        page = manager.__enter__()
        opened.append(manager)
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield open_
    for manager in opened:
        manager.__exit__(None, None, None)


@dataclass(frozen=True)
class JupyterLab:
    """A running JupyterLab: where it serves, which files it shows."""

    url: str
    token: str
    folder: Path
    environment: Mapping[str, str]

    def write(self, name: str, cells: list[str]) -> Path:
        """Write a notebook of code cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = self.folder / name
        nbformat.write(notebook, path)
        return path

    @contextmanager
    def open(self, browser: Any, name: str, *, ready: bool = True, **options: Any) -> Iterator[Any]:
        """Open a notebook in a new, empty workspace, and wait until it has its kernel (``ready``)."""
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        workspace = secrets.token_hex(4)
        page.goto(f"{self.url}/lab/workspaces/{workspace}/tree/{name}?token={self.token}")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        if ready:
            page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.isReady")
        try:
            yield page
        finally:
            context.close()

    @staticmethod
    def run_all(page: Any) -> None:
        """Run all cells of the notebook, and wait until they are done."""
        page.wait_for_function("() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'")
        page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")

    @staticmethod
    def save(page: Any) -> None:
        """Save the notebook as the menu does."""
        page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")

    def trust(self, path: Path) -> None:
        """Sign a notebook, as the command "Trust Notebook" does."""
        subprocess.run([sys.executable, "-m", "nbformat.sign", str(path)], env=self.environment, check=True)

    def kernels(self) -> list[dict[str, Any]]:
        """The kernels that run."""
        return list(self._ask("GET", "kernels"))

    def shut_down_kernels(self) -> None:
        """End all kernels, as closing a laptop does."""
        for session in self._ask("GET", "sessions"):
            self._ask("DELETE", f"sessions/{session['id']}")

    def _ask(self, method: str, what: str) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/{what}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            body = response.read()
        return json.loads(body) if body else None


@pytest.fixture
def jupyter_lab(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> JupyterLab:
    """JupyterLab on a free port of this machine, with a folder and settings of its own. One for all tests."""
    if _LAB not in pytestconfig.stash:
        pytest.importorskip("jupyterlab")
        notebooks, private = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter")
        pytestconfig.stash[_LAB] = _start_lab(pytestconfig, notebooks, private)
    return pytestconfig.stash[_LAB]


def _start_lab(config: pytest.Config, folder: Path, private: Path) -> JupyterLab:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(private / "config"),
        "JUPYTER_DATA_DIR": str(private / "data"),
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(private / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces"),
        "IPYTHONDIR": str(private / "ipython"),
    }
    quiet = private / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}", "--allow-root"]
    command += ["--ServerApp.port_retries=0", "--LabApp.expose_app_in_browser=True"]
    log = private / "log"
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    config.add_cleanup(lambda: _end(server))
    lab = JupyterLab(f"http://127.0.0.1:{port}", token, folder, environment)
    _wait_for(lab, server, log)
    return lab


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _wait_for(lab: JupyterLab, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            lab.kernels()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
