"""What ``powermetrics -f plist`` says of one interval: watts of the processor. Pure.

Source: powermetrics(1) and its output: ``elapsed_ns`` is the interval; below ``processor`` Apple's
chips have ``cpu_energy`` in millijoules (on some versions of macOS) and ``cpu_power`` in
milliwatts, Intel's ``package_joules`` and ``package_watts``.
"""

from __future__ import annotations

import plistlib

from carbonrun.errors import ReadFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_START, _END = b"<?xml", b"</plist>"
_NANOSECONDS = 1e-9
_MILLI = 1e-3


def parse_watts(text: str) -> float:
    """Return the power of the processor in the last whole sample of the text.

    Raises:
        ReadFailed: there is none.
    """
    return _watts(_last_sample(text.encode("utf-8", "replace")))


def _last_sample(content: bytes) -> Mapping[str, Any]:
    """Return the last property list; they are separated by NULs, and text may stand before them."""
    end = content.rfind(_END)
    start = content.rfind(_START, 0, max(0, end))
    if end < 0 or start < 0:
        shown = content.strip().decode("utf-8", "replace")[:200]
        raise ReadFailed(f"powermetrics told no sample: {shown!r}")
    try:
        sample = plistlib.loads(content[start : end + len(_END)])
    except Exception as error:  # plistlib lets errors of the XML parser through
        raise ReadFailed(f"powermetrics told no property list: {error}") from error
    if not isinstance(sample, dict):
        raise ReadFailed("powermetrics told no sample")
    return sample


def _watts(sample: Mapping[str, Any]) -> float:
    processor = sample.get("processor")
    if not isinstance(processor, dict):
        raise ReadFailed("powermetrics told nothing of the processor")
    seconds = _number(sample, "elapsed_ns", _NANOSECONDS)
    for energy, power, unit in (
        ("package_joules", "package_watts", 1.0),
        ("cpu_energy", "cpu_power", _MILLI),
    ):
        joules = _number(processor, energy, unit)
        if joules is not None and seconds:
            return joules / seconds
        watts = _number(processor, power, unit)
        if watts is not None:
            return watts
    raise ReadFailed("powermetrics told no power of the processor")


def _number(table: Mapping[str, Any], key: str, unit: float) -> float | None:
    value = table.get(key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value * unit if is_number and value is not None else None
