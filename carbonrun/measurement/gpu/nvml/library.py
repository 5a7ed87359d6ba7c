"""Tells whether there may be an NVIDIA GPU, without asking anybody: a few system calls."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LIBRARY = "libnvidia-ml.so.1"
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


def may_have_gpu(procfs: str, environment: Mapping[str, str]) -> bool:
    """Tell whether it is worth to start the helper.

    Args:
        procfs: root of the kernel's files.
        environment: tells where libraries are looked for (``LD_LIBRARY_PATH``).
    """
    return is_likely(procfs, environment) or _has_library(_FOLDERS)


def is_likely(procfs: str, environment: Mapping[str, str]) -> bool:
    """Tell whether there is more than an installed library, which says nothing about GPUs."""
    if any(os.path.lexists(path) for path in (f"{procfs}/driver/nvidia", *_DEVICES)):
        return True
    return _has_library(environment.get("LD_LIBRARY_PATH", "").split(":"))


def _has_library(folders: Iterable[str]) -> bool:
    return any(os.path.lexists(f"{folder}/{LIBRARY}") for folder in folders if folder)
