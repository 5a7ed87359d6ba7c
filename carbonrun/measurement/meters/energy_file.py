"""One counter file that is kept open: a reading is one system call.

Responsible for turning everything that can go wrong with it into :class:`ReadFailed`. Not
responsible for what the number means.
"""

from __future__ import annotations

import os

from carbonrun.errors import ReadFailed

# A 64-bit number has 20 digits; anything longer is no counter.
_MOST_BYTES = 32


class EnergyFile:
    """A file that holds one number of 0 or more."""

    def __init__(self, path: str) -> None:
        """Read from ``path``, which is opened by the first reading."""
        self._path = path
        self._descriptor: int | None = None

    def read(self) -> int:
        """Return the number now; a descriptor that failed once is opened anew the next time.

        Raises:
            ReadFailed: there is no number to be had; the cause is the OSError, if it was one.
        """
        try:
            content = os.pread(self._open(), _MOST_BYTES, 0).strip()
        except OSError as error:
            self.close()
            message = f"{self._path}: {error.strerror}"
            raise ReadFailed(message) from error
        # int() alone would take signs and underscores.
        if not content.isdigit() or len(content) == _MOST_BYTES:
            self.close()
            message = f"{self._path}: {content.decode('ascii', 'replace')!r} is no counter"
            raise ReadFailed(message)
        return int(content)

    def close(self) -> None:
        """Give the descriptor back; reading again opens the file again."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        return self._descriptor
