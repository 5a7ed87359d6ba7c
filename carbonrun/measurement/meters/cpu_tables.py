"""The tables of CPU power that ship with the package: names and look-ups. Pure.

A table is text: header lines that start with ``#``, then one line a row, the key first, columns
separated by tabs. A look-up searches the text; no row but the one that is found is ever parsed.
The tables are made by ``tools/build_hardware_data.py`` and read by :mod:`cpu_data`.
"""

from __future__ import annotations

from carbonrun.record import Record

# What stands in a CPU's name beside what tells it from others.
_NOISE = frozenset(("cpu", "processor", "intel", "amd", "xeon", "core", "apu", "genuine"))
# What follows is the graphics unit or the clock, not the CPU.
_ENDS = ("@", ",", "(", " with ", " w/ ", " radeon ", "/")


class CpuTables(Record):
    """The texts of the tables; ``""`` for one that could not be read.

    Attributes:
        tdp: CPU name -> thermal design power of a socket in watts.
        models: CPU name -> microarchitecture, threads per socket (may be empty).
        watts: microarchitecture -> watts per thread, see :class:`WattsPerThread`.
    """

    tdp: str
    models: str
    watts: str


class ModelRow(Record):
    """What is known of a CPU by its name."""

    microarchitecture: str
    threads_per_socket: int | None


class WattsPerThread(Record):
    """Power of a server of one microarchitecture, divided by its hardware threads.

    Attributes:
        idle_watts, full_watts: idle, and at full load.
        low_factor, high_factor: between which the servers of this kind lie.
        idle_share: idle of full power of a typical one (median), 0 to 1.
        threads_per_core: of these servers.
        origin: short name of the source.
    """

    idle_watts: float
    full_watts: float
    low_factor: float
    high_factor: float
    idle_share: float
    threads_per_core: int
    origin: str


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
    """Return what is known of a CPU by the key of its name."""
    row = find_row(tables.models, key)
    if row is None:
        return None
    return ModelRow(microarchitecture=row[0], threads_per_socket=int(row[1]) if row[1] else None)


def watts_per_thread(tables: CpuTables, microarchitecture: str | None) -> WattsPerThread | None:
    """Return the row of a microarchitecture."""
    row = find_row(tables.watts, microarchitecture or "")
    if row is None:
        return None
    return WattsPerThread(
        idle_watts=float(row[0]),
        full_watts=float(row[1]),
        low_factor=float(row[2]),
        high_factor=float(row[3]),
        idle_share=float(row[4]),
        threads_per_core=int(row[5]),
        origin=row[6],
    )
