"""Simulated graphics cards: sysfs as amdgpu, i915 and xe show it, and files of their clients.

For tests; the program under test only sees files::

    machine = SimulatedGraphics(tmp_path)
    card = machine.add_card("0000:03:00.0", "amdgpu", hwmon={"power1_average": 60_000_000})
    client = machine.add_client(pid=4711, card=card, client_id=7, engines={"gfx": 0})
    client.busy("gfx", 1_500_000_000)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT_OF_CARD, FORMAT_OF_APU = 1, 2
# Where the counter is in the table, by minor version. Source: kgd_pp_interface.h.
ENERGY_AT = {1: 24, 2: 24, 3: 24, 4: 24, 5: 88, 6: 16, 7: 24, 8: 24}
JOULES_PER_UNIT = 2.0**-16


def gpu_metrics(energy_units: int, major: int = FORMAT_OF_CARD, minor: int = 3) -> bytes:
    """Return a table of a version, with nothing but its energy in it."""
    table = bytearray(160)
    table[0:4] = len(table).to_bytes(2, "little") + bytes((major, minor))
    if major == FORMAT_OF_CARD:
        offset = ENERGY_AT[minor]
        table[offset : offset + 8] = energy_units.to_bytes(8, "little")
    return bytes(table)


class SimulatedCard:
    """One card; attributes are written in place, so that who has them open sees it."""

    def __init__(self, folder: Path, number: int, address: str, driver: str) -> None:
        """Name the places; nothing is made."""
        self.address = address
        self.driver = driver
        self.device = folder / f"devices/pci0000:00/{address}"
        self.node = folder / f"class/drm/card{number}"
        self.hwmon = self.device / f"hwmon/hwmon{number + 4}"

    def set(self, attribute: str, value: object) -> None:
        """Write an attribute of the device (``hwmon/...`` is of its sensors)."""
        path = self._path(attribute)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(value, bytes):
            path.write_bytes(value)
        else:
            path.write_text(f"{value}\n")

    def fail(self, attribute: str) -> None:
        """Let each reading fail, as an error of the device does."""
        path = self._path(attribute)
        path.unlink(missing_ok=True)
        path.mkdir(parents=True)

    def unplug(self) -> None:
        """Take the card out."""
        self.device.rename(self.device.with_name("gone"))

    def _path(self, attribute: str) -> Path:
        head, _, tail = attribute.partition("/")
        return self.hwmon / tail if head == "hwmon" else self.device / attribute


class SimulatedClient:
    """An open file of a card in one process or more."""

    def __init__(self, card: SimulatedCard, client_id: int | None, capacity: int = 1) -> None:
        """Start with no engine and no memory."""
        self.lines: dict[str, str] = {"drm-driver": card.driver, "drm-pdev": card.address}
        if client_id is not None:
            self.lines["drm-client-id"] = str(client_id)
        self._capacity = capacity
        self._files: list[Path] = []

    def open_in(self, procfs: Path, pid: int, descriptor: int = 5) -> None:
        """Give the file to a process: by fork, dup, or to begin with."""
        process = procfs / str(pid)
        (process / "fd").mkdir(parents=True, exist_ok=True)
        (process / "fdinfo").mkdir(exist_ok=True)
        (process / f"fd/{descriptor}").symlink_to("/dev/dri/renderD128")
        self._files.append(process / f"fdinfo/{descriptor}")
        self._write()

    def busy(self, engine: str, nanoseconds: int) -> None:
        """Say how long an engine was busy."""
        self._say(engine, f"drm-engine-{engine}", f"{nanoseconds} ns")

    def cycles(self, engine: str, cycles: int, total: int) -> None:
        """Say the same as xe does."""
        self.lines[f"drm-total-cycles-{engine}"] = str(total)
        self._say(engine, f"drm-cycles-{engine}", str(cycles))

    def hold(self, kibibytes: int, region: str = "vram") -> None:
        """Say how much memory it holds."""
        self.lines[f"drm-memory-{region}"] = f"{kibibytes} KiB"
        self._write()

    def _say(self, engine: str, key: str, value: str) -> None:
        self.lines[key] = value
        if self._capacity > 1:
            self.lines[f"drm-engine-capacity-{engine}"] = str(self._capacity)
        self._write()

    def _write(self) -> None:
        text = "pos:\t0\nflags:\t02100002\nmnt_id:\t26\n"
        text += "".join(f"{key}:\t{value}\n" for key, value in self.lines.items())
        for file in self._files:
            file.write_text(text)


class SimulatedGraphics:
    """The cards of a machine and the processes that have them open.

    Attributes:
        sysfs, procfs: the roots.
    """

    def __init__(self, folder: Path) -> None:
        """Make empty roots in ``folder``."""
        self.sysfs, self.procfs = folder / "sys", folder / "proc"
        (self.sysfs / "class/drm").mkdir(parents=True)
        self.procfs.mkdir(parents=True, exist_ok=True)
        self._cards = 0

    def add_card(
        self,
        address: str,
        driver: str,
        *,
        hwmon: Mapping[str, object] | None = None,
        pci_id: str = "1002:744C",
        chip: str | None = None,
        **attributes: object,
    ) -> SimulatedCard:
        """Add a card; ``hwmon`` is None for one without sensors."""
        card = SimulatedCard(self.sysfs, self._cards, address, driver)
        self._cards += 1
        card.device.mkdir(parents=True)
        card.node.mkdir()
        (card.node / "device").symlink_to(card.device)
        card.set("uevent", f"DRIVER={driver}\nPCI_ID={pci_id}\nPCI_SLOT_NAME={address}")
        card.set("power/runtime_status", "active")
        if hwmon is not None:
            for attribute, value in {"name": chip or driver, **hwmon}.items():
                card.set(f"hwmon/{attribute}", value)
        for attribute, value in attributes.items():
            card.set(attribute, value)
        return card

    def add_process(self, pid: int, start_ticks: int = 1000, parent_pid: int = 1) -> Path:
        """Add a process without any card, if it is not there yet; return its directory."""
        folder = self.procfs / str(pid)
        (folder / "fd").mkdir(parents=True, exist_ok=True)
        (folder / "fdinfo").mkdir(exist_ok=True)
        fields = ["0"] * 50
        fields[0], fields[1], fields[17], fields[19] = "S", str(parent_pid), "1", str(start_ticks)
        (folder / "stat").write_text(f"{pid} (some (name)) {' '.join(fields)}\n")
        (folder / "cmdline").write_text("program\0")
        return folder

    def add_client(
        self,
        pid: int,
        card: SimulatedCard,
        client_id: int | None,
        *,
        engines: Mapping[str, int] | None = None,
        kibibytes: int | None = None,
        start_ticks: int = 1000,
        capacity: int = 1,
    ) -> SimulatedClient:
        """Let a process open a card."""
        self.add_process(pid, start_ticks)
        client = SimulatedClient(card, client_id, capacity)
        client.open_in(self.procfs, pid)
        for engine, nanoseconds in (engines or {}).items():
            client.busy(engine, nanoseconds)
        if kibibytes is not None:
            client.hold(kibibytes)
        return client

    def add_compute(self, gpu_id: int, card: SimulatedCard, held: Mapping[int, int]) -> None:
        """Show a card to ROCm as ``gpu_id``, and the bytes that processes hold there."""
        kfd = self.sysfs / "class/kfd/kfd"
        node = kfd / f"topology/nodes/{gpu_id}"
        node.mkdir(parents=True)
        (node / "gpu_id").write_text(f"{gpu_id}\n")
        domain, bus, rest = card.address.split(":")
        slot, function = rest.split(".")
        location = int(bus, 16) << 8 | int(slot, 16) << 3 | int(function)
        lines = f"cpu_cores_count 0\nlocation_id {location}\ndomain {int(domain, 16)}\n"
        (node / "properties").write_text(lines)
        for pid, size in held.items():
            (kfd / f"proc/{pid}").mkdir(parents=True, exist_ok=True)
            (kfd / f"proc/{pid}/vram_{gpu_id}").write_text(f"{size}\n")
