"""Compares second sensors with those that are billed, and boards with what they contain. Pure.

Both are read at the same moments; what is compared is the energy between the first and the last of
these. Short comparisons say more about the moments of updating than about the sensors.
"""

from __future__ import annotations

from carbonrun.measurement.model import BOARD, CPU, MEMORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonrun.measurement.model import Device, Reading
    from carbonrun.notes import Notes

DISAGREE = "sensors-disagree"
TOLERANCE = 0.15
# An update more or less at either end is then a third of the tolerance.
_UPDATES = 40.0
SHORTEST_SECONDS = 2.0
_WHOLE = {"cpu": CPU, "memory": MEMORY}
# Boards that have every package in them; others are parts (rails) or belong to one socket.
_WHOLE_BOARDS = ("psys", "node", "ipmi", "redfish", "acpi-power-0")
_MODULE, _PACKAGE = "module-", "package-"


class CrossChecks:
    """Folds readings into pairs of energies."""

    def __init__(self, checks: Iterable[Device], devices: Iterable[Device]) -> None:
        """Prepare to compare.

        Args:
            checks: second sensors; what comes before the ``@`` of an id is what they measure.
            devices: those that are billed, and boards, which contain them.
        """
        self._devices = {device.id: device for device in devices}
        self._checks = {check.id: check for check in checks}
        self._first: dict[str, tuple[Reading, dict[str, float]]] = {}
        self._last: dict[str, tuple[Reading, dict[str, float]]] = {}

    def add(self, readings: Mapping[str, Reading]) -> None:
        """Take the readings of a moment, by device id."""
        boards = [device.id for device in self._devices.values() if device.kind == BOARD]
        joules = {device_id: reading.machine_joules for device_id, reading in readings.items()}
        for device_id in (*self._checks, *boards):
            reading = readings.get(device_id)
            others = self._counterparts(device_id)
            if reading is None or not others or any(other not in joules for other in others):
                continue
            pair = (reading, {other: joules[other] for other in others})
            self._first.setdefault(device_id, pair)
            self._last[device_id] = pair

    def notes(self, into: Notes, unbilled: Iterable[str] = ()) -> None:
        """Tell which sensors disagree; ``unbilled`` are ids that are set aside anyway."""
        set_aside = frozenset(unbilled)
        for device_id, (last, others) in self._last.items():
            first, before = self._first[device_id]
            seconds = last.at_seconds - first.at_seconds
            theirs = last.machine_joules - first.machine_joules
            ours = sum(joules - before[other] for other, joules in others.items())
            if set_aside & {device_id, *others} or not self._is_long(device_id, others, seconds):
                continue
            if theirs <= 0 or ours <= 0:
                continue  # a sensor that stands still is set aside for that, or is no check
            message = self._judge(device_id, others, (theirs / seconds, ours / seconds))
            if message is None:
                continue
            if device_id in self._checks:
                into.warn(DISAGREE, message, about=device_id)
            else:
                into.info(DISAGREE, message, about=device_id)  # what is billed need not be wrong

    def _counterparts(self, device_id: str) -> list[str]:
        """Return what a check or a board is compared with: ids of metered devices."""
        if device_id not in self._checks:
            return self._contained(device_id)
        measured = device_id.partition("@")[0]
        if measured in self._devices:
            return [measured]
        kind = _WHOLE.get(measured)
        return [device.id for device in self._devices.values() if device.kind == kind]

    def _contained(self, board: str) -> list[str]:
        packages = [d.id for d in self._devices.values() if d.kind == CPU]
        if board.startswith(_MODULE):
            own = _PACKAGE + board[len(_MODULE) :]
            return [own] if own in packages else []
        batteries = [each for each in self._devices if each.startswith("battery-")]
        return packages if board in _WHOLE_BOARDS or batteries == [board] else []

    def _is_long(self, device_id: str, others: Iterable[str], seconds: float) -> bool:
        devices = [self._checks.get(device_id) or self._devices[device_id]]
        devices += [self._devices[other] for other in others]
        slowest_seconds = max(device.update_seconds for device in devices)
        return seconds >= max(SHORTEST_SECONDS, _UPDATES * slowest_seconds)

    def _judge(
        self, device_id: str, others: Iterable[str], watts: tuple[float, float]
    ) -> str | None:
        """Return what is wrong with a pair of powers, None if nothing is."""
        theirs, ours = watts
        names = " + ".join(self._devices[other].name for other in others)
        check = self._checks.get(device_id)
        if check is not None:
            if abs(theirs - ours) <= TOLERANCE * ours:
                return None
            meter = self._devices[next(iter(others))].meter
            return (
                f"{names}: {ours:.3g} W by {meter}, which is billed, but {theirs:.3g} W by "
                f"{check.meter}; they should agree within {TOLERANCE:.0%}"
            )
        if theirs >= ours * (1 - TOLERANCE):
            return None
        board = self._devices[device_id]
        return (
            f"{board.name} ({board.meter}) shows {theirs:.3g} W, less than the {ours:.3g} W of "
            f"{names}, which it should contain"
        )
