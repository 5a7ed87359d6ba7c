"""What systems call differently about open files: flags, locks, reading at an offset."""

from __future__ import annotations

import os
import sys

# Closed when the command is started; Windows would also change the ends of lines.
CLOSE_ON_EXEC: int = getattr(os, "O_CLOEXEC", 0) or (
    getattr(os, "O_NOINHERIT", 0) | getattr(os, "O_BINARY", 0)
)
# Windows has none of these, and no pipes, terminals or symbolic links among its files.
NON_BLOCKING: int = getattr(os, "O_NONBLOCK", 0)
NO_TERMINAL: int = getattr(os, "O_NOCTTY", 0)
NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)

if sys.platform == "win32":
    import msvcrt

    # What is locked cannot be read by others, so it is a byte far behind the end of every file.
    # Source: LockFile, "Locking a region that goes beyond the current end-of-file is not an error".
    _LOCKED_BYTE = 1 << 30

    def lock(descriptor: int) -> None:
        """Lock a file until it is closed; never waits.

        Raises:
            BlockingIOError: somebody else has locked it.
            OSError: the file system has no locks.
        """
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(error.errno, error.strerror) from error
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)

    def read_at(descriptor: int, size: int, offset: int) -> bytes:
        """Return up to ``size`` bytes from ``offset`` on; where the file stands does not change.

        Raises:
            OSError: as read(2).
        """
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, size)
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)

else:
    import fcntl

    def lock(descriptor: int) -> None:
        """Lock a file until it is closed; never waits.

        Raises:
            BlockingIOError: somebody else has locked it.
            OSError: the file system has no locks.
        """
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    read_at = os.pread
