"""The binary table ``gpu_metrics`` of the amdgpu driver: its energy counter. Pure.

The table begins with its size and version; where a figure is depends on the version. Only the
energy and what tells integrated GPUs (format 2 and 3) from cards (format 1) are of interest here.
The counter is known to be wrong on some models (it stands still within a process, is zero on the
second half of a card, counts in another unit), so whoever uses it compares it with the power.

Source: Linux, ``drivers/gpu/drm/amd/include/kgd_pp_interface.h``, ``struct gpu_metrics_v1_0`` and
later; ROCm/amdsmi issue 38 and ROCm/rocm_smi_lib issue 180 for the faults.
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Source: kgd_pp_interface.h, "Energy (15.259uJ (2^-16) units)".
JOULES_PER_UNIT = 2.0**-16
_CARD_FORMAT = 1
_HEADER_BYTES = 4
# Where the 64 bits of the energy are, by minor version of format 1.
_ENERGY_OFFSETS = {1: 24, 2: 24, 3: 24, 4: 24, 5: 88, 6: 16, 7: 24, 8: 24}
# Of version 1.9, a list of figures that say themselves what they are: a word with the number of the
# figure, its type and how many of them follow.
_LISTED_VERSION = 9
_LIST_OFFSET = 8
_ENERGY_NUMBER = 7
_TYPE_BYTES = (1, 1, 2, 2, 4, 4, 8, 8)
# What the driver writes where the firmware tells nothing.
_UNKNOWN = (0, 2**64 - 1, 2**32 - 1)


class GpuMetrics(Record):
    """What a table says.

    Attributes:
        version: major and minor.
        is_integrated: it is of a GPU within a processor.
        energy_units: the counter, in ``JOULES_PER_UNIT``; None if there is none.
    """

    version: tuple[int, int]
    is_integrated: bool
    energy_units: int | None


def parse_gpu_metrics(table: bytes) -> GpuMetrics | None:
    """Return what is of interest; None for what is no such table."""
    if len(table) < _HEADER_BYTES or _word(table, 0, 2) not in range(_HEADER_BYTES, 1 << 14):
        return None
    major, minor = table[2], table[3]
    energy = _energy(table, minor) if major == _CARD_FORMAT else None
    return GpuMetrics(
        version=(major, minor),
        is_integrated=major > _CARD_FORMAT,
        energy_units=None if energy in _UNKNOWN else energy,
    )


def _energy(table: bytes, minor: int) -> int | None:
    if minor == _LISTED_VERSION:
        return next((value for number, value in _listed(table) if number == _ENERGY_NUMBER), None)
    offset = _ENERGY_OFFSETS.get(minor)
    if offset is None or len(table) < offset + 8:
        return None
    return _word(table, offset, 8)


def _listed(table: bytes) -> Iterator[tuple[int, int]]:
    """Yield number and first value of each figure, as far as the table makes sense."""
    position = _LIST_OFFSET
    while position + 8 <= len(table):
        code = _word(table, position, 8)
        kind = code >> 20 & 0xF
        if kind >= len(_TYPE_BYTES):
            return
        size = _TYPE_BYTES[kind]
        position += 8
        if position + size > len(table):
            return
        yield code >> 10 & 0x3FF, _word(table, position, size)
        position += size * max(1, code & 0x3FF)


def _word(table: bytes, offset: int, size: int) -> int:
    return int.from_bytes(table[offset : offset + size], "little")
