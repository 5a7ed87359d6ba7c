"""What /proc says about processes: state, family, and who belongs to a test.

Responsible for: reading. Not responsible for: starting or ending processes (see ``wrapper``).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
GONE = "ZX"


class Process(NamedTuple):
    """One line of the process table; ``state`` is the letter that ps(1) shows."""

    pid: int
    state: str
    parent: int
    group: int
    session: int


def look_up(pid: int) -> Process | None:
    """Return what is known of a process, or None if there is none of that id."""
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The name in parentheses may hold spaces and parentheses itself.
    state, parent, group, session = text.rpartition(")")[2].split()[:4]
    return Process(pid, state, int(parent), int(group), int(session))


def everything() -> list[Process]:
    """Return all processes."""
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    return [process for process in map(look_up, pids) if process is not None]


def alive(pid: int) -> bool:
    """Tell whether a process exists and has not ended."""
    process = look_up(pid)
    return process is not None and process.state not in GONE


def stopped(pid: int) -> bool:
    """Tell whether a process is stopped by a signal."""
    process = look_up(pid)
    return process is not None and process.state == "T"


def marked(mark: str) -> list[int]:
    """Return the living processes that were started with ``mark`` in their environment."""
    wanted = mark.encode()
    found = []
    for process in everything():
        try:
            block = (PROC / str(process.pid) / "environ").read_bytes()
        except OSError:
            continue
        if wanted in block.split(b"\0") and process.state not in GONE:
            found.append(process.pid)
    return found


def in_group(group: int) -> list[Process]:
    """Return the processes of a process group, those that have ended but were not reaped too."""
    return [process for process in everything() if process.group == group]


def in_session(session: int) -> list[Process]:
    """Return the processes of a session, those that have ended but were not reaped too."""
    return [process for process in everything() if process.session == session]


def describe(pids: list[int]) -> str:
    """Show processes with their command lines, for messages."""
    lines = []
    for pid in pids:
        try:
            words = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
        except OSError:
            words = [b"(gone)"]
        lines.append(f"{pid}: {b' '.join(words).decode('utf-8', 'replace')[:200]}")
    return "; ".join(lines)
