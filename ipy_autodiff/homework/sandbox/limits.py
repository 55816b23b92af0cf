"""Say how much time, memory, output and how many processes one notebook may use, and hold a process to it."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

resource: ModuleType | None
try:
    import resource
except ImportError:  # Windows
    resource = None

__all__ = ["Limits", "hold", "mapped_bytes", "resident_bytes", "use_the_reserve"]

_RESERVE = 16
_RESERVED_BYTES = 256 << 20


@dataclass(frozen=True)
class Limits:
    """What one notebook may use, all its cells and all the questions about it together."""

    seconds: float = 60.0
    """Wall time of the whole notebook."""
    memory: int = 1024
    """MB that a process may add to what the libraries need; all of its processes together, twice as much."""
    file_megabytes: int = 64
    """MB of files, all together."""
    processes: int = 64
    """Processes and threads at a time."""
    output: int = 1_000_000
    """Characters of output that are kept; what goes beyond is dropped, and costs no marks."""
    answer: int = 16_000_000
    """Bytes of one answer."""
    notebook: int = 256_000_000
    """Bytes of the notebook's file."""
    cells: int = 20_000
    """Code cells."""
    engine: bool = True
    """Whether the engine that comes along may be imported: not where students are to write one."""

    def record(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


def hold(limits: Limits, *, processes: bool, mapped: int) -> None:
    """Sets the resource limits of this process and all that it starts; ``processes`` where they are counted apart.

    Memory is limited to the ``mapped`` bytes and ``limits.memory`` more. Where a system has no such limit (macOS knows
    no limit of memory, Windows none at all) it is left out.
    """
    if resource is None:
        return

    def limit(name: str, soft: int, hard: int | None = None) -> None:
        number = getattr(resource, name, None)
        if number is None:
            return
        ceiling = resource.getrlimit(number)[1]
        wanted = [value if ceiling == resource.RLIM_INFINITY else min(value, ceiling) for value in (soft, hard or soft)]
        with contextlib.suppress(ValueError, OSError):  # the system knows the name, and does not hold to it
            resource.setrlimit(number, (wanted[0], wanted[1]))

    seconds = max(1, int(limits.seconds + 1))
    limit("RLIMIT_CPU", seconds, seconds + 1)
    limit("RLIMIT_FSIZE", limits.file_megabytes << 20)
    limit("RLIMIT_CORE", 0)
    limit("RLIMIT_NOFILE", 256)
    limit("RLIMIT_MEMLOCK", 65536)
    limit("RLIMIT_MSGQUEUE", 0)
    if processes:
        limit("RLIMIT_NPROC", limits.processes, limits.processes + _RESERVE)
    if mapped:
        most = mapped + (limits.memory << 20)
        limit("RLIMIT_AS", most, most + _RESERVED_BYTES)


def use_the_reserve() -> None:
    """Lets this process take a little more than the notebook could, for the questions."""
    if resource is None:
        return
    with contextlib.suppress(ValueError, OSError):
        for number in (resource.RLIMIT_NPROC, resource.RLIMIT_AS):
            hard = resource.getrlimit(number)[1]
            resource.setrlimit(number, (hard, hard))


def mapped_bytes() -> int:
    """Bytes of address space that this process has mapped; 0 where the system does not say."""
    return _statm(0)


def resident_bytes(process: int | str = "self") -> int:
    """Bytes of memory that a process holds; 0 where the system does not say."""
    return _statm(1, process)


def _statm(field: int, process: int | str = "self") -> int:
    try:
        with open(f"/proc/{process}/statm", "rb") as file:  # noqa: PTH123 - read every few milliseconds
            return int(file.read().split()[field]) * 4096
    except (OSError, IndexError):
        return 0
