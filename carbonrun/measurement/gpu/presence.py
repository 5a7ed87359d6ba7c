"""Tells whether the kernel's files name a graphics card or an accelerator that is of interest."""

from __future__ import annotations

import os

from carbonrun.measurement.gpu_signs import ACCELERATORS, CARDS, DEVICE_FILES
from carbonrun.measurement.tree.procstat import read_text

AMDGPU, I915, XE = "amdgpu", "i915", "xe"
# Of cards whose energy is told, and of others that compute. All else only shows pictures, or is
# Nvidia's, whose driver tells nothing in files.
READ_DRIVERS = (AMDGPU, I915, XE)
OTHER_DRIVERS = (
    "nouveau", "radeon", "panfrost", "panthor", "lima", "msm", "v3d", "etnaviv", "asahi", "powervr",
)  # fmt: skip
_SLEEPING = ("suspended", "suspending")


def may_have_cards(sysfs: str) -> bool:
    """Look for drivers of cards, and for accelerators; costs a few system calls."""
    dev = f"{sysfs.rpartition('/')[0]}/dev"
    if os.path.lexists(f"{sysfs}/{ACCELERATORS}"):
        return True
    if any(os.path.lexists(f"{dev}/{name}0") for name in DEVICE_FILES):
        return True
    return any(driver_of(f"{card}/device") for card in card_folders(sysfs))


def energy_counters(sysfs: str) -> dict[str, int]:
    """Return what the counters of Intel's cards say, by path; cheap, for before the command starts.

    A card that sleeps is left asleep, and a counter that cannot be read is left out.
    """
    found: dict[str, int] = {}
    for card in card_folders(sysfs.rstrip("/")):
        device = f"{card}/device"
        if driver_of(device) not in (I915, XE) or is_asleep(device):
            continue
        for chip in _names(f"{device}/hwmon"):
            for name in _names(f"{device}/hwmon/{chip}"):
                if name.startswith("energy") and name.endswith("_input"):
                    path = f"{device}/hwmon/{chip}/{name}"
                    try:
                        found[path] = int(read_text(path))
                    except (OSError, ValueError):
                        continue
    return found


def is_asleep(device: str) -> bool:
    """Tell whether a device is suspended; reading its sensors would wake it."""
    try:
        return read_text(f"{device}/power/runtime_status") in _SLEEPING
    except OSError:
        return False


def card_folders(sysfs: str) -> list[str]:
    """Return the folders of the kernel's cards in the order of their numbers."""
    root = f"{sysfs}/{CARDS}"
    names = [name for name in _names(root) if name.startswith("card") and name[4:].isdigit()]
    return [f"{root}/{name}" for name in sorted(names, key=lambda name: int(name[4:]))]


def driver_of(device: str) -> str | None:
    """Return the driver of a device if it is one of the above.

    The kernel says it in three places, of which recorded trees may have one only.
    """
    driver = _announced(device) or os.path.basename(_target(f"{device}/driver"))  # noqa: PTH119
    if not driver:
        driver = next(filter(None, (_chip(device, name) for name in _names(f"{device}/hwmon"))), "")
    return driver if driver in (*READ_DRIVERS, *OTHER_DRIVERS) else None


def _announced(device: str) -> str:
    try:
        lines = read_text(f"{device}/uevent").splitlines()
    except OSError:
        return ""
    return next((line[len("DRIVER=") :] for line in lines if line.startswith("DRIVER=")), "")


def _target(link: str) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115
    except OSError:
        return ""


def _chip(device: str, name: str) -> str:
    try:
        return read_text(f"{device}/hwmon/{name}/name")
    except OSError:
        return ""


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []
