"""The graphics cards that the kernel lists, and where each tells of itself.

Responsible for finding them and for telling cards from what is within a processor. Not responsible
for reading energy, or for cards of Nvidia, whose driver tells nothing here.

``cardN`` is the order of registration and means nothing: a card is its PCI address. Nothing is
read here that could wake a card that sleeps.

Source: Linux, ``drivers/gpu/drm/amd/pm/amdgpu_pm.c`` (``in1_input``, the voltage of the north
bridge, is visible on APUs only); ``Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon`` and
``-xe-hwmon`` (a chip whose name ends in ``_gtN`` is of one tile).
"""

from __future__ import annotations

import os

from carbonrun.measurement.gpu.presence import (
    AMDGPU,
    I915,
    READ_DRIVERS,
    XE,
    card_folders,
    driver_of,
    is_asleep,
)
from carbonrun.measurement.tree.procstat import read_bytes, read_text
from carbonrun.record import Record

# An integrated GPU of Intel is device 2 of the first bus.
_INTEL_INTEGRATED = ":00:02."
_VENDORS = {AMDGPU: "AMD", I915: "Intel", XE: "Intel"}


class Card(Record):
    """One card.

    Attributes:
        address: its PCI address, as in ``0000:03:00.0``, else the name of its directory.
        driver: of the kernel.
        name: for people.
        pci_id: vendor and model, as in ``1002:744c``; "" for what is not on PCI.
        device: the directory of the device.
        hwmon: the directory of its sensors, None if it has none.
        is_integrated: it is a part of a processor, whose energy has its own in it.
    """

    address: str
    driver: str
    name: str
    pci_id: str
    device: str
    hwmon: str | None
    is_integrated: bool

    @property
    def is_read(self) -> bool:
        """Tell whether energy of cards with this driver is known to be told."""
        return self.driver in READ_DRIVERS

    def is_asleep(self) -> bool:
        """Tell whether the card is suspended; reading its sensors would wake it."""
        return is_asleep(self.device)

    def is_present(self) -> bool:
        """Tell whether the card is still there."""
        return os.path.exists(self.device)  # noqa: PTH110


def cards(sysfs: str) -> tuple[Card, ...]:
    """Return the cards of all drivers but Nvidia's, in the order of their addresses."""
    found: dict[str, Card] = {}
    for folder in card_folders(sysfs):
        card = _card(f"{folder}/device")
        if card is not None:
            found.setdefault(card.address, card)
    return tuple(found[address] for address in sorted(found))


def _card(device: str) -> Card | None:
    driver = driver_of(device)
    if driver is None:
        return None
    facts = _facts(device)
    address = facts.get("PCI_SLOT_NAME", "").lower() or _place(device)
    hwmon, pci_id = _hwmon(device), facts.get("PCI_ID", "").lower()
    return Card(
        address=address,
        driver=driver,
        name=_name(device, driver, pci_id),
        pci_id=pci_id,
        device=device,
        hwmon=hwmon,
        is_integrated=_is_integrated(driver, address, device, hwmon),
    )


def _place(device: str) -> str:
    """Return the name of the device's own directory; that of the card where it has none."""
    name = os.path.realpath(device).rpartition("/")[2]
    return device.split("/")[-2] if name == "device" else name


def _facts(device: str) -> dict[str, str]:
    """Return what the kernel announces of a device: driver, address, numbers."""
    try:
        lines = read_bytes(f"{device}/uevent").decode("ascii", "replace").splitlines()
    except OSError:
        return {}
    return {key: value for key, _, value in (line.partition("=") for line in lines)}


def _hwmon(device: str) -> str | None:
    """Return the chip of the whole card; i915 has one more for each of several tiles."""
    folder = f"{device}/hwmon"
    try:
        chips = sorted(n for n in os.listdir(folder) if n.startswith("hwmon"))  # noqa: PTH208
    except OSError:
        return None
    for chip in chips:
        try:
            if "_gt" not in read_text(f"{folder}/{chip}/name"):
                return f"{folder}/{chip}"
        except OSError:
            continue
    return f"{folder}/{chips[0]}" if chips else None


def _name(device: str, driver: str, pci_id: str) -> str:
    """Return what the maker calls the card, else numbers that people can look up."""
    try:
        name = read_text(f"{device}/product_name")
    except OSError:
        name = ""
    return name or " ".join(filter(None, (_VENDORS.get(driver, driver), "GPU", pci_id)))


def _is_integrated(driver: str, address: str, device: str, hwmon: str | None) -> bool:
    if driver in (I915, XE):
        return _INTEL_INTEGRATED in address
    if driver != AMDGPU:
        return False
    if hwmon is not None and os.path.lexists(f"{hwmon}/in1_input"):
        return True
    # Reading the table would wake a card; what sleeps is one, as no processor sleeps while we run.
    from carbonrun.measurement.gpu.drm.gpu_metrics import parse_gpu_metrics

    if is_asleep(device):
        return False
    try:
        metrics = parse_gpu_metrics(read_bytes(f"{device}/gpu_metrics"))
    except OSError:
        return False
    return metrics is not None and metrics.is_integrated
