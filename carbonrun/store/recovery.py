"""Runs whose carbonrun was killed: their last checkpoint becomes their report, marked as such.

A journal in ``journal/open`` that nobody holds the lock of has lost its carbonrun. What its last
checkpoint says is true; what came after it is unknown, and so is how the command ended.

This happens at the end of each run, so it must be cheap where there is nothing to do, and nothing
that lies about in the folder may disturb it. The lock makes sure that one carbonrun at a time works
at a journal. Before it is filed away its run is delivered by a function that does nothing the
second time, so a recovery that is killed itself is repeated without harm.
"""

from __future__ import annotations

import os
import stat
import sys
import time

from carbonrun.descriptors import CLOSE_ON_EXEC, NO_FOLLOW, NON_BLOCKING, read_at
from carbonrun.identity import machine_id
from carbonrun.store.journal import (
    EXTENSION,
    OPEN_FOLDER,
    append_record,
    file_away,
    journal_folder,
    parse_journal,
    try_lock,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from carbonrun.report.model import Report

    Deliver = Callable[[Report, "str | None"], None]

ETC = "/etc"
# Where many runs were killed at once, later runs go on with it.
MOST_SECONDS = 1.0
# The ids stand at the beginning of each line.
_HEAD_BYTES = 512


def recover_killed_runs(state_dir: str, deliver: Deliver) -> int:
    """Close the journals of killed runs and deliver their reports.

    Args:
        state_dir: the state directory.
        deliver: is given each report and the CSV file that the run would have written to; called
            again with a run that it was given before, it must do nothing.

    Returns:
        How many runs were recovered.
    """
    folder = f"{journal_folder(state_dir)}/{OPEN_FOLDER}"
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return 0
    end = time.monotonic() + MOST_SECONDS
    count = 0
    for name in names:
        if name.endswith(EXTENSION) and time.monotonic() < end:
            count += _look_at(f"{folder}/{name}", deliver)
    return count


def _look_at(path: str, deliver: Deliver) -> bool:
    """Recover the run of a journal if it is lost; tell whether it was."""
    flags = os.O_RDWR | os.O_APPEND | NON_BLOCKING | NO_FOLLOW | CLOSE_ON_EXEC
    try:
        descriptor = os.open(path, flags)
    except OSError:  # it is gone, or not ours
        return False
    is_new = False
    try:
        if _is_lost(path, descriptor):
            started_at, is_new = _recover(descriptor, deliver)
            if sys.platform == "win32":
                descriptor = _closed(descriptor)  # nothing that is open can be moved there
            file_away(path, started_at)
    except OSError:  # read-only, or the disk is full: a later run tries again
        return False
    except Exception:  # noqa: BLE001 - no journal of ours, whatever is wrong with it
        _set_aside(path)
        return False
    finally:
        _closed(descriptor)
    return is_new


def _closed(descriptor: int) -> int:
    """Close a descriptor that is open; return the number of none."""
    if descriptor >= 0:
        os.close(descriptor)
    return -1


def _set_aside(path: str) -> None:
    try:
        os.rename(path, f"{path}.corrupt")  # noqa: PTH104
    except OSError:
        return


def _is_lost(path: str, descriptor: int) -> bool:
    """Tell whether the carbonrun that wrote the journal has ended without filing it away."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or not try_lock(descriptor):
        return False
    # Between our opening and locking it somebody else may have filed it away.
    if not os.path.samestat(status, os.stat(path)):  # noqa: PTH116
        return False
    # Locks may hold on one machine only, while the directory is shared by many.
    head = read_at(descriptor, _HEAD_BYTES, 0)
    own = machine_id(ETC)
    mark = b'"machine_id":' + (b"null" if own is None else f'"{own}"'.encode())
    return mark in head or b'"machine_id":' not in head


def _recover(descriptor: int, deliver: Deliver) -> tuple[str, bool]:
    """Deliver what the journal says, and end it.

    Returns:
        When the run was started, and whether it had not been delivered before.

    Raises:
        OSError: it could not be ended.
        AttributeError, KeyError, TypeError, ValueError: it is no journal of this version.
    """
    from carbonrun.store.lost_run import last_report

    content = read_at(descriptor, os.fstat(descriptor).st_size, 0)
    records = parse_journal(content)
    report = last_report(records)
    has_ended = records[-1]["type"] == "end"
    was_delivered = has_ended and not records[-1].get("recovered")
    if not was_delivered:
        deliver(report, records[0].get("csv_path"))
    _remove_socket(records[0].get("mark_socket"))
    if not has_ended:
        if not content.endswith(b"\n"):
            os.write(descriptor, b"\n")  # the last line is torn
        append_record(descriptor, _end_record(records[-1], report))
    return report.run.started_at, not was_delivered


def _remove_socket(path: str | None) -> None:
    """Remove the socket for marks that a killed carbonrun has left behind; nothing else."""
    if path is None or not os.path.basename(path).startswith("carbonrun-"):  # noqa: PTH119
        return
    try:
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)  # noqa: PTH108
    except OSError:
        return  # it is gone, or not ours


def _end_record(last: dict[str, Any], report: Report) -> dict[str, Any]:
    return {
        "type": "end",
        "sequence": last["sequence"] + 1,
        "run_id": last["run_id"],
        "machine_id": last["machine_id"],
        "recovered": True,
        "report": report.as_dict(),
    }
