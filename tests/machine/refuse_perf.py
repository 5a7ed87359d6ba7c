"""Run a command that may not use perf events: ``refuse_perf.py all|per-cpu COMMAND...``.

A seccomp filter answers perf_event_open(2) with EPERM, as Docker's does: always (``all``), or if
the event is for one CPU (``per-cpu``). It is inherited by everything that the command starts and
touches nothing else.

Source: seccomp(2); linux/filter.h, linux/seccomp.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
# In struct seccomp_data: the number of the call, the lower half of its third argument (the CPU).
_NUMBER_OFFSET = 0
_CPU_OFFSET = 32
_ANY_CPU = 0xFFFFFFFF
_PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction)))


def refuse_perf(*, per_cpu_only: bool) -> None:
    """Forbid perf_event_open(2) to this process and its descendants, on a little-endian machine.

    Raises:
        OSError: the kernel has no seccomp filters.
        KeyError: the number of the call is not known for this processor.
    """
    nothing = _ANY_CPU - 1  # no CPU has this number
    allowed_cpu = _ANY_CPU if per_cpu_only else nothing
    instructions = (_Instruction * 6)(
        _Instruction(_LOAD_WORD, 0, 0, _NUMBER_OFFSET),
        _Instruction(_JUMP_IF_EQUAL, 0, 3, _PERF_EVENT_OPEN[os.uname().machine]),
        _Instruction(_LOAD_WORD, 0, 0, _CPU_OFFSET),
        _Instruction(_JUMP_IF_EQUAL, 1, 0, allowed_cpu),
        _Instruction(_RETURN, 0, 0, _ERRNO | errno.EPERM),
        _Instruction(_RETURN, 0, 0, _ALLOW),
    )
    program = _Program(len(instructions), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if (
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
        or libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program)) != 0
    ):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def main() -> None:
    """Become the command."""
    refuse_perf(per_cpu_only=sys.argv[1] == "per-cpu")
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - a test's own command


if __name__ == "__main__":
    main()
