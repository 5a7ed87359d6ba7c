"""Starting the command: where it is, its environment, what it inherits.

Responsible for: the path search of execvp(3), the environment block as it came in, and the signal
mask and dispositions as they came in. Not responsible for: what happens to the command later
(:mod:`carbonrun.child`).

``posix_spawn`` does it, in a tenth of the time of a fork. Two rarities are beyond it: an
environment that no mapping can hold (an entry without "=", the same name twice), and SIGCHLD
ignored on entry, which the command must find ignored while we must not ignore it. For these the
command is forked, with the C library's ``execve``.
"""

from __future__ import annotations

import errno
import os
import sys

from carbonrun.entry import IGNORED_BY_PYTHON
from carbonrun.errors import CommandNotExecutable, CommandNotFound
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Iterable, Sequence

    from carbonrun.entry import EntryState
else:
    import _signal as signal  # signal.py wraps this module in enums, which cost 5 ms to import

_ERRNO_BYTES = 4


class Environment(Record):
    """An environment block; ``entries`` are as the kernel has them, in their order."""

    entries: tuple[bytes, ...]

    def get(self, name: bytes) -> bytes | None:
        """Return a value as getenv(3) does: the first of two wins."""
        start = name + b"="
        return next((e[len(start) :] for e in self.entries if e.startswith(start)), None)

    def with_value(self, name: bytes, value: bytes) -> Environment:
        """Return the block with one variable set, everything else where it was."""
        start, entry = name + b"=", name + b"=" + value
        if self.get(name) is None:
            return Environment(entries=(*self.entries, entry))
        return Environment(entries=tuple(entry if e.startswith(start) else e for e in self.entries))

    def decoded(self) -> dict[str, str]:
        """Return names and values as texts, for looking them up."""
        pairs = [entry.partition(b"=") for entry in reversed(self.entries)]
        return {os.fsdecode(name): os.fsdecode(value) for name, equals, value in pairs if equals}

    def mapping(self) -> dict[bytes, bytes] | None:
        """Return the block as a mapping, None if there is none that means the same."""
        pairs = [entry.partition(b"=") for entry in self.entries]
        mapping = {name: value for name, equals, value in pairs if name and equals}
        return mapping if len(mapping) == len(self.entries) else None


def environment_block(procfs: str = "/proc") -> Environment:
    """Return the environment as carbonrun got it, byte for byte.

    ``os.environ`` is not that: under the C locale Python adds ``LC_CTYPE`` to it (PEP 538).
    """
    try:
        with open(f"{procfs}/self/environ", "rb") as file:  # noqa: PTH123
            block = file.read()
    except OSError:
        entries = [os.fsencode(f"{name}={value}") for name, value in os.environ.items()]
    else:
        entries = block.split(b"\0")[:-1] if block else []
    return Environment(entries=tuple(entries))


def spawn(command: tuple[str, ...], environment: Environment, entry: EntryState) -> int:
    """Start the command and return its process id.

    Raises:
        CommandNotFound: as for a shell's 127.
        CommandNotExecutable: as for a shell's 126.
    """
    ignores_children = signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN
    if ignores_children:
        # An ignored SIGCHLD would make the kernel throw the exit status away.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    starter = _Starter(environment, entry, ignores_children=ignores_children)
    failure: OSError = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    for path in _candidates(command[0], environment):
        try:
            return _start(starter, path, command)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                failure = error
                if error.errno != errno.EACCES:
                    break
    raise _refusal(command[0], failure)


def check_exists(name: str, environment: Environment) -> None:
    """Find a command without starting it.

    Raises:
        CommandNotFound: there is none of this name.
    """
    if sys.platform == "win32":
        return  # it is searched for in other ways there, when it is started
    if not any(map(os.path.exists, _candidates(name, environment))):
        raise _refusal(name, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))


def _candidates(name: str, environment: Environment) -> Iterable[str]:
    """Yield the paths that execvp(3) would try, in its order."""
    if not name:
        return
    if "/" in name:
        yield name
        return
    # Source: execvp(3) of glibc: without PATH, /bin and /usr/bin are searched.
    search = environment.get(b"PATH")
    for folder in os.fsdecode(b"/bin:/usr/bin" if search is None else search).split(":"):
        path = f"{folder}/{name}" if folder else name
        if os.path.lexists(path):
            yield path


def _start(starter: _Starter, path: str, command: tuple[str, ...]) -> int:
    try:
        return starter.start(path, command)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    # A text file without "#!": execvp(3) and every shell hand it to sh.
    return starter.start("/bin/sh", ("/bin/sh", path, *command[1:]))


class _Starter:
    """Starts a program by its path, in the one way or the other."""

    def __init__(
        self, environment: Environment, entry: EntryState, *, ignores_children: bool
    ) -> None:
        self._environment = environment
        self._mapping = None if ignores_children else environment.mapping()
        self._mask = entry.mask
        self._ignore = (signal.SIGCHLD,) if ignores_children else ()
        self._default = [
            number
            for number in IGNORED_BY_PYTHON
            if not (entry.pipe_ignored and number == signal.SIGPIPE)
        ]

    def start(self, path: str, words: tuple[str, ...]) -> int:
        """Start a program.

        Raises:
            OSError: with the errno of execve(2).
        """
        if self._mapping is None:
            return self._fork(path, words)
        return os.posix_spawn(
            path, words, self._mapping, setsigmask=self._mask, setsigdef=self._default
        )

    def _fork(self, path: str, words: Sequence[str]) -> int:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self._become(path, words, writing)
            finally:
                os._exit(127)
        os.close(writing)
        number = int.from_bytes(os.read(reading, _ERRNO_BYTES), "little")
        os.close(reading)
        if number:  # nothing comes from the pipe if it was closed by the exec
            os.waitpid(pid, 0)
            raise OSError(number, os.strerror(number))
        return pid

    def _become(self, path: str, words: Sequence[str], failure: int) -> None:
        """Turn this process into the program; write the errno if that cannot be done."""
        from carbonrun.kernel import execve

        for default in self._default:
            signal.signal(default, signal.SIG_DFL)
        for ignore in self._ignore:
            signal.signal(ignore, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        number = execve(path, words, self._environment.entries)
        os.write(failure, number.to_bytes(_ERRNO_BYTES, "little"))


def _refusal(name: str, error: OSError) -> CommandNotFound | CommandNotExecutable:
    shown = name.encode("utf-8", "backslashreplace").decode()
    message = f"cannot run {shown!r}: {error.strerror}"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        missing_interpreter = bool(name) and "/" in name and os.path.exists(name)  # noqa: PTH110
        hint = "its interpreter (first line, '#!') does not exist" if missing_interpreter else None
        return CommandNotFound(message, hint)
    return CommandNotExecutable(message)
