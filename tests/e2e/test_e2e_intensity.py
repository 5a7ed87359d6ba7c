"""No network unless it is asked for, and no waiting for it when it is."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.intensity.loopback import Loopback, answer, drip
from tests.unit.store.real_run import ROOT, Place
from tests.unit.test_grid import half_hours

if TYPE_CHECKING:
    from pathlib import Path

UNSET = {"CARBONRUN_INTENSITY": ""}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, {"TZ": "Europe/London", **UNSET})


def report_of(place: Place, *words: str) -> dict[str, Any]:
    path = place.work / "report.json"
    status, err = place.run("--json", str(path), *words)
    assert status == 0, err
    report: dict[str, Any] = json.loads(path.read_text())
    return report


def watch_network(place: Place) -> Path:
    """Have every carbonrun of the place write down what it sends; return the file."""
    sent = place.work / "sent"
    (place.work / "sitecustomize.py").write_text(
        "import sys\n"
        "def audit(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto'):\n"
        f"        open({str(sent)!r}, 'a').write(f'{{event}} {{arguments}}\\n')\n"
        "sys.addaudithook(audit)\n"
    )
    place._environment["PYTHONPATH"] = f"{place.work}:{ROOT}"
    return sent


@pytest.mark.parametrize("command", [("true",), ("sleep", "0.4")], ids=["short", "longer"])
def test_nothing_is_sent_in_the_default_configuration(
    command: tuple[str, ...], place: Place
) -> None:
    sent = watch_network(place)
    report = report_of(place, "--", *command)
    assert report["intensity"]["provider"] == "bundled"
    assert not sent.exists()
    with Loopback(half_hours) as server:  # the guard does see what is sent
        place.run("--provider", "neso", "--intensity-url", server.url, "--", "sleep", "2")
    assert sent.exists()


def test_nothing_is_sent_from_a_cloud_either(place: Place) -> None:
    sent = watch_network(place)
    place._environment |= {"AWS_REGION": "eu-west-3", "AWS_EXECUTION_ENV": "x", "TZ": "UTC"}
    assert report_of(place, "--", "true")["intensity"]["grid_zone"] == "FR"
    assert not sent.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("doctor",),
        ("intensity", "show"),
        ("intensity", "show", "aws:eu-west-3"),
        ("intensity", "compare", "FR", "US-CA"),
        ("intensity", "zones", "paris"),
        ("intensity", "sources"),
    ],
    ids=" ".join,
)
def test_nothing_is_sent_by_subcommands_unless_asked_to(
    words: tuple[str, ...], place: Place
) -> None:
    sent = watch_network(place)
    status, err = place.run(*words)
    assert status in {0, 1}, err  # doctor: 1 where there is no sensor
    assert not sent.exists()


def test_a_series_is_in_the_report(place: Place) -> None:
    with Loopback(half_hours) as server:
        words = ("--provider", "neso", "--intensity-url", server.url, "--zone", "GB")
        report = report_of(place, *words, "--", "sleep", "2")
    intensity = report["intensity"]
    assert (intensity["provider"], intensity["basis"]) == ("neso", "direct")
    assert intensity["g_per_kwh"] == pytest.approx(200, abs=51)
    assert intensity["series"][0]["start"] <= report["run"]["started_at"]
    grams = report["energy"]["joules"] / 3.6e6 * intensity["g_per_kwh"]
    assert report["emissions"]["grams_co2e"] == pytest.approx(grams)
    assert place.rows()[0]["intensity_provider"] == "neso"


@pytest.mark.parametrize("command", [("true",), ("sleep", "0.5")], ids=["short", "longer"])
def test_a_service_that_hangs_delays_the_end_by_a_second_at_most(
    command: tuple[str, ...], place: Place
) -> None:
    started = time.monotonic()
    report_of(place, "--", *command)
    without = time.monotonic() - started
    with Loopback(lambda _: drip(b"HTTP/1.1 200 OK\r\n", 1.0)) as server:
        words = ("--provider", "neso", "--intensity-url", server.url, "--zone", "GB")
        started = time.monotonic()
        report = report_of(place, *words, "--", *command)
        assert time.monotonic() - started < without + 2.0
    assert report["intensity"]["provider"] == "bundled"
    assert "intensity-not-live" in [note["code"] for note in report["notes"]]


def test_signals_and_the_exit_status_pass_while_it_is_asked(place: Place) -> None:
    with Loopback(lambda _: drip(b"HTTP/1.1 200 OK\r\n", 1.0)) as server:
        words = ("--provider", "neso", "--intensity-url", server.url, "--zone", "GB")
        script = (
            "import signal, sys, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
            "time.sleep(30)\n"
        )
        with place.start("-q", *words, "--", sys.executable, "-c", script) as process:
            time.sleep(1.0)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 7


def test_a_service_without_its_key_is_refused_before_the_command_starts(place: Place) -> None:
    mark = place.work / "started"
    status, err = place.run("--provider", "electricitymaps", "--", "touch", str(mark))
    assert status == 125
    assert "CARBONRUN_ELECTRICITYMAPS_KEY" in err
    assert not mark.exists()


def test_co2_signal_is_no_more_and_its_users_are_told_what_is(place: Place) -> None:
    status, err = place.run("--provider", "co2signal", "--", "true")
    assert status == 125
    assert "CO2 Signal is part of Electricity Maps now" in " ".join(err.split())
    place._environment["CO2_SIGNAL_API_TOKEN"] = "s3cr3t-token"
    status, err = place.run("--provider", "electricitymaps", "--", "true")
    assert status == 125
    assert "CO2_SIGNAL_API_TOKEN counts no more" in " ".join(err.split())
    assert "s3cr3t" not in err


def test_geo_ip_and_offline_exclude_each_other_before_the_command_starts(place: Place) -> None:
    mark = place.work / "started"
    status, err = place.run("--geoip", "--offline", "--", "touch", str(mark))
    assert status == 125
    assert "--geoip needs the network, which --offline forbids" in err
    assert not mark.exists()


def test_the_region_of_a_cloud_service_is_the_zone(place: Place) -> None:
    place._environment |= {"AWS_REGION": "eu-central-1", "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE"}
    intensity = report_of(place, "--", "true")["intensity"]
    assert (intensity["grid_zone"], intensity["zone_source"]) == ("DE", "AWS_REGION")


def test_a_key_is_in_no_output(place: Place) -> None:
    place._environment["CARBONRUN_ELECTRICITYMAPS_KEY"] = "s3cr3t-key"
    with Loopback(lambda r: answer(json.dumps(r.headers), "403 No")) as server:
        words = ("--provider", "electricitymaps", "--intensity-url", server.url)
        report = report_of(place, *words, "--zone", "GB", "--", "sleep", "2")
        assert server.requests[0].headers["auth-token"] == "s3cr3t-key"
        assert server.requests[0].query["disableCallerLookup"] == "true"
    assert "s3cr3t" not in json.dumps(report)
    for path in place.state.rglob("*"):
        assert path.is_dir() or b"s3cr3t" not in path.read_bytes()


def test_a_name_that_is_looked_up_for_ever_is_not_waited_for(place: Place) -> None:
    """A server that accepts and says nothing stands for a name server that does not answer."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    held: list[socket.socket] = []
    threading.Thread(target=lambda: held.append(listener.accept()[0]), daemon=True).start()
    url = f"http://127.0.0.1:{port}"
    started = time.monotonic()
    status, _ = place.run("-q", "--provider", "neso", "--intensity-url", url, "--", "false")
    assert status == 1
    assert time.monotonic() - started < 4
    listener.close()
    for connection in held:
        connection.close()
