"""Times as text."""

from __future__ import annotations

import time


def iso_time(unix_seconds: float) -> str:
    """Return a UTC time as ISO 8601 with milliseconds."""
    whole, fraction = divmod(round(unix_seconds * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{fraction:03d}Z"
