"""The buffer of a perf event that the kernel writes records to and we read from.

Source: perf_event_open(2), "MMAP layout"; linux/kernel/events/ring_buffer.c.
"""

from __future__ import annotations

import fcntl
import mmap
import os

from carbonrun.measurement.tree.perf import read_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from struct import Struct
else:
    from _struct import Struct  # struct.py only passes it on: 0.15 ms of the start

PAGE_BYTES = mmap.PAGESIZE
HEADER = Struct("=IHH")  # type, misc, size
_LARGEST_RECORD_BYTES = 128
_HEAD_OFFSET, _TAIL_OFFSET = 1024, 1032
# Native: read and written at once, while the kernel writes and reads; "=Q" goes byte by byte.
_POSITION = Struct("Q")


class Ring:
    """One buffer, and how far it was read.

    Attributes:
        is_complete: nothing was lost so far, as far as the buffer itself tells.
    """

    def __init__(self, descriptor: int, buffer: mmap.mmap) -> None:
        """Take over an open event and its buffer: a page of positions, then 2**n pages of data."""
        self.descriptor = descriptor
        self.is_complete = True
        self._buffer = buffer
        self._bytes = len(buffer) - PAGE_BYTES
        self._tail = 0

    @classmethod
    def map(cls, descriptor: int, data_bytes: int) -> Ring:
        """Map the buffer of an event, and let the kernel send SIGIO when it fills up.

        Raises:
            OSError: the kernel refuses; the descriptor stays open.
        """
        buffer = mmap.mmap(descriptor, PAGE_BYTES + data_bytes)
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)
        return cls(descriptor, buffer)

    def close(self) -> None:
        """Give buffer and event back."""
        self._buffer.close()
        os.close(self.descriptor)

    def take(self) -> list[tuple[int, int, bytes]]:
        """Return type, misc and body of each new record; give the space back to the kernel."""
        ring, tail, size = self._buffer, self._tail, self._bytes
        head = _POSITION.unpack_from(ring, _HEAD_OFFSET)[0]
        if head == tail:
            return []
        if head - tail > size - _LARGEST_RECORD_BYTES:
            # The kernel says that it lost something only when there is room to say it.
            self.is_complete = False
        # A system call orders our reading of the data behind that of the head on every processor.
        read_count(self.descriptor)
        start, stop = tail % size, head % size
        data = ring[PAGE_BYTES + start : PAGE_BYTES + (stop if start < stop else size)]
        if stop <= start:
            data += ring[PAGE_BYTES : PAGE_BYTES + stop]
        self._tail = head
        _POSITION.pack_into(ring, _TAIL_OFFSET, head)
        return self._split(data)

    def _split(self, data: bytes) -> list[tuple[int, int, bytes]]:
        records = []
        at = 0
        while at + HEADER.size <= len(data):
            kind, misc, length = HEADER.unpack_from(data, at)
            if length <= HEADER.size or at + length > len(data):
                # Not what the kernel writes: nothing behind it is sure.
                self.is_complete = False
                break
            records.append((kind, misc, data[at + HEADER.size : at + length]))
            at += length
        return records


def open_rings(
    cpus: Iterable[int], open_event: Callable[[int], int], data_bytes: int
) -> list[Ring]:
    """Open an event and its buffer for each CPU; all of them or none.

    Raises:
        MeterUnavailable, OSError: the kernel refuses one.
    """
    rings: list[Ring] = []
    try:
        for cpu in cpus:
            descriptor = open_event(cpu)
            try:
                rings.append(Ring.map(descriptor, data_bytes))
            except OSError:
                os.close(descriptor)
                raise
    except BaseException:
        for ring in rings:
            ring.close()
        raise
    return rings
