"""How a process ended."""

from __future__ import annotations

import os

from carbonrun.record import Record


class ExitStatus(Record):
    """How the command ended: an exit code from 0 to 255, or the signal that killed it."""

    code: int | None
    signal: int | None

    @classmethod
    def from_wait_status(cls, status: int) -> ExitStatus:
        """Decode the status of wait4(2)."""
        if os.WIFSIGNALED(status):
            return cls(code=None, signal=os.WTERMSIG(status))
        return cls(code=os.WEXITSTATUS(status), signal=None)

    @classmethod
    def from_waitid(cls, state: os.waitid_result | None) -> ExitStatus | None:
        """Decode the answer of waitid(2); None for one that has not ended."""
        if state is None:
            return None
        if state.si_code == os.CLD_EXITED:
            return cls(code=state.si_status, signal=None)
        return cls(code=None, signal=state.si_status)
