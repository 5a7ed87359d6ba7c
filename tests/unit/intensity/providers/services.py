"""Services played by a table of replies, and what was asked of them."""

from __future__ import annotations

import calendar
import json
from typing import TYPE_CHECKING, Any

from carbonrun.intensity.model import ServiceFailed
from carbonrun.intensity.providers.registry import open_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carbonrun.intensity.model import Point, Provider

HOUR = 3600.0
# 2026-11-25T12:10:00Z
NOW = float(calendar.timegm((2026, 11, 25, 12, 10, 0)))
KEY = "user:s3cr3t"


def at(text: str) -> float:
    """Return ``HH:MM`` of the day of :data:`NOW`, or ``YYYY-MM-DDTHH:MM``, in seconds."""
    whole = text if "T" in text else f"2026-11-25T{text}"
    date, time = whole.split("T")
    return float(calendar.timegm((*map(int, date.split("-")), *map(int, time.split(":")), 0)))


class Asked:
    """One question: path without the address, parameters, headers."""

    def __init__(self, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> None:
        self.path = path
        self.params = dict(params)
        self.headers = dict(headers)


class Played:
    """A door to the network behind which ``reply`` answers with a document, text or failure."""

    def __init__(self, reply: Callable[[Asked], Any]) -> None:
        self.asked: list[Asked] = []
        self._reply = reply

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        asked = Asked(url.removeprefix("https://service.example"), params or {}, headers or {})
        self.asked.append(asked)
        reply = self._reply(asked)
        if isinstance(reply, Exception):
            raise reply
        return reply.encode() if isinstance(reply, str) else json.dumps(reply).encode()

    def provider(self, name: str, url: str = "https://service.example") -> Provider:
        return open_provider(name, url=url, key=KEY, get=self.get, now=lambda: NOW)


def refused(status: int) -> ServiceFailed:
    """Return how a refusal comes through the door."""
    return ServiceFailed("service.example refuses", status=status)


def short(points: tuple[Point, ...]) -> list[tuple[float, float, float, str]]:
    """Return start and end in minutes from :data:`NOW`, figure and kind of points."""
    return [
        (
            ((p.start_unix_seconds or 0) - NOW) / 60,
            ((p.end_unix_seconds or 0) - NOW) / 60,
            round(p.g_per_kwh, 3),
            p.kind,
        )
        for p in points
    ]
