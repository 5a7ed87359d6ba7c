"""The part of the pipeline that is the same whether carbonrun has started what it measures or not.

Ticks, readings at each of them, the view of them, and the report at the end. Everything is guarded:
a failure of ours becomes a note.
"""

from __future__ import annotations

import os
import time

from carbonrun import clock
from carbonrun.notes import FAULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonrun.exit_status import ExitStatus
    from carbonrun.recording import Recorder
    from carbonrun.report.model import Report
    from carbonrun.rig import Rig

    Watcher = Callable[[Recorder], None]

STANDARD_ERROR = 2
# The tick grows with the run: a short one has points, a long one costs nothing.
FIRST_TICK_SECONDS = 0.02
TICK_GROWTH = 0.25
# What a pipe takes at once. Source: POSIX, limits.h, _POSIX_PIPE_BUF.
_PIPE_BYTES = 512
_STALL_SECONDS = 1.0


def measure_until(
    rig: Rig,
    started: clock.Instant,
    recorder: Recorder | None,
    wait: Callable[[float], bool],
    show: Watcher | None = None,
) -> None:
    """Record at each tick until there is nothing more to wait for.

    Args:
        rig: what is measured, and with what.
        started: when that began.
        recorder: takes the readings; None if there is none, then it is only waited.
        wait: waits until the monotonic clock has reached a moment; False if that is in vain.
        show: called after each reading.
    """
    while wait(time.monotonic() + pause_seconds(rig, started)):
        if recorder is not None:
            rig.notes.guard("tick", lambda: tick(rig, recorder))
            if show is not None:
                rig.notes.guard("live view", lambda: show(recorder))


def wait_for_tree(rig: Rig, recorder: Recorder, may_go_on: Callable[[float], bool]) -> None:
    """Go on recording until no descendant is left.

    Args:
        rig: what is measured.
        recorder: takes the readings.
        may_go_on: waits until the monotonic clock has reached a moment; False if it is to end.
    """
    pause_seconds = FIRST_TICK_SECONDS
    rig.tree.table.scan()
    while rig.tree.left_running() and may_go_on(time.monotonic() + pause_seconds):
        rig.tree.table.scan()
        recorder.add(rig.sampler.observe(clock.now(), rig.tree))
        pause_seconds = min(rig.settings.interval_seconds, pause_seconds * (1 + TICK_GROWTH))


def tick(rig: Rig, recorder: Recorder) -> None:
    """Look at the processes if it is time to, read everything, and record it."""
    rig.tree.look(time.monotonic())
    recorder.add(rig.sampler.observe(clock.now(), rig.tree))


def pause_seconds(rig: Rig, started: clock.Instant) -> float:
    """Return how long to wait until the next reading."""
    elapsed_seconds = time.monotonic() - started.monotonic_seconds
    longest = rig.settings.interval_seconds
    return min(longest, max(FIRST_TICK_SECONDS, elapsed_seconds * TICK_GROWTH))


def conclude(
    rig: Rig, recorder: Recorder | None, ended: clock.Instant, status: ExitStatus | None
) -> Report | None:
    """Report; say why there is no report where that fails, and return None."""
    report = None
    if recorder is not None:
        report = rig.notes.guard("report", lambda: _report(rig, recorder, ended, status))
    if report is None:
        rig.notes.guard("message", lambda: _say_why_no_report(rig))
    return report


def _report(
    rig: Rig, recorder: Recorder, ended: clock.Instant, status: ExitStatus | None
) -> Report:
    """Make the report and hand it to every output; each is on its own."""
    from carbonrun.delivery import (
        append_recovered,
        deliver_files,
        deliver_to_ci,
        show_summary,
        write_standard_error,
    )
    from carbonrun.store.recovery import recover_killed_runs

    environment = rig.environment.decoded()
    report = deliver_files(recorder.finish(ended, status), rig.settings)
    report, annotations = deliver_to_ci(report, rig.settings, environment)
    report = recorder.close(report)
    show_summary(report, rig.settings, environment)
    if annotations and rig.settings.summary != "none":
        write_standard_error("".join(annotations))
    state_dir = rig.settings.state_dir
    if state_dir is not None:
        rig.notes.guard("recovery", lambda: recover_killed_runs(state_dir, append_recovered))
    return report


def _say_why_no_report(rig: Rig) -> None:
    """Tell of a fault of ours where there is no report to tell of it."""
    if rig.settings.summary == "none":
        return
    faults = [note.message for note in rig.notes.all() if note.code == FAULT]
    text = f"carbonrun: no report: {'; '.join(faults) or 'unknown reason'}\n"
    try:
        from carbonrun.delivery import write_standard_error
    except (ImportError, OSError):  # the command has removed what we are made of, or is about it
        import select

        if select.select((), (STANDARD_ERROR,), (), _STALL_SECONDS)[1]:  # else nobody reads it
            os.write(STANDARD_ERROR, text.encode("utf-8", "backslashreplace")[:_PIPE_BYTES])
    else:
        write_standard_error(text)
