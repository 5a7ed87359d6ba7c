"""What makes a machine draw other power than usual: battery, a limited clock, heat.

Source: Linux, ``Documentation/ABI/testing/sysfs-class-power``,
``Documentation/admin-guide/pm/cpufreq.rst``, ``arch/x86/kernel/cpu/mce/therm_throt.c``.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# A clock that is limited to less than that of what the CPU can do is worth a word.
_LIMITED = 0.98


def is_on_battery(sysfs: str) -> bool:
    """Tell whether a battery of the machine (not of a mouse) is being discharged."""
    folder = f"{sysfs}/class/power_supply"
    return any(
        _text(f"{folder}/{name}/type") == "Battery"
        and _text(f"{folder}/{name}/scope") != "Device"
        and _text(f"{folder}/{name}/status") == "Discharging"
        for name in _names(folder)
    )


def clock_limit(sysfs: str) -> str | None:
    """Return what limits the CPUs' clock, None if nothing does or nothing is known."""
    limits = []
    for folder in _cpus(sysfs):
        limit = _number(f"{folder}/cpufreq/scaling_max_freq")
        most = _number(f"{folder}/cpufreq/cpuinfo_max_freq")
        if limit and most and limit < most * _LIMITED:
            limits.append((limit, most))
    if not limits:
        return None
    limit, most = min(limits)
    return (
        f"the clock of {len(limits)} CPUs is limited to {limit / 1e6:.2f} of {most / 1e6:.2f} GHz"
    )


def heat_events(sysfs: str) -> int:
    """Return how often CPUs were slowed down by heat since boot."""
    files = ("package_throttle_count", "core_throttle_count")
    return sum(
        _number(f"{folder}/thermal_throttle/{file}") or 0
        for folder in _cpus(sysfs)
        for file in files
    )


def _cpus(sysfs: str) -> Iterator[str]:
    folder = f"{sysfs}/devices/system/cpu"
    for name in _names(folder):
        if name.startswith("cpu") and name[3:].isdigit():
            yield f"{folder}/{name}"


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []


def _number(path: str) -> int | None:
    try:
        return int(_text(path))
    except ValueError:
        return None


def _text(path: str) -> str:
    """Return the content of a small file, "" if there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 256).decode("ascii", "replace").strip()
    except OSError:
        return ""
    finally:
        os.close(descriptor)
