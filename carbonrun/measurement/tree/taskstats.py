"""The kernel's word on every thread that ends on this machine: taskstats, for root.

Unlike perf events it costs nothing at a fork and the same on any number of CPUs (10 microseconds at
each end), but it needs CAP_NET_ADMIN outside of containers, tells of all processes of the machine,
and what a thread used since the scheduler has last looked at it is missing: up to a clock tick,
which is most of a short process. For a thread that has never slept the kernel tells enough all the
same: CPU time is then the time of its life less what it has waited for a CPU.

Records wait in the socket's buffer until they are read at the next tick.

Source: linux/taskstats.h; Documentation/accounting/taskstats.rst; netlink(7);
linux/kernel/delayacct.c, ``delayacct_add_tsk``.
"""

from __future__ import annotations

import os
import struct

from carbonrun.errors import MeterUnavailable
from carbonrun.measurement.tree.exits import ThreadEnd

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
else:
    import _socket as socket  # socket.py imports selectors and enum

# Source: linux/netlink.h, linux/genetlink.h, linux/taskstats.h.
_NETLINK_GENERIC = 16
_SO_RCVBUFFORCE = 33
_NLM_F_REQUEST, _NLM_F_ACK = 1, 4
_NLMSG_ERROR = 2
_GENL_ID_CTRL, _CTRL_CMD_GETFAMILY, _CTRL_ATTR_FAMILY_ID, _CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
_CMD_GET, _ATTR_PID, _ATTR_REGISTER_CPUMASK = 1, 1, 3
_TYPE_STATS, _TYPE_AGGR_PID = 3, 4
_FIRST_VERSION = 12  # the first to tell which process a thread belongs to, of Linux 5.19
_LAST_OF_GROUP = 0x20  # AGROUP

_MESSAGE = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_GENERIC = struct.Struct("=BBH")  # command, version, reserved
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_CODE, _FAMILY = struct.Struct("=i"), struct.Struct("=H")
# Offsets in struct taskstats, which only grows at its end.
_HEAD = struct.Struct("=HxxIB")  # version, exit code, flags
_CPU = struct.Struct("=QQ32xQQ32s")  # count, delay, (4 others), real, virtual, name
_CPU_OFFSET = 16
_IDS = struct.Struct("=II")  # pid, parent's
_IDS_OFFSET, _LIFE_OFFSET, _SWITCHES_OFFSET, _GROUP_OFFSET = 128, 144, 272, 368
_NUMBER, _SHORT_NUMBER = struct.Struct("=Q"), struct.Struct("=I")
_LEAST_BYTES = _GROUP_OFFSET + 8

# A record takes 1 to 2 KiB in the kernel: some ten thousand ends between two ticks.
_BUFFER_BYTES = 32 << 20
_MOST_MESSAGE_BYTES = 8192
NANOSECONDS, _MICROSECONDS = 1e-9, 1e-6
# The scheduler looks at a running thread at each tick of its clock, 100 to 1000 times a second.
_LONGEST_TICK_SECONDS = 0.01


