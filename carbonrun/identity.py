"""Names for runs and machines that are unique without anybody handing them out."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.clock import Instant


def new_run_id(now: Instant) -> str:
    """Return a UUID of version 7: sorts by time. Source: RFC 9562, section 5.7."""
    milliseconds = int(now.unix_seconds * 1000).to_bytes(6, "big").hex()
    random = bytearray(os.urandom(10))
    random[0] = random[0] & 0x0F | 0x70
    random[2] = random[2] & 0x3F | 0x80
    rest = random.hex()
    return f"{milliseconds[:8]}-{milliseconds[8:]}-{rest[:4]}-{rest[4:8]}-{rest[8:]}"


def machine_id(etc: str) -> str | None:
    """Return a name for this machine from which its real machine id cannot be told.

    Source: machine-id(5) asks programs to publish only a keyed hash of it.
    """
    try:
        with open(f"{etc}/machine-id", "rb") as file:  # noqa: PTH123
            secret = file.read().strip()
    except OSError:
        return None
    if not secret:
        return None
    try:
        from _blake2 import blake2b  # hashlib would load OpenSSL for it: 5 ms
    except ImportError:
        from hashlib import blake2b

    return blake2b(b"carbonrun", key=secret[:64], digest_size=8).hexdigest()
