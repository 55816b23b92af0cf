"""Pass questions and answers through a socket as JSON of limited size, and arrays in them without pickle.

What comes back from a submission is checked here: a frame's length before it is read, an array's dtype, shape and
length before it is built.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import socket
import time
from typing import Any

import numpy as np

from ipy_autodiff.tracing.graph import Array

__all__ = ["GarbledError", "pack", "receive", "send", "unpack"]

_DTYPE = re.compile(r"[<>|](?:b1|[iu][1248]|f[248]|c8|c16)")
_DIMENSIONS = 32


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


def pack(array: Array) -> dict[str, Any]:
    """An array of numbers or truth values as JSON. Raises ``TypeError`` for any other dtype, ``longdouble`` too."""
    array = np.ascontiguousarray(array).reshape(np.shape(array))
    if not _DTYPE.fullmatch(array.dtype.str):
        raise TypeError(f"an array of {array.dtype}")
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "data": base64.b64encode(array.tobytes()).decode("ascii"),
    }


def unpack(packed: object) -> Array:
    """The array that ``pack`` packed, writable. Raises ``GarbledError`` for anything else."""
    match packed:
        case {"dtype": str(dtype), "shape": list(shape), "data": str(data)} if _DTYPE.fullmatch(dtype):
            pass
        case _:
            raise GarbledError("no array")
    if len(shape) > _DIMENSIONS or not all(type(side) is int and 0 <= side <= len(data) for side in shape):
        raise GarbledError("an array's shape is out of bounds")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise GarbledError(f"an array's data: {error}") from None
    kind = np.dtype(dtype)
    if math.prod(shape) * kind.itemsize != len(content):
        raise GarbledError("an array's data does not fill its shape")
    if kind.kind == "b" and content.strip(b"\0\1"):
        raise GarbledError("a truth value that is neither true nor false")
    return np.frombuffer(content, kind).reshape(shape).copy()


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