class Taskstats:
    """A socket that hears of every end; open it before the command is spawned.

    Attributes:
        is_complete: nothing was lost so far.
    """

    def __init__(self, cpus: int) -> None:
        """Listen on CPUs 0 to ``cpus`` - 1.

        Raises:
            MeterUnavailable: the kernel refuses, or is too old.
        """
        self.is_complete = True
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_GENERIC)
        except OSError as error:
            raise MeterUnavailable(f"there are no taskstats: {error.strerror}") from error
        try:
            self._listen(cpus)
        except OSError as error:
            self._socket.close()
            raise MeterUnavailable(f"taskstats are refused: {error.strerror}") from error
        except MeterUnavailable:
            self._socket.close()
            raise

    def _listen(self, cpus: int) -> None:
        self._socket.bind((0, 0))
        family = self._family()
        stats = self._ask(family, _CMD_GET, _ATTR_PID, _SHORT_NUMBER.pack(os.getpid()))
        version = next((_HEAD.unpack_from(each)[0] for each in _stats(stats)), 0)
        if version < _FIRST_VERSION:
            raise MeterUnavailable("taskstats of this kernel do not tell threads apart")
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        mask = f"0-{cpus - 1}\0".encode()
        self._ask(family, _CMD_GET, _ATTR_REGISTER_CPUMASK, mask)
        self._socket.setblocking(False)

    def close(self) -> None:
        """Hear of no more ends."""
        self._socket.close()

    def take(self) -> Iterator[ThreadEnd]:
        """Yield the ends since the last call, in the order in which each CPU has seen them."""
        while True:
            try:
                message = self._socket.recv(_MOST_MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:  # ENOBUFS: the buffer has overflown
                self.is_complete = False
                continue
            for stats in _stats(message):
                end = parse(stats)
                if end is not None:
                    yield end

    def _family(self) -> int:
        reply = self._ask(
            _GENL_ID_CTRL, _CTRL_CMD_GETFAMILY, _CTRL_ATTR_FAMILY_NAME, b"TASKSTATS\0"
        )
        for kind, content in _attributes(reply, _MESSAGE.size + _GENERIC.size, len(reply)):
            if kind == _CTRL_ATTR_FAMILY_ID:
                return int(_FAMILY.unpack_from(content)[0])
        raise MeterUnavailable("this kernel has no taskstats")

    def _ask(self, family: int, command: int, kind: int, content: bytes) -> bytes:
        """Send one attribute; return the first answer.

        Raises:
            OSError: the kernel refuses.
        """
        padded = content + bytes(-len(content) % 4)
        attribute = _ATTRIBUTE.pack(_ATTRIBUTE.size + len(content), kind) + padded
        body = _GENERIC.pack(command, 1, 0) + attribute
        flags = _NLM_F_REQUEST | (_NLM_F_ACK if kind == _ATTR_REGISTER_CPUMASK else 0)
        head = _MESSAGE.pack(_MESSAGE.size + len(body), family, flags, 1, 0)
        self._socket.send(head + body)
        reply = self._socket.recv(_MOST_MESSAGE_BYTES)
        if _MESSAGE.unpack_from(reply)[1] == _NLMSG_ERROR:
            code = -_CODE.unpack_from(reply, _MESSAGE.size)[0]
            if code != 0:
                raise OSError(code, os.strerror(code))
        return reply


def _attributes(data: bytes, at: int, stop: int) -> Iterator[tuple[int, bytes]]:
    while at + _ATTRIBUTE.size <= stop:
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > stop:
            return
        yield kind, data[at + _ATTRIBUTE.size : at + length]
        at += length + -length % 4


def _stats(message: bytes) -> Iterator[bytes]:
    """Yield the structure of each thread in a message; sums over threads are left out."""
    for kind, content in _attributes(message, _MESSAGE.size + _GENERIC.size, len(message)):
        if kind == _TYPE_AGGR_PID:
            for inner, stats in _attributes(content, 0, len(content)):
                if inner == _TYPE_STATS and len(stats) >= _HEAD.size:
                    yield stats


def parse(stats: bytes) -> ThreadEnd | None:
    """Return what a ``struct taskstats`` says of a thread that has ended; None if it is too short.

    The CPU time is what the scheduler has counted, or what it must have been if the thread has
    never slept: the time of its life less what it has waited for a CPU, where the kernel counts
    that at all.
    """
    if len(stats) < _LEAST_BYTES:
        return None
    _, _, flags = _HEAD.unpack_from(stats)
    runs, waited, _, counted, name = _CPU.unpack_from(stats, _CPU_OFFSET)
    pid, parent = _IDS.unpack_from(stats, _IDS_OFFSET)
    life = _NUMBER.unpack_from(stats, _LIFE_OFFSET)[0] * _MICROSECONDS
    seconds = counted * NANOSECONDS
    if runs > 0 and _NUMBER.unpack_from(stats, _SWITCHES_OFFSET)[0] == 0:
        awake_seconds = life - waited * NANOSECONDS
        seconds = max(seconds, min(awake_seconds, seconds + _LONGEST_TICK_SECONDS))
    return ThreadEnd(
        tid=pid,
        pid=_SHORT_NUMBER.unpack_from(stats, _GROUP_OFFSET)[0],
        parent=parent,
        program=name.split(b"\0", 1)[0].decode("utf-8", "backslashreplace"),
        cpu_seconds=seconds,
        is_last=bool(flags & _LAST_OF_GROUP),
    )
