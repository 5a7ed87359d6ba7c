"""Everything that is set up before the command is started; what may refuse the run is here.

On the fast path: it imports no more than it needs, and opens nothing that is not needed before the
first instruction of the command.
"""

from __future__ import annotations

import os
import sys
import time

from carbonrun import clock
from carbonrun.entry import block_signals
from carbonrun.identity import new_run_id
from carbonrun.ladder import choose_accountant, name_programs, transient_group
from carbonrun.measurement.cores import count_cycles, tell_packages_apart
from carbonrun.measurement.machine import Machine
from carbonrun.measurement.meters.discover import before_start
from carbonrun.measurement.model import CPU
from carbonrun.measurement.sampler import Sampler
from carbonrun.measurement.tree import cgroup
from carbonrun.measurement.tree.procstat import OWN_PROCFS
from carbonrun.notes import Notes
from carbonrun.record import Record
from carbonrun.refusals import check
from carbonrun.spawn import Environment, environment_block

if sys.platform == "linux":
    import resource  # noqa: F401 - os.wait4 imports it when it is too late to fail

    from carbonrun.kernel import bind_datagram_socket
elif sys.platform != "win32":
    from carbonrun.elsewhere.posix import bind_datagram_socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carbonrun.mark_socket import MarkInbox
    from carbonrun.marking import Marking
    from carbonrun.measurement.gpu.drm.source import DrmSource
    from carbonrun.measurement.gpu.nvml.process import HelperProcess
    from carbonrun.measurement.model import Meter, Unmeasured
    from carbonrun.measurement.package_load import PackageLoad
    from carbonrun.measurement.tree.accountant import TreeAccountant
    from carbonrun.notes import Note
    from carbonrun.settings import Settings

RUN_ID_VARIABLE = b"CARBONRUN_RUN_ID"
SOCKET_VARIABLE = b"CARBONRUN_SOCKET"
_SOCKET_FOLDERS = (b"XDG_RUNTIME_DIR", b"TMPDIR")


class BeforeStart(Record):
    """What happened before the run, where its start was to be chosen.

    Attributes:
        notes: for the report.
        asked_unix_seconds: when it would have started, had it not waited; None if it did not.
    """

    notes: tuple[Note, ...]
    asked_unix_seconds: float | None = None


class Rig(Record):
    """Everything that is set up before the command is started.

    Attributes:
        mark_socket: path and descriptor of the socket for marks, None if there is none.
        nvml: the helper that asks NVIDIA's driver; started right after the command.
        asked_unix_seconds: when it was to be started, if that was waited with.
        cards: the graphics cards of AMD and Intel; opened at the first tick.
        card_counters: what counters of cards said before the command was started, by path.
        marking: takes what comes to it; set up when the command is started.
        overhead: tells CPU seconds and peak memory of carbonrun itself, where it is a guest in the
            process that is measured, whose signals are not ours; None where it is not.
    """

    settings: Settings
    run_id: str
    parent_id: str | None
    command: tuple[str, ...]
    environment: Environment
    sampler: Sampler
    tree: TreeAccountant
    transient: cgroup.TransientGroup | None
    unmeasured: tuple[Unmeasured, ...]
    notes: Notes
    asked_unix_seconds: float | None = None
    mark_socket: tuple[bytes, int] | None = None
    marking: Marking | MarkInbox | None = None
    nvml: HelperProcess | None = None
    overhead: Callable[[], tuple[float, int | None]] | None = None
    cards: DrmSource | None = None
    card_counters: dict[str, int] = {}  # noqa: RUF012 - records do not change

    def drain(self) -> None:
        """Take what waits in the kernel: records of processes, marks; never fails."""
        self.tree.drain()
        if self.marking is not None:
            self.notes.guard("marks", self.marking.drain)


def prepare(settings: Settings, command: tuple[str, ...]) -> Rig:
    """Check everything that may refuse the run, and open the sensors.

    Raises:
        CarbonrunError: with exit status 125.
    """
    check(settings)
    block_signals()  # from here on there may be something to take away again
    rig = assemble(settings, command)
    socket = bind_mark_socket(rig.run_id, rig.environment, rig.notes)
    if socket is None:
        return rig
    environment = rig.environment.with_value(SOCKET_VARIABLE, socket[0])
    return rig.replace(environment=environment, mark_socket=socket)


