"""The lowest power that runs on this machine have seen, kept for the idle floor of later runs.

One small JSON file for each machine in the state directory (home directories are shared by
machines): ``{device: {"watts": ..., "date": ...}}``. A file that cannot be read is set aside.
"""

from __future__ import annotations

import os

from carbonrun.compact_json import dumps
from carbonrun.measurement.floor import Observed
from carbonrun.report.lock import lock_within
from carbonrun.store.folders import make_private_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.notes import Notes


_LOCK_SECONDS = 0.5


def _path(state_dir: str, machine_id: str | None) -> str:
    return f"{state_dir}/floors-{machine_id or 'unknown'}.json"


def load_floors(state_dir: str, machine_id: str | None, notes: Notes) -> dict[str, Observed]:
    """Return the floors observed on this machine, by device id."""
    path = _path(state_dir, machine_id)
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            content = file.read()
        import json

        entries = json.loads(content or b"")
        return {
            str(device): Observed(watts=_positive(entry["watts"]), date=str(entry["date"]))
            for device, entry in entries.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        _set_aside(path, error, notes)
        return {}


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)  # it might be a pipe


def _positive(value: object) -> float:
    watts = float(str(value))
    if not 0 < watts < float("inf"):
        raise ValueError(f"{value!r} is no power in watts")
    return watts


def _set_aside(path: str, error: Exception, notes: Notes) -> None:
    try:
        os.replace(path, f"{path}.corrupt")  # noqa: PTH105
        message = f"{path} was not usable ({error}) and is kept as {path}.corrupt"
    except OSError:
        message = f"{path} is not usable ({error})"
    notes.warn("floors-unusable", message, "the idle floor is modelled until it is observed again")


def save_floors(
    state_dir: str,
    machine_id: str | None,
    seen_watts: Mapping[str, float | None],
    date: str,
    notes: Notes,
) -> None:
    """Keep what is lower than before; writes only if something is."""
    seen = {
        device: Observed(watts=watts, date=date)
        for device, watts in seen_watts.items()
        if watts is not None and watts > 0
    }
    if not _lower(seen, load_floors(state_dir, machine_id, notes)):
        return
    path = _path(state_dir, machine_id)
    try:
        make_private_folder(state_dir)
        descriptor = os.open(f"{path}.lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            lock_within(descriptor, _LOCK_SECONDS)
            floors = load_floors(state_dir, machine_id, notes)
            _write(path, {**floors, **_lower(seen, floors)})
        finally:
            os.close(descriptor)
    except OSError as error:
        message = f"the idle floor that was observed could not be kept: {error.strerror or error}"
        notes.info("floors-not-kept", message, "choose another place with --state-dir")


def _lower(seen: Mapping[str, Observed], floors: Mapping[str, Observed]) -> dict[str, Observed]:
    return {
        device: floor
        for device, floor in seen.items()
        if device not in floors or floor.watts < floors[device].watts
    }


def _write(path: str, floors: Mapping[str, Observed]) -> None:
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(dumps({device: floor.as_dict() for device, floor in floors.items()}))
        os.replace(temporary, path)  # noqa: PTH105
    except OSError:
        os.unlink(temporary)  # noqa: PTH108
        raise
