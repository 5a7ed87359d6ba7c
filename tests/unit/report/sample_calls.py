"""A fixed report that knows which program called which."""

from __future__ import annotations

from carbonrun.report.calls import with_joules
from carbonrun.report.model import Call, Naming
from tests.unit.report.sample_report import REPORT

JOULES_PER_SECOND = 4.0


def call(
    program: str | None,
    processes: int | None,
    own_cpu_seconds: float,
    *calls: Call,
    command: tuple[str, ...] | None = None,
) -> Call:
    """Return a call without joules."""
    return Call(
        program=program,
        command=command,
        processes=processes,
        own_cpu_seconds=own_cpu_seconds,
        own_joules=None,
        cpu_seconds=own_cpu_seconds + sum(each.cpu_seconds for each in calls),
        joules=None,
        calls=calls,
    )


LONG = call("very-long-name-", 40, 35.0, command=("/opt/very-long-name-it",))
CALLS = (
    call(
        "make",
        1,
        2.0,
        call("cc1plus", 1200, 250.0, command=("/usr/lib/cc1plus", "a&b.cc", '-D"x<y>"')),
        call("sh", 1200, 3.0, LONG),
        call("ld;x", 1, 0.1),
        command=("make", "-j8", "CFLAGS=-O2 -g", "all"),
    ),
    call(None, None, 8.0),
)  # fmt: skip
NAMING = Naming(
    method="records", named_cpu_seconds=290.1, ends_cpu_seconds=6.0, is_complete=True
)  # fmt: skip
NAMED = REPORT.replace(
    tree=REPORT.tree.replace(calls=with_joules(CALLS, JOULES_PER_SECOND), naming=NAMING)
)
