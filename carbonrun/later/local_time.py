"""When a moment that somebody has typed is, in the time zone of this process.

Clocks that go back show an hour twice: the first of both is meant, which is in time for whoever
means the second. Clocks that go forward leave an hour out: the moment at which they do is meant.
"""

from __future__ import annotations

import time
from calendar import timegm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbonrun.moments import Moment

_DAY_SECONDS = 86400
# Longer than any change of clocks, so that both offsets are found around it.
_AROUND_SECONDS = 26 * 3600
_WEEK_SECONDS = 6 * _DAY_SECONDS


def unix_seconds(moment: Moment, now_unix_seconds: float) -> float:
    """Return when that is; for a time without a date, the next one that is still to come.

    Raises:
        ValueError: the system cannot tell, in the year 9999.
    """
    if moment.delay_seconds is not None:
        return now_unix_seconds + moment.delay_seconds
    try:
        if moment.date is not None:
            read = timegm((*moment.date, *moment.clock))
            offset = moment.offset_seconds
            return float(_local(read) if offset is None else read - offset)
        today = time.localtime(now_unix_seconds)
        read = timegm((today.tm_year, today.tm_mon, today.tm_mday, *moment.clock))
        at = _local(read)
        return float(at if at > now_unix_seconds else _local(read + _DAY_SECONDS))
    except OverflowError:
        raise ValueError("is too far away") from None


def shown(at_unix_seconds: float, now_unix_seconds: float) -> str:
    """Return a moment as people read it: the weekday where it is near, else the date."""
    near = abs(at_unix_seconds - now_unix_seconds) < _WEEK_SECONDS
    form = "%a %H:%M" if near else "%Y-%m-%d %H:%M"
    return time.strftime(form, time.localtime(at_unix_seconds))


def _local(read: int) -> int:
    """Return the first moment at which local clocks show no less than a reading.

    Args:
        read: what they show, as if it were UTC.
    """
    offsets = {_offset(read - _AROUND_SECONDS), _offset(read + _AROUND_SECONDS)}
    found = [read - offset for offset in offsets if _offset(read - offset) == offset]
    if found:
        return min(found)
    before, after = read - max(offsets), read - min(offsets)
    while after - before > 1:  # the change lies between both
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(middle) == _offset(before) else (before, middle)
    return after


def _offset(at: int) -> int:
    """Return how far local clocks are before UTC."""
    return time.localtime(at).tm_gmtoff
