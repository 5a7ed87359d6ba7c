"""The vocabulary of carbon intensity: points, providers, means. Pure.

A *point* says how many grams of CO2e a kWh of one grid zone stands for during one interval. What
kind of quantity that is (``basis``, ``signal``) is part of it: figures of different basis or
signal are never summed or averaged.

==========  ====================================================================================
basis       ``direct`` (what leaves the stack), ``lifecycle`` (with fuel supply, building, ...)
signal      ``average`` (all plants of the zone), ``marginal`` (those that follow the demand)
kind        ``actual``, ``estimated``, ``forecast``, ``annual`` (mean of a year), ``constant``
==========  ====================================================================================
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Protocol
else:
    Protocol = object

DIRECT = "direct"
LIFECYCLE = "lifecycle"

AVERAGE = "average"
MARGINAL = "marginal"

ACTUAL = "actual"
PROVISIONAL = "estimated"
FORECAST = "forecast"
ANNUAL = "annual"
CONSTANT = "constant"


class Point(Record):
    """The intensity of one grid zone during one half-open interval of UTC.

    Attributes:
        start_unix_seconds: first moment; None for no beginning.
        end_unix_seconds: first moment after it; None for no end. An annual mean and a constant
            stand for any time, so both are None; ``year`` tells what they are the mean of.
        g_per_kwh: g CO2e (CO2 where the source has no more) per kWh, finite, 0 or more.
        low_g_per_kwh, high_g_per_kwh: around it.
        basis, signal: see the module; None where the user's own constant does not say.
        kind: see the module.
        provider: who was asked: ``bundled``, ``constant``, later the name of a service.
        source: for people, where the provider has it from: "Ember 2024".
        grid_zone: what it is the intensity of; None for a constant without a zone.
        year: of an annual mean, else None.
        attribution, licence: what must be said with the figure.
    """

    start_unix_seconds: float | None = None
    end_unix_seconds: float | None = None
    g_per_kwh: float
    low_g_per_kwh: float
    high_g_per_kwh: float
    basis: str | None
    signal: str | None
    kind: str
    provider: str
    source: str
    grid_zone: str | None
    year: int | None = None
    attribution: str | None = None
    licence: str | None = None


class IntensityUnavailable(Exception):
    """A provider has nothing for this zone and time; ``hint`` is what the user can do."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        """Keep the reason and the remedy."""
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class ZoneNotCovered(IntensityUnavailable):
    """The provider never has this zone, whatever the time; nobody was asked to know that."""


class ServiceFailed(IntensityUnavailable):
    """A service was asked and gave no answer that can be used.

    Neither reason nor hint ever holds a key, a query or text of the reply.
    """

    def __init__(
        self,
        reason: str,
        hint: str | None = None,
        *,
        status: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        """Keep the status of HTTP, and for how long the service wants to be left alone."""
        super().__init__(reason, hint)
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class Provider(Protocol):
    """The one interface of everything that knows intensities.

    A provider answers for exactly the zone that it is asked for; going to a wider zone when it
    cannot is the business of :mod:`carbonrun.intensity.feed`, which records it.
    """

    name: str

    def series(
        self, grid_zone: str, start_unix_seconds: float, end_unix_seconds: float
    ) -> tuple[Point, ...]:
        """Return points of one basis and signal, in order, without overlap; at least one.

        They need not cover the whole of the time asked for, which may lie in the past and, of
        those who forecast, in the future; points outside of it may be left out.

        Raises:
            ZoneNotCovered: it never knows anything about this zone; a wider one may help.
            IntensityUnavailable: nothing is known about this zone and time.
        """


class SeriesMean(Record):
    """Means over an interval; ``covered_seconds`` is how much of it the points cover."""

    g_per_kwh: float
    low_g_per_kwh: float
    high_g_per_kwh: float
    covered_seconds: float


def overlap_seconds(point: Point, start_unix_seconds: float, end_unix_seconds: float) -> float:
    """Return how many seconds of the half-open interval the point covers, 0 or more."""
    start, end = start_unix_seconds, end_unix_seconds
    if point.start_unix_seconds is not None:
        start = max(start, point.start_unix_seconds)
    if point.end_unix_seconds is not None:
        end = min(end, point.end_unix_seconds)
    return max(0.0, end - start)


def contains(point: Point, unix_seconds: float) -> bool:
    """Return whether the moment is in the point's half-open interval."""
    start, end = point.start_unix_seconds, point.end_unix_seconds
    return (start is None or start <= unix_seconds) and (end is None or unix_seconds < end)


def is_constant(points: Sequence[Point]) -> bool:
    """Return whether it is one point for all time, such as the mean of a year."""
    return len(points) == 1 and points[0].start_unix_seconds is points[0].end_unix_seconds is None


def overlapping(
    points: Sequence[Point], start_unix_seconds: float, end_unix_seconds: float
) -> Sequence[Point]:
    """Return the points, which are in order, that touch an interval; others may not be missed.

    A day has 288 points of five minutes and as many slices as the run has readings: each slice
    must not look at all points.
    """
    if is_constant(points):
        return points
    from bisect import bisect_left, bisect_right

    first = bisect_right(points, start_unix_seconds, key=_end)
    last = bisect_left(points, end_unix_seconds, key=_start)
    return points[first : max(last, first + 1)]


def _start(point: Point) -> float:
    start = point.start_unix_seconds
    return float("-inf") if start is None else start


def _end(point: Point) -> float:
    end = point.end_unix_seconds
    return float("inf") if end is None else end


def constant_mean(point: Point, covered_seconds: float) -> SeriesMean:
    """Return the mean of one point that covers all of an interval."""
    return SeriesMean(
        g_per_kwh=point.g_per_kwh,
        low_g_per_kwh=point.low_g_per_kwh,
        high_g_per_kwh=point.high_g_per_kwh,
        covered_seconds=covered_seconds,
    )


def series_mean(
    points: Iterable[Point], start_unix_seconds: float, end_unix_seconds: float
) -> SeriesMean | None:
    """Return the mean of the points over an interval, each weighted by its overlap.

    For an interval without length it is the point at that moment. Parts that no point covers do
    not count. None where no point covers anything.

    Raises:
        ValueError: the interval ends before it starts, or points of different basis or signal
            lie in it.
    """
    if end_unix_seconds < start_unix_seconds:
        message = f"interval from {start_unix_seconds} to {end_unix_seconds}"
        raise ValueError(message)
    if end_unix_seconds == start_unix_seconds:
        used = [(point, 1.0) for point in points if contains(point, start_unix_seconds)][:1]
    else:
        weighted = ((p, overlap_seconds(p, start_unix_seconds, end_unix_seconds)) for p in points)
        used = [(point, seconds) for point, seconds in weighted if seconds > 0]
    if not used:
        return None
    if len({(point.basis, point.signal) for point, _ in used}) > 1:
        message = "points of different basis or signal have no common mean"
        raise ValueError(message)
    total = sum(seconds for _, seconds in used)
    return SeriesMean(
        g_per_kwh=sum(p.g_per_kwh * (seconds / total) for p, seconds in used),
        low_g_per_kwh=sum(p.low_g_per_kwh * (seconds / total) for p, seconds in used),
        high_g_per_kwh=sum(p.high_g_per_kwh * (seconds / total) for p, seconds in used),
        covered_seconds=min(total, end_unix_seconds - start_unix_seconds),
    )
