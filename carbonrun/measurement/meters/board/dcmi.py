"""What ``ipmitool dcmi power reading`` answers. Pure.

Source: ipmitool, lib/ipmi_dcmi.c; IPMI DCMI 1.5, "Get Power Reading".
"""

from __future__ import annotations

from carbonrun.errors import ReadFailed

_INSTANT = "instantaneous power reading"
_STATE = "power reading state is"
_OFF = "deactivated"


def parse_watts(text: str) -> float:
    """Return the power now, in watts.

    Raises:
        ReadFailed: there is none in the answer; the message is what it says instead.
    """
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields[key.strip().lower()] = value.strip()
    words = fields.get(_INSTANT, "").split()
    if fields.get(_STATE) == _OFF:
        raise ReadFailed("the board's controller does not measure power now")
    if len(words) == 2 and words[0].isdigit() and words[1] == "Watts":  # noqa: PLR2004
        return float(words[0])
    first = next((line.strip() for line in text.splitlines() if line.strip()), "no answer")
    raise ReadFailed(f"ipmitool: {first[:200]}")
