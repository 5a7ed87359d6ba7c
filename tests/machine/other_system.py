"""Runs carbonrun here as if this were macOS or Windows: ``other_system.py darwin|win32 ARGUMENTS``.

``sys.platform`` says so, and what those systems do not have is taken away: modules, functions and
constants of the standard library, and the file systems of the kernel. What they have and Linux has
not is stood in for. psutil, subprocess and shutil go on seeing Linux, since it is the system below
that they have to ask. What the system does then is Linux's way, so this shows that carbonrun uses
nothing else; it does not show how macOS or Windows behave.
"""

from __future__ import annotations

import os
import sys
import types
from typing import Any

# Of the modules ``os``, ``signal``, ``time``, ``select`` and ``_ctypes``.
ONLY_LINUX = (
    "waitid", "pidfd_open", "pipe2", "sched_getaffinity", "sched_setaffinity", "memfd_create",
    "sigtimedwait", "sigwaitinfo", "SIGPWR", "SIGSTKFLT", "SIGPOLL", "SIGRTMIN", "SIGRTMAX",
    "CLOCK_BOOTTIME", "epoll", "posix_fadvise", "splice", "eventfd", "getresuid",
)  # fmt: skip
NOT_ON_WINDOWS = (
    "fork", "wait4", "wait3", "posix_spawn", "posix_spawnp", "setsid", "getsid", "getpgrp",
    "setpgid", "killpg", "geteuid", "getuid", "getegid", "getgid", "chown", "fchown", "fchmod",
    "uname", "sysconf", "pread", "pwrite", "mkfifo", "tcgetpgrp", "environb", "nice", "WNOHANG",
    "WUNTRACED", "WIFSIGNALED", "WIFSTOPPED", "WTERMSIG", "WEXITSTATUS", "WSTOPSIG", "O_CLOEXEC",
    "O_NONBLOCK", "O_NOCTTY", "O_NOFOLLOW", "set_blocking",
    "SIGKILL", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGHUP", "SIGQUIT", "SIGCONT",
    "SIGCHLD", "SIGWINCH", "SIGPIPE", "SIGXFSZ", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM",
    "SIGBUS", "SIGSYS", "SIGTRAP", "SIGIO", "SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK",
    "pthread_sigmask", "sigpending", "sigwait", "setitimer", "ITIMER_VIRTUAL",
    "clock_gettime", "poll", "PIPE_BUF", "dlopen", "dlsym",
)  # fmt: skip
# Modules that exist nowhere but on Linux, or not on Windows.
ABSENT = {
    "darwin": ("spwd",),
    "win32": (
        "fcntl", "termios", "tty", "pty", "resource", "pwd", "grp", "posix", "syslog", "readline",
    ),
}  # fmt: skip
# What has to ask the system below goes on seeing it.
BELOW = ("psutil", "subprocess", "shutil")
KERNEL_FILES = ("/proc", "/sys")
ASKED_FOR_BY_PSUTIL = f"{os.sep}psutil{os.sep}"


def become(system: str) -> None:
    """Turn this interpreter into one of another system, as far as carbonrun can see."""
    import shutil  # noqa: F401
    import subprocess  # noqa: F401 - it has to find the system as it is
    import tempfile  # noqa: F401

    import psutil

    psutil.cpu_times()
    standins = _windows_standins() if system == "win32" else {}
    for name in ABSENT[system]:
        sys.modules[name] = None  # type: ignore[assignment] # importing it fails
    import _ctypes
    import _signal  # type: ignore[import-not-found]
    import select
    import signal
    import time

    _keep_for_those_below(os, signal, select, sys)
    for name in (*ONLY_LINUX, *(NOT_ON_WINDOWS if system == "win32" else ())):
        for module in (os, signal, _signal, time, select, _ctypes):
            if hasattr(module, name):
                delattr(module, name)
    if system == "darwin":
        told = types.SimpleNamespace(
            sysname="Darwin", release="23.6.0", nodename="mac", machine="arm64"
        )
        os.uname = lambda: told  # type: ignore[assignment,return-value]
    sys.modules.update(standins)
    sys.platform = system
    sys.addaudithook(_hide_kernel_files)


def _keep_for_those_below(*modules: types.ModuleType) -> None:
    """Give them copies of modules of which something is taken away."""
    users = [
        module
        for name, module in sys.modules.items()
        if name.partition(".")[0] in BELOW and module is not None
    ]
    for module in modules:
        copy = types.ModuleType(module.__name__)
        copy.__dict__.update(module.__dict__)
        for user in users:
            if getattr(user, module.__name__, None) is module:
                setattr(user, module.__name__, copy)


