"""``carbonrun mark``: tell the carbonrun around us that a phase of the work begins or ends.

The protocol: one datagram to the Unix socket whose path is in ``CARBONRUN_SOCKET``, in it a line

======================  ===============================================================
``mark NAME``           the phase NAME begins here; the one before it, at this level, ends
``begin NAME``          the phase NAME begins, within the innermost that is open
``end NAME``            the phase NAME ends, and what was marked within it
======================  ===============================================================

NAME is UTF-8 without control characters, up to ``MOST_NAME_CHARACTERS``; the line may end in a line
feed. Behind NAME and a tab there may be numbers, to keep apart what goes on at the same time:

============  ==========================================================================
``pid=N``     the process whose phase it is; those of processes beside it are not within
``frame=N``   tells it from all other phases, at its beginning and at its end
``parent=N``  the frame that it is within
============  ==========================================================================

Nothing is answered. A mark never fails its sender: outside of a run, or when the run has ended, it
does nothing.
"""

from __future__ import annotations

import os
import sys
import time

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Mapping, Sequence

SOCKET_VARIABLE = "CARBONRUN_SOCKET"
MARK, BEGIN, END = "mark", "begin", "end"
KINDS = (MARK, BEGIN, END)
MOST_NAME_CHARACTERS = 100
# How long to try again while the carbonrun around us is busy with other marks.
_PATIENCE_SECONDS = 0.05
_PAUSE_SECONDS = 0.001


class Mark(Record):
    """What one line says.

    Attributes:
        kind: ``mark``, ``begin`` or ``end``.
        name: of the phase.
        frame: who begins and ends one and the same phase, where names are not enough.
        parent: the frame that a phase begins within; 0 is none, None is the innermost.
        pid: the process whose phase it is, None if that is not told.
        ancestors: that and the processes above it, as far as they are part of the run.
    """

    kind: str
    name: str
    frame: int | None = None
    parent: int | None = None
    pid: int | None = None
    ancestors: tuple[int, ...] = ()


def fault_of(name: str) -> str | None:
    """Return what is wrong with the name of a phase, None if it is fit."""
    if not name.strip():
        return "a phase needs a name"
    if len(name) > MOST_NAME_CHARACTERS:
        return f"the name of a phase has {MOST_NAME_CHARACTERS} characters at the most"
    if not name.isprintable():
        return "the name of a phase must not have control characters"
    return None


def parse(datagram: bytes) -> Mark | None:
    """Return what a datagram says, None if it is none of the protocol."""
    line, _, suffix = datagram.rstrip(b"\n").decode("utf-8", "replace").partition("\t")
    kind, _, name = line.partition(" ")
    name = name.strip()
    if kind not in KINDS or fault_of(name) is not None:
        return None
    pairs = [word.partition("=") for word in suffix.split()]
    numbers = {key: int(text) for key, _, text in pairs if text.isdecimal()}
    return Mark(
        kind=kind,
        name=name,
        frame=numbers.get("frame"),
        parent=numbers.get("parent"),
        pid=numbers.get("pid"),
    )


def send(mark: Mark, environment: Mapping[str, str]) -> str | None:
    """Send a mark, if there is a run to send it to; never waits for long, never fails.

    Returns:
        Why the run that is there cannot be told, else None.
    """
    path = environment.get(SOCKET_VARIABLE)
    if not path or sys.platform == "win32":
        return None
    import _socket  # socket.py wraps it in enums and selectors, which cost 8 ms to import

    numbers = (("pid", mark.pid), ("frame", mark.frame), ("parent", mark.parent))
    suffix = " ".join(f"{key}={number}" for key, number in numbers if number is not None)
    line = f"{mark.kind} {mark.name}\t{suffix}\n".encode("utf-8", "replace")
    connection = None
    try:
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
        connection.setblocking(False)
        _send_soon(connection, line, os.fsencode(path))
    except PermissionError:
        return "the run belongs to another user, who alone may mark its phases"
    except (AttributeError, OSError, ValueError):
        pass  # the run has ended, is out of sight of a container, or there are no such sockets
    finally:
        if connection is not None:
            connection.close()
    return None


def _send_soon(connection: socket, line: bytes, path: bytes) -> None:
    """Send a datagram; try again for a while where the run is busy with others.

    Raises:
        OSError: it cannot be sent.
    """
    end_seconds = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            connection.sendto(line, path)
        except BlockingIOError:
            if time.monotonic() > end_seconds:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def parse_words(words: Sequence[str]) -> tuple[str, str] | None:
    """Return kind and name of a well-formed command line; None leaves it to typer."""
    kinds = {f"--{BEGIN}": BEGIN, f"--{END}": END}
    *before, name = words or [""]
    if name.startswith("-") or fault_of(name) is not None:
        return None
    if not before or before == ["--"]:
        return MARK, name
    return (kinds[before[0]], name) if len(before) == 1 and before[0] in kinds else None


def mark_and_tell(kind: str, name: str, environment: Mapping[str, str]) -> None:
    """Send a mark of the process that called us; say what keeps it from a run that is there."""
    problem = send(Mark(kind=kind, name=name, pid=os.getppid()), environment)
    if problem is not None and sys.stderr is not None:
        sys.stderr.write(f"carbonrun: the mark {name!r} was not taken: {problem}\n")
