"""Tells whether there may be a card or an accelerator that the kernel's files tell of."""

from __future__ import annotations

import os


def may_have_gpu(sysfs: str) -> bool:
    """Look for the kernel's classes of them; costs a few system calls."""
    dev = f"{sysfs.rpartition('/')[0]}/dev"
    places = (f"{sysfs}/class/drm", f"{sysfs}/class/accel")
    files = ("accel0", "hl0", "neuron0", "apex_0")
    return any(os.path.lexists(path) for path in (*places, *(f"{dev}/{file}" for file in files)))
