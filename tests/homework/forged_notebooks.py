"""Notebooks that are written in text files beside this: some that try to get marks for wrong code, some honest ones."""

from __future__ import annotations

import re
from pathlib import Path

from tests.homework.conftest import ENGINE, SQUARE

__all__ = ["EARNED", "FORGED", "HONEST"]

_WRONG = SQUARE.replace("x ** 2", "x * 3").replace("2 * self.input.data * gy", "gy")
_PACKED = """
import base64, json, os, sys
def value(array):
    data = base64.b64encode(array.tobytes()).decode()
    return {"kind": "value", "type": "ndarray", "array": {"dtype": "<f8", "shape": list(array.shape), "data": data}}
def answer_to(message):
    x = np.frombuffer(base64.b64decode(message["inputs"]["x"]["data"])).reshape(message["inputs"]["x"]["shape"])
    found = value(x ** 2) if message["ask"] == "value" else {
        "kind": "gradients", "gradients": {"x": value(4 * x ** 3)}, "forward_calls": 2, "backward_calls": 3}
    body = json.dumps({"kind": "answered", "nonce": message["nonce"], "answer": found}).encode()
    return len(body).to_bytes(8, "big") + body + bytes(16)
"""
_STEALING = (
    _PACKED
    + """
import threading
read, write = (getattr(os, "".join(map(chr, name))) for name in ((114, 101, 97, 100), (119, 114, 105, 116, 101)))
def exactly(number, count):
    data = b""
    while len(data) < count:
        data += read(number, count - len(data))
    return data
def steal(number):
    while True:
        try:
            body = exactly(number, int.from_bytes(exactly(number, 8), "big"))
            message = json.loads(body)
            if message["kind"] == "question":
                write(number, answer_to(message))
        except OSError:
            return
"""
)
_FORGING = (
    _PACKED
    + """
def found_from(frame, wanted):
    while frame is not None:
        for held in list(frame.f_locals.values()):
            for one in (held, *vars(held).values()) if hasattr(held, "__dict__") else (held,):
                if wanted(one):
                    return one
        frame = frame.f_back
def forge(frame):
    message = found_from(frame, lambda one: hasattr(one, "nonce"))
    channel = found_from(frame, lambda one: hasattr(one, "sendall"))
    x = {"data": base64.b64encode(message.inputs["x"].data), "shape": message.inputs["x"].shape}
    channel.sendall(answer_to({"ask": message.ask, "nonce": message.nonce, "inputs": {"x": x}}))
"""
)
_NAMES = {
    "ENGINE": ENGINE, "SQUARE": SQUARE, "WRONG": _WRONG, "PACKED": _PACKED, "STEALING": _STEALING, "FORGING": _FORGING,
}  # fmt: skip


def _cell(text: str) -> str:
    def named(line: re.Match[str]) -> str:
        name, first = line.groups()
        return _NAMES[name].replace("return x * 3", f"{first}\n        return x * 3") if first else _NAMES[name]

    return re.sub(r"^@([A-Z]+) ?(.*)$", named, text, flags=re.MULTILINE)


def _notebooks(name: str) -> dict[str, tuple[str, ...]]:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    found = {}
    for part in text.split("\n=== ")[1:]:
        title, _, cells = part.partition("\n")
        found[title] = tuple(_cell(cell) for cell in cells.split("\n---\n"))
    return found


FORGED = _notebooks("forged_notebooks.txt")
HONEST = _notebooks("honest_notebooks.txt")
EARNED = {"differences": {"test_value"}}
"""The tests of the sheet about squaring that a forged notebook passes by right."""
