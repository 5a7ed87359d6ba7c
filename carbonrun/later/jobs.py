r"""How ``at``, ``systemd-run`` and ``sbatch`` are asked to start a command at a moment. Pure.

Arguments are bytes: a command line need not be UTF-8. What each tool does with them differs:

============  ================================================================================
at            reads a script for sh; keeps environment, directory, umask; whole minutes, in TZ
systemd-run   takes words, expands ``$`` in them, and D-Bus carries UTF-8 only; keeps nothing
sbatch        reads a script; keeps environment and directory; ``#SBATCH`` lines count
============  ================================================================================

Source: at(1), systemd-run(1) (``--expand-environment``), systemd.time(7), sbatch(1) (``--begin``),
POSIX printf (``%b``).
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MINUTE = 60
# What a command needs of the environment, where the tool keeps none; never keys and passwords.
_KEPT = (
    *(b"PATH", b"PYTHONPATH", b"VIRTUAL_ENV", b"TZ", b"LANG", b"LANGUAGE"),
    *(b"XDG_CONFIG_HOME", b"XDG_STATE_HOME", b"XDG_CACHE_HOME"),
)
_KEPT_STARTS = (b"LC_", b"CARBONRUN_")
_SECRET_ENDS = (b"_KEY", b"_PASSWORD", b"_TOKEN", b"_USER", b"_SECRET")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-")
_TAKEN_BY_PRINTF = frozenset(range(32, 127)) - {ord("\\")}


class Job(Record):
    """A call of one of the tools.

    Attributes:
        words: the tool and its arguments.
        script: what it reads from standard input; None if nothing.
        timezone: what TZ is set to for the tool; None leaves it.
    """

    words: tuple[bytes, ...]
    script: bytes | None = None
    timezone: str | None = None


class Task(Record):
    """What is to be started.

    Attributes:
        words: the command line.
        name: of the job, for people; ASCII without spaces.
        number: makes the name one that is not taken.
        folder: the working directory.
        environment: of this process.
        is_root: whether it belongs to the system's services.
        batch_lines: those of a script that begin with ``#SBATCH``.
    """

    words: tuple[bytes, ...]
    name: str
    number: str
    folder: bytes
    environment: Mapping[bytes, bytes]
    is_root: bool
    batch_lines: tuple[bytes, ...] = ()


def at_job(task: Task, start: float | None, now: float, utc: Callable[[str, float], str]) -> Job:
    """Return the call of at(1); at once for a start that is not in a later minute.

    The time is told in UTC, so that no change of clocks makes it mean two moments; the script gives
    the time zone back first.
    """
    minute = None if start is None else start // _MINUTE * _MINUTE
    zone = task.environment.get(b"TZ")
    restore = b"unset TZ" if zone is None else b"TZ=" + quoted(zone) + b"; export TZ"
    if minute is None or minute <= now:
        when: tuple[bytes, ...] = (b"now",)
    else:
        when = (b"-t", utc("%Y%m%d%H%M", minute).encode())
    script = restore + b"\n" + command_line(task.words) + b"\n"
    return Job(words=(b"at", *when), script=script, timezone="UTC0")


def systemd_job(task: Task, start: float | None, utc: Callable[[str, float], str]) -> Job:
    """Return the call of systemd-run(1): a timer of the user, or of the system for root."""
    words = [b"systemd-run", *(() if task.is_root else (b"--user",)), b"--collect"]
    words.append(f"--unit={task.name}-{task.number}".encode())
    if start is not None:
        words.append(b"--on-calendar=" + utc("%Y-%m-%d %H:%M:%S UTC", start).encode())
        words.append(b"--timer-property=AccuracySec=1s")
    is_plain = all(map(_is_utf8, (*task.words, task.folder)))
    if is_plain:
        words.append(b"--working-directory=" + task.folder)
    for name, value in sorted(task.environment.items()):
        if _is_kept(name) and _is_utf8(value):
            words.append(b"--setenv=" + name + b"=" + value)
    command = task.words if is_plain else _in_ascii(task)
    return Job(words=(*words, b"--", *(word.replace(b"$", b"$$") for word in command)))


def slurm_job(task: Task, start: float | None, now: float) -> Job:
    """Return the call of sbatch(1); the time is told as seconds from now, in no time zone."""
    words = [b"sbatch"]
    if start is not None:
        words.append(f"--begin=now+{max(0, round(start - now))}".encode())
    if not any(b" -J" in line or b"--job-name" in line for line in task.batch_lines):
        words.append(f"--job-name={task.name}".encode())
    script = b"\n".join([b"#!/bin/sh", *task.batch_lines, b"exec " + command_line(task.words)])
    return Job(words=tuple(words), script=script + b"\n")


def batch_lines(script: bytes) -> tuple[bytes, ...]:
    """Return the directives of a batch script: up to its first line that is no comment.

    Source: sbatch(1): "will stop processing further #SBATCH directives once the first
    non-comment non-whitespace line has been reached".
    """
    found: list[bytes] = []
    if not script.startswith(b"#!"):
        return ()
    for line in script.splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith(b"#"):
            break
        if stripped.startswith(b"#SBATCH"):
            found.append(stripped)
    return tuple(found)


def command_line(words: Sequence[bytes]) -> bytes:
    """Return words as sh reads them, byte for byte."""
    return b" ".join(map(quoted, words))


def quoted(word: bytes) -> bytes:
    """Return one word as sh reads it."""
    if word and _PLAIN.issuperset(word):
        return word
    return b"'" + word.replace(b"'", b"'\"'\"'") + b"'"


def _in_ascii(task: Task) -> tuple[bytes, ...]:
    """Return a command of ASCII words that starts one that is not."""
    line = b"cd " + quoted(task.folder) + b" && exec " + command_line(task.words)
    escaped = b"".join(
        bytes([byte]) if byte in _TAKEN_BY_PRINTF else f"\\0{byte:03o}".encode() for byte in line
    )
    return b"/bin/sh", b"-c", b'eval "$(printf %b "$0")"', escaped


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_kept(name: bytes) -> bool:
    is_secret = name.endswith(_SECRET_ENDS)
    return (name in _KEPT or name.startswith(_KEPT_STARTS)) and not is_secret
