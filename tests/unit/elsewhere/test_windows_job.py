"""What a job object of Windows tells, from its bytes; and what the table makes of it."""

from __future__ import annotations

import struct

import pytest

from carbonrun.elsewhere.windows_job import JobUse, job_use, open_job, parse_accounting


def accounting(user: int, kernel: int, processes: int, active: int) -> bytes:
    """Return a JOBOBJECT_BASIC_ACCOUNTING_INFORMATION."""
    return struct.pack("<qqqqIIII", user, kernel, 1, 2, 4711, processes, active, 0)


def test_user_and_kernel_time_are_steps_of_100_ns() -> None:
    use = parse_accounting(accounting(12_500_000, 2_500_000, 2501, 1))
    assert use == JobUse(cpu_seconds=pytest.approx(1.5), processes=2501, active=1)  # type: ignore[arg-type]


def test_an_answer_that_is_cut_off_tells_nothing() -> None:
    assert parse_accounting(accounting(1, 1, 1, 1)[:-1]) is None
    assert parse_accounting(b"") is None


def test_there_are_none_elsewhere() -> None:
    assert open_job(1) is None
    assert job_use(1) is None
