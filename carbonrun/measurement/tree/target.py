"""The running process that ``carbonrun attach`` is pointed at: who it is, and when it has ended."""

from __future__ import annotations

import os
import time

from carbonrun.errors import UsageError
from carbonrun.measurement.tree.procstat import CLOCK_TICKS, read_bytes, read_stat
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.tree.procstat import ProcessStat

_ROOT = 0


class Target(Record):
    """A process, by its number and the moment of its start: numbers are used again.

    Attributes:
        procfs: where processes are looked up.
        pid, start_ticks: its identity.
        command: the words it was started with; its name in brackets where it has none.
        age_seconds: how long it had been running when it was found.
        descriptor: becomes readable when it ends; -1 where the kernel has no such thing.
    """

    procfs: str
    pid: int
    start_ticks: int
    command: tuple[str, ...]
    age_seconds: float
    descriptor: int

    def has_ended(self) -> bool:
        """Look whether it has ended; its parent need not have taken notice."""
        stat = read_stat(self.procfs, self.pid)
        return stat is None or stat.start_ticks != self.start_ticks or stat.is_zombie


def find_target(procfs: str, pid: int) -> Target:
    """Return the running process of that number.

    Raises:
        UsageError: there is none, or it is not one that can be measured.
    """
    stat = read_stat(procfs, pid)
    if stat is None:
        raise _absent(pid)
    _check(procfs, pid, stat)
    descriptor = _open(pid)
    target = Target(
        procfs=procfs,
        pid=pid,
        start_ticks=stat.start_ticks,
        command=_command(procfs, stat),
        age_seconds=max(0.0, _boot_seconds() - stat.start_ticks / CLOCK_TICKS),
        descriptor=descriptor,
    )
    # The descriptor is of the process that had the number when it was opened.
    if target.has_ended():
        raise _absent(pid)
    return target


def _check(procfs: str, pid: int, stat: ProcessStat) -> None:
    if pid == os.getpid():
        raise UsageError(f"process {pid} is this carbonrun itself", "give another process")
    if stat.is_zombie:
        message = f"process {pid} ({stat.name}) has ended; its parent has not taken notice yet"
        raise UsageError(message, "there is nothing left to measure")
    status = _status(procfs, pid)
    leader = int(status.get(b"Tgid", b"%d" % pid).split()[0])
    if leader != pid:
        message = f"{pid} is a thread of process {leader}, and threads cannot be measured alone"
        raise UsageError(message, f"measure the process: carbonrun attach {leader}")
    owner = int(status[b"Uid"].split()[1]) if b"Uid" in status else os.geteuid()
    if os.geteuid() not in (_ROOT, owner):
        message = (
            f"process {pid} ({stat.name}) belongs to {_user(owner)}; its memory may be read by "
            "that user and by root only"
        )
        raise UsageError(message, f"sudo carbonrun attach {pid}")


def _absent(pid: int) -> UsageError:
    """Tell a process that is hidden from us from one that is not there."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        message = f"process {pid} belongs to another user and is hidden from you (hidepid)"
        return UsageError(message, f"sudo carbonrun attach {pid}")
    except (ProcessLookupError, OverflowError):
        pass
    return UsageError(f"there is no process {pid}", "ps -e shows the processes there are")


def _status(procfs: str, pid: int) -> dict[bytes, bytes]:
    try:
        lines = read_bytes(f"{procfs}/{pid}/status").split(b"\n")
    except OSError:
        return {}
    return dict(line.split(b":", 1) for line in lines if b":" in line)


def _user(uid: int) -> str:
    try:
        import pwd

        return f"user {pwd.getpwuid(uid).pw_name}"
    except (ImportError, KeyError):
        return f"user {uid}"


def _command(procfs: str, stat: ProcessStat) -> tuple[str, ...]:
    try:
        words = read_bytes(f"{procfs}/{stat.pid}/cmdline").rstrip(b"\0").split(b"\0")
    except OSError:
        words = []
    return tuple(os.fsdecode(word) for word in words) if any(words) else (f"[{stat.name}]",)


def _open(pid: int) -> int:
    """Open a descriptor of the process; -1 where that cannot be done (before Linux 5.3)."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


def _boot_seconds() -> float:
    """Return the clock that start times are told on. Source: proc_pid_stat(5), ``starttime``."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
