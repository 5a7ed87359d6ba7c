"""Tells whether there may be GPUs or accelerators, without asking anybody: a few system calls.

Apart from the package that reads them, so that a machine without any imports none of it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NVIDIA_LIBRARY = "libnvidia-ml.so.1"
# The driver's folder in procfs, its device files, and that of WSL2.
_DEVICES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg")
_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib/wsl/lib",
    "/usr/local/nvidia/lib64",
    "/usr/lib/aarch64-linux-gnu/nvidia",
    "/usr/lib/aarch64-linux-gnu/tegra",
    "/run/opengl-driver/lib",
)


# Below the root of sysfs: graphics cards, and what only computes.
CARDS, ACCELERATORS = "class/drm", "class/accel"
# Device files of accelerators without a class, and what they are.
DEVICE_FILES = {
    "hl": "Intel Gaudi",
    "neuron": "AWS Neuron",
    "apex_": "Google Coral",
    "accel": "accelerator (Google TPU?)",
}


def knows_cards(sysfs: str) -> bool:
    """Tell whether the kernel knows graphics cards or accelerators, of whatever kind."""
    dev = f"{sysfs.rpartition('/')[0]}/dev"
    places = (f"{sysfs}/{ACCELERATORS}", f"{sysfs}/{CARDS}", *(f"{dev}/{n}0" for n in DEVICE_FILES))
    return any(map(os.path.lexists, places))


def may_have_nvidia(procfs: str, environment: Mapping[str, str]) -> bool:
    """Tell whether it is worth to start the helper.

    Args:
        procfs: root of the kernel's files.
        environment: tells where libraries are looked for (``LD_LIBRARY_PATH``).
    """
    return is_nvidia_likely(procfs, environment) or _has_library(_FOLDERS)


def is_nvidia_likely(procfs: str, environment: Mapping[str, str]) -> bool:
    """Tell whether there is more than an installed library, which says nothing about GPUs."""
    if any(os.path.lexists(path) for path in (f"{procfs}/driver/nvidia", *_DEVICES)):
        return True
    return _has_library(environment.get("LD_LIBRARY_PATH", "").split(":"))


def _has_library(folders: Iterable[str]) -> bool:
    return any(os.path.lexists(f"{folder}/{NVIDIA_LIBRARY}") for folder in folders if folder)
