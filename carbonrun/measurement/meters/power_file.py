"""One file of sysfs with a signed number, read anew each time."""

from __future__ import annotations

from carbonrun.errors import ReadFailed
from carbonrun.measurement.tree.procstat import read_text

MICRO = 1e-6
MILLI = 1e-3


def read_number(path: str) -> int:
    """Return the number in a file.

    Raises:
        ReadFailed: there is none to be had; the cause is the OSError, if it was one.
    """
    try:
        text = read_text(path)
    except OSError as error:
        raise ReadFailed(f"{path}: {error.strerror}") from error
    digits = text.removeprefix("-")
    if not digits.isdigit():
        raise ReadFailed(f"{path}: {text!r} is no number")
    return int(text)
