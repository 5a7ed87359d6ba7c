"""Waiting for a file's lock, but not for ever."""

from __future__ import annotations

import time

from carbonrun.descriptors import lock

_POLL_SECONDS = 0.005


def lock_within(descriptor: int, seconds: float) -> bool:
    """Lock a file; False if somebody holds the lock for longer or the file system has no locks.

    The lock goes when the descriptor is closed.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            lock(descriptor)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(_POLL_SECONDS)
        except OSError:
            return False
        else:
            return True
