"""The sensors of macOS and Windows, in their order; chosen by the name of the system.

=======  ====  ====================  ===============================================================
system   rank  kind                  why here
=======  ====  ====================  ===============================================================
darwin   1     apple-ioreport        counter, for everybody; needs a package
darwin   2     powermetrics          power, integrated; needs root
both     2, 3  intel-power-gadget    power, integrated; needs a tool that is given out no more
win32    1     windows-emi           counter, for everybody, where drivers offer it
=======  ====  ====================  ===============================================================

As on Linux (:mod:`carbonrun.measurement.meters.order`) counters are opened before the command is
started, what samples power after it, and the first that can be read wins.
"""

from __future__ import annotations

import os
import sys

from carbonrun.measurement.meters.order import Choice, SensorKind
from carbonrun.measurement.meters.sensors import Found, Whereabouts
from carbonrun.measurement.model import CPU, GPU, Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonrun.clock import Instant
    from carbonrun.measurement.meters.background_command import Helpers
    from carbonrun.measurement.model import Meter

NO_GPUS = "GPUs are looked for on Linux only; if there is one, its energy is not in the figures"
_PACKAGE = "carbonrun.measurement.meters."

APPLE = SensorKind(
    name="apple-ioreport",
    module=_PACKAGE + "apple",
    place="",
    title="Apple silicon (IOReport)",
    meters="CPU, memory",
    is_counter=True,
    is_cross_check=False,
    absent="this processor tells no energy (Macs with Intel's do not)",
)
POWERMETRICS = SensorKind(
    name="powermetrics",
    module=_PACKAGE + "powermetrics",
    place="",
    title="powermetrics",
    meters="CPU",
    is_counter=False,
    is_cross_check=False,
    absent="powermetrics is not in PATH",
)
POWER_GADGET = SensorKind(
    name="intel-power-gadget",
    module=_PACKAGE + "power_gadget",
    place="",
    title="Intel Power Gadget",
    meters="CPU package, its memory",
    is_counter=False,
    is_cross_check=False,
    absent="Intel Power Gadget is not installed (Intel gives it out no more)",
)
EMI = SensorKind(
    name="windows-emi",
    module=_PACKAGE + "emi",
    place="",
    title="Windows Energy Meter Interface",
    meters="CPU packages, their memory",
    is_counter=True,
    is_cross_check=False,
    absent="no driver offers an energy meter of the processor (virtual machine, older Windows)",
)
_KINDS = {"darwin": (APPLE, POWERMETRICS, POWER_GADGET), "win32": (EMI, POWER_GADGET)}


class NoHelpers:
    """For sensors that run no tool."""

    def adopt(self, pid: int) -> None:
        """Do nothing."""

    def has(self, pid: int) -> bool:  # noqa: ARG002 - there are none
        """Return False."""
        return False


def kinds_of(system: str) -> tuple[SensorKind, ...]:
    """Return the kinds of sensors of a system, as ``sys.platform`` says it; the best first."""
    return _KINDS.get(system, ())


def whereabouts(
    started: Instant, environment: Mapping[str, str], helpers: Helpers | None = None
) -> Whereabouts:
    """Return where sensors look on this machine."""
    uid, machine = -1, ""
    if sys.platform != "win32":
        uid, machine = os.geteuid(), os.uname().machine
    return Whereabouts(
        started=started,
        environment=environment,
        folders=tuple(environment.get("PATH", "").split(os.pathsep)),
        helpers=NoHelpers() if helpers is None else helpers,
        uid=uid,
        machine=machine,
    )


def open_other(kind: SensorKind, where: Whereabouts) -> Found:
    """Return what a kind of sensor finds; its module is imported now."""
    module = __import__(kind.module, fromlist=["discover"])
    found: Found = module.discover(where)
    return found


def before_start(system: str, where: Whereabouts) -> tuple[list[Meter], list[Unmeasured]]:
    """Return the counters that are read from the start on, and the devices without one, and why."""
    choice = Choice()
    for kind in kinds_of(system):
        if kind.is_counter and not choice.has_kind(CPU):
            found = open_other(kind, where)
            choice.add(found.meters, found.unmeasured)
    if not choice.has_kind(CPU):
        choice.add((), [_nothing(system)])
    rows = choice.unmeasured()
    if not any(row.kind == GPU for row in rows):
        rows.append(Unmeasured(id="gpu", kind=GPU, reason=NO_GPUS))
    return choice.meters, rows


def after_start(system: str, where: Whereabouts, meters: Iterable[Meter]) -> Found:
    """Return what samples power, unless the CPU is metered already."""
    choice = Choice()
    choice.add(meters, ())
    before = len(choice.meters)
    for kind in kinds_of(system):
        if not kind.is_counter and not choice.has_kind(CPU):
            found = open_other(kind, where)
            choice.add(found.meters, found.unmeasured)
    return Found(meters=tuple(choice.meters[before:]), unmeasured=tuple(choice.unmeasured()))


def _nothing(system: str) -> Unmeasured:
    kinds = kinds_of(system)
    reason = "; ".join(kind.absent for kind in kinds) or f"no sensor is known of {system}"
    return Unmeasured(id="cpu", kind=CPU, reason=reason)
