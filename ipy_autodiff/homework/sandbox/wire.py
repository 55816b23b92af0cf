"""Pass questions and answers through a socket as JSON of limited size: a frame's length is checked before it is read.

Imports little: the grader's side of a sandbox starts before anything large is loaded.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any

__all__ = ["GarbledError", "receive", "send"]


class GarbledError(Exception):
    """What came through the socket is not what was agreed."""


def send(channel: socket.socket, message: dict[str, Any]) -> None:
    """Sends a message: eight bytes of length, then JSON."""
    body = json.dumps(message).encode()
    channel.sendall(len(body).to_bytes(8, "big") + body)


def receive(channel: socket.socket, limit: int, deadline: float | None = None) -> dict[str, Any] | None:
    """The next message, or None where the other side is gone.

    ``deadline`` is a ``time.monotonic()``. Raises ``TimeoutError`` when it passes, and ``GarbledError`` for a message
    longer than ``limit`` bytes or one that is not a JSON object.
    """
    head = _exactly(channel, 8, deadline)
    if head is None:
        return None
    length = int.from_bytes(head, "big")
    if length > limit:
        raise GarbledError(f"an answer of {length} bytes")
    body = _exactly(channel, length, deadline)
    if body is None:
        return None
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise GarbledError(f"no JSON: {error}") from None
    if not isinstance(message, dict):
        raise GarbledError("no JSON object")
    return message


def _exactly(channel: socket.socket, count: int, deadline: float | None) -> bytes | None:
    pieces = bytearray()
    while len(pieces) < count:
        if deadline is None:
            channel.settimeout(None)
        else:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            channel.settimeout(left)
        try:
            piece = channel.recv(min(count - len(pieces), 1 << 20))
        except ConnectionError:
            return None
        if not piece:
            return None
        pieces += piece
    return bytes(pieces)
