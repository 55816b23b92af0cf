"""The data that an output carries for the front end."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from typing import Any


def data_of(html: str) -> dict[str, Any]:
    """The data of the last output in a page."""
    packed = re.findall('<script type="module">const data="([^"]*)"', html)[-1]
    found: dict[str, Any] = json.loads(zlib.decompress(b64decode(packed)))
    return found
