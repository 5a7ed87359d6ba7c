"""Runs commands under carbonrun, each in a process of its own, and reads the reports.

A subprocess of ourselves keeps everything that the wrapper guarantees, and starts each run from
the same state. What carbonrun itself uses is not billed to the command; it is the same for all.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile

from carbonrun.errors import CarbonrunError, ComparedCommandFailed, UsageError
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from typing_extensions import Self

NULL, PIPE, INHERIT = "null", "pipe", "inherit"
_SHOWN_CHARACTERS = 2000
_PIPE_BYTES, _LOOK_SECONDS = 1 << 16, 0.05


class Streams(Record):
    """Where a command reads from and writes to; ``output`` is null, pipe, inherit or a file."""

    output: str = NULL
    input_path: str | None = None


class Runner:
    """Runs commands and hooks; a context manager, whose folder goes at its end."""

    def __init__(self, start: Sequence[str], options: Sequence[str], streams: Streams) -> None:
        """Remember how carbonrun is started.

        Args:
            start: the words that start it.
            options: of each run.
            streams: of the commands.
        """
        self._start = tuple(start)
        self._options = tuple(options)
        self._streams = streams
        self._folder = tempfile.TemporaryDirectory(prefix="carbonrun-compare-")

    def __enter__(self) -> Self:
        """Nothing was started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the reports."""
        self._folder.cleanup()

    def run(self, words: Sequence[str], name: str) -> dict[str, Any]:
        """Run a command and return its report.

        Raises:
            CarbonrunError: carbonrun refused, or the command cannot be executed.
        """
        report_path = os.path.join(self._folder.name, "report.json")  # noqa: PTH118
        _remove(report_path)
        # What was asked for counts, but for what we need ourselves.
        own = ("-q", "--no-live", "--json", report_path, "--")
        status, told = self._execute([*self._start, "--no-csv", *self._options, *own, *words])
        try:
            with open(report_path, encoding="ascii") as file:  # noqa: PTH123
                report: dict[str, Any] = json.load(file)
        except (OSError, ValueError):
            message = f"compare: {name} could not be run (status {status})"
            raise _as_error(message, told, status) from None
        return {**report, "told": told}

    def hook(self, text: str, shell: str, what: str) -> None:
        """Run one of the commands around the runs, unmeasured.

        Raises:
            UsageError: it has failed.
        """
        status, told = self._execute([shell, "-c", text])
        if status:
            message = f"compare: {what} {text!r} failed with status {status}"
            raise UsageError(message, told or None)

    def _execute(self, words: Sequence[str]) -> tuple[int, str]:
        """Return the status, and the end of what went to standard error if nobody else sees it."""
        streams = self._streams
        with tempfile.TemporaryFile() as errors, _input(streams.input_path) as source:
            if streams.output == INHERIT:
                status = _wait(words, source, None, None)
            elif streams.output in {NULL, PIPE}:
                sink = subprocess.DEVNULL if streams.output == NULL else subprocess.PIPE
                status = _wait(words, source, sink, errors)
            else:
                with open(streams.output, "ab") as file:  # noqa: PTH123
                    status = _wait(words, source, file, errors)
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - _SHOWN_CHARACTERS))
            return status, errors.read().decode("utf-8", "backslashreplace").strip()


def failure(name: str, code: int, told: str) -> ComparedCommandFailed:
    """Return the exception for a command that has failed."""
    message = f"compare: {name} failed with status {code}"
    hint = "--ignore-failure compares all the same"
    return ComparedCommandFailed(message, f"{told}\n  {hint}" if told else hint)


def _as_error(message: str, told: str, status: int) -> CarbonrunError:
    error = CarbonrunError(message, told or None)
    if 0 < status < 128:  # noqa: PLR2004 - above are deaths by signals
        error.exit_status = status
    return error


def _input(path: str | None) -> Any:
    try:
        return open(os.devnull if path is None else path, "rb")  # noqa: PTH123
    except OSError as error:
        raise UsageError(f"compare: --input {path}: {error.strerror}") from None


def _drain(process: subprocess.Popen[bytes]) -> None:
    """Read what comes through a pipe as long as the run goes on, if there is one.

    What the command has left running may keep the pipe open; it is not waited for.
    """
    if process.stdout is None:
        return
    if sys.platform == "win32":  # select() is for sockets there
        process.communicate()
        return
    with process.stdout as pipe:
        while process.poll() is None:
            ready, _, _ = select.select([pipe], [], [], _LOOK_SECONDS)
            if ready and not os.read(pipe.fileno(), _PIPE_BYTES):
                return


def _wait(words: Sequence[str], source: Any, sink: Any, errors: Any) -> int:
    """Run to the end; whatever ends us ends the run as well, and all that it has started."""
    process = subprocess.Popen(
        words, stdin=source, stdout=sink, stderr=errors, start_new_session=True
    )
    try:
        _drain(process)
        process.wait()
    except BaseException:
        if sys.platform == "win32":
            process.terminate()
        else:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
    return process.returncode


def _remove(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108
    except FileNotFoundError:
        return
