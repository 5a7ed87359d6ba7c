"""Files that several runs of a job write to, at the same time with ``make -j``."""

from __future__ import annotations

import os

from carbonrun.descriptors import CLOSE_ON_EXEC, NON_BLOCKING
from carbonrun.report.lock import lock_within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LOCK_SECONDS = 1.0
_MOST_BYTES = 4 << 20


def append_to(path: str, addition: Callable[[str], str]) -> str:
    """Append to a file what depends on its content; return the content before that.

    Raises:
        OSError: it cannot be read and written.
    """
    return _change(path, lambda before: (None, addition(before)))


def rewrite(path: str, change: Callable[[str], str]) -> None:
    """Replace the content of a file by what is made of it.

    Raises:
        OSError: it cannot be read and written.
    """
    _change(path, lambda before: (0, change(before)))


def _change(path: str, change: Callable[[str], tuple[int | None, str]]) -> str:
    flags = os.O_RDWR | os.O_CREAT | CLOSE_ON_EXEC | NON_BLOCKING
    descriptor = os.open(path, flags, 0o666)
    try:
        if not lock_within(descriptor, LOCK_SECONDS):
            raise TimeoutError(None, "somebody else has locked it")
        before = b""
        while len(before) < _MOST_BYTES and (more := os.read(descriptor, 1 << 16)):
            before += more
        start, text = change(before.decode("utf-8", "replace"))
        content = text.encode("utf-8", "backslashreplace")
        os.lseek(descriptor, 0, os.SEEK_END) if start is None else os.lseek(descriptor, start, 0)
        while content:
            content = content[os.write(descriptor, content) :]
        os.ftruncate(descriptor, os.lseek(descriptor, 0, os.SEEK_CUR))
    finally:
        os.close(descriptor)
    return before.decode("utf-8", "replace")
