"""The measured command as a process: relay signals to it, wait for it, end as it ended.

Responsible for: being invisible. The command stays in the caller's process group and session and
gets each signal once. Not responsible for: starting it (:mod:`carbonrun.spawn`), measuring.

How it works: every signal that can be blocked is blocked before the spawn, and
``sigtimedwait`` over the blocked set is event loop and sampling clock in one. It alone tells who
sent a signal: one that a process sent to carbonrun is passed on, one that the kernel's terminal
driver sent was already given to the whole foreground group, the command included. Whether a signal
went to the whole group is told by :mod:`carbonrun.witness`.
"""

from __future__ import annotations

import os
import time

from carbonrun.entry import numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from typing import NoReturn

    from carbonrun.entry import EntryState
    from carbonrun.exit_status import ExitStatus
    from carbonrun.witness import GroupWitness
else:
    import _signal as signal  # signal.py wraps this module in enums, which cost 5 ms to import

STOPPED_BY_TERMINAL = numbers("SIGTSTP", "SIGTTIN", "SIGTTOU")
SENT_BY_TERMINAL = (
    *numbers("SIGINT", "SIGQUIT", "SIGHUP", "SIGCONT", "SIGWINCH"),
    *STOPPED_BY_TERMINAL,
)

# What ends waiting for the rest of the tree once the command itself has ended.
ENDS_WAITING = numbers("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")

TICK = "tick"
EXITED = "exited"
INTERRUPTED = "interrupted"


class Supervisor:
    """Waits for the command and passes signals on to it."""

    def __init__(
        self,
        pid: int,
        entry: EntryState,
        witness: GroupWitness,
        reap_others: Callable[[], None],
        drain: Callable[[], None],
    ) -> None:
        """Watch process ``pid``.

        Args:
            pid: the command.
            entry: the state on entry; signals ignored then stay ignored.
            witness: tells whether a signal was sent to the whole process group, so that the
                command has it already.
            reap_others: called when some other child may have ended; must not fail.
            drain: called when a buffer of the kernel's fills up (SIGIO); must not fail.
        """
        self.pid = pid
        self._reap_others = reap_others
        self._witness = witness
        self._drain = drain
        # What is drawn on the terminal has to go before we stop, and when its size changes.
        self.clear_terminal: Callable[[], None] = lambda: None
        self._awaited = signal.pthread_sigmask(signal.SIG_BLOCK, ()) - entry.ignored

    def wait_until(self, deadline_seconds: float) -> str:
        """Handle signals until the command ends or the monotonic clock reaches the deadline.

        Returns:
            ``EXITED`` (the command is a zombie, not yet reaped) or ``TICK``.
        """
        while True:
            timeout_seconds = max(0.0, deadline_seconds - time.monotonic())
            info = signal.sigtimedwait(self._awaited, timeout_seconds)
            if info is None:
                return TICK
            if info.si_signo == signal.SIGIO and info.si_code > 0:
                self._drain()
            elif info.si_signo != signal.SIGCHLD:
                self._relay(info)
            elif self._command_has_ended():
                return EXITED

    def wait_for_rest_until(self, deadline_seconds: float) -> str:
        """Wait for descendants after the command was reaped, at most until the deadline.

        Returns:
            ``TICK``, or ``INTERRUPTED`` if a signal asks to end.
        """
        while True:
            timeout_seconds = max(0.0, deadline_seconds - time.monotonic())
            info = signal.sigtimedwait(self._awaited, timeout_seconds)
            if info is None:
                return TICK
            if info.si_signo == signal.SIGIO and info.si_code > 0:
                self._drain()
            elif info.si_signo == signal.SIGCHLD:
                self._reap_others()
            elif info.si_signo in ENDS_WAITING:
                return INTERRUPTED
            elif info.si_signo in STOPPED_BY_TERMINAL:
                self._stop_with_the_job()

    def _command_has_ended(self) -> bool:
        self._reap_others()
        options = os.WEXITED | os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        state = os.waitid(os.P_PID, self.pid, options)
        if state is None:
            return False
        if state.si_code != os.CLD_STOPPED:
            return True
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG)  # take the news of the stop
        if state.si_status in STOPPED_BY_TERMINAL or has_terminal():
            self._stop_with_the_job()
        return False

    def _stop_with_the_job(self) -> None:
        """Let the shell see the job stopped; SIGCONT of `fg` resumes all."""
        self.clear_terminal()
        self._witness.freeze()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _relay(self, info: signal.struct_siginfo) -> None:
        number = info.si_signo
        if number == signal.SIGWINCH:
            self.clear_terminal()
        from_kernel = info.si_code > 0
        has_it = self._witness.saw(number)
        if has_it is None:
            has_it = from_kernel and number in SENT_BY_TERMINAL and not _is_ours_alone(number)
        if has_it or (not from_kernel and info.si_pid == self.pid):
            return
        try:
            os.kill(self.pid, number)
        except OSError:
            return  # it has just ended, or runs as another user: nothing we may do


def _is_ours_alone(number: int) -> bool:
    """Tell whether the terminal gives a signal to us only: it tells a hang-up to the leader."""
    return number == signal.SIGHUP and os.getsid(0) == os.getpid()


def has_terminal() -> bool:
    """Tell whether there is a terminal whose job we are."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def leave(status: ExitStatus, disable_core_dump: Callable[[], None]) -> NoReturn:
    """End this process as the command ended; does not return.

    Death by a signal is passed on as a real death by that signal: an interactive shell stops a
    loop on Ctrl-C only if the foreground command was killed by SIGINT. Process 1 of a PID
    namespace cannot kill itself and exits with 128 + N instead.
    """
    if status.signal is not None:
        disable_core_dump()
        try:
            signal.signal(status.signal, signal.SIG_DFL)
        except (OSError, ValueError):
            pass  # SIGKILL and SIGSTOP cannot be set, and need not be
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (status.signal,))
        os.kill(os.getpid(), status.signal)
        os._exit(128 + status.signal)
    os._exit(status.code or 0)
