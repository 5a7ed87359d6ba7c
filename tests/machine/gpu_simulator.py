"""Simulated graphics cards on a real machine: their energy is a known function of who uses them.

    watts = idle_watts + busy_watts * (the sum of what the users keep busy, 1 at the most)

Users are real processes (``gpu_user.py``) that say how much of which card they use, by a file with
their number. A process of its own advances counters, power and the files of their clients as a
driver does, and keeps the truth: what of a card's energy was each user's.

Run as a script it is the process that advances the files: ``gpu_simulator.py CONFIGURATION``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

    from tests.machine.sim_drm import SimulatedCard

UPDATE_SECONDS = 0.005
_DIGITS = 18
_RESERVED_MEBIBYTES = 100  # by the driver itself
_CLOCK_HZ = 19_200_000  # of xe's cycles
_MACHINE_FILES = ("stat", "meminfo", "cpuinfo", "loadavg", "sys", "self")
USER = str(Path(__file__).with_name("gpu_user.py"))


class GpuMachine:
    """A context manager; add cards before it is entered.

    Attributes:
        sysfs, procfs: the roots to give to carbonrun.
        options: the same as its options.
    """

    def __init__(self, folder: Path) -> None:
        """Make the roots in ``folder``; what is not of cards is the real machine's."""
        from tests.machine.sim_drm import SimulatedGraphics

        self.graphics = SimulatedGraphics(folder / "machine")
        self.sysfs, self.procfs = str(self.graphics.sysfs), str(self.graphics.procfs)
        self.options = ("--sysfs", self.sysfs, "--procfs", self.procfs)
        self._users, self._truth = folder / "users", folder / "truth"
        for place in (self._users, self._truth):
            place.mkdir()
        for name in _MACHINE_FILES:
            (self.graphics.procfs / name).symlink_to(f"/proc/{name}")
        self._cards: list[dict[str, Any]] = []
        self._process: subprocess.Popen[bytes] | None = None

    def add_card(
        self,
        address: str,
        driver: str,
        *,
        idle_watts: float = 20.0,
        busy_watts: float = 200.0,
        start_uj: int = 1_000_000,
        counter_factor: float | None = None,
        pci_id: str = "1002:744C",
    ) -> SimulatedCard:
        """Add a card.

        Args:
            address: on PCI.
            driver: ``amdgpu`` has power, i915 and xe a counter.
            idle_watts: of the idle card.
            busy_watts: what a card that is busy all the time draws above that.
            start_uj: of the counter.
            counter_factor: of amdgpu's own counter, which it has not if this is None.
            pci_id: of the model.
        """
        files = {"power1_average": 0} if driver == "amdgpu" else {"energy1_input": start_uj}
        card = self.graphics.add_card(address, driver, hwmon=files, pci_id=pci_id)
        if driver == "amdgpu":
            card.set("gpu_busy_percent", 0)
        self._cards.append(
            {
                "address": address,
                "driver": driver,
                "device": str(card.device),
                "hwmon": str(card.hwmon),
                "idle_watts": idle_watts,
                "busy_watts": busy_watts,
                "start_uj": start_uj,
                "counter_factor": counter_factor,
            }
        )
        return card

    def user(
        self, card: SimulatedCard, share: float, mebibytes: int, seconds: float, **how: object
    ) -> list[str]:
        """Return the command of a user: it uses the card for a while, and ends.

        ``how`` may have ``compute`` (by ROCm, past the files of the driver) and ``children`` (so
        many use the card, one after the other, for a part of the time each).
        """
        wish = {"card": card.address, "share": share, "mebibytes": mebibytes, **how}
        return [sys.executable, "-I", "-S", USER, str(self._users), str(seconds), json.dumps(wish)]

    def __enter__(self) -> Self:
        """Let it run."""
        configuration = {
            "cards": self._cards,
            "procfs": self.procfs,
            "sysfs": self.sysfs,
            "users": str(self._users),
            "truth": str(self._truth),
        }
        words = [sys.executable, "-I", "-S", __file__, json.dumps(configuration)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        if self._process.stdout is None or not self._process.stdout.readline():
            raise RuntimeError("the simulator did not start")
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.stop()

    def stop(self) -> None:
        """Let everything stand still."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def truth(self) -> list[dict[str, float]]:
        """Return what each user that has ended has used, in the order of their ends."""
        files = sorted(self._truth.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        return [json.loads(file.read_text()) for file in files]


class _User:
    """One process on a card."""

    def __init__(self, pid: int, wish: Mapping[str, Any], card: _Card) -> None:
        self.pid = pid
        self.card = card
        self.share = float(wish["share"])
        self.mebibytes = int(wish["mebibytes"])
        self.is_compute = bool(wish.get("compute", False))
        self.busy_seconds = 0.0
        self.started = time.monotonic()
        self.used = {"pid": pid, "active_joules": 0.0, "idle_joules": 0.0, "seconds": 0.0}


class _Card:
    """One card and its files."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts = facts
        self.joules = facts["start_uj"] * 1e-6
        self.started = time.monotonic()

    @property
    def watts_of_busy(self) -> float:
        return float(self.facts["busy_watts"])

    def advance(self, users: list[_User], seconds: float) -> None:
        wished = sum(user.share for user in users)
        scale = 1 / max(1.0, wished)
        held = sum(user.mebibytes for user in users) or 1
        for user in users:
            busy = user.share * scale * seconds
            user.busy_seconds += busy
            user.used["active_joules"] += self.watts_of_busy * busy
            idle = self.facts["idle_watts"] * seconds
            user.used["idle_joules"] += idle * user.mebibytes / held
            user.used["seconds"] += seconds
        busy_share = wished * scale
        watts = self.facts["idle_watts"] + self.watts_of_busy * busy_share
        self.joules += watts * seconds
        self._write(watts, busy_share, sum(user.mebibytes for user in users))

    def _write(self, watts: float, busy_share: float, mebibytes: int) -> None:
        hwmon, device = self.facts["hwmon"], self.facts["device"]
        if self.facts["driver"] != "amdgpu":
            _put(f"{hwmon}/energy1_input", f"{int(self.joules * 1e6):0{_DIGITS}d}\n".encode())
            return
        _put(f"{hwmon}/power1_average", f"{int(watts * 1e6):0{_DIGITS}d}\n".encode())
        _put(f"{device}/gpu_busy_percent", f"{round(100 * busy_share):03d}\n".encode())
        used_bytes = (mebibytes + _RESERVED_MEBIBYTES) << 20
        _put(f"{device}/mem_info_vram_used", f"{used_bytes:0{_DIGITS}d}\n".encode())
        factor = self.facts["counter_factor"]
        if factor is not None:
            units = 1 + int(self.joules * factor * 65536)
            table = bytearray(120)
            table[0:4] = len(table).to_bytes(2, "little") + bytes((1, 3))
            table[24:32] = units.to_bytes(8, "little")
            _put(f"{device}/gpu_metrics", bytes(table))


def _put(path: str, content: bytes) -> None:
    """Write in place, always as long as before, so that nobody sees half of it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    os.pwrite(descriptor, content, 0)
    os.close(descriptor)


class _Simulation:
    """Everything that moves."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        self._at = configuration
        self._cards = {facts["address"]: _Card(facts) for facts in configuration["cards"]}
        self._users: dict[int, _User] = {}

    def step(self, seconds: float) -> None:
        self._come_and_go()
        for card in self._cards.values():
            card.advance([u for u in self._users.values() if u.card is card], seconds)
        for user in self._users.values():
            self._show(user)

    def _come_and_go(self) -> None:
        for name in os.listdir(self._at["users"]):  # noqa: PTH208
            if name.isdigit() and int(name) not in self._users:
                with open(f"{self._at['users']}/{name}", encoding="utf-8") as file:  # noqa: PTH123
                    wish = json.loads(file.read())
                self._users[int(name)] = _User(int(name), wish, self._cards[wish["card"]])
        for pid, user in list(self._users.items()):
            if not _lives(pid):
                self._leave(user)

    def _leave(self, user: _User) -> None:
        del self._users[user.pid]
        os.unlink(f"{self._at['users']}/{user.pid}")  # noqa: PTH108
        folder = f"{self._at['procfs']}/{user.pid}"
        for file in (f"{folder}/fd/5", f"{folder}/fdinfo/5", f"{folder}/stat", f"{folder}/cmdline"):
            if os.path.lexists(file):
                os.unlink(file)  # noqa: PTH108
        with open(f"{self._at['truth']}/{user.pid}", "w", encoding="utf-8") as truth:  # noqa: PTH123
            truth.write(json.dumps(user.used))

    def _show(self, user: _User) -> None:
        folder = f"{self._at['procfs']}/{user.pid}"
        if not os.path.lexists(f"{folder}/fd/5"):
            os.makedirs(f"{folder}/fd", exist_ok=True)  # noqa: PTH103
            os.makedirs(f"{folder}/fdinfo", exist_ok=True)  # noqa: PTH103
            for file in ("stat", "cmdline"):
                with open(f"/proc/{user.pid}/{file}", "rb") as real:  # noqa: PTH123
                    _put(f"{folder}/{file}", real.read())
            _put(f"{folder}/fdinfo/5", self._text(user))
            os.symlink("/dev/dri/renderD128", f"{folder}/fd/5")  # noqa: PTH211
        _put(f"{folder}/fdinfo/5", self._text(user))
        if user.is_compute:
            self._show_compute(user)

    def _text(self, user: _User) -> bytes:
        driver, address = user.card.facts["driver"], user.card.facts["address"]
        busy = 0.0 if user.is_compute else user.busy_seconds
        lines = [f"drm-driver:\t{driver}", f"drm-pdev:\t{address}", f"drm-client-id:\t{user.pid}"]
        if driver == "xe":
            total = (time.monotonic() - user.card.started) * _CLOCK_HZ
            lines.append(f"drm-cycles-rcs:\t{int(busy * _CLOCK_HZ):0{_DIGITS}d}")
            lines.append(f"drm-total-cycles-rcs:\t{int(total):0{_DIGITS}d}")
        else:
            engine = "gfx" if driver == "amdgpu" else "render"
            lines.append(f"drm-engine-{engine}:\t{int(busy * 1e9):0{_DIGITS}d} ns")
        region = "vram" if driver == "amdgpu" else "local0"
        lines.append(f"drm-memory-{region}:\t{user.mebibytes} MiB")
        return ("\n".join(lines) + "\n").encode()

    def _show_compute(self, user: _User) -> None:
        kfd = f"{self._at['sysfs']}/class/kfd/kfd/proc/{user.pid}"
        os.makedirs(kfd, exist_ok=True)  # noqa: PTH103
        _put(f"{kfd}/vram_51234", f"{user.mebibytes << 20}\n".encode())


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return file.read().rpartition(b") ")[2][:1] not in b"ZX"
    except OSError:
        return False


def main() -> None:
    """Advance the files until killed."""
    try:
        os.nice(-10)  # hardware does not wait for a free CPU
    except OSError:
        pass
    simulation = _Simulation(json.loads(sys.argv[1]))
    before = time.monotonic()
    simulation.step(0.0)
    os.write(1, b"moving\n")
    while True:
        time.sleep(UPDATE_SECONDS)
        now = time.monotonic()
        simulation.step(now - before)
        before = now


if __name__ == "__main__":
    main()
