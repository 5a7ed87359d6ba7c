"""Who computes with ROCm, and how much memory of which card each process holds.

ROCm gives work to a card past the files of the graphics driver, so their engine time does not
know it. The compute driver lists its processes, readable by everybody, with the memory that they
hold; how busy they keep the card it does not tell.

Source: Linux, ``drivers/gpu/drm/amd/amdkfd/kfd_process.c`` (``proc/PID/vram_GPUID``) and
``kfd_topology.c`` (``location_id`` is bus and function, ``domain`` the PCI domain).
"""

from __future__ import annotations

import os

from carbonrun.measurement.tree.procstat import read_bytes, read_text

FOLDER = "class/kfd/kfd"
_PREFIX = "vram_"


def card_of_gpu_id(sysfs: str) -> dict[str, str]:
    """Return the PCI address of each of the compute driver's GPUs, by its number."""
    root = f"{sysfs}/{FOLDER}/topology/nodes"
    found = {}
    for node in _names(root):
        try:
            gpu_id = read_text(f"{root}/{node}/gpu_id")
            lines = read_bytes(f"{root}/{node}/properties").decode("ascii", "replace").splitlines()
            facts = dict(line.split(maxsplit=1) for line in lines if " " in line)
            location = int(facts["location_id"])
            domain = int(facts.get("domain", "0"))
        except (OSError, ValueError, KeyError):
            continue
        if gpu_id != "0":  # a processor
            bus, slot, function = location >> 8 & 0xFF, location >> 3 & 0x1F, location & 7
            found[gpu_id] = f"{domain:04x}:{bus:02x}:{slot:02x}.{function}"
    return found


def compute_bytes(sysfs: str, cards: dict[str, str]) -> dict[str, dict[int, int]]:
    """Return by card, and by process, the memory that processes of ROCm hold.

    A process with 0 bytes has the card open.
    """
    root = f"{sysfs}/{FOLDER}/proc"
    held: dict[str, dict[int, int]] = {}
    for pid in _names(root):
        if not pid.isdigit():
            continue
        for name in _names(f"{root}/{pid}"):
            card = cards.get(name[len(_PREFIX) :]) if name.startswith(_PREFIX) else None
            if card is None:
                continue
            try:
                held.setdefault(card, {})[int(pid)] = int(read_text(f"{root}/{pid}/{name}"))
            except (OSError, ValueError):
                continue  # it has ended meanwhile
    return held


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []
