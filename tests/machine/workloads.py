"""Programs whose CPU time is known: ``workloads.py SHAPE AMOUNT [TOLD_FILE]``.

======== ==================================================================== =================
shape    what it does                                                         amount
======== ==================================================================== =================
steady   one process works                                                    CPU seconds
parallel two processes work at the same time                                  CPU seconds each
threads  four threads work one after the other and end                        CPU seconds in all
short    many programs are started and waited for, one after the other        how many
daemon   a daemon (double fork, own session) works, its parents have ended    CPU seconds
bursts   1 ms of work, 3 ms of sleep, and so on                               CPU seconds
ignored  many children work 5 ms each, SIGCHLD is ignored: nobody waits       how many
unwaited the same with 20 ms each                                             how many
exec     one process works and becomes another program, three times           CPU seconds in all
mixed    half of ``short``, half of ``ignored``                               how many
======== ==================================================================== =================

The command ends when all of its work has. Every process appends its own CPU seconds, and those of
the programs that it has waited for, to the file: that is the truth where no control group can be
made; it misses the last tenths of a millisecond of each. Work is measured by the CPU clock, so a
busy machine makes it take longer, not less.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CHILD_SECONDS, _LONG_CHILD_SECONDS = 0.005, 0.02
_BURST_SECONDS, _PAUSE_SECONDS = 0.001, 0.003
_THREADS = 4
_SHORT_PROGRAM = "/bin/true"
_told_file: str | None = None
_waited_seconds = 0.0  # of programs that cannot tell


def work(cpu_seconds: float, clock: Callable[[], float] = time.process_time) -> None:
    """Use so much CPU time."""
    end = clock() + cpu_seconds
    while clock() < end:
        pass


def tell() -> None:
    """Append what this process has used to the file, if there is one; call it last."""
    if _told_file is not None:
        descriptor = os.open(_told_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.write(descriptor, b"%.9f\n" % (time.process_time() + _waited_seconds))
        os.close(descriptor)


def child(action: Callable[[], None]) -> int:
    """Fork a process that does something, tells, and ends; return its id."""
    global _waited_seconds  # noqa: PLW0603 - those are the parent's
    pid = os.fork()
    if pid == 0:
        _waited_seconds = 0.0
        try:
            action()
            tell()
        finally:
            os._exit(0)
    return pid


def steady(cpu_seconds: float) -> None:
    """See the module, here and below."""
    work(cpu_seconds)


def parallel(cpu_seconds: float) -> None:
    """Let two children work."""
    pids = [child(lambda: work(cpu_seconds)) for _ in range(2)]
    for pid in pids:
        os.waitpid(pid, 0)


def threads(cpu_seconds: float) -> None:
    """Leave nothing to the first thread but waiting."""
    import threading

    for _ in range(_THREADS):
        thread = threading.Thread(target=work, args=(cpu_seconds / _THREADS,))
        thread.start()
        thread.join()


def short(count: float) -> None:
    """Start and wait."""
    global _waited_seconds  # noqa: PLW0603 - see tell()
    for _ in range(int(count)):
        pid = os.posix_spawn(_SHORT_PROGRAM, [_SHORT_PROGRAM], os.environ)
        usage = os.wait4(pid, 0)[2]
        _waited_seconds += usage.ru_utime + usage.ru_stime


def daemon(cpu_seconds: float) -> None:
    """Wait for the daemon by the end of a pipe: it is nobody's child any more."""
    reading, writing = os.pipe()

    def become_daemon() -> None:
        os.setsid()
        child(lambda: work(cpu_seconds))

    os.waitpid(child(become_daemon), 0)
    os.close(writing)
    os.read(reading, 1)


def bursts(cpu_seconds: float) -> None:
    """Work so little at a time that the system's clock ticks tell nothing."""
    for _ in range(int(cpu_seconds / _BURST_SECONDS)):
        work(_BURST_SECONDS)
        time.sleep(_PAUSE_SECONDS)


def ignored(count: float, cpu_seconds: float = _CHILD_SECONDS) -> None:
    """Two children at a time; their end is seen by the end of a pipe."""
    import signal

    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in range(int(count) // 2):
        reading, writing = os.pipe()
        for _ in range(2):
            child(lambda: work(cpu_seconds))
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
    signal.signal(signal.SIGCHLD, before)


def unwaited(count: float) -> None:
    """Let them live long enough that their last tenths of a millisecond hardly matter."""
    ignored(count, _LONG_CHILD_SECONDS)


def execute(cpu_seconds: float, programs: int = 3) -> None:
    """Work for a part, then become a program that does the rest."""
    work(cpu_seconds / programs)
    if programs > 1:
        rest = cpu_seconds * (programs - 1) / programs
        words = [sys.executable, "-I", "-S", __file__, f"exec:{programs - 1}", str(rest)]
        os.execv(words[0], words + sys.argv[3:])  # noqa: S606 - that is what is to be tested


def mixed(count: float) -> None:
    """Some are waited for, some are not."""
    short(count / 2)
    ignored(count / 2)


SHAPES = {
    "steady": steady,
    "parallel": parallel,
    "threads": threads,
    "short": short,
    "daemon": daemon,
    "bursts": bursts,
    "ignored": ignored,
    "unwaited": unwaited,
    "exec": execute,
    "mixed": mixed,
}
# Nobody waits for their children: what each uses after its counters are gone is not told.
UNWAITED = ("ignored", "unwaited", "mixed")


def command(shape: str, amount: float, told_file: str | None = None) -> list[str]:
    """Return the words that run a workload."""
    words = [sys.executable, "-I", "-S", os.path.abspath(__file__), shape, str(amount)]  # noqa: PTH100
    return words if told_file is None else [*words, told_file]


def told_seconds(told_file: str) -> float:
    """Return the CPU seconds that all processes of a workload have told."""
    with open(told_file, encoding="ascii") as file:  # noqa: PTH123
        return sum(float(line) for line in file)


def main() -> None:
    """Run one."""
    global _told_file  # noqa: PLW0603 - the children of a fork inherit it
    _told_file = sys.argv[3] if len(sys.argv) > 3 else None
    name, _, parts = sys.argv[1].partition(":")
    if parts:
        execute(float(sys.argv[2]), int(parts))
    else:
        SHAPES[name](float(sys.argv[2]))
    tell()


if __name__ == "__main__":
    main()
