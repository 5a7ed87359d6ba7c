"""Masks the command lines of one run, within a limit of time: signals wait meanwhile."""

from __future__ import annotations

import time

from carbonrun.report.mask import MASK, mask_command
from carbonrun.time_limit import TimeLimitExceeded, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.notes import Notes

MASK_CPU_SECONDS = 0.2


class Masking:
    """The user's patterns, and how much time is left for all command lines together."""

    def __init__(self, patterns: tuple[str, ...], notes: Notes, *, is_limited: bool = True) -> None:
        """Start with all of the time; the limit takes a signal, which may not be ours."""
        self._is_limited = is_limited
        self._patterns = patterns
        self._notes = notes
        self._left_seconds = MASK_CPU_SECONDS

    def mask(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """Return a command without secrets; without anything if there is no time for it."""
        if not self._is_limited:
            return mask_command(command, self._patterns)
        if self._left_seconds > 0:
            before = time.thread_time()
            try:
                return within(self._left_seconds, lambda: mask_command(command, self._patterns))
            except TimeLimitExceeded:
                self._left_seconds = 0.0
                message = "masking secrets takes too long: the whole command line is masked"
                hint = "write the patterns of --mask without nested repetitions"
                self._notes.warn("mask-too-slow", message, hint if self._patterns else None)
            finally:
                self._left_seconds -= time.thread_time() - before
        return (MASK,)
