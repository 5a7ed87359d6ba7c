"""Finds a saved run by what its user calls it: an id or its beginning, a name, ``last``, a path.

Responsible for: which journal or file is meant, and what is said where none is. Not responsible
for: what the journal tells (:mod:`carbonrun.store.saved_run`).
"""

from __future__ import annotations

import json
import os
import stat

from carbonrun import __version__
from carbonrun.descriptors import CLOSE_ON_EXEC, NON_BLOCKING
from carbonrun.errors import UsageError
from carbonrun.identity import machine_id
from carbonrun.record import Record
from carbonrun.report.load import load_report
from carbonrun.store.journal import EXTENSION, OPEN_FOLDER, journal_folder, try_lock
from carbonrun.store.saved_run import ELSEWHERE, FILED, LOST, RUNNING, SavedRun, read_journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

LATEST = ("last", "latest")
ETC = "/etc"
# What the recovery of killed runs puts aside; a part of it may still be readable.
_SET_ASIDE = ".corrupt"
_MOST_BYTES = 1 << 28
# The first line of a journal has the whole command line in it.
_HEAD_BYTES = 1 << 21
_MOST_NAMED = 5
_LEAST_PREFIX = 4
_STANDARD_INPUT = ("-", "/dev/stdin")
_HINT = "carbonrun report last shows the newest; ids are in runs.csv and in the journal"


class _Journal(Record):
    run_id: str
    path: str
    is_open: bool


def find_run(wanted: str, state_dir: str | None) -> SavedRun:
    """Return the run that is meant.

    Args:
        wanted: ``last``, ``latest``, an id or at least four letters of its beginning, a name (of
            several runs of that name the newest), or the path of a JSON report or journal, or ``-``
            for one on standard input.
        state_dir: the state directory, None if there is none.

    Raises:
        UsageError: there is no such run, there are several, or it cannot be read.
    """
    if wanted == _STANDARD_INPUT[0]:
        return _read_file(_STANDARD_INPUT[1])
    is_file = _is_path(wanted) and os.path.lexists(wanted)
    if is_file:
        return _read_file(wanted)
    journals = [] if state_dir is None else list(_journals(state_dir))
    if wanted in LATEST:
        return _last(journals, state_dir)
    found = _of_prefix(wanted.lower().replace("-", ""), journals)
    if len(found) > 1:
        message = f"report: {len(found)} runs have an id that begins with {wanted!r}"
        listed = ", ".join(journal.run_id for journal in found[:_MOST_NAMED])
        raise UsageError(message, f"the newest: {listed}")
    if found:
        return _read(found[0])
    for journal in journals:
        if _head(journal).get("name") == wanted:
            return _read(journal)
    if _is_path(wanted) or os.path.isfile(wanted):  # noqa: PTH113
        return _read_file(wanted)
    raise _unknown(wanted, journals, state_dir)


def _of_prefix(letters: str, journals: Sequence[_Journal]) -> list[_Journal]:
    if len(letters) < _LEAST_PREFIX:
        return []
    return [j for j in journals if j.run_id.replace("-", "").startswith(letters)]


def _is_path(wanted: str) -> bool:
    return "/" in wanted or wanted.endswith((".json", EXTENSION))


def _journals(state_dir: str) -> Iterator[_Journal]:
    """Yield all journals, the newest run first: their ids sort by time."""
    folder = journal_folder(state_dir)
    found = []
    for month in _names(folder):
        for name in _names(f"{folder}/{month}"):
            stem = name.removesuffix(_SET_ASIDE)
            if stem.endswith(EXTENSION):
                run_id = stem.removesuffix(EXTENSION)
                path = f"{folder}/{month}/{name}"
                is_open = month == OPEN_FOLDER and stem == name
                found.append(_Journal(run_id=run_id, path=path, is_open=is_open))
    yield from sorted(found, key=lambda journal: journal.run_id, reverse=True)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []


def _last(journals: Sequence[_Journal], state_dir: str | None) -> SavedRun:
    """Return the newest run that is over and was not part of another one."""
    for journal in journals:
        head = _head(journal)
        if head and head.get("parent_id") is None:
            is_over = not journal.is_open or _state(journal.path) == LOST
            if is_over:
                return _read(journal)
    where = "there is no state directory" if state_dir is None else f"there is none in {state_dir}"
    raise UsageError(f"report: no run is over: {where}", "carbonrun -- COMMAND makes one")


