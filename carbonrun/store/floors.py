"""The lowest power that runs on this machine have seen, kept for the idle floor of later runs.

One small JSON file for each machine in the state directory (home directories are shared by
machines): ``{device: {"watts": ..., "date": ...}}``. A file that cannot be read is set aside.
"""

from __future__ import annotations

import os

from carbonrun.compact_json import dumps
from carbonrun.descriptors import CLOSE_ON_EXEC, NON_BLOCKING
from carbonrun.measurement.floor import Observed
from carbonrun.store.folders import floors_path, make_private_folder
from carbonrun.store.small_file import read_small, set_aside, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.notes import Notes


_LOCK_SECONDS = 0.5
_LOCK_FLAGS = os.O_WRONLY | os.O_CREAT | CLOSE_ON_EXEC | NON_BLOCKING


def load_floors(state_dir: str, machine_id: str | None, notes: Notes) -> dict[str, Observed]:
    """Return the floors observed on this machine, by device id."""
    path = floors_path(state_dir, machine_id)
    try:
        content = read_small(path)
        import json

        entries = json.loads(content)
        return {
            str(device): Observed(watts=_positive(entry["watts"]), date=str(entry["date"]))
            for device, entry in entries.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        hint = "the idle floor is modelled until it is observed again"
        notes.warn("floors-unusable", set_aside(path, error), hint)
        return {}


def _positive(value: object) -> float:
    watts = float(str(value))
    if not 0 < watts < float("inf"):
        raise ValueError(f"{value!r} is no power in watts")
    return watts


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
    path = floors_path(state_dir, machine_id)
    try:
        make_private_folder(state_dir)
        descriptor = os.open(f"{path}.lock", _LOCK_FLAGS, 0o600)
        try:
            from carbonrun.report.lock import lock_within

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
    write_private(path, dumps({device: floor.as_dict() for device, floor in floors.items()}))
