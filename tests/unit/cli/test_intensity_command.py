"""``carbonrun intensity`` in a process of its own, with services on the loopback interface."""

from __future__ import annotations

import json
import os
import pty
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.cli.test_cli_app import carbonrun
from tests.unit.intensity.loopback import Loopback, answer
from tests.unit.test_grid import half_hours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(half_hours) as running:
        yield running


def as_json(tmp_path: Path, *words: str, **how: Any) -> Any:
    result = carbonrun(tmp_path, *words, "--json", **how)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_show_names_figure_quantity_source_and_credit(tmp_path: Path) -> None:
    result = carbonrun(tmp_path, "intensity", "show", "france")
    assert (result.returncode, result.stderr) == (0, "")
    for part in ("FR  France", "44.2 g/kWh (", "lifecycle, annual", "Ember 2024", "CC-BY-4.0"):
        assert part in result.stdout
    assert not list(tmp_path.rglob("intensity"))


def test_show_tells_what_is_published_of_a_cloud_region(tmp_path: Path) -> None:
    text = carbonrun(tmp_path, "intensity", "show", "ovh:GRA11").stdout
    assert "PUE        1.21 (1.15 to 1.29), of the region, 2025" in text
    assert "water      0.2 L/kWh on the site (0.1 to 0.4), of the region, 2025" in text
    region = as_json(tmp_path, "intensity", "show", "aws:eu-west-3")["cloud_region"]
    assert (region["code"], region["pue"]["of"]) == ("aws:eu-west-3", "provider")
    assert as_json(tmp_path, "intensity", "show", "FR")["cloud_region"] is None


def test_show_asks_the_service_that_is_chosen(tmp_path: Path, server: Loopback) -> None:
    words = ("--provider", "neso", "--intensity-url", server.url)
    shown = as_json(tmp_path, *words, "--zone", "GB", "intensity", "show")
    assert shown["intensity"]["provider"] == "neso"
    assert shown["zone_source"] == "--zone"
    assert [note["code"] for note in shown["notes"]] == ["intensity-online"]


def test_show_falls_back_aloud(tmp_path: Path) -> None:
    with Loopback(lambda _: answer("", "500 Oops")) as server:
        words = ("--provider", "neso", "--intensity-url", server.url)
        shown = as_json(tmp_path, *words, "intensity", "show", "GB")
    assert shown["intensity"]["provider"] == "bundled"
    assert "intensity-not-live" in [note["code"] for note in shown["notes"]]


def test_a_zone_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    for words in (("show", "FRR"), ("compare", "FR", "FRR"), ("forecast", "FRR")):
        more = ("--provider", "neso") if words[0] == "forecast" else ()
        result = carbonrun(tmp_path, "intensity", *words, *more)
        assert result.returncode == 125
        assert "did you mean FR" in result.stderr


def test_compare_puts_zones_and_sources_side_by_side(tmp_path: Path, server: Loopback) -> None:
    words = ("--provider", "neso", "--intensity-url", server.url)
    compared = as_json(tmp_path, *words, "intensity", "compare", "FR", "gb", "gcp:europe-west9")
    providers = {code: [p["provider"] for p in points] for code, points in compared.items()}
    assert providers == {
        "FR": ["bundled", "bundled"],
        "GB": ["bundled", "bundled", "neso"],
        "gcp:europe-west9": ["bundled", "bundled"],
    }
    assert {p["basis"] for p in compared["gcp:europe-west9"]} == {"direct", "lifecycle"}
    text = carbonrun(tmp_path, "intensity", "compare", "FR", "AQ").stdout
    assert "Ember 2024" in text
    assert "no figure" in text
    (google,) = [line for line in text.splitlines() if "Google 2024" in line]
    assert google.split()[0] == "gcp:europe-west9", "a cloud region in the zone"
    assert carbonrun(tmp_path, "intensity", "compare", "AQ").returncode == 1


def test_zones_are_found_by_code_and_name(tmp_path: Path) -> None:
    lines = carbonrun(tmp_path, "intensity", "zones", "london").stdout.splitlines()
    assert lines[0].split() == ["GB-13", "GB", "London"]
    assert ["aws:eu-west-2", "GB", "Amazon", "Web", "Services,", "London"] in map(str.split, lines)
    codes = [zone["code"] for zone in as_json(tmp_path, "intensity", "zones", "de")]
    assert codes[0] == "DE"
    assert "SE" in codes
    paris = carbonrun(tmp_path, "intensity", "zones", "paris").stdout
    for line in ("aws:eu-west-3", "Amazon Web Services, Paris", "scaleway:fr-par-1", "ovh:eu-west"):
        assert line in paris
    nothing = carbonrun(tmp_path, "intensity", "zones", "nowhere", "at", "all")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert len(as_json(tmp_path, "intensity", "zones")) > 400


