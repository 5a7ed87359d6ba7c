"""CPU time of the whole process tree from one perf counter that every descendant inherits.

The software event ``task-clock`` is opened on carbonrun itself, disabled, with ``inherit`` and
``enable_on_exec``: the command and all of its descendants inherit it and start to count when the
command is executed, carbonrun never does. It needs no privilege where
``perf_event_paranoid`` is at most 2 and sees children that nobody waits for. It misses what a
process spends on its own end after the kernel has detached its counters (about 0.1 to 0.3 ms).

On a machine where no perf event was open in the last second, opening the first one makes the kernel
wait until all CPUs have taken notice (10 to 15 ms), and the start of the command with it.

Source: perf_event_open(2); linux/perf_event.h.
"""

from __future__ import annotations

import errno
import os
import sys

from carbonrun.errors import MeterUnavailable
from carbonrun.kernel import Structure, byref, c_uint32, c_uint64, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

# Source: the kernel's syscall tables.
_SYSCALL_NUMBERS = {
    "x86_64": 298,
    "i686": 336,
    "aarch64": 241,
    "riscv64": 241,
    "loongarch64": 241,
    "armv7l": 364,
    "ppc64le": 319,
    "s390x": 331,
}
_TYPE_SOFTWARE = 1
TASK_CLOCK = 1
DUMMY = 9  # counts nothing: for its records only
_ATTRIBUTE_BYTES = 64  # PERF_ATTR_SIZE_VER0
_CLOCKED_ATTRIBUTE_BYTES = 96  # PERF_ATTR_SIZE_VER3
_FLAG_CLOEXEC = 8

# Bits of the attributes.
DISABLED = 1 << 0
INHERIT = 1 << 1
EXCLUDE_KERNEL = 1 << 5  # what unprivileged users have to ask for; a clock counts both anyway
COMM = 1 << 9
ENABLE_ON_EXEC = 1 << 12
TASK = 1 << 13
WATERMARK = 1 << 14
SAMPLE_ID_ALL = 1 << 18
_USE_CLOCKID = 1 << 25
CONTEXT_SWITCH = 1 << 26
# What a sample holds.
SAMPLE_TID = 1 << 1
SAMPLE_TIME = 1 << 2

ANY_CPU = -1
_ANYBODY = -1

NANOSECONDS = 1e-9


class _EventAttributes(Structure):
    """The first version of ``struct perf_event_attr``, all that is needed here."""

    _fields_ = (
        ("type", c_uint32),
        ("size", c_uint32),
        ("config", c_uint64),
        ("sample_period", c_uint64),
        ("sample_type", c_uint64),
        ("read_format", c_uint64),
        ("flags", c_uint64),
        ("wakeup_bytes", c_uint32),  # with WATERMARK
        ("bp_type", c_uint32),
        ("config1", c_uint64),
    )


class _ClockedAttributes(Structure):
    """The third version, which can say which clock the records are stamped with."""

    _fields_ = (
        *_EventAttributes._fields_,
        ("config2", c_uint64),
        ("branch_sample_type", c_uint64),
        ("sample_regs_user", c_uint64),
        ("sample_stack_user", c_uint32),
        ("clockid", c_uint32),
    )


def open_event(  # noqa: PLR0913 - the fields of the kernel's structure, by name
    event: int,
    cpu: int,
    flags: int,
    *,
    event_type: int = _TYPE_SOFTWARE,
    sample_type: int = 0,
    read_format: int = 0,
    wakeup_bytes: int = 0,
    clock: int | None = None,
    task: int | None = None,
) -> int:
    """Open an event on a task, else on the main thread of this process; return its descriptor.

    Args:
        event: which one.
        event_type: of which PMU.
        cpu: where it counts.
        flags: bits of the attributes.
        sample_type: what its records hold.
        read_format: what reading it gives, 0 for the count alone.
        wakeup_bytes: how much is written before we are told, with WATERMARK.
        clock: that stamps the records, as ``time.CLOCK_MONOTONIC``; None is the kernel's own.
        task: a thread; None is the main thread of this process.

    Raises:
        MeterUnavailable: the kernel refuses, or has no perf events.
    """
    fields = {
        "type": event_type,
        "config": event,
        "sample_type": sample_type,
        "read_format": read_format,
        "wakeup_bytes": wakeup_bytes,
    }
    attributes: _EventAttributes | _ClockedAttributes
    if clock is None:
        attributes = _EventAttributes(size=_ATTRIBUTE_BYTES, flags=flags, **fields)
    else:
        size, flags = _CLOCKED_ATTRIBUTE_BYTES, flags | _USE_CLOCKID
        attributes = _ClockedAttributes(size=size, flags=flags, clockid=clock, **fields)
    return _open(
        attributes,
        os.getpid() if task is None else task,
        cpu,
        "allow them with: sysctl kernel.perf_event_paranoid=2"
        " (in a container also with --cap-add PERFMON)",
    )


def open_system_event(event_type: int, event: int, cpu: int, *, read_format: int = 0) -> int:
    """Open an event that counts whatever runs on a CPU, and return its descriptor.

    Args:
        event_type: the number of the PMU, from its ``type`` file.
        event: its number there.
        cpu: must be online.
        read_format: what reading it gives, 0 for the count alone.

    Raises:
        MeterUnavailable: the kernel refuses (it asks for perf_event_paranoid <= 0 or CAP_PERFMON),
            or the CPU is not there.
    """
    attributes = _EventAttributes(
        type=event_type, size=_ATTRIBUTE_BYTES, config=event, read_format=read_format
    )
    hint = "allow them with: sysctl kernel.perf_event_paranoid=0"
    return _open(attributes, _ANYBODY, cpu, hint)


def _open(attributes: _EventAttributes | _ClockedAttributes, pid: int, cpu: int, hint: str) -> int:
    number = _SYSCALL_NUMBERS.get(os.uname().machine)
    if number is None:
        raise MeterUnavailable(f"perf events are not known on {os.uname().machine}")
    try:
        return syscall(number, byref(attributes), pid, cpu, -1, _FLAG_CLOEXEC)
    except OSError as error:
        raise MeterUnavailable(f"perf events are refused: {error.strerror}", hint) from error


def read_count(descriptor: int) -> int:
    """Return the count of an event (nanoseconds, where it is a clock) and of all that inherit it.

    Raises:
        OSError: the counter cannot be read, or is no more: its CPU or its device is gone.
    """
    content = os.read(descriptor, 8)
    if not content:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    return int.from_bytes(content, sys.byteorder)


class TaskClock:
    """The inherited counter; create it before the command is spawned."""

    def __init__(self, descriptor: int) -> None:
        """Take over an open perf descriptor."""
        self._descriptor = descriptor

    @classmethod
    def open(cls) -> Self:
        """Open the counter.

        Raises:
            MeterUnavailable: the kernel refuses, or has no perf events.
        """
        flags = DISABLED | INHERIT | EXCLUDE_KERNEL | ENABLE_ON_EXEC
        return cls(open_event(TASK_CLOCK, ANY_CPU, flags))

    def cpu_seconds(self) -> float:
        """Return CPU seconds of all processes of the tree, ended ones included.

        Raises:
            OSError: the counter cannot be read.
        """
        return read_count(self._descriptor) * NANOSECONDS
