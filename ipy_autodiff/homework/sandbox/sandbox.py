"""Run code that nobody trusts and ask about it: ``Sandbox().attempt(file, Limits())``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ipy_autodiff.homework.sandbox.attempt import Attempt, Running
from ipy_autodiff.homework.sandbox.limits import Limits
from ipy_autodiff.homework.sandbox.process import STRONG, DeadError, Enclosed, Isolation, SandboxError

__all__ = ["STRONG", "Attempt", "DeadError", "Isolation", "Limits", "Sandbox", "SandboxError"]


class Sandbox:
    """The strongest isolation that this machine allows, or the one that is named, for one notebook after another.

    It begins to start at once; who has something else to do first need not ``wait``.

    ``hidden``: files and folders that no submission is to see, should they lie where Python or its libraries do.
    Raises ``SandboxError`` where neither bubblewrap nor namespaces work and nothing weaker was named. ``limits`` (no
    wall around files, Linux) and ``nbclient`` (none at all, any system) are for submissions that are trusted.
    """

    def __init__(self, isolation: Isolation | None = None, hidden: Iterable[str | Path] = ()) -> None:
        self._hidden = tuple(hidden)
        self._enclosed: Enclosed | None = None
        self._settled = False
        self._candidates: list[Isolation] = list(STRONG if isolation is None else (isolation,))
        self._reasons: list[str] = []
        self._next()

    @property
    def isolation(self) -> Isolation:
        """The kind in force. Waits until it is known to work."""
        self.wait()
        return self._candidates[0]

    @property
    def as_root(self) -> bool:
        """Whether notebooks run as root: there is no other user who could read Python."""
        return self._enclosed is not None and self._enclosed.as_root

    def wait(self) -> None:
        """Waits until one of the kinds works."""
        while not self._settled:
            try:
                if self._enclosed is not None:
                    self._enclosed.wait()
                self._settled = True
            except SandboxError as error:
                self._refuse(error)
                self._next()

    def _next(self) -> None:
        """Starts the strongest kind that has not failed, without waiting for it."""
        while self._candidates:
            if self._candidates[0] == "nbclient":
                return
            try:
                self._enclosed = Enclosed(self._candidates[0], self._hidden)
            except SandboxError as error:
                self._refuse(error)
            else:
                return
        raise SandboxError("; ".join(self._reasons))

    def _refuse(self, error: SandboxError) -> None:
        self._reasons.append(f"{self._candidates.pop(0)}: {error}")

    def __enter__(self) -> Sandbox:
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the enclosed process."""
        if self._enclosed is not None:
            self._enclosed.close()
            self._enclosed = None

    def attempt(self, notebook: int, limits: Limits) -> Attempt:
        """The submission that this file descriptor reads. It has to stay open as long as the attempt."""
        return Attempt(lambda skip: self._start(notebook, limits, skip), notebook, limits)

    def _start(self, notebook: int, limits: Limits, skip: set[int]) -> Running:
        isolation = self.isolation
        if isolation == "nbclient":
            from ipy_autodiff.homework.sandbox.nbclient_kernel import KernelLife

            return KernelLife(notebook, limits, skip)
        if self._enclosed is None:
            self._enclosed = Enclosed(isolation, self._hidden)
        try:
            return self._enclosed.start(notebook, limits, skip)
        except SandboxError:  # it was ended from outside: once more, with a new one
            self._enclosed.close()
            self._enclosed = Enclosed(isolation, self._hidden)
            return self._enclosed.start(notebook, limits, skip)
