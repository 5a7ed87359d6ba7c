"""The report: one frozen value from which every output is made. Pure.

The field names are the keys of the JSON report, schema ``carbonrun.report/1``; units are in the
names and ``None`` is unknown, never 0.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.measurement.model import Unmeasured
    from carbonrun.notes import Note
    from carbonrun.report.footprint.model import Footprint

SCHEMA = "carbonrun.report/1"


class Gpu(Record):
    """A GPU of the host, whether it was used or not."""

    id: str
    name: str


class Host(Record):
    """The machine of the run; ``machine_id`` is a hash that does not give the real one away."""

    name: str
    machine_id: str | None
    os: str
    cpu_model: str | None
    logical_cpus: int
    memory_bytes: int | None
    gpus: tuple[Gpu, ...]


class Run(Record):
    """What was run, when, and how it ended; times are ISO 8601 in UTC."""

    id: str
    name: str | None
    project: str | None
    tags: dict[str, str]
    command: tuple[str, ...]
    started_at: str
    ended_at: str | None
    duration_seconds: float
    exit_code: int | None
    signal: int | None
    scope: str
    parent_id: str | None
    group: str | None
    host: Host
    version: str


class Program(Record):
    """The processes of one program name; ``program`` is None for what could not be named.

    ``cpu_seconds`` is as far as it was seen, None if none of the processes was looked at.
    """

    program: str | None
    processes: int | None
    cpu_seconds: float | None
    joules: float | None


class Call(Record):
    """A program below the programs that called it; ``program`` is None for what has no name.

    Attributes:
        command: a command line of it, None if none was seen.
        processes: that were this program at their end; None for what has no name.
        own_cpu_seconds, own_joules: without what it has called.
        cpu_seconds, joules: with it.
        calls: what it has called, the most CPU time first.
    """

    program: str | None
    command: tuple[str, ...] | None
    processes: int | None
    own_cpu_seconds: float
    own_joules: float | None
    cpu_seconds: float
    joules: float | None
    calls: tuple[Call, ...]


class Naming(Record):
    """How the calls are known.

    Attributes:
        method: ``records`` (of task switches), ``taskstats`` (of ends), ``looks`` (at what runs).
        named_cpu_seconds: of all calls that have a name.
        ends_cpu_seconds: what of it is the very ends of processes, divided equally.
        is_complete: all of every process was seen but its very end.
    """

    method: str
    named_cpu_seconds: float
    ends_cpu_seconds: float
    is_complete: bool


class Tree(Record):
    """What the process tree used; ``cpu_accounting`` is the rung of the ladder.

    ``calls`` and ``naming`` are there if programs were asked for.
    """

    cpu_seconds: float | None
    cpu_accounting: str | None
    processes: int | None
    left_running: int | None
    peak_memory_bytes: int | None
    memory_byte_seconds: float | None
    io_read_bytes: int | None
    io_write_bytes: int | None
    programs: tuple[Program, ...]
    calls: tuple[Call, ...] = ()
    naming: Naming | None = None


class DeviceEnergy(Record):
    """Energy of one device under the chosen scope; ``readings`` is how often it was read."""

    id: str
    kind: str
    name: str
    meter: str
    method: str
    source: str
    joules: float
    low_joules: float
    high_joules: float
    active_joules: float
    idle_joules: float
    machine_joules: float
    readings: int


class Energy(Record):
    """The sum over the devices that count, their list, and what could not be measured."""

    joules: float | None
    low_joules: float | None
    high_joules: float | None
    active_joules: float | None
    idle_joules: float | None
    machine_joules: float | None
    devices: tuple[DeviceEnergy, ...]
    unmeasured: tuple[Unmeasured, ...]


class IntensityUsed(Record):
    """The carbon intensity that the energy was multiplied with, and where it comes from."""

    grid_zone: str | None
    zone_source: str | None
    g_per_kwh: float
    low_g_per_kwh: float
    high_g_per_kwh: float
    basis: str | None
    signal: str | None
    kind: str | None
    provider: str
    valid_from: str | None
    valid_to: str | None
    attribution: str | None
    series: tuple[dict[str, object], ...] = ()


class Emissions(Record):
    """Grams of CO2e: energy x PUE x intensity, with the bounds of both."""

    grams_co2e: float | None
    low_grams_co2e: float | None
    high_grams_co2e: float | None
    pue: float | None


class Overhead(Record):
    """What carbonrun itself used; not contained in the billed figures."""

    cpu_seconds: float | None
    joules: float | None
    peak_memory_bytes: int | None


class TimelinePoint(Record):
    """Energy between two moments, ``start`` and ``end`` in seconds since the start of the run.

    ``phase`` is the path of the innermost phase in the middle of it, None where there was none.
    ``gpu_memory_bytes`` and ``gpu_sm_share`` are the mean of what the tree held and used of all
    GPUs (two that it kept half busy are 1.0); None where there are none, or the driver is silent.
    """

    start: float
    end: float
    joules: float
    watts: dict[str, float]
    g_per_kwh: float | None
    phase: str | None = None
    gpu_memory_bytes: float | None = None
    gpu_sm_share: float | None = None


class Phase(Record):
    """A part of the run that was marked, and what it has cost, phases within it included.

    Attributes:
        name: as it was marked.
        path: its name behind those of the phases that it is in, joined by "/".
        parent: the path of the phase that it is in, or None.
        times: how often it has begun.
        start, end: of the first and of the last time, in seconds since the start of the run.
        duration_seconds: how long it was open in all.
        cpu_seconds: of the tree.
    """

    name: str
    path: str
    parent: str | None
    times: int
    start: float
    end: float
    duration_seconds: float
    cpu_seconds: float | None
    joules: float | None
    low_joules: float | None
    high_joules: float | None
    grams_co2e: float | None
    low_grams_co2e: float | None
    high_grams_co2e: float | None


class Report(Record):
    """One run, complete."""

    schema: str = SCHEMA
    run: Run
    tree: Tree
    energy: Energy
    intensity: IntensityUsed | None
    emissions: Emissions
    overhead: Overhead
    timeline: tuple[TimelinePoint, ...]
    phases: tuple[Phase, ...] = ()
    footprint: Footprint | None = None
    notes: tuple[Note, ...]
