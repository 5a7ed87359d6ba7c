"""The tables of CPU power that ship with the package: names and look-ups. Pure.

A table is text: header lines that start with ``#``, then one line a row, the key first, columns
separated by tabs. A look-up searches the text; no row but the one that is found is ever parsed.
The tables are made by ``tools/build_hardware_data.py`` and read by :mod:`cpu_data`.
"""

from __future__ import annotations

from carbonrun.record import Record

# What stands in a CPU's name beside what tells it from others.
_NOISE = frozenset(("cpu", "processor", "intel", "amd", "xeon", "core", "apu", "genuine"))
_CLASSES = frozenset(("bronze", "silver", "gold", "platinum"))
# What follows is the graphics unit or the clock, not the CPU.
_ENDS = ("@", ",", "(", " with ", " w/ ", " radeon ", "/")


class CpuTables(Record):
    """The texts of the tables; ``""`` for one that could not be read.

    Attributes:
        tdp: CPU name -> thermal design power of a socket in watts.
        models: CPU name -> microarchitecture, threads per socket (may be empty).
        threads: microarchitecture -> watts per thread, see :class:`Threads`.
        instances: family of cloud instances -> see :class:`InstanceRow`.
    """

    tdp: str
    models: str
    threads: str
    instances: str = ""


class ModelRow(Record):
    """What is known of a CPU by its name."""

    microarchitecture: str
    threads_per_socket: int | None


class Threads(Record):
    """Power of the CPUs of one microarchitecture, divided by their hardware threads.

    Attributes:
        design_watts: thermal design power per thread, of the CPU in the middle.
        low_factor, high_factor: between which the others lie.
        most_idle_share: of the design power, that the packages can draw when idle, 0 to 1.
        threads_per_core: of these CPUs.
        wall_idle_watts, wall_full_watts: of a whole server at the wall, per thread.
        origin: short name of the source of the watts at the wall.
    """

    design_watts: float
    low_factor: float
    high_factor: float
    most_idle_share: float
    threads_per_core: int
    wall_idle_watts: float
    wall_full_watts: float
    origin: str


class InstanceRow(Record):
    """What a family of cloud instances runs on.

    Attributes:
        microarchitectures: one or more; which of them a machine gets is not told.
        cpus: names of the CPUs; empty where only the microarchitecture is published.
        threads_per_vcpu: 2 where the siblings of a core are switched off.
        wall_idle_watts, wall_full_watts: per vCPU of a server at the wall, None if not published.
    """

    microarchitectures: tuple[str, ...]
    cpus: tuple[str, ...]
    threads_per_vcpu: int
    wall_idle_watts: float | None
    wall_full_watts: float | None


def normalise_name(name: str) -> str:
    """Return the key of a CPU's name: lower case, without trade marks, maker, clock, core count.

    >>> normalise_name("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz")
    'gold 6148'
    """
    text = name.lower()
    for mark in ("(r)", "(tm)", "\u00ae", "\u2122", "\u200b"):
        text = text.replace(mark, " ")
    head, generation, tail = text.partition(" gen ")
    if generation and head.strip()[:1].isdigit():
        text = tail
    for end in _ENDS:
        text = text.partition(end)[0]
    words = [word for word in text.split() if word not in _NOISE and not word.endswith("-core")]
    return " ".join(words)


def without_class(key: str) -> str:
    """Return the key of a Xeon without its class; lists name some CPUs with it, some without.

    >>> without_class("platinum 8259cl")
    '8259cl'
    """
    first, blank, rest = key.partition(" ")
    return rest if blank and first in _CLASSES else key


def find_row(table: str, key: str) -> list[str] | None:
    """Return the columns behind ``key``, None if there is no such row."""
    is_header = key.startswith("#")
    start = table.find(f"\n{key}\t") if key and not is_header else -1
    if start < 0:
        return None
    start += len(key) + 2
    end = table.find("\n", start)
    return table[start : end if end >= 0 else len(table)].split("\t")


def tdp_watts(tables: CpuTables, key: str) -> float | None:
    """Return the thermal design power of one socket."""
    row = find_row(tables.tdp, key)
    return float(row[0]) if row else None


def model_row(tables: CpuTables, key: str) -> ModelRow | None:
    """Return what is known of a CPU by the key of its name, with or without its class."""
    row = find_row(tables.models, key) or find_row(tables.models, without_class(key))
    if row is None:
        return None
    return ModelRow(microarchitecture=row[0], threads_per_socket=int(row[1]) if row[1] else None)


def threads_row(tables: CpuTables, microarchitecture: str | None) -> Threads | None:
    """Return the row of a microarchitecture."""
    row = find_row(tables.threads, microarchitecture or "")
    if row is None:
        return None
    return Threads(
        design_watts=float(row[0]),
        low_factor=float(row[1]),
        high_factor=float(row[2]),
        most_idle_share=float(row[3]),
        threads_per_core=int(row[4]),
        wall_idle_watts=float(row[5]),
        wall_full_watts=float(row[6]),
        origin=row[7],
    )


def instance_row(tables: CpuTables, family: str) -> InstanceRow | None:
    """Return the row of a family of cloud instances, by its key."""
    row = find_row(tables.instances, family)
    if row is None:
        return None
    return InstanceRow(
        microarchitectures=tuple(row[0].split("|")),
        cpus=tuple(row[1].split("|")) if row[1] else (),
        threads_per_vcpu=int(row[2]),
        wall_idle_watts=float(row[3]) if row[3] else None,
        wall_full_watts=float(row[4]) if row[4] else None,
    )
