"""Every kind of sensor that is known: is it here, can it be read, and if not, what would help.

For people who want to know what carbonrun would measure with, and why not with something better.
Everything is opened as in a run, looked at once, and closed; nothing is asked over the network and
no tool is run.
"""

from __future__ import annotations

import sys
import threading

from carbonrun.measurement.meters.background_command import OwnHelpers
from carbonrun.measurement.meters.board import acpi_power, battery, ipmi
from carbonrun.measurement.meters.board.discover import check_url
from carbonrun.measurement.meters.discover import close_all, open_kind
from carbonrun.measurement.meters.order import ORDER, Choice
from carbonrun.measurement.meters.power_meter import PowerMeter
from carbonrun.measurement.model import IN_VAIN
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from carbonrun.measurement.meters.order import SensorKind
    from carbonrun.measurement.meters.sensors import Found, Places

# What sensors of power may take together for one sample each.
TRIAL_SECONDS = 0.4
REDFISH = "redfish"
# The row of a machine without any RAPL zone.
_NO_ZONES = "cpu"


class CatalogueEntry(Record):
    """One kind of sensor on this machine.

    Attributes:
        name: of the kind, as ``Device.meter`` says it.
        title: for people.
        rank: its place in the order, 1 for the best; None for meters of the board, which are
            cross-checks.
        meters: what such a sensor measures, for people.
        found: whether there is one here.
        readable: whether all devices that it has here can be read.
        devices: the ids of these devices.
        billed: those that would be measured with it, as nothing better can be read.
        reason: why it is not found or not readable, None if it is both.
        remedy: what to do about that, with the exact commands; None where nothing helps.
    """

    name: str
    title: str
    rank: int | None
    meters: str
    found: bool = False
    readable: bool = False
    devices: tuple[str, ...] = ()
    billed: tuple[str, ...] = ()
    reason: str | None = None
    remedy: str | None = None


_BOARDS = (
    CatalogueEntry(
        name=battery.METER_NAME,
        title="laptop battery",
        rank=None,
        meters="the whole machine, while it is being discharged",
        reason="the machine has no battery",
    ),
    CatalogueEntry(
        name=acpi_power.METER_NAME,
        title="ACPI power meter",
        rank=None,
        meters="the whole machine",
        reason="no hwmon chip power_meter (the firmware has none, or the driver is not loaded)",
        remedy="sudo modprobe acpi_power_meter",
    ),
    CatalogueEntry(
        name=ipmi.METER_NAME,
        title="IPMI DCMI",
        rank=None,
        meters="the whole machine",
        reason="no /dev/ipmi0 (no controller, or its driver is not loaded)",
        remedy="sudo modprobe ipmi_si && sudo modprobe ipmi_devintf",
    ),
)


def catalogue(
    places: Places,
    environment: Mapping[str, str],
    now_seconds: Callable[[], float],
    *,
    redfish_url: str | None = None,
    virtual: bool = False,
) -> tuple[CatalogueEntry, ...]:
    """Return all kinds of sensors: those of CPU and memory in their order, then the board's.

    Args:
        places: roots of the kernel's files.
        environment: for PATH.
        now_seconds: a monotonic clock.
        redfish_url: as configured, None for none.
        virtual: this is a virtual machine, where a driver for hardware is no remedy.
    """
    kinds, boards, found = _open_all(places, environment, now_seconds)
    silent = _try_once(found.values())
    choice = Choice()
    entries = []
    for entry in (*_ordered(kinds), *boards):
        seen, before = found[entry.name], len(choice.meters)
        if entry.rank is not None:
            choice.add([m for m in seen.meters if m.device.id not in silent], ())
        billed = tuple(meter.device.id for meter in choice.meters[before:])
        entries.append(_judge(entry, seen, silent, virtual=virtual).replace(billed=billed))
    for each in found.values():
        close_all(each.meters)
    return (*entries, _redfish(redfish_url))


def _open_all(
    places: Places, environment: Mapping[str, str], now_seconds: Callable[[], float]
) -> tuple[tuple[SensorKind, ...], tuple[CatalogueEntry, ...], dict[str, Found]]:
    """Return the kinds of this system, its meters of the board, and what each has found."""
    if sys.platform != "linux":
        from carbonrun.measurement.meters import other_systems

        where = other_systems.whereabouts(places.started, environment)
        kinds = other_systems.kinds_of(sys.platform)
        return kinds, (), {kind.name: other_systems.open_other(kind, where) for kind in kinds}
    found = {kind.name: open_kind(kind, places) for kind in ORDER}
    folders = environment.get("PATH", "").split(":")
    found[battery.METER_NAME] = battery.discover(places, now_seconds)
    found[acpi_power.METER_NAME] = acpi_power.discover(places)
    found[ipmi.METER_NAME] = ipmi.discover(places, folders, OwnHelpers())
    return ORDER, _BOARDS, found


def _ordered(kinds: Iterable[SensorKind]) -> list[CatalogueEntry]:
    """Return the kinds of CPU and memory as they are where there is none."""
    return [
        CatalogueEntry(
            name=kind.name,
            title=kind.title,
            rank=rank,
            meters=kind.meters,
            reason=kind.absent,
            remedy=kind.remedy,
        )
        for rank, kind in enumerate(kinds, 1)
    ]


def _judge(
    absent: CatalogueEntry, found: Found, silent: Mapping[str, str], *, virtual: bool
) -> CatalogueEntry:
    """Return the entry of a kind from what was found of it."""
    rows = [row for row in found.unmeasured if row.id != _NO_ZONES]
    devices = [meter.device.id for meter in found.meters] + [row.id for row in rows]
    if not devices:
        row = found.unmeasured[0] if found.unmeasured else None
        reason = absent.reason if row is None else row.reason
        remedy = absent.remedy if row is None else row.hint
        is_driver = remedy is not None and "modprobe" in remedy
        return absent.replace(reason=reason, remedy=IN_VAIN if virtual and is_driver else remedy)
    reason = remedy = None
    if rows:
        reason, remedy = rows[0].reason, rows[0].hint
    else:
        reason = next((silent[each] for each in devices if each in silent), None)
    return absent.replace(
        found=True,
        readable=reason is None,
        devices=tuple(devices),
        reason=reason,
        remedy=remedy,
    )


def _try_once(found: Iterable[Found]) -> dict[str, str]:
    """Take one sample of each sensor of power; return why there is none, by device id."""
    meters: list[PowerMeter] = []
    threads: list[threading.Thread] = []
    for each in found:
        meters += [meter for meter in each.meters if isinstance(meter, PowerMeter)]
        threads += [threading.Thread(target=p.round, daemon=True) for p in each.pollers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TRIAL_SECONDS / len(threads))
    return {
        meter.device.id: meter.failure or f"it gave no figure within {TRIAL_SECONDS:g} s"
        for meter in meters
        if not meter.has_sample
    }


def _redfish(url: str | None) -> CatalogueEntry:
    entry = CatalogueEntry(
        name=REDFISH,
        title="Redfish",
        rank=None,
        meters="the whole machine",
        reason="no URL is configured",
        remedy="carbonrun --redfish-url https://BMC ... (or redfish-url in the configuration)",
    )
    if url is None:
        return entry
    reason = check_url(url, has_password=True)
    return entry.replace(
        found=True,
        readable=reason is None,
        devices=(REDFISH,),
        reason=reason,
        remedy=None if reason is None else entry.remedy,
    )
