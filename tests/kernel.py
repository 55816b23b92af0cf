"""A real kernel, and what its cells print, show, return and raise."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.manager import start_new_kernel

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Ran:
    """What one cell did."""

    stdout: str = ""
    stderr: str = ""
    value: str | None = None
    """The last expression's text, as ``Out[n]`` shows it."""
    error: str | None = None
    """``Name: text`` of what the cell raised."""
    traceback: str = ""
    status: str = ""
    displays: list[dict[str, Any]] = field(default_factory=list)
    updates: int = 0
    """How often something that was displayed was replaced."""

    @property
    def text(self) -> str:
        """All that was displayed, as plain text."""
        return "\n".join(shown.get("text/plain", "") for shown in self.displays)

    @property
    def html(self) -> str:
        """All that was displayed, as HTML."""
        return "\n".join(shown.get("text/html", "") for shown in self.displays)

    @property
    def plain(self) -> tuple[str, str, str | None, str | None]:
        """What a plain cell would have left as well."""
        return self.stdout, self.stderr, self.value, self.error


class Kernel:
    """A kernel of its own process. ``run`` takes a cell's code, ``stop`` ends the process."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def start(self, code: str) -> str:
        """Send a cell; ``finish`` waits for it."""
        return str(self.client.execute(code))

    def run(self, code: str, timeout: float = 60) -> Ran:
        """Send a cell and wait for it."""
        return self.finish(self.start(code), timeout)

    def finish(self, request: str, timeout: float = 60) -> Ran:
        """Wait for a cell that was sent."""
        ran = Ran()
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                setattr(ran, content["name"], getattr(ran, content["name"]) + content["text"])
            elif kind == "execute_result":
                ran.value = content["data"]["text/plain"]
            elif kind == "display_data":
                ran.displays.append(content["data"])
            elif kind == "update_display_data":
                ran.displays[-1] = content["data"]
                ran.updates += 1
            elif kind == "error":
                ran.error = f"{content['ename']}: {content['evalue']}"
                ran.traceback = _COLOURS.sub("", "\n".join(content["traceback"]))
            elif kind == "status" and content["execution_state"] == "idle":
                break
        ran.status = self.reply(request, timeout)["status"]
        return ran

    def reply(self, request: str, timeout: float = 60) -> dict[str, Any]:
        """The content of the reply to a request; what a slow start left in the channel is passed over."""
        while True:
            message = self.client.get_shell_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") == request:
                return dict(message["content"])

    def interrupt(self) -> None:
        """As the stop button does."""
        self.manager.interrupt_kernel()

    def stop(self) -> None:
        """End the process."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