def _hide_kernel_files(event: str, arguments: tuple[object, ...]) -> None:
    """Let files of the kernel be found by psutil only."""
    if event not in ("open", "os.listdir") or not isinstance(arguments[0], str):
        return
    if not arguments[0].startswith(KERNEL_FILES):
        return
    frame = sys._getframe(1)
    while frame is not None:
        if ASKED_FOR_BY_PSUTIL in frame.f_code.co_filename:
            return
        frame = frame.f_back  # type: ignore[assignment]
    raise FileNotFoundError(2, "No such file or directory", arguments[0])


class EmptyLibrary:
    """A library of Windows that has no device and knows no answer: every call fails."""

    def __init__(self, name: str, *, use_last_error: bool = False) -> None:
        """Load nothing."""

    def __getattr__(self, name: str) -> Any:
        """Return a function that fails."""
        function = lambda *_: 1  # noqa: E731 - has to take attributes
        setattr(self, name, function)
        return function


class SimulatedKernel(EmptyLibrary):
    """Has one job, whose accounting is made of what Linux tells of our children."""

    resource: Any

    def QueryInformationJobObject(self, _job: object, _kind: int, content: Any, *_: object) -> int:  # noqa: N802
        """Return what all children of ours that have ended, and those that live, have used."""
        import struct

        import psutil

        resource = self.resource
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = ended.ru_utime + ended.ru_stime
        for child in psutil.Process().children(recursive=True):
            try:
                seconds += sum(child.cpu_times()[:4])  # with that of children that were waited for
            except psutil.Error:
                continue
        content.raw = struct.pack("<qqqqIIII", int(seconds * 1e7), 0, 0, 0, 0, 0, 0, 0)
        return 1


def _library(name: str, *, use_last_error: bool = False) -> EmptyLibrary:
    is_kernel = name == "kernel32"
    return (SimulatedKernel if is_kernel else EmptyLibrary)(name, use_last_error=use_last_error)


def _windows_standins() -> dict[str, types.ModuleType]:
    """Return what Windows has and Linux has not."""
    import ctypes
    import fcntl
    import resource
    from ctypes import wintypes  # noqa: F401

    SimulatedKernel.resource = resource
    ctypes.WinDLL = _library  # type: ignore[attr-defined]
    msvcrt = types.ModuleType("msvcrt")
    msvcrt.LK_NBLCK = 2  # type: ignore[attr-defined]

    def locking(descriptor: int, _mode: int, size: int) -> None:
        start = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, size, start)
        except BlockingIOError as error:
            raise PermissionError(error.errno, error.strerror) from error

    msvcrt.locking = locking  # type: ignore[attr-defined]
    version = types.SimpleNamespace(major=10, minor=0, build=22631)
    sys.getwindowsversion = lambda: version  # type: ignore[attr-defined]
    winreg = types.ModuleType("winreg")
    winreg.HKEY_LOCAL_MACHINE = 0  # type: ignore[attr-defined]

    def open_key(_root: int, path: str) -> object:
        raise FileNotFoundError(2, "The system cannot find the file specified", path)

    winreg.OpenKey = open_key  # type: ignore[attr-defined]
    return {"msvcrt": msvcrt, "winreg": winreg}


# What needs a package that is not installed with this one.
OF_FRAMEWORKS = tuple(
    f"carbonrun.integrations.{name}" for name in ("huggingface", "keras", "lightning")
)


def load_packages_of_others() -> list[str]:
    """Import all that carbonrun uses of others, as it is here; return its own modules."""
    import importlib
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    parts = [
        path.relative_to(root).with_suffix("").parts for path in root.glob("carbonrun/**/*.py")
    ]
    names = sorted(".".join(part).removesuffix(".__init__") for part in parts)
    names.remove("carbonrun.__main__")
    names = [name for name in names if name not in OF_FRAMEWORKS]
    for name in names:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "carbonrun"]:
        del sys.modules[name]
    return names


if __name__ == "__main__":
    if "--" not in sys.argv:  # a subcommand, which imports more
        load_packages_of_others()
    become(sys.argv[1])
    sys.argv = ["carbonrun", *sys.argv[2:]]
    from carbonrun.launch import main

    main()
