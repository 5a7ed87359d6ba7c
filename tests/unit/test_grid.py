"""The intensity of a run, with a real service on the loopback interface that may misbehave."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from carbonrun.grid import LATE_SECONDS, Grid, Place
from carbonrun.intensity.services import FOR_RUNS, SERVICES
from carbonrun.notes import Note, Notes
from carbonrun.options import FORECASTERS, PROVIDERS
from carbonrun.settings import resolve
from tests.unit.intensity.loopback import Loopback, Request, answer, drip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from carbonrun.intensity.feed import IntensityFound
    from tests.unit.intensity.loopback import Reply

HALF_HOUR = 1800.0
SECRET = "s3cr3t-key"


def utc(unix_seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(unix_seconds))


def half_hours(_: Request) -> bytes:
    """Answer as NESO does: what is over is actual."""
    now = time.time() // HALF_HOUR * HALF_HOUR
    rows = [
        {
            "from": utc(now + i * HALF_HOUR),
            "to": utc(now + (i + 1) * HALF_HOUR),
            "intensity": {"forecast": 200, "actual": 150 if i < 0 else None},
        }
        for i in range(-8, 8)
    ]
    return answer(json.dumps({"data": rows}))


# For answers that come: on a busy machine they take a while.
PATIENT_SECONDS = 15.0


class Run:
    """What a run finds: intensity, notes, and how long its end took."""

    within_seconds = PATIENT_SECONDS

    def __init__(self, state: Path, url: str, *more: str, **environment: str) -> None:
        flags = {
            "provider": ("neso",),
            "zone": ("GB",),
            "state-dir": (str(state),),
            "intensity-url": (url,),
        }
        for name in more:
            key, _, value = name.partition("=")
            flags[key] = (value,)
        settings = resolve(flags, {}, cwd=None, home=str(state))
        notes = Notes()
        start = time.time()
        grid = Grid(
            Place(settings=settings, environment=environment, etc=str(state)),
            start,
            time.time,
            notes,
        )
        self.at_first = grid.so_far(start)
        began = time.monotonic()
        self.found: IntensityFound = grid.finish(time.time(), self.within_seconds)
        self.seconds = time.monotonic() - began
        self.notes: dict[str, Note] = {note.code: note for note in notes.all()}


class HastyRun(Run):
    """One that waits as long as a real run does."""

    within_seconds = LATE_SECONDS


def test_a_service_is_asked_once_and_remembered(tmp_path: Path) -> None:
    with Loopback(half_hours) as server:
        first = Run(tmp_path, server.url)
        second = Run(tmp_path, server.url)
        offline = Run(tmp_path, server.url, "offline=true")
        assert len(server.requests) == 1
    for run in (first, second, offline):
        point = run.found.points[-1]
        assert (point.provider, point.g_per_kwh, point.basis) == ("neso", 200, "direct")
    assert list(first.notes) == ["intensity-online"]
    message = first.notes["intensity-online"].message
    assert "127.0.0.1" in message
    assert "zone and period" in message
    assert second.notes == {}
    assert first.at_first.points[0].provider == "bundled"


def hang(_: Request) -> Reply:
    return drip(b"HTTP/1.1 200 OK\r\n", 3.0)


@pytest.mark.parametrize(
    "reply",
    [
        hang,
        lambda _: answer("<html>login</html>"),
        lambda _: answer("", "500 Oops"),
        lambda _: answer("", "429 Slow Down", "Retry-After: 100\r\n"),
        lambda _: answer('{"data": ['),
        lambda _: answer("", "302 Found", "Location: http://192.0.2.1/\r\n"),
    ],
    ids=["hangs", "html", "500", "429", "truncated", "redirect"],
)
def test_whatever_a_service_does_the_end_comes_in_a_second(
    reply: Callable[[Request], Reply], tmp_path: Path
) -> None:
    with Loopback(reply) as server:
        run = HastyRun(tmp_path, server.url)
    assert run.seconds < LATE_SECONDS + 2.0
    (point,) = run.found.points
    assert (point.provider, point.kind, run.found.grid_zone) == ("bundled", "annual", "GB")
    # A busy machine may not have got to asking by then.
    assert set(run.notes) - {"intensity-online"} == {"intensity-not-live"}
    note = run.notes["intensity-not-live"]
    assert (note.level, note.message.startswith("neso: ")) == ("warning", True)
    assert "lifecycle instead of direct" in note.message


def test_a_fallback_is_less_sure_than_the_mean_of_a_year(tmp_path: Path) -> None:
    with Loopback(lambda _: answer("")) as server:
        run = Run(tmp_path, server.url)
        (point,) = run.found.points
    annual = run.at_first.points[0]
    assert point.high_g_per_kwh / point.g_per_kwh > 1.8
    assert point.low_g_per_kwh <= annual.low_g_per_kwh


def test_a_zone_that_the_service_does_not_cover_is_not_sent(tmp_path: Path) -> None:
    with Loopback(half_hours) as server:
        run = Run(tmp_path, server.url, "zone=FR")
        assert server.requests == []
    assert run.found.grid_zone == "FR"
    assert "Great Britain only" in run.notes["intensity-not-live"].message


def test_a_cloud_region_is_asked_for_by_its_grid(tmp_path: Path) -> None:
    with Loopback(half_hours) as server:
        run = Run(tmp_path, server.url, "zone=aws:eu-west-2")
    assert (run.found.grid_zone, run.found.points[0].provider) == ("GB", "neso")
    assert "cloud-region" in run.notes


def test_a_constant_asks_nobody(tmp_path: Path) -> None:
    with Loopback(half_hours) as server:
        run = Run(tmp_path, server.url, "intensity=56")
        assert server.requests == []
    assert run.found.points[0].g_per_kwh == 56
    assert run.notes == {}


def test_a_missing_key_is_told_and_a_bad_one_is_not(tmp_path: Path) -> None:
    with Loopback(lambda _: answer(f'{{"error": "{SECRET}"}}', "401 No")) as server:
        none = Run(tmp_path, server.url, "provider=electricitymaps")
        assert server.requests == []
        variable = {"CARBONRUN_ELECTRICITYMAPS_KEY": SECRET}
        bad = Run(tmp_path, server.url, "provider=electricitymaps", **variable)
        assert server.requests[0].headers["auth-token"] == SECRET
    hint = none.notes["intensity-not-live"].hint
    assert hint is not None
    assert "CARBONRUN_ELECTRICITYMAPS_KEY" in hint
    assert "401" in bad.notes["intensity-not-live"].message
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert SECRET not in f"{bad.notes} {bad.found}"
    assert SECRET.encode() not in kept


def test_marginal_figures_never_make_a_footprint(tmp_path: Path) -> None:
    path = tmp_path / "marginal.json"
    start = utc(time.time() - HALF_HOUR)
    end = utc(time.time() + 2 * HALF_HOUR)
    path.write_text(json.dumps([{"start": start, "end": end, "g_per_kwh": 800}]))
    good = Run(tmp_path, f"{path}#signal=average&basis=direct", "provider=file")
    assert good.found.points[0].g_per_kwh == 800
    assert good.notes == {}
    bad = Run(tmp_path, f"{path}#signal=marginal&basis=direct", "provider=file")
    assert bad.found.points[0].provider == "bundled"
    assert "marginal" in bad.notes["intensity-not-live"].message


def test_many_runs_at_once_ask_once(tmp_path: Path) -> None:
    def reply(request: Request) -> Reply:
        time.sleep(0.2)
        return half_hours(request)

    with Loopback(reply) as server, ThreadPoolExecutor(6) as pool:
        runs = [pool.submit(Run, tmp_path, server.url) for _ in range(6)]
        found = {run.result().found.points[0].provider for run in runs}
        assert len(server.requests) == 1
    assert found == {"neso"}


def series_file(path: Path, start: float, end: float) -> str:
    """Write one figure for a time, in hours from now; return what names it."""
    now = time.time()
    row = {"start": utc(now + start * 3600), "end": utc(now + end * 3600), "value": 300}
    path.write_text(json.dumps([row]))
    return f"{path}#signal=average&basis=lifecycle"


def test_a_service_that_tells_late_is_carried_on_aloud(tmp_path: Path) -> None:
    run = Run(tmp_path, series_file(tmp_path / "late.json", -3, -1), "provider=file")
    assert [(p.kind, p.g_per_kwh) for p in run.found.points] == [("estimated", 300)]
    assert list(run.notes) == ["intensity-carried"]


def test_what_ended_long_ago_is_not_used(tmp_path: Path) -> None:
    run = Run(tmp_path, series_file(tmp_path / "old.json", -3, -2.9), "provider=file")
    assert run.found.points[0].provider == "bundled"
    assert "cover 0 %" in run.notes["intensity-not-live"].message


def test_older_figures_are_used_aloud_when_the_service_fails(tmp_path: Path) -> None:
    replies: list[Callable[[Request], Reply]] = [half_hours]

    def reply(request: Request) -> Reply:
        return replies[-1](request)

    with Loopback(reply) as server:
        Run(tmp_path, server.url)
        for path in tmp_path.rglob("*.json"):
            content = json.loads(path.read_text())
            content["asked_at"] -= 3600
            path.write_text(json.dumps(content))
        replies.append(lambda _: answer("", "500 Oops"))
        run = Run(tmp_path, server.url)
    assert run.found.points[0].provider == "neso"
    assert "status 500" in run.notes["intensity-from-cache"].message


def test_a_long_run_with_a_gap_says_so(tmp_path: Path) -> None:
    """The run is said to have begun five hours ago; the series has the first three hours of it."""
    url = series_file(tmp_path / "gap.json", -5.5, -1.5 - 2)
    flags = {"provider": ("file",), "zone": ("GB",), "intensity-url": (url,)}
    settings = resolve(flags, {}, cwd=None, home=str(tmp_path))
    notes = Notes()
    start = time.time() - 5 * 3600
    place = Place(settings=settings, environment={}, etc=str(tmp_path))
    grid = Grid(place, start, time.time, notes)
    end = time.time()
    found = grid.finish(end)
    assert found.points[0].provider == "file"
    codes = [note.code for note in notes.all()]
    assert codes == ["intensity-carried", "intensity-gaps"]
    assert grid.so_far(end).points == found.points


def test_the_options_name_the_services_that_suit_runs() -> None:
    assert PROVIDERS == FOR_RUNS
    assert sorted(FORECASTERS) == sorted(service.name for service in SERVICES)


def berlin(_: Request) -> bytes:
    return answer('{"country_code": "DE", "region": "Land Berlin"}')


class Located:
    """What a run finds with ``--geoip`` and no zone."""

    within_seconds = PATIENT_SECONDS

    def __init__(self, state: Path, reply: Callable[[Request], Reply], **flags: str) -> None:
        with Loopback(reply) as server:
            given = {"geoip": "true", "geoip-url": server.url, "state-dir": str(state), **flags}
            settings = resolve({k: (v,) for k, v in given.items()}, {}, cwd=None, home=str(state))
            place = Place(
                settings=settings,
                environment={"TZ": "Europe/Paris"},
                etc=str(state),
                run=str(state),
            )
            notes, start = Notes(), time.time()
            grid = Grid(place, start, time.time, notes)
            self.at_first = grid.so_far(start)
            began = time.monotonic()
            self.found = grid.finish(time.time(), self.within_seconds)
            self.seconds = time.monotonic() - began
            self.requests = len(server.requests)
        self.notes: dict[str, Note] = {note.code: note for note in notes.all()}


class HastilyLocated(Located):
    """One that waits as long as a real run does."""

    within_seconds = LATE_SECONDS


def test_geo_ip_is_asked_in_the_background_and_said(tmp_path: Path) -> None:
    located = Located(tmp_path, berlin)
    assert (located.found.grid_zone, located.found.zone_source) == ("DE", "geo-IP")
    assert located.at_first.grid_zone in {"FR", "DE"}
    assert set(located.notes) == {"geoip-online", "zone-from-geoip"}
    assert "127.0.0.1" in located.notes["geoip-online"].message
    assert located.requests == 1


def test_geo_ip_is_asked_once_for_many_runs(tmp_path: Path) -> None:
    with Loopback(berlin) as server:
        where = {"geoip-url": server.url}
        runs = [Located(tmp_path, berlin, **where) for _ in range(3)]
        assert len(server.requests) == 1
    assert [run.found.grid_zone for run in runs] == ["DE"] * 3
    assert set(runs[1].notes) == {"zone-from-geoip"}


@pytest.mark.parametrize(
    "reply",
    [hang, lambda _: answer("<html>"), lambda _: answer("", "429 Slow Down")],
    ids=["hangs", "html", "429"],
)
def test_without_an_answer_of_geo_ip_the_time_zone_counts(
    reply: Callable[[Request], Reply], tmp_path: Path
) -> None:
    located = HastilyLocated(tmp_path, reply)
    assert located.seconds < LATE_SECONDS + 2.0
    assert (located.found.grid_zone, located.found.zone_source) == ("FR", "time zone")
    assert {"geoip-failed", "zone-from-timezone"} <= set(located.notes)
    assert located.notes["geoip-failed"].level == "warning"


@pytest.mark.parametrize(
    "flags", [{"geoip": "false"}, {"zone": "IT"}, {"intensity": "5"}, {"offline": "true"}]
)
def test_geo_ip_is_not_asked_unless_it_is_needed(flags: dict[str, str], tmp_path: Path) -> None:
    located = Located(tmp_path, berlin, **flags)
    assert located.requests == 0
    assert located.found.zone_source in {"time zone", "--zone", None}


def test_a_service_is_asked_for_the_zone_that_geo_ip_tells(tmp_path: Path) -> None:
    def reply(request: Request) -> bytes:
        if request.path.startswith("/where"):
            return answer('{"country_code": "GB"}')
        return half_hours(request)

    with Loopback(reply) as server:
        flags = {
            "geoip": ("true",),
            "geoip-url": (f"{server.url}/where",),
            "provider": ("neso",),
            "intensity-url": (server.url,),
            "state-dir": (str(tmp_path),),
        }
        settings = resolve(flags, {}, cwd=None, home=str(tmp_path))
        place = Place(settings=settings, environment={}, etc=str(tmp_path), run=str(tmp_path))
        notes = Notes()
        found = Grid(place, time.time(), time.time, notes).finish(time.time(), 10.0)
    assert (found.grid_zone, found.zone_source) == ("GB", "geo-IP")
    assert found.points[-1].provider == "neso"
    codes = {note.code for note in notes.all()}
    assert {"geoip-online", "intensity-online", "zone-from-geoip"} <= codes


def test_who_has_set_up_co2_signal_is_told_what_became_of_it(tmp_path: Path) -> None:
    settings = resolve({"zone": ("FR",)}, {}, cwd=None, home=str(tmp_path))
    for environment, count in (
        ({"CO2_SIGNAL_API_TOKEN": SECRET}, 1),
        ({"CODECARBON_CO2_SIGNAL_API_TOKEN": SECRET}, 1),
        ({"CO2_SIGNAL_API_TOKEN": ""}, 0),
    ):
        notes = Notes()
        place = Place(settings=settings, environment=environment, etc=str(tmp_path))
        Grid(place, time.time(), time.time, notes)
        told = [note for note in notes.all() if note.code == "co2-signal-gone"]
        assert len(told) == count
        for note in told:
            assert SECRET not in f"{note.message} {note.hint}"
            assert "CARBONRUN_ELECTRICITYMAPS_KEY" in (note.hint or "")
