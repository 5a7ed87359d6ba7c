"""Keeps what services of intensities have told, in the state directory, for its owner's eyes.

Layout: ``intensity/<service>/<zone>/<YYYY-MM-DD>.json``, ``failure.json``, ``lock`` and ``asking``
beside them. Files are replaced whole under the lock; what cannot be used is set aside. A directory
that cannot be written costs nothing but a question more. Keys are never written.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from datetime import datetime, timezone

from carbonrun.descriptors import CLOSE_ON_EXEC, NO_FOLLOW
from carbonrun.intensity.cache import DAY_SECONDS
from carbonrun.report.lock import lock_within
from carbonrun.store.folders import make_private_folder
from carbonrun.store.intensity_format import (
    day_as_json,
    day_from_json,
    failure_as_json,
    failure_from_json,
)
from carbonrun.store.small_file import read_small, remove, set_aside, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Any, TypeVar

    from carbonrun.intensity.cache import Day, Failure

    Form = TypeVar("Form")

LOCK_SECONDS = 0.5
# A service is given 5 s for an answer; a run that has ended waits for none of it.
ASKING_SECONDS = 6.0
# A year of days, and a little: what is older is asked for again if anybody wants it.
MOST_DAYS = 400
_FAILURE = "failure.json"


def service_folder(state_dir: str, name: str, url: str | None) -> str:
    """Return where the answers of a service are; those of another address are kept apart."""
    suffix = "" if url is None else "-" + hashlib.sha256(url.encode()).hexdigest()[:12]
    return f"{state_dir}/intensity/{name}{suffix}"


class FileShelf:
    """See :class:`carbonrun.intensity.cache.Shelf`; nothing here fails."""

    def __init__(self, folder: str) -> None:
        """Keep everything in ``folder``, which need not exist."""
        self._folder = folder

    def day(self, grid_zone: str, day: int) -> Day | None:
        """Return what is known of a day."""
        return self._read(self._path(grid_zone, day), lambda content: day_from_json(content, day))

    def keep_day(self, grid_zone: str, day: int, merge: Callable[[Day | None], Day]) -> Day:
        """Replace a day; return what it is now, even if that could not be written."""
        with self._locked(grid_zone):
            path = self._path(grid_zone, day)
            is_new = not os.path.exists(path)  # noqa: PTH110
            kept = merge(self.day(grid_zone, day))
            self._write(path, day_as_json(kept))
            if is_new:
                self._prune(grid_zone)
        return kept

    def asking(self, grid_zone: str) -> AbstractContextManager[None]:
        """Wait while another carbonrun asks for this zone, but not for ever."""
        return self._locked(grid_zone, "asking", ASKING_SECONDS)

    def failure(self, grid_zone: str) -> Failure | None:
        """Return why the service is left alone."""
        return self._read(f"{self._zone(grid_zone)}/{_FAILURE}", failure_from_json)

    def keep_failure(self, grid_zone: str, failure: Failure | None) -> None:
        """Keep why the service is left alone."""
        path = f"{self._zone(grid_zone)}/{_FAILURE}"
        with self._locked(grid_zone):
            if failure is not None:
                self._write(path, failure_as_json(failure))
                return
            try:
                remove(path)
            except OSError:
                return  # it ends by itself

    def _zone(self, grid_zone: str) -> str:
        return f"{self._folder}/{grid_zone.replace('/', '_').replace(':', '_')}"

    def _path(self, grid_zone: str, day: int) -> str:
        date = datetime.fromtimestamp(day * DAY_SECONDS, timezone.utc).date()
        return f"{self._zone(grid_zone)}/{date.isoformat()}.json"

    def _read(self, path: str, parse: Callable[[Any], Form]) -> Form | None:
        try:
            return parse(json.loads(read_small(path)))
        except OSError:
            return None
        except (ValueError, RecursionError) as error:
            set_aside(path, error)
            return None

    def _write(self, path: str, content: dict[str, Any]) -> None:
        try:
            write_private(path, json.dumps(content, separators=(",", ":"), allow_nan=False))
        except (OSError, ValueError):
            return  # a question more, the next time

    @contextmanager
    def _locked(
        self, grid_zone: str, name: str = "lock", seconds: float = LOCK_SECONDS
    ) -> Iterator[None]:
        """Hold the zone's lock, or go on without it: every file is whole anyway."""
        descriptor = None
        try:
            make_private_folder(self._zone(grid_zone))
            flags = os.O_RDWR | os.O_CREAT | CLOSE_ON_EXEC | NO_FOLLOW
            descriptor = os.open(f"{self._zone(grid_zone)}/{name}", flags, 0o600)
            lock_within(descriptor, seconds)
        except OSError:
            pass
        try:
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _prune(self, grid_zone: str) -> None:
        folder = self._zone(grid_zone)
        try:
            days = sorted(name for name in os.listdir(folder) if name[:1].isdigit())  # noqa: PTH208
            for name in days[:-MOST_DAYS]:
                remove(f"{folder}/{name}")
        except OSError:
            return
