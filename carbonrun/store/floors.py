"""The lowest power that runs on this machine have seen, kept for the idle floor of later runs.

One small JSON file for each machine in the state directory (home directories are shared by
machines): ``{device: {"watts": ..., "date": ...}}``. A file that cannot be read is set aside.
"""

from __future__ import annotations

import os

from carbonrun.compact_json import dumps
from carbonrun.measurement.floor import Observed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.notes import Notes


def _path(state_dir: str, machine_id: str | None) -> str:
    return f"{state_dir}/floors-{machine_id or 'unknown'}.json"


def load_floors(state_dir: str, machine_id: str | None, notes: Notes) -> dict[str, Observed]:
    """Return the floors observed on this machine, by device id."""
    path = _path(state_dir, machine_id)
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            content = file.read()
        import json

        entries = json.loads(content)
        return {
            str(device): Observed(watts=_positive(entry["watts"]), date=str(entry["date"]))
            for device, entry in entries.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        _set_aside(path, error, notes)
        return {}


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
    """Keep what is lower than before; writes only if something is.

    Raises:
        OSError: the file cannot be written.
    """
    floors = load_floors(state_dir, machine_id, notes)
    lower = {
        device: Observed(watts=watts, date=date)
        for device, watts in seen_watts.items()
        if watts is not None and (device not in floors or watts < floors[device].watts)
    }
    if not lower:
        return
    path = _path(state_dir, machine_id)
    content = {device: seen.as_dict() for device, seen in {**floors, **lower}.items()}
    os.makedirs(state_dir, mode=0o700, exist_ok=True)  # noqa: PTH103
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(dumps(content))
    os.replace(temporary, path)  # noqa: PTH105
