"""Call Linux where Python 3.11 has no function for it: namespaces, mounts, capabilities, system call filters.

Every function raises ``OSError`` where the kernel says no; none of them is to be called on another system.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import signal
import struct
from typing import Any

__all__ = [
    "die_with_parent",
    "drop_capabilities",
    "enter",
    "forbid",
    "mount",
    "mount_attributes_read_only",
    "no_new_privileges",
    "pivot_root",
    "supported",
    "undumpable",
    "unmount",
    "unshare",
]

NEW_MOUNTS = 0x00020000
NEW_HOST_NAME = 0x04000000
NEW_IPC = 0x08000000
NEW_USER = 0x10000000
NEW_PROCESSES = 0x20000000
NEW_NETWORK = 0x40000000

READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC = 1, 2, 4, 8
REMOUNT, BIND, RECURSIVE, PRIVATE = 32, 4096, 16384, 1 << 18

# Numbers of the system calls, by machine. The filter needs them all; the other functions need the first three.
_NUMBERS = {
    "x86_64": {
        "clone": 56, "pivot_root": 155, "mount_setattr": 442,
        "clone3": 435, "unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "memfd_create": 319,
        "memfd_secret": 447, "shmget": 29, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311,
        "io_uring_setup": 425, "bpf": 321, "add_key": 248, "request_key": 249, "keyctl": 250, "userfaultfd": 323,
        "perf_event_open": 298, "open_by_handle_at": 304, "kexec_load": 246, "fsopen": 430, "move_mount": 429,
        "open_tree": 428, "msgget": 68, "semget": 64, "mq_open": 240, "socket": 41,
    },
    "aarch64": {
        "clone": 220, "pivot_root": 41, "mount_setattr": 442,
        "clone3": 435, "unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "memfd_create": 279,
        "memfd_secret": 447, "shmget": 194, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271,
        "io_uring_setup": 425, "bpf": 280, "add_key": 217, "request_key": 218, "keyctl": 219, "userfaultfd": 282,
        "perf_event_open": 241, "open_by_handle_at": 265, "kexec_load": 104, "fsopen": 430, "move_mount": 429,
        "open_tree": 428, "msgget": 186, "semget": 190, "mq_open": 180, "socket": 198,
    },
}  # fmt: skip
_FAMILIES = (1, 2, 10)  # sockets within a namespace: Unix, IPv4, IPv6
_AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


@functools.cache
def _libc() -> Any:
    """The C library of this process, looked for when it is needed: not every system has it by this name."""
    return ctypes.PyDLL(None, use_errno=True)


def supported() -> bool:
    """Whether the numbers of this machine's system calls are known."""
    return platform.system() == "Linux" and platform.machine() in _NUMBERS


def unshare(flags: int) -> None:
    """Moves this process into new namespaces (``unshare(2)``)."""
    _checked(_libc().unshare(flags), "unshare")


def enter(namespace: int, kind: int) -> None:
    """Moves this process, or where its next children go, into the namespace that is opened as ``namespace``."""
    _checked(_libc().setns(namespace, kind), "setns")


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, options: str | None = None) -> None:
    """``mount(2)``."""
    arguments = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    data = None if options is None else options.encode()
    _checked(_libc().mount(*arguments, ctypes.c_ulong(flags), data), f"mount {target}")


def unmount(target: str) -> None:
    """Detaches what is mounted at ``target``, at once for the namespace, in the end for all."""
    detach = 2
    _checked(_libc().umount2(os.fsencode(target), detach), f"unmount {target}")


def mount_attributes_read_only(target: str) -> None:
    """Makes a mount and all below it read-only, without set-user-id programs and devices (Linux 5.12)."""
    attributes = struct.pack("=QQQQ", READ_ONLY | NO_SUID | NO_DEVICES, 0, 0, 0)
    call, here, recursive = _NUMBERS[platform.machine()]["mount_setattr"], -100, 0x8000
    _checked(
        _libc().syscall(call, here, os.fsencode(target), recursive, attributes, ctypes.c_size_t(len(attributes))),
        f"mount_setattr {target}",
    )


def pivot_root(new: str) -> None:
    """Makes ``new``, a mount, the root of the file system, and takes the old one away."""
    os.chdir(new)
    _checked(_libc().syscall(_NUMBERS[platform.machine()]["pivot_root"], b".", b"."), "pivot_root")
    unmount(".")
    os.chdir("/")


def no_new_privileges() -> None:
    """No program that this process starts can gain rights."""
    _control(38, 1)


def undumpable() -> None:
    """Other processes of the same user cannot read this one's memory, files or environment."""
    _control(4, 0)


def dumpable() -> None:
    """Gives this process its own ``/proc`` entries back, which a change of user took away."""
    _control(4, 1)


def die_with_parent() -> None:
    """Lets this process be killed when the thread that started it ends."""
    _control(1, signal.SIGKILL)


def subreaper() -> None:
    """Orphans among the descendants become children of this process."""
    _control(36, 1)


def drop_capabilities() -> None:
    """Gives up every capability; with ``no_new_privileges`` no program that is started gets one back."""
    header = struct.pack("=Ii", 0x20080522, 0)
    _checked(_libc().capset(header, bytes(24)), "capset")


def forbid() -> None:
    """From here on the system calls that make namespaces, memory without a limit or spies fail with ``EPERM``.

    So do sockets of a family that a network namespace may not hold, such as those that lead to a machine's host.

    Needs ``no_new_privileges``. A ``clone3`` is answered as if the kernel did not know it, since a filter cannot read
    its flags; the C library then uses ``clone``, whose flags it can. A call by another machine's numbers is refused.
    """
    machine = platform.machine()
    numbers = _NUMBERS[machine]
    first_argument, refuse, unknown, allow = 16, 0x00050001, 0x00050026, 0x7FFF0000
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    denied = [number for name, number in numbers.items() if name not in ("clone", "clone3", "socket")]
    program: list[tuple[int, int, int, int]] = [
        (load, 0, 0, 4),
        (equal, 1, 0, _AUDIT_ARCHITECTURE[machine]),
        (answer, 0, 0, refuse),
        (load, 0, 0, 0),
        (at_least, 0, 1, 0x40000000),
        (answer, 0, 0, refuse),
        (equal, 0, 1, numbers["clone3"]),
        (answer, 0, 0, unknown),
    ]
    for number in denied:
        program += [(equal, 0, 1, number), (answer, 0, 0, refuse)]
    program += [
        (equal, 0, 3 + len(_FAMILIES), numbers["socket"]),
        (load, 0, 0, first_argument),
        *((equal, len(_FAMILIES) - index, 0, family) for index, family in enumerate(_FAMILIES)),
        (answer, 0, 0, refuse),
        (answer, 0, 0, allow),
    ]
    namespaces = NEW_USER | NEW_MOUNTS | NEW_PROCESSES | NEW_NETWORK | NEW_IPC | NEW_HOST_NAME
    program += [
        (equal, 0, 3, numbers["clone"]),
        (load, 0, 0, first_argument),
        (any_bit, 0, 1, namespaces),
        (answer, 0, 0, refuse),
        (answer, 0, 0, allow),
    ]
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code)
    filters = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    _checked(_libc().prctl(22, ctypes.c_ulong(2), filters, 0, 0), "seccomp")


def _control(option: int, value: int) -> None:
    _checked(_libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0), "prctl")


def _checked(answer: int, what: str) -> None:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
