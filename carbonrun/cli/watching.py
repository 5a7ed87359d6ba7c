"""What ``monitor`` and ``attach`` have in common."""

from __future__ import annotations

from carbonrun.durations import parse_duration
from carbonrun.errors import UsageError
from carbonrun.settings import DEFAULT, Settings, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonrun.cli.context import Context


def settings_of(context: Context, flags: Mapping[str, tuple[str, ...]]) -> Settings:
    """Return the settings; the live view is on unless somebody has turned it off.

    Raises:
        CarbonrunError: as for a run.
    """
    settings = resolve(flags, context.environment, cwd=context.cwd, home=context.home)
    is_open = settings.origins["live"] == DEFAULT
    return settings.replace(live=True) if is_open else settings


def seconds_of(flag: str, text: str | None) -> float | None:
    """Return the seconds of a duration that was given, None if none was.

    Raises:
        UsageError: it is no duration.
    """
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        message = f"{flag} {text!r}: {error}"
        raise UsageError(message) from None