def test_sources_tell_what_is_sent_and_never_a_key(tmp_path: Path) -> None:
    environment = {"CARBONRUN_ELECTRICITYMAPS_KEY": "s3cr3t"}
    text = carbonrun(tmp_path, "intensity", "sources", environment=environment).stdout
    for part in ("Ember", "neso", "zone and period", "CARBONRUN_WATTTIME_KEY", "marginal"):
        assert part in text
    assert "s3cr3t" not in text
    found = as_json(tmp_path, "intensity", "sources", environment=environment)
    states = {service["name"]: service["key_state"] for service in found["services"]}
    assert states["electricitymaps"] == "set"
    assert states["neso"] == "none needed"
    assert states["watttime"].startswith("missing")


def test_a_forecast_has_a_plot_and_the_best_window(tmp_path: Path, server: Loopback) -> None:
    words = ("--provider", "neso", "--intensity-url", server.url)
    plain = {"LC_ALL": "C"}
    asked = ("intensity", "forecast", "GB", "--duration", "30m")
    result = carbonrun(tmp_path, *words, *asked, environment=plain)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.isascii()
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "200 g/kWh" in result.stdout
    assert "^" in result.stdout
    text = carbonrun(tmp_path, *words, *asked[:3], "--hours", "2", "--duration", "5h").stdout
    assert "nothing is known of 5 h 00 min on end within what is shown, up to" in text
    found = as_json(tmp_path, *words, "intensity", "forecast", "GB", "--hours", "2")
    assert {point["g_per_kwh"] for point in found["points"]} <= {150, 200}
    assert found["window"]["saving"] == pytest.approx(0)


def test_a_forecast_on_a_terminal(tmp_path: Path, server: Loopback) -> None:
    controller, terminal = pty.openpty()
    words = ("--provider", "neso", "--intensity-url", server.url)
    environment = {"LANG": "C.UTF-8", "TERM": "xterm"}
    carbonrun(
        tmp_path, *words, "intensity", "forecast", "GB",
        environment=environment, stdout=terminal, stderr=None, capture_output=False,
    )  # fmt: skip
    os.close(terminal)
    assert "█" in os.read(controller, 65536).decode()
    os.close(controller)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("forecast", "FR"), "annual means"),
        (("forecast", "FR", "--provider", "neso"), "Great Britain only"),
        (("forecast", "FR", "--provider", "electricitymaps"), "needs a key"),
        (("forecast", "FR", "--provider", "http-json"), "no address"),
        (("forecast", "FR", "--provider", "nobody"), "must be one of"),
        (("forecast", "GB", "--provider", "neso", "--duration", "soon"), "90s"),
        (("reconcile",), "never become actual"),
    ],
)
def test_what_cannot_be_shown_is_told(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    result = carbonrun(tmp_path, "intensity", *words)
    assert result.returncode == 125
    assert told in result.stderr
    assert result.stderr.count("\n  ") <= 1


def test_keys_are_hidden_where_settings_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[keys]\nelectricitymaps = "s3cr3t"\n')
    text = carbonrun(tmp_path, "--config", str(path), "config").stdout
    assert "keys.electricitymaps" in text
    assert "s3cr3t" not in text
    found = as_json(tmp_path, "--config", str(path), "config")
    assert found["keys"] == {"electricitymaps": "***"}


def test_a_project_may_choose_neither_keys_nor_address(tmp_path: Path) -> None:
    for content in ('[keys]\nneso = "x"\n', 'intensity-url = "https://evil.example"\n'):
        (tmp_path / "carbonrun.toml").write_text(content)
        result = carbonrun(tmp_path, "config")
        assert result.returncode == 125
        assert "your own configuration file only" in result.stderr
        (tmp_path / "carbonrun.toml").unlink()
    (tmp_path / "bad.toml").write_text("keys = 5\n")
    assert carbonrun(tmp_path, "--config", "bad.toml", "config").returncode == 125
