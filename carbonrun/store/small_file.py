"""Small files of ours in the state directory: reading what may be anything, writing it whole.

Somebody else may have put something in the place of a file. None of it may stop a run: nothing is
waited for (a pipe without a writer), and nothing is read without end.
"""

from __future__ import annotations

import os
import sys
from stat import S_ISREG

from carbonrun.descriptors import CLOSE_ON_EXEC, NON_BLOCKING

MOST_BYTES = 1 << 20
_READ_FLAGS = os.O_RDONLY | CLOSE_ON_EXEC | NON_BLOCKING
_WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSE_ON_EXEC


def read_small(path: str) -> bytes:
    """Return the content of a regular file of at most ``MOST_BYTES``.

    Raises:
        OSError: as open(2) and read(2).
        ValueError: it is something else, or larger.
    """
    descriptor = os.open(path, _READ_FLAGS)
    try:
        if not S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no regular file")
        content = b""
        while len(content) <= MOST_BYTES and (more := os.read(descriptor, MOST_BYTES + 1)):
            content += more
    finally:
        os.close(descriptor)
    if len(content) > MOST_BYTES:
        message = f"it is larger than {MOST_BYTES} bytes"
        raise ValueError(message)
    return content


def write_private(path: str, text: str) -> None:
    """Replace a file by one with this content, for its owner only; nobody ever sees a part of it.

    Raises:
        OSError: it could not be written; what was there is still there.
    """
    temporary = f"{path}.{os.getpid()}"
    remove(temporary)  # of a process that had our number and was killed
    descriptor = os.open(temporary, _WRITE_FLAGS, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123
            _give_to_owner_of(os.path.dirname(path), descriptor)  # noqa: PTH120
            file.write(text)
        os.replace(temporary, path)  # noqa: PTH105
    except OSError:
        remove(temporary)
        raise


def _give_to_owner_of(folder: str, descriptor: int) -> None:
    """Let the owner of the folder read what root writes there (``sudo carbonrun calibrate``)."""
    if sys.platform != "win32" and os.geteuid() == 0:
        owner = os.stat(folder or ".")  # noqa: PTH116
        if owner.st_uid != 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


def remove(path: str) -> bool:
    """Remove a file; False if there was none.

    Raises:
        OSError: it is there and cannot be removed.
    """
    try:
        os.unlink(path)  # noqa: PTH108
    except FileNotFoundError:
        return False
    return True


def set_aside(path: str, error: Exception) -> str:
    """Rename what cannot be used, so that it is in nobody's way; return a sentence about it.

    What can only not be read (now, or by us) may be in order, and stays.
    """
    if isinstance(error, OSError):
        return f"{path} cannot be read ({error.strerror or error})"
    try:
        os.replace(path, f"{path}.corrupt")  # noqa: PTH105
    except OSError:
        return f"{path} is not usable ({error})"
    return f"{path} was not usable ({error}) and is kept as {path}.corrupt"
