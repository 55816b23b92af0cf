"""Pass structs through a socket as JSON of limited size: a frame's length is checked before it is read.

Whatever is received is decoded into the struct that was agreed on, so that nothing else can come in. What a sandbox
sends is signed, so that who has the socket alone can say nothing. Imports little: the grader's side of a sandbox starts
before anything large is loaded.
"""

from __future__ import annotations

import hmac
import socket
import time
from collections.abc import Iterable, Iterator
from functools import cache, partial
from hashlib import blake2b
from itertools import tee
from operator import methodcaller
from typing import Any

import msgspec

__all__ = [
    "ForgedError",
    "GarbledError",
    "TooLongError",
    "decoded",
    "encoded",
    "framed",
    "prepare",
    "receive",
    "send",
    "signed",
]

_encode = msgspec.json.Encoder().encode
_SIGNATURE = 16


class GarbledError(Exception):
    """What came in is not what was agreed on."""


class ForgedError(GarbledError):
    """A message is not signed by whom it should come from."""


class TooLongError(GarbledError):
    """A message is longer than it may be: it is not read, and nothing after it can be."""


def encoded(message: msgspec.Struct) -> bytes:
    """A struct as JSON; bytes in it as base64."""
    return _encode(message)


def decoded(content: bytes, kind: Any) -> Any:
    """The struct, of class ``kind`` or of one of a union of classes, that ``encoded`` encoded.

    Raises ``GarbledError`` for anything else: another shape, a number or a length out of bounds, too deep a nesting.
    """
    try:
        return _decoder(kind).decode(content)
    except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError) as error:
        raise GarbledError(f"{type(error).__name__}: {error}") from None


def framed(message: msgspec.Struct) -> bytes:
    """A message as it is sent: eight bytes of length, then JSON."""
    body = _encode(message)
    return len(body).to_bytes(8, "big") + body


def signed(frames: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """Each frame with its signature behind it.

    Nothing but iterators of the interpreter's own holds the key: no frame of Python that code could look into.
    """
    plain, hashed = tee(frames)
    signatures = map(methodcaller("digest"), map(partial(blake2b, digest_size=_SIGNATURE, key=key), hashed))
    return map(b"".join, zip(plain, signatures, strict=True))


def send(channel: socket.socket, message: msgspec.Struct) -> None:
    """Sends a message, unsigned."""
    channel.sendall(framed(message))


def receive(
    channel: socket.socket, kind: Any, limit: int, deadline: float | None = None, key: bytes | None = None
) -> Any:
    """The next message, decoded as ``kind``, or None where the other side is gone.

    ``deadline`` is a ``time.monotonic()``. With a ``key`` it has to be signed. Raises ``TimeoutError`` when it passes,
    and ``GarbledError`` for a message longer than ``limit`` bytes, one that does not decode or is not signed; only
    after the last two can one go on to receive.
    """
    head = _exactly(channel, 8, deadline)
    if head is None:
        return None
    length = int.from_bytes(head, "big")
    if length > limit:
        raise TooLongError(f"a message of {length} bytes")
    body = _exactly(channel, length, deadline)
    if body is None:
        return None
    if key is not None:
        signature = _exactly(channel, _SIGNATURE, deadline)
        if signature is None:
            return None
        if not hmac.compare_digest(signature, blake2b(head + body, digest_size=_SIGNATURE, key=key).digest()):
            raise ForgedError(f"a message of {length} bytes without its signature")
    return decoded(body, kind)


def prepare(kind: Any) -> None:
    """Makes the decoder of this kind now: later, what it needs may have been taken away."""
    _decoder(kind)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


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
