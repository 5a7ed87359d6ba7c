"""A fixed report with one of everything, for the tests of what is made from it."""

from __future__ import annotations

from carbonrun.measurement.model import Unmeasured
from carbonrun.notes import INFO, WARNING, Note
from carbonrun.report.model import (
    DeviceEnergy,
    Emissions,
    Energy,
    Gpu,
    Host,
    IntensityUsed,
    Overhead,
    Phase,
    Program,
    Report,
    Run,
    TimelinePoint,
    Tree,
)

HOST = Host(
    name="node7",
    machine_id="5b51fc927398ea87",
    os="Linux 6.8.0",
    cpu_model="AMD EPYC 7763 64-Core Processor",
    logical_cpus=128,
    memory_bytes=540_000_000_000,
    gpus=(Gpu(id="GPU-1", name="NVIDIA A100-SXM4-80GB"),),
)
RUN = Run(
    id="01a2116f-6418-7ba5-bf65-f7f11f1da94b",
    name="nightly",
    project="shop",
    tags={"team": "vision"},
    command=("make", "-j8", "CFLAGS=-O2 -g", "all"),
    started_at="2026-11-25T06:40:42.534Z",
    ended_at="2026-11-25T06:41:24.834Z",
    duration_seconds=42.3,
    exit_code=0,
    signal=None,
    scope="tree",
    parent_id=None,
    group=None,
    host=HOST,
    version="0.1.0",
)
TREE = Tree(
    cpu_seconds=298.1,
    cpu_accounting="perf",
    processes=1204,
    left_running=0,
    peak_memory_bytes=3_500_000_000,
    memory_byte_seconds=9.9e10,
    io_read_bytes=0,
    io_write_bytes=123_456_789,
    programs=(
        Program(program="cc1", processes=1200, cpu_seconds=290.0, joules=1180.0),
        Program(program=None, processes=None, cpu_seconds=8.1, joules=30.0),
    ),
)
CPU = DeviceEnergy(
    id="package-0",
    kind="cpu",
    name="CPU package-0",
    meter="rapl-powercap",
    method="counter",
    source="/sys/class/powercap/intel-rapl:0",
    joules=1210.0,
    low_joules=1190.0,
    high_joules=1250.0,
    active_joules=1050.0,
    idle_joules=160.0,
    machine_joules=2086.0,
    readings=52,
)
MEMORY = CPU.replace(
    id="dram-0",
    kind="memory",
    name="memory dram-0",
    joules=96.0,
    low_joules=90.0,
    high_joules=101.0,
    active_joules=71.0,
    idle_joules=25.0,
    machine_joules=234.0,
)
BOARD = CPU.replace(
    id="psys",
    kind="board",
    name="whole board (psys)",
    joules=4100.0,
    low_joules=4000.0,
    high_joules=4200.0,
    active_joules=0.0,
    idle_joules=0.0,
    machine_joules=4100.0,
)
ESTIMATED = CPU.replace(
    id="cpu",
    name="CPU AMD EPYC 7763 64-Core Processor",
    meter="estimate",
    method="estimated",
    source="model: EPYC 3rd Gen (Cloud Carbon Footprint, 2026)",
    joules=0.0042,
    low_joules=0.001,
    high_joules=0.0188,
    active_joules=0.0042,
    idle_joules=0.0,
    machine_joules=7.7,
    readings=2,
)
ENERGY = Energy(
    joules=1306.0,
    low_joules=1280.0,
    high_joules=1351.0,
    active_joules=1121.0,
    idle_joules=185.0,
    machine_joules=2320.0,
    devices=(CPU, MEMORY, BOARD),
    unmeasured=(
        Unmeasured(
            id="GPU-1",
            kind="gpu",
            reason="NVIDIA A100-SXM4-80GB: this version does not read GPUs",
            hint=None,
        ),
    ),
)
INTENSITY = IntensityUsed(
    grid_zone="FR",
    zone_source="time zone",
    g_per_kwh=44.0,
    low_g_per_kwh=32.0,
    high_g_per_kwh=57.0,
    basis="lifecycle",
    signal="average",
    kind="annual",
    provider="bundled",
    valid_from="2024-01-01T00:00:00.000Z",
    valid_to="2025-01-01T00:00:00.000Z",
    attribution="Ember, Yearly Electricity Data (CC-BY-4.0)",
    series=(
        {
            "start": "2024-01-01T00:00:00.000Z",
            "end": "2025-01-01T00:00:00.000Z",
            "g_per_kwh": 44.0,
            "low_g_per_kwh": 32.0,
            "high_g_per_kwh": 57.0,
            "kind": "annual",
            "source": "Ember 2024",
        },
    ),
)
BUILD = Phase(
    name="build",
    path="build",
    parent=None,
    times=1,
    start=1.2,
    end=42.3,
    duration_seconds=41.1,
    cpu_seconds=297.0,
    joules=1290.0,
    low_joules=1260.0,
    high_joules=1340.0,
    grams_co2e=0.01577,
    low_grams_co2e=0.0112,
    high_grams_co2e=0.02122,
)
LINK = BUILD.replace(
    name="link",
    path="build/link",
    parent="build",
    times=3,
    start=30.0,
    duration_seconds=7.5,
    cpu_seconds=None,
    joules=41.0,
    low_joules=38.0,
    high_joules=44.0,
    grams_co2e=0.0005,
    low_grams_co2e=0.0003,
    high_grams_co2e=0.0007,
)
REPORT = Report(
    run=RUN,
    tree=TREE,
    energy=ENERGY,
    intensity=INTENSITY,
    emissions=Emissions(
        grams_co2e=0.01596, low_grams_co2e=0.01138, high_grams_co2e=0.02139, pue=1.0
    ),
    overhead=Overhead(cpu_seconds=0.046, joules=0.19, peak_memory_bytes=13_000_000),
    timeline=(
        TimelinePoint(
            start=0.0, end=20.0, joules=600.0, watts={"cpu": 28.0, "memory": 2.0}, g_per_kwh=44.0
        ),
        TimelinePoint(
            start=20.0,
            end=42.3,
            joules=706.0,
            watts={"cpu": 29.2, "memory": 2.5},
            g_per_kwh=44.0,
            phase="build/link",
        ),
    ),
    phases=(BUILD, LINK),
    notes=(
        Note(
            code="floor-modelled",
            level=INFO,
            message="the idle floor is modelled",
            hint="`carbonrun calibrate` narrows the bounds",
        ),
        Note(
            code="left-running",
            level=WARNING,
            message="2 processes are still running; what is used from now on is not counted",
            hint=None,
        ),
    ),
)
# Nothing could be measured, nothing is known about the grid, the command was killed.
UNKNOWN = REPORT.replace(
    run=RUN.replace(name=None, project=None, tags={}, exit_code=None, signal=9, parent_id="outer"),
    tree=Tree(
        cpu_seconds=None,
        cpu_accounting=None,
        processes=None,
        left_running=None,
        peak_memory_bytes=None,
        memory_byte_seconds=None,
        io_read_bytes=None,
        io_write_bytes=None,
        programs=(),
    ),
    energy=Energy(
        joules=None,
        low_joules=None,
        high_joules=None,
        active_joules=None,
        idle_joules=None,
        machine_joules=None,
        devices=(),
        unmeasured=(),
    ),
    intensity=None,
    emissions=Emissions(grams_co2e=None, low_grams_co2e=None, high_grams_co2e=None, pue=None),
    overhead=Overhead(cpu_seconds=None, joules=None, peak_memory_bytes=None),
    timeline=(),
    phases=(),
    notes=(),
)


def with_command(*words: str) -> Report:
    """Return the report of another command."""
    return REPORT.replace(run=RUN.replace(command=words))
