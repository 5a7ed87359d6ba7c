"""The structures of Windows' Energy Meter Interface (EMI), from bytes. Pure.

Numbers are little-endian, texts UTF-16 with a NUL at the end; nothing is padded but what is said.

Source: ``emi.h`` of the Windows SDK: ``EMI_METADATA_V1``, ``EMI_METADATA_V2``, ``EMI_CHANNEL_V2``,
``EMI_CHANNEL_MEASUREMENT_DATA``; "Energy Meter Interface" of the Windows driver documentation.
"""

from __future__ import annotations

import re
import struct

from carbonrun.measurement.model import CPU, MEMORY
from carbonrun.record import Record

# CTL_CODE(FILE_DEVICE_UNKNOWN, 0 to 3, METHOD_BUFFERED, FILE_READ_ACCESS).
GET_VERSION, GET_METADATA_SIZE, GET_METADATA, GET_MEASUREMENT = (
    0x22 << 16 | 1 << 14 | function << 2 for function in range(4)
)
VERSION_BYTES, SIZE_BYTES = 2, 4
CHANNEL_BYTES = 16
VERSION_1, VERSION_2 = 1, 2

PICOWATT_HOURS = 0
JOULES_PER_PICOWATT_HOUR = 3600e-12

_NAME_MAX = 16  # EMI_NAME_MAX, in characters of two bytes
_MAKER_BYTES = 2 * 2 * _NAME_MAX
_V1_HEAD = struct.Struct(f"<i{_MAKER_BYTES}sHH")
_V2_HEAD = struct.Struct(f"<{_MAKER_BYTES}sHH")
_V2_CHANNEL = struct.Struct("<iH")
_MEASUREMENT = struct.Struct("<QQ")

# Source: what Intel's drivers call the domains of RAPL; those of AMD call the package a socket.
_RAPL = re.compile(r"RAPL_Package(\d+)_(PKG|DRAM)", re.IGNORECASE)
_SOCKET = re.compile(r"(?:Current )?Socket ?(\d*) ?Energy", re.IGNORECASE)


class Channel(Record):
    """One thing whose energy is metered.

    Attributes:
        name: as the driver calls it.
        unit: ``PICOWATT_HOURS``; anything else is not known.
    """

    name: str
    unit: int


class EmiFormatError(ValueError):
    """The bytes are not what the version says."""


def parse_version(content: bytes) -> int:
    """Return the version of the interface.

    Raises:
        EmiFormatError: there are too few bytes.
    """
    return int(_unpack(struct.Struct("<H"), content, 0)[0])


def parse_size(content: bytes) -> int:
    """Return how many bytes the metadata have.

    Raises:
        EmiFormatError: there are too few bytes.
    """
    return int(_unpack(struct.Struct("<I"), content, 0)[0])


def parse_channels(version: int, content: bytes) -> tuple[Channel, ...]:
    """Return the channels of a device, in the order of its measurements.

    Raises:
        EmiFormatError: the metadata are cut off, or of a version that is not known.
    """
    if version == VERSION_1:
        unit, _, _, size = _unpack(_V1_HEAD, content, 0)
        return (Channel(name=_text(content, _V1_HEAD.size, size), unit=unit),)
    if version != VERSION_2:
        raise EmiFormatError(f"version {version} of EMI is not known")
    _, _, count = _unpack(_V2_HEAD, content, 0)
    channels, offset = [], _V2_HEAD.size
    for _ in range(count):
        unit, size = _unpack(_V2_CHANNEL, content, offset)
        offset += _V2_CHANNEL.size
        channels.append(Channel(name=_text(content, offset, size), unit=unit))
        offset += size
    return tuple(channels)


def parse_energies(content: bytes, channels: int) -> tuple[int, ...]:
    """Return the energy of each channel in its unit, since some moment in the past.

    Raises:
        EmiFormatError: there are too few bytes.
    """
    return tuple(
        int(_unpack(_MEASUREMENT, content, index * _MEASUREMENT.size)[0])
        for index in range(channels)
    )


def device_of(name: str) -> tuple[str, str] | None:
    """Return id and kind of the device that a channel meters; None for parts of one, and others.

    >>> device_of("RAPL_Package0_PKG")
    ('package-0', 'cpu')
    """
    match = _RAPL.fullmatch(name)
    if match:
        is_package = match[2].upper() == "PKG"
        return (f"package-{match[1]}", CPU) if is_package else (f"dram-{match[1]}", MEMORY)
    match = _SOCKET.fullmatch(name)
    return (f"package-{match[1] or 0}", CPU) if match else None


def _text(content: bytes, offset: int, size: int) -> str:
    if offset + size > len(content):
        raise EmiFormatError("a name is cut off")
    return content[offset : offset + size].decode("utf-16-le", "replace").partition("\0")[0]


def _unpack(form: struct.Struct, content: bytes, offset: int) -> tuple[int, ...]:
    if offset + form.size > len(content):
        raise EmiFormatError(f"{len(content)} bytes are too few")
    return form.unpack_from(content, offset)
