"""Writing whole files, and to what is none: pipes, devices, descriptors that were passed in.

A reader that never reads must not keep us from ending: who takes nothing for a second is given up.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time

from carbonrun.descriptors import CLOSE_ON_EXEC, NO_TERMINAL, NON_BLOCKING

STALL_SECONDS = 1.0
_POLL_SECONDS = 0.01
_MOST_LINKS = 40


def write_all(descriptor: int, content: bytes, stall_seconds: float | None = STALL_SECONDS) -> None:
    """Write everything, whether the descriptor blocks or not.

    Args:
        descriptor: of a file, a pipe, a socket or a terminal.
        content: what to write.
        stall_seconds: how long the reader may take nothing; None is for ever.

    Raises:
        TimeoutError: the reader took nothing for so long; a part may have been written.
        OSError: it could not be written; a part may have been.
    """
    if sys.platform == "win32":
        _write_blocking(descriptor, content)
        return
    import select

    # A pipe that is ready for writing takes PIPE_BUF at once.
    rest = memoryview(content)
    stalled_since = time.monotonic()
    while rest:
        waited_seconds = time.monotonic() - stalled_since
        if stall_seconds is not None and waited_seconds > stall_seconds:
            raise TimeoutError(errno.ETIMEDOUT, "its reader does not read")
        if not _is_writable(descriptor, stall_seconds):
            continue
        try:
            rest = rest[os.write(descriptor, rest[: select.PIPE_BUF]) :]
        except BlockingIOError:
            time.sleep(_POLL_SECONDS)  # somebody else has filled it
        else:
            stalled_since = time.monotonic()


def _write_blocking(descriptor: int, content: bytes) -> None:
    """Write everything where nothing tells whether a descriptor would block (Windows)."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _is_writable(descriptor: int, seconds: float | None) -> bool:
    """Wait until something can be written, or until an error is there to be found by writing."""
    if sys.platform == "win32":
        return True
    import select

    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


def is_stream(path: str) -> bool:
    """Tell whether the path is there and no regular file."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except OSError:
        return False


def own_descriptor(path: str) -> int | None:
    """Return the number behind ``/dev/fd/63``, ``/dev/stderr``, ``/proc/self/fd/1``.

    Opening such a path again would write at the beginning of a file that others write to.
    """
    own = os.path.realpath("/proc/self/fd")
    for _ in range(_MOST_LINKS):
        folder, name = os.path.split(path)
        if name.isdecimal() and os.path.realpath(folder or ".") == own:
            return int(name)
        try:
            path = os.path.join(folder, os.readlink(path))  # noqa: PTH115, PTH118
        except (OSError, ValueError):
            return None
    return None


def write_stream(path: str, content: bytes) -> None:
    """Write to something that is there already and is no regular file.

    Raises:
        OSError: it could not be written whole: nobody reads, nobody reads any more, it is full.
    """
    passed_in = own_descriptor(path)
    if passed_in is not None:
        write_all(passed_in, content)
        return
    descriptor = _open(path)
    try:
        write_all(descriptor, content)
    finally:
        os.close(descriptor)


def _open(path: str) -> int:
    """Open without blocking; a pipe gets a moment to find its reader."""
    flags = os.O_WRONLY | NON_BLOCKING | NO_TERMINAL | CLOSE_ON_EXEC
    end = time.monotonic() + STALL_SECONDS
    while True:
        try:
            return os.open(path, flags)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        if time.monotonic() > end:
            raise OSError(errno.ENXIO, "nobody reads from it")
        time.sleep(_POLL_SECONDS)


def write_output(path: str, content: bytes) -> None:
    """Write to a file, a pipe, a device or a descriptor that was passed in.

    A regular file gets it whole or not at all, unless its folder is protected or the file belongs
    to somebody else or has several names: then it is overwritten where it is.

    Raises:
        OSError: it could not be written.
    """
    if own_descriptor(path) is not None or is_stream(path):
        write_stream(path, content)
    else:
        _write_file(os.path.realpath(path), content)


def _write_file(target: str, content: bytes) -> None:
    try:
        present = os.stat(target)  # noqa: PTH116
    except FileNotFoundError:
        present = None
    if _is_replaceable(target, present):
        _replace(target, content, present)
        return
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | CLOSE_ON_EXEC, 0o666)
    try:
        write_all(descriptor, content)
    finally:
        os.close(descriptor)


def _is_replaceable(target: str, present: os.stat_result | None) -> bool:
    """Tell whether a new file may take the place without anybody's noticing."""
    if not os.access(os.path.dirname(target), os.W_OK | os.X_OK):  # noqa: PTH120
        return False
    if present is None or sys.platform == "win32":
        return True
    return present.st_uid == os.geteuid() and present.st_nlink == 1


def _replace(target: str, content: bytes, present: os.stat_result | None) -> None:
    temporary = f"{os.path.dirname(target)}/.carbonrun-{os.urandom(6).hex()}.tmp"  # noqa: PTH120
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSE_ON_EXEC, 0o666)
    try:
        try:
            if present is not None and sys.platform != "win32":
                os.fchmod(descriptor, stat.S_IMODE(present.st_mode))
            write_all(descriptor, content)
        finally:
            os.close(descriptor)
        os.replace(temporary, target)  # noqa: PTH105
    except OSError:
        os.unlink(temporary)  # noqa: PTH108
        raise
