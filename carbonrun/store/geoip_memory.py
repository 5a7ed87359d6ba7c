"""What a geo-IP service has told of this machine, so that many runs ask it once.

A laptop travels: what was told is good for an hour. After a failure nobody is asked for a while.
"""

from __future__ import annotations

import hashlib
import json

from carbonrun.intensity.zones import known_zone
from carbonrun.record import Record
from carbonrun.store.folders import make_private_folder
from carbonrun.store.small_file import read_small, set_aside, write_private

GOOD_SECONDS = 3600.0
PAUSE_SECONDS = 300.0


class Told(Record):
    """What was told not long ago; ``zone`` is None where the service failed."""

    zone: str | None


class GeoipMemory:
    """The file of one service; nothing here fails."""

    def __init__(self, state_dir: str | None, url: str) -> None:
        """Keep it in the state directory; None keeps nothing."""
        self._folder = None if state_dir is None else f"{state_dir}/intensity"
        self._path = f"{self._folder}/geoip-{hashlib.sha256(url.encode()).hexdigest()[:12]}.json"

    def recall(self, now_unix_seconds: float) -> Told | None:
        """Return what was told, None if nobody was asked lately."""
        if self._folder is None:
            return None
        try:
            zone, asked_at = _parsed(read_small(self._path))
        except OSError:
            return None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            set_aside(self._path, error)
            return None
        good, age = PAUSE_SECONDS if zone is None else GOOD_SECONDS, now_unix_seconds - asked_at
        return Told(zone=zone) if 0 <= age < good else None

    def keep(self, zone: str | None, now_unix_seconds: float) -> None:
        """Keep a zone, or that there was no answer."""
        if self._folder is None:
            return
        try:
            make_private_folder(self._folder)
            write_private(self._path, json.dumps({"asked_at": now_unix_seconds, "zone": zone}))
        except OSError:
            return  # the next run asks again


def _parsed(content: bytes) -> tuple[str | None, float]:
    """Return zone and moment.

    Raises:
        ValueError, LookupError, TypeError, AttributeError, RecursionError: it is something else.
    """
    told = json.loads(content)
    zone, asked_at = told["zone"], float(told["asked_at"])
    if zone is not None and known_zone(zone) != zone:
        raise ValueError("no zone")
    return zone, asked_at
