"""System calls that Python has no function for, by way of the C library.

The C half of ``ctypes`` does all that is needed: importing the other half takes 2.3 ms, which the
command would wait for (measured; ``benchmarks/startup.py``).
"""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _ctypes import FUNCFLAG_CDECL, FUNCFLAG_USE_ERRNO, CFuncPtr, dlopen, dlsym
    from collections.abc import Sequence
    from ctypes import Structure, byref, c_char_p, c_int, c_uint32, c_uint64, get_errno
else:
    from _ctypes import (
        FUNCFLAG_CDECL,
        FUNCFLAG_USE_ERRNO,
        CFuncPtr,
        Structure,
        _SimpleCData,
        byref,
        dlopen,
        dlsym,
        get_errno,
    )

    # Source: the type codes of Python's ctypes, those of the struct module.
    class c_int(_SimpleCData):  # noqa: N801 - the names of ctypes
        _type_ = "i"

    class c_uint32(_SimpleCData):  # noqa: D101, N801
        _type_ = "I"

    class c_uint64(_SimpleCData):  # noqa: D101, N801
        _type_ = "Q"

    class c_char_p(_SimpleCData):  # noqa: N801
        _type_ = "z"


__all__ = ["Structure", "byref", "c_uint32", "c_uint64"]

# Source: prctl(2), linux/prctl.h.
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
# Source: unix(7), socket(2).
_AF_UNIX, _SOCK_DGRAM = 1, 2
MOST_SOCKET_PATH_BYTES = 107


class _Function(CFuncPtr):
    """A function of the C library that returns an int and sets errno."""

    _flags_ = FUNCFLAG_CDECL | FUNCFLAG_USE_ERRNO
    _restype_ = c_int


_libc = dlopen(None, 0)  # type: ignore[arg-type] # None is this program, as in dlopen(3)
if sys.platform == "linux":
    _syscall = _Function(dlsym(_libc, "syscall"))
    _prctl = _Function(dlsym(_libc, "prctl"))


def syscall(number: int, *arguments: object) -> int:
    """Make a system call.

    Raises:
        OSError: with the errno of the call.
    """
    return _checked(_syscall(number, *arguments))


def _checked(result: int) -> int:
    if result < 0:
        code = get_errno()
        raise OSError(code, os.strerror(code))
    return result


def become_subreaper() -> bool:
    """Let orphaned descendants become our children, so that their use is told to us.

    Returns:
        False where the kernel does not know the call (before Linux 3.4).
    """
    return bool(_prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def bind_datagram_socket(path: bytes) -> int:
    """Return a socket that datagrams to a path arrive at; reading it never blocks.

    The path is its owner's alone from the first moment on. Source: unix(7): a sender needs
    permission to write to it. Importing ``_socket`` for it would take 0.4 ms.

    Raises:
        OSError: the path is too long, or cannot be made.
    """
    if len(path) > MOST_SOCKET_PATH_BYTES:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    descriptor = _checked(
        _Function(dlsym(_libc, "socket"))(_AF_UNIX, _SOCK_DGRAM | os.O_CLOEXEC | os.O_NONBLOCK, 0)
    )
    # What is made by bind(2) has the mode of the socket.
    os.fchmod(descriptor, 0o600)
    address = _AF_UNIX.to_bytes(2, sys.byteorder) + path + b"\0"
    try:
        _checked(_Function(dlsym(_libc, "bind"))(descriptor, address, len(address)))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def disable_core_dump() -> None:
    """Keep this process from leaving a core file when it dies of its command's signal."""
    _prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def execve(path: str, words: Sequence[str], entries: Sequence[bytes]) -> int:
    """Become another program, with an environment block that need not be a mapping.

    Returns:
        The errno, since it returns only if it fails.
    """
    argv = (c_char_p * (len(words) + 1))(*[os.fsencode(word) for word in words], None)
    block = (c_char_p * (len(entries) + 1))(*entries, None)
    _Function(dlsym(_libc, "execve"))(os.fsencode(path), argv, block)
    return get_errno()
