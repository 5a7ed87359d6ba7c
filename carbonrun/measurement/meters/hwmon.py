"""The chips of the kernel's hwmon class, by name.

Numbers of ``hwmonN`` are the order of registration and mean nothing; a chip is what its ``name``
file says. Attributes are in the chip's folder, or below ``device`` with old drivers.

Source: Linux, ``Documentation/hwmon/sysfs-interface.rst`` (units: mV, mA, uW, uJ).
"""

from __future__ import annotations

import os

from carbonrun.measurement.tree.procstat import read_text
from carbonrun.record import Record

FOLDER = "class/hwmon"


class Chip(Record):
    """One chip.

    Attributes:
        name: what the driver calls it.
        path: its folder ``hwmonN``.
    """

    name: str
    path: str

    def attribute(self, name: str) -> str | None:
        """Return the path of an attribute, None if the chip has none of that name."""
        for path in (f"{self.path}/{name}", f"{self.path}/device/{name}"):
            if os.path.lexists(path):
                return path
        return None

    def text(self, name: str) -> str | None:
        """Return the text of an attribute, None if there is none to be had."""
        path = self.attribute(name)
        try:
            return None if path is None else read_text(path)
        except OSError:
            return None


def chips(sysfs: str, name: str) -> tuple[Chip, ...]:
    """Return the chips of a driver in the order of their numbers."""
    root = f"{sysfs}/{FOLDER}"
    try:
        folders = [each for each in os.listdir(root) if each.startswith("hwmon")]  # noqa: PTH208
    except OSError:
        return ()
    found = []
    for folder in sorted(folders, key=_number):
        path = f"{root}/{folder}"
        chip = Chip(name=name, path=path)
        if chip.text("name") == name:
            found.append(chip)
    return tuple(found)


def labels(chip: Chip, prefix: str) -> dict[int, str]:
    """Return the labels of the channels of a type (``energy``, ``in``, ``curr``) by number."""
    try:
        names = os.listdir(chip.path)  # noqa: PTH208
    except OSError:
        return {}
    found: dict[int, str] = {}
    for name in names:
        head, _, tail = name.partition("_")
        number = head[len(prefix) :]
        if tail == "label" and head.startswith(prefix) and number.isdigit():
            text = chip.text(name)
            if text:
                found[int(number)] = text
    return dict(sorted(found.items()))


def _number(folder: str) -> tuple[int, str]:
    digits = folder[len("hwmon") :]
    return (int(digits) if digits.isdigit() else 0, folder)
