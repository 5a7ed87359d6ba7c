"""System calls that Python has no function for, by way of the C library."""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Source: prctl(2), linux/prctl.h.
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def syscall(number: int, *arguments: object) -> int:
    """Make a system call.

    Raises:
        OSError: with the errno of the call.
    """
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def become_subreaper() -> bool:
    """Let orphaned descendants become our children, so that their use is told to us.

    Returns:
        False where the kernel does not know the call (before Linux 3.4).
    """
    return bool(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def disable_core_dump() -> None:
    """Keep this process from leaving a core file when it dies of its command's signal."""
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def execve(path: str, words: Sequence[str], entries: Sequence[bytes]) -> int:
    """Become another program, with an environment block that need not be a mapping.

    Returns:
        The errno, since it returns only if it fails.
    """
    argv = (ctypes.c_char_p * (len(words) + 1))(*[os.fsencode(word) for word in words], None)
    block = (ctypes.c_char_p * (len(entries) + 1))(*entries, None)
    _libc.execve(os.fsencode(path), argv, block)
    return ctypes.get_errno()
