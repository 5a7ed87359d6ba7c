"""Gives the command to a program that starts it later: at, systemd-run or sbatch.

It is started by a carbonrun of the same options that does not wait again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from carbonrun.errors import CarbonrunError, UsageError
from carbonrun.later.jobs import Task, at_job, batch_lines, command_line, slurm_job, systemd_job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.later.jobs import Job

_END_OF_OPTIONS = "--"
_NO_DELAY = "--no-delay"
_DRY_RUN = "--dry-run"
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_LONGEST_NAME = 40
_SCRIPT_BYTES = 65536


def hand_over(
    tool: str, command: tuple[str, ...], start_unix_seconds: float | None, *, dry_run: bool
) -> None:
    """Ask the tool to start the command then, at once for None.

    Raises:
        CarbonrunError: the tool is missing, or has failed.
    """
    if sys.platform == "win32":
        raise UsageError(f"--hand-over {tool}: there is no such program on Windows")
    job = _job(tool, command, start_unix_seconds)
    if dry_run:
        os.write(2, _described(job))
        return
    environment = dict(os.environb)
    if job.timezone is not None:
        environment[b"TZ"] = job.timezone.encode()
    try:
        done = subprocess.run(job.words, input=job.script, env=environment, check=False)
    except FileNotFoundError:
        message = f"--hand-over {tool}: there is no program {tool} here"
        raise UsageError(message, "leave --hand-over out, and carbonrun waits itself") from None
    except OSError as error:
        raise CarbonrunError(f"--hand-over {tool}: {error.strerror}") from None
    if done.returncode != 0:
        raise CarbonrunError(f"--hand-over {tool}: it failed with status {done.returncode}")


def own_words(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words that start this run again, without another delay."""
    given = sys.argv[1 : len(sys.argv) - len(command)]
    options = [word for word in given if word not in (_END_OF_OPTIONS, _DRY_RUN)]
    before = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv[1:])]
    return (sys.executable, *before, *options, _NO_DELAY, _END_OF_OPTIONS, *command)


def _job(tool: str, command: tuple[str, ...], start: float | None) -> Job:
    now = time.time()
    task = Task(
        words=tuple(map(os.fsencode, own_words(command))),
        name=_name(command),
        number=f"{int(now)}-{os.getpid()}",
        folder=_folder(),
        environment=os.environb,
        is_root=os.geteuid() == 0,
        batch_lines=_batch_lines(command[0]),
    )
    if tool == "at":
        return at_job(task, start, now, _utc)
    if tool == "systemd-run":
        return systemd_job(task, start, _utc)
    return slurm_job(task, start, now)


def _utc(form: str, at: float) -> str:
    return time.strftime(form, time.gmtime(at))


def _name(command: tuple[str, ...]) -> str:
    base = command[0].rpartition("/")[2]
    safe = "".join(char if char in _NAME_CHARACTERS else "-" for char in base)
    return f"carbonrun-{safe[:_LONGEST_NAME]}"


def _folder() -> bytes:
    try:
        return os.getcwdb()  # noqa: PTH109
    except OSError:
        raise UsageError("--hand-over: the working directory does not exist any more") from None


def _batch_lines(path: str) -> tuple[bytes, ...]:
    """Return the directives for Slurm that a script has; none of a program or a name in PATH."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return batch_lines(file.read(_SCRIPT_BYTES))
    except OSError:
        return ()


def _described(job: Job) -> bytes:
    """Return what would be done, as a shell would be told."""
    zone = b"" if job.timezone is None else b"TZ=" + job.timezone.encode() + b" "
    lines = [zone + command_line(job.words)]
    if job.script is not None:
        lines += [b"  " + line for line in job.script.splitlines()]
    return b"\n".join(lines) + b"\n"
