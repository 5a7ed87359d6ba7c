"""A second look at the forecast while the start is waited for."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from carbonrun.later.limits import Limits
from carbonrun.later.plan import Plan, choose
from carbonrun.later.start import _again, waited_note
from carbonrun.later.text import Wanted
from carbonrun.settings import resolve
from carbonrun.spawn import Environment
from tests.unit.later.test_plan import series

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600.0


def iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class Outlook:
    """A file of forecasts that may change."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "forecast.json"
        self.now = time.time() // HOUR * HOUR
        self._folder = folder

    def write(self, *values: int) -> None:
        """Write hourly values from this hour on."""
        rows = [
            {
                "start": iso(self.now + i * HOUR),
                "end": iso(self.now + (i + 1) * HOUR),
                "g_per_kwh": value,
                "kind": "forecast",
            }
            for i, value in enumerate(values)
        ]
        content = {"basis": "direct", "signal": "average", "data": rows}
        self.path.write_text(json.dumps(content))

    def again(self, before: Plan, *more: tuple[str, str]) -> Plan:
        flags = {"provider": ("file",), "intensity-url": (str(self.path),), "zone": ("FR",)}
        flags |= {key: (value,) for key, value in more}
        settings = resolve(flags, {}, cwd=None, home=str(self._folder))
        limits = Limits(
            latest_start_unix_seconds=self.now + 9 * HOUR,
            deadline_unix_seconds=None,
            is_typed=True,
        )
        wanted = Wanted(
            now_unix_seconds=self.now - 2 * HOUR,
            seconds=HOUR,
            duration_source="as given",
            latest_start_unix_seconds=self.now + 9 * HOUR,
            deadline_unix_seconds=None,
            min_saving_percent=50.0,
        )
        return _again(settings, Environment(entries=()), limits, wanted, before)


@pytest.fixture
def outlook(tmp_path: Path) -> Outlook:
    return Outlook(tmp_path)


def test_another_start_is_taken_and_announced(
    outlook: Outlook, capfd: pytest.CaptureFixture[str]
) -> None:
    outlook.write(*[300] * 4, 100, *[300] * 8)
    plan = outlook.again(Plan(start_unix_seconds=outlook.now + 7 * HOUR))
    assert plan.start_unix_seconds == outlook.now + 4 * HOUR
    assert "the forecast has changed: starts at " in capfd.readouterr().err
    outlook.again(Plan(start_unix_seconds=outlook.now + 7 * HOUR), ("summary", "none"))
    assert capfd.readouterr().err == "", "quiet is quiet"


def test_the_same_start_needs_no_words(outlook: Outlook, capfd: pytest.CaptureFixture[str]) -> None:
    outlook.write(*[300] * 4, 290, *[300] * 8)
    plan = outlook.again(Plan(start_unix_seconds=outlook.now + 4 * HOUR))
    assert plan.start_unix_seconds == outlook.now + 4 * HOUR, "a little is worth it by now"
    assert capfd.readouterr().err == ""


def test_now_may_be_best(outlook: Outlook) -> None:
    outlook.write(100, *[300] * 12)
    plan = outlook.again(Plan(start_unix_seconds=outlook.now + 7 * HOUR))
    assert plan.start_unix_seconds == pytest.approx(time.time(), abs=30)


def test_a_forecast_that_has_gone_leaves_the_plan(outlook: Outlook) -> None:
    before = Plan(start_unix_seconds=outlook.now + 7 * HOUR)
    assert outlook.again(before) is before
    outlook.path.write_text("<html>")
    assert outlook.again(before) is before


@pytest.mark.parametrize(
    ("started", "told"),
    [
        (2 * HOUR + 1, ": 100 g/kWh instead of 300 at once were forecast"),
        (0.5 * HOUR, ", and was told not to wait for them any longer"),
        (5 * HOUR, ", and came 3 h 00 min later than planned"),
    ],
)
def test_hours_that_were_missed_are_not_claimed(started: float, told: str) -> None:
    """By USR1 before them, or by a machine that was asleep in them."""
    wanted = Wanted(
        now_unix_seconds=0.0,
        seconds=HOUR,
        duration_source="as given",
        latest_start_unix_seconds=4 * HOUR,
        deadline_unix_seconds=None,
        min_saving_percent=5.0,
    )
    plan = choose(series(300, 300, 100, 300), 0.0, 4 * HOUR, HOUR, 5.0)
    note = waited_note(plan, plan.window, wanted, started)
    assert note.message.partition(" hours")[2] == told
