"""Tells whether a signal was sent to the whole process group, where no procfs shows it.

As :mod:`carbonrun.witness`: a second process in the group has every signal blocked, so that what
was sent to the group is pending there. It tells by itself what is, when it is asked through a pipe.
In which order a kernel gives a signal to a group is not laid down; it is asked twice.
"""

from __future__ import annotations

import os
import select
import time

from carbonrun import witness

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal

_HIGHEST_DESCRIPTOR = 1024
_ANSWER_BYTES = 8
# The witness answers in less than a millisecond unless the machine is very busy.
_ANSWER_SECONDS = 0.2
_ORDER_SECONDS = 0.005


class GroupWitness(witness.GroupWitness):
    """The second process; there is none before :meth:`start`."""

    def start(self) -> None:
        """Fork the witness.

        Raises:
            OSError: no process can be made; signals are then all taken as sent to us alone.
        """
        asked, asking = os.pipe()
        answers, answering = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            for descriptor in (asked, asking, answers, answering):
                os.close(descriptor)
            raise
        if pid == 0:
            _answer(asked, answering)
        os.close(asked)
        os.close(answering)
        self.pid, self._pipe, self._answers = pid, asking, answers
        self._strangers.add(pid)

    def saw(self, number: int) -> bool | None:
        """Tell whether the witness got signal ``number`` too; None if there is no witness."""
        if self.pid not in self._strangers:
            return None
        for is_last in (False, True):
            pending = self._ask()
            if pending is None:
                return None
            self._seen |= pending
            if number in self._seen:
                self._seen.discard(number)
                return True
            if not is_last:
                time.sleep(_ORDER_SECONDS)
        return False

    def stop(self) -> None:
        """End the witness and wait for it."""
        if self.pid >= 0:
            os.close(self._answers)
        super().stop()

    def _ask(self) -> set[int] | None:
        """Return what is pending there; None if there is no answer."""
        try:
            os.write(self._pipe, b"?")
            poll = select.poll()
            poll.register(self._answers, select.POLLIN)
            if not poll.poll(_ANSWER_SECONDS * 1000):
                return None
            answer = os.read(self._answers, _ANSWER_BYTES)
        except OSError:
            return None
        bits = int.from_bytes(answer, "little")
        return {number for number in range(1, 65) if bits >> (number - 1) & 1} if answer else None


def _answer(asked: int, answering: int) -> None:
    """Tell what is pending and take it, whenever that is asked; does not return."""
    try:
        low, high = sorted((asked, answering))
        os.closerange(0, low)
        os.closerange(low + 1, high)
        os.closerange(high + 1, _HIGHEST_DESCRIPTOR)
        while os.read(asked, 1):
            bits = 0
            for number in signal.sigpending():
                bits |= 1 << (number - 1)
                signal.sigwait((number,))
            os.write(answering, bits.to_bytes(_ANSWER_BYTES, "little"))
    finally:
        os._exit(0)