def _head(journal: _Journal) -> dict[str, Any]:
    """Return the ``run`` block of the first line; empty if that cannot be read."""
    try:
        with open(journal.path, "rb") as file:  # noqa: PTH123
            run = json.loads(file.readline(_HEAD_BYTES))["run"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return run if isinstance(run, dict) else {}


def _read(journal: _Journal) -> SavedRun:
    """Return the run of a journal.

    Raises:
        UsageError: it cannot be read.
    """
    state = _state(journal.path) if journal.is_open else FILED
    try:
        return read_journal(_content(journal.path, _MOST_BYTES), journal.path, state)
    except FileNotFoundError:  # it has just been filed away
        month = _moved(journal.path)
        if month is not None:
            return _read(journal.replace(path=month, is_open=False))
        raise _unreadable(journal.path, "it is gone") from None
    except OSError as error:
        raise _unreadable(journal.path, error.strerror or str(error)) from None
    except ValueError:
        raise _unreadable(journal.path, "nothing in it is readable") from None


def _moved(path: str) -> str | None:
    folder = os.path.dirname(os.path.dirname(path))  # noqa: PTH120
    name = os.path.basename(path)  # noqa: PTH119
    moved = (f"{folder}/{month}/{name}" for month in _names(folder))
    return next((new for new in moved if os.path.exists(new)), None)  # noqa: PTH110


def _state(path: str) -> str:
    """Tell how far the run of an open journal has got: the kernel knows whether its owner lives."""
    try:
        descriptor = os.open(path, os.O_RDONLY | CLOSE_ON_EXEC | NON_BLOCKING)
    except OSError:
        return FILED
    with open(descriptor, "rb") as file:  # noqa: PTH123
        if not try_lock(descriptor):
            return RUNNING
        try:
            owner = json.loads(file.readline(_HEAD_BYTES)).get("machine_id")
        except (ValueError, AttributeError):
            return LOST
    # Locks may hold on one machine only, while the directory is shared by many.
    return LOST if owner == machine_id(ETC) else ELSEWHERE


def _read_file(path: str) -> SavedRun:
    """Return the run of a JSON report or of a journal.

    Raises:
        UsageError: it is neither.
    """
    try:
        content = _content(path, _MOST_BYTES)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    except ValueError as error:
        raise _unreadable(path, str(error)) from None
    try:
        report = json.loads(content)
        if isinstance(report, dict) and "schema" in report:
            return SavedRun(report=load_report(report), path=path, csv_path=None)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        if not content.startswith(b'{"type"'):
            raise _of_another_version(path, content, error) from None
    is_open = os.path.basename(os.path.dirname(os.path.realpath(path))) == OPEN_FOLDER  # noqa: PTH119, PTH120
    try:
        return read_journal(content, path, _state(path) if is_open else FILED)
    except (ValueError, AttributeError):
        raise _unreadable(path, "it is neither a JSON report nor a journal") from None


def _content(path: str, most: int) -> bytes:
    """Return what is in a file, up to a limit; of a pipe all.

    Raises:
        OSError: it cannot be read.
        ValueError: it is a directory or device.
    """
    descriptor = os.open(path, os.O_RDONLY | CLOSE_ON_EXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise ValueError("it is no file")
        return file.read(most)


def _unreadable(path: str, reason: str) -> UsageError:
    return UsageError(f"report: {path} cannot be read: {reason}")


def _of_another_version(path: str, content: bytes, error: Exception) -> UsageError:
    """Say what is wrong with a report, and who wrote it if it was not this version."""
    message = f"report: {path} cannot be read: it is no report of this version ({error})"
    try:
        writer = json.loads(content)["run"]["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return UsageError(message)
    hint = f"it was written by carbonrun {writer}, this is {__version__}"
    return UsageError(message, hint if writer != __version__ else None)


def _unknown(wanted: str, journals: Sequence[_Journal], state_dir: str | None) -> UsageError:
    """Say that there is no such run, and which are written alike."""
    import difflib

    where = "no state directory" if state_dir is None else f"{state_dir}/journal"
    message = f"report: there is no run {wanted!r} in {where}"
    if not journals:
        return UsageError(message, "carbonrun -- COMMAND makes one")
    names = [str(name) for j in journals if (name := _head(j).get("name")) is not None]
    known = list(dict.fromkeys([*names, *(journal.run_id for journal in journals)]))
    near = difflib.get_close_matches(wanted, known, _MOST_NAMED, 0.6)
    return UsageError(message, f"did you mean {', '.join(near)}?" if near else _HINT)
