"""By when the command has to start or to have ended, as far as somebody has said so."""

from __future__ import annotations

from carbonrun.errors import UsageError
from carbonrun.later.local_time import shown, unix_seconds
from carbonrun.moments import parse_moment
from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.settings import Settings

_BOUNDS = ("max-delay", "start-by", "deadline")


class Limits(Record):
    """When it must start and have ended, seconds since 1970; None is no such limit.

    ``is_typed`` if one of them was given on the command line, for this very run.
    """

    latest_start_unix_seconds: float | None
    deadline_unix_seconds: float | None
    is_typed: bool

    def latest_end(self, seconds: float) -> float:
        """Return when a command that takes so long must have ended."""
        start, end = self.latest_start_unix_seconds, self.deadline_unix_seconds
        ends = [] if start is None else [start + seconds]
        return min(ends if end is None else [*ends, end])


def limits_of(settings: Settings, now: float, *, is_nested: bool) -> Limits | None:
    """Return the limits, None if nobody has asked for another start than at once.

    In a run within a run only those on the command line count: the environment was meant for the
    outer one.

    Raises:
        UsageError: one of them has passed already.
    """
    given = [key for key in _BOUNDS if _counts(settings, key, is_nested=is_nested)]
    if not given:
        return None
    starts: list[float] = []
    if "max-delay" in given and settings.max_delay_seconds is not None:
        starts.append(now + settings.max_delay_seconds)
    if "start-by" in given and settings.start_by is not None:
        starts.append(_to_come("start-by", settings.start_by, settings, now))
    deadline = None
    if "deadline" in given and settings.deadline is not None:
        deadline = _to_come("deadline", settings.deadline, settings, now)
    return Limits(
        latest_start_unix_seconds=min(starts) if starts else None,
        deadline_unix_seconds=deadline,
        is_typed=any(settings.origins[key].startswith("--") for key in given),
    )


def check_needed(settings: Settings) -> None:
    """Refuse options that only mean something together with a limit.

    Raises:
        UsageError: one of them was given.
    """
    for key in ("dry-run", "hand-over", "duration"):
        origin = settings.origins[key]
        if origin.startswith("--") and settings.delay:
            message = f"{origin} needs a limit within which to choose the start"
            raise UsageError(message, "add --deadline, --start-by or --max-delay")


def _counts(settings: Settings, key: str, *, is_nested: bool) -> bool:
    value = getattr(settings, {"max-delay": "max_delay_seconds"}.get(key, key.replace("-", "_")))
    is_typed = settings.origins[key].startswith("--")
    return value is not None and settings.delay and (is_typed or not is_nested)


def _to_come(key: str, text: str, settings: Settings, now: float) -> float:
    origin = settings.origins[key]
    try:
        at = unix_seconds(parse_moment(text), now)
    except ValueError as error:
        raise UsageError(f"{origin} {text!r}: {error}") from None
    if at <= now:
        message = f"{origin} {text}: that was {shown(at, now)}, and has passed"
        raise UsageError(message, "the command was not started; --no-delay starts it at once")
    return at
