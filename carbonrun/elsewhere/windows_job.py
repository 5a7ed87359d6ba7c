"""A job object of Windows: counts the CPU time of the command and of all that it starts.

The command is put into it right after its start, before it can have started anything of its own; it
sets no limits, and who wants to leave it may. Where it is refused there is none, and processes are
counted as far as they are seen.

Source: AssignProcessToJobObject, QueryInformationJobObject and
JOBOBJECT_BASIC_ACCOUNTING_INFORMATION of the Windows API: times of all processes that are or were
in the job, in steps of 100 ns.
"""

from __future__ import annotations

import struct
import sys

from carbonrun.record import Record

ACCOUNTING_BYTES = 48
_ACCOUNTING = struct.Struct("<qqqqIIII")
_STEP_SECONDS = 100e-9


class JobUse(Record):
    """What a job has used so far.

    Attributes:
        cpu_seconds: of all processes that are or were in it.
        processes: how many there were.
        active: how many there are.
    """

    cpu_seconds: float
    processes: int
    active: int


def parse_accounting(content: bytes) -> JobUse | None:
    """Return what the accounting information says; None if it is cut off."""
    if len(content) < ACCOUNTING_BYTES:
        return None
    user, kernel, _, _, _, processes, active, _ = _ACCOUNTING.unpack_from(content)
    return JobUse(cpu_seconds=(user + kernel) * _STEP_SECONDS, processes=processes, active=active)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _kernel = ctypes.WinDLL("kernel32")
    _kernel.CreateJobObjectW.restype = wintypes.HANDLE
    _ACCOUNTING_CLASS, _LIMITS_CLASS = 1, 2
    _BREAKAWAY_OK = 0x800

    class _Limits(ctypes.Structure):
        """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

        _fields_ = (
            ("per_process_time", ctypes.c_int64),
            ("per_job_time", ctypes.c_int64),
            ("flags", wintypes.DWORD),
            ("least_working_set", ctypes.c_size_t),
            ("most_working_set", ctypes.c_size_t),
            ("most_processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t),
            ("priority", wintypes.DWORD),
            ("scheduling", wintypes.DWORD),
        )

    def open_job(process: int) -> int | None:
        """Put a process into a job of its own; return the handle of that, None if it is refused."""
        job = _kernel.CreateJobObjectW(None, None)
        if not job:
            return None
        limits = _Limits(flags=_BREAKAWAY_OK)
        handle = wintypes.HANDLE(job)
        is_in = _kernel.SetInformationJobObject(
            handle, _LIMITS_CLASS, ctypes.byref(limits), ctypes.sizeof(limits)
        ) and _kernel.AssignProcessToJobObject(handle, wintypes.HANDLE(process))
        if not is_in:
            _kernel.CloseHandle(handle)
            return None
        return int(job)

    def job_use(job: int) -> JobUse | None:
        """Return what a job has used so far, None if that is not told."""
        content = ctypes.create_string_buffer(ACCOUNTING_BYTES)
        done = _kernel.QueryInformationJobObject(
            wintypes.HANDLE(job), _ACCOUNTING_CLASS, content, ACCOUNTING_BYTES, None
        )
        return parse_accounting(content.raw) if done else None

else:

    def open_job(process: int) -> int | None:  # noqa: ARG001 - it is Windows that has them
        """Return None: there are no jobs."""
        return None

    def job_use(job: int) -> JobUse | None:  # noqa: ARG001
        """Return None: there are no jobs."""
        return None