def bind_mark_socket(
    run_id: str, environment: Environment, notes: Notes
) -> tuple[bytes, int] | None:
    """Return path and descriptor of a new socket for marks, in the first folder that allows it."""
    if sys.platform == "win32":
        return None  # there are no such sockets
    reason = ""
    for folder in (*map(environment.get, _SOCKET_FOLDERS), b"/tmp", b"/dev/shm"):
        if folder is None or not folder.startswith(b"/"):
            continue
        # The last part of the id is random, and the path of a socket must be short.
        path = folder.rstrip(b"/") + b"/carbonrun-" + run_id[-12:].encode()
        try:
            return path, bind_datagram_socket(path)
        except OSError as error:
            reason = error.strerror or str(error)
    message = f"phases cannot be marked: there is no place for a socket ({reason})"
    notes.info("no-mark-socket", message, "set XDG_RUNTIME_DIR or TMPDIR")
    return None


def assemble(settings: Settings, command: tuple[str, ...]) -> Rig:
    """Open the sensors and what accounts for the tree; settings are taken for good.

    Raises:
        CarbonrunError: --cgroup is not possible.
    """
    notes = Notes()
    now = clock.now()
    run_id = new_run_id(now)
    environment = environment_of_ours()
    parent_id = environment.get(RUN_ID_VARIABLE)
    mark = RUN_ID_VARIABLE + b"=" + run_id.encode()
    hierarchy = cgroup.find_hierarchy(OWN_PROCFS)
    meters, unmeasured = discover(settings, now, notes)
    transient = transient_group(settings, hierarchy, run_id)
    tree = choose_accountant(transient, hierarchy, mark, notes)
    if settings.names_programs:
        tree.naming = notes.guard("programs", lambda: name_programs(tree))
    sampler = notes.guard("cores", lambda: _sampler(settings, meters, tree, notes))
    return Rig(
        settings=settings,
        run_id=run_id,
        parent_id=as_text(parent_id),
        command=command,
        environment=environment.with_value(RUN_ID_VARIABLE, run_id.encode()),
        sampler=sampler or Sampler(meters, open_machine(settings.procfs), notes),
        tree=tree,
        transient=transient,
        unmeasured=tuple(unmeasured),
        notes=notes,
        card_counters=notes.guard("graphics cards", lambda: _card_counters(settings.sysfs)) or {},
    )


def environment_of_ours() -> Environment:
    """Return the environment as it came in; Python may have added to its own copy."""
    if sys.platform != "linux":
        from carbonrun.measurement.tree.portable import own_environment

        entries = own_environment()
        if entries is not None:
            return Environment(entries=entries)
    return environment_block(OWN_PROCFS)


def discover(
    settings: Settings, now: clock.Instant, notes: Notes
) -> tuple[Sequence[Meter], Sequence[Unmeasured]]:
    """Return the meters that can be read at once, and what was found but cannot be read."""
    found = notes.guard("sensors", lambda: before_start(settings.sysfs, settings.procfs, now))
    return found or ([], [])


def as_text(run_id: bytes | None) -> str | None:
    """Return the id of a run from the environment."""
    return None if run_id is None else run_id.decode("utf-8", "backslashreplace")


def _card_counters(sysfs: str) -> dict[str, int]:
    """Return what the counters of graphics cards say, by path; most servers have no cards."""
    if not os.path.lexists(f"{sysfs}/class/drm"):
        return {}
    from carbonrun.measurement.gpu.presence import energy_counters

    return energy_counters(sysfs)


def _sampler(
    settings: Settings, meters: Sequence[Meter], tree: TreeAccountant, notes: Notes
) -> Sampler:
    """Return what reads the meters, with what it needs where packages or cores differ."""
    load = tell_packages_apart(settings.sysfs, meters, tree, OWN_PROCFS)
    sampler = Sampler(meters, open_machine(settings.procfs, packages=load), notes)
    if any(meter.device.kind == CPU for meter in meters):
        sampler.cycles = count_cycles(settings.sysfs, OWN_PROCFS, load)
    return sampler


def open_machine(
    procfs: str,
    now_seconds: Callable[[], float] = time.monotonic,
    packages: PackageLoad | None = None,
) -> Machine:
    """Return what reads the machine here: psutil where there is no procfs, without packages."""
    if sys.platform != "linux":
        from carbonrun.measurement.portable_machine import PortableMachine

        return PortableMachine(now_seconds)
    return Machine(procfs, now_seconds, packages)
