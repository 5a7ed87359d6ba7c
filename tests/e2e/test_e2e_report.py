"""``carbonrun report`` on runs that really were."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.wrapper import require_carbonrun
from tests.unit.intensity.loopback import Loopback
from tests.unit.store.real_run import Place, wait_until
from tests.unit.test_grid import half_hours

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _only_carbonrun() -> None:
    require_carbonrun()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def report(place: Place, *words: str) -> tuple[int, str, str]:
    """Return status, standard output and standard error of ``carbonrun report``."""
    with place.start("report", *words) as process:
        out, err = process.communicate(timeout=30)
    return process.returncode, out.decode(), err.decode()


def shown(place: Place, *words: str) -> str:
    status, out, err = report(place, *words)
    assert (status, err) == (0, "")
    return out


def test_every_form_shows_what_the_run_has_shown(place: Place) -> None:
    words = ("--name", "two words", "--json", "r.json", "--", sys.executable, "-c", "sum(range(9))")
    status, summary = place.run(*words)
    assert status == 0
    assert shown(place) == summary
    assert shown(place, "two words", "--format", "table") == summary
    first = json.loads((place.work / "r.json").read_text())
    again = json.loads(shown(place, "last", "--format", "json"))
    assert again == first
    (row,) = csv.DictReader(shown(place, "last", "--format", "csv").splitlines())
    assert [row] == place.rows()
    assert shown(place, "last", "--format", "line").startswith("carbonrun: energy_j=")
    assert shown(place, first["run"]["id"], "--format", "markdown").startswith("### two words\n")
    assert shown(place, str(place.work / "r.json"), "--format", "json") == shown(
        place, "last", "-o", "-", "--format", "json"
    )


def test_a_killed_run_is_shown_before_and_after_it_was_recovered(place: Place) -> None:
    place.kill_one("--name", "lost")
    before = json.loads(shown(place, "lost", "--format", "json"))
    assert [note["code"] for note in before["notes"]].count("recovered") == 1
    assert before["timeline"]
    assert place.run("-q", "--", "true")[0] == 0  # it recovers the other
    after = json.loads(shown(place, "lost", "--format", "json"))
    assert after["energy"] == before["energy"]
    assert [note["code"] for note in after["notes"]].count("recovered") == 1
    assert after["timeline"] == before["timeline"]


def test_where_else(place: Place) -> None:
    assert place.run("-q", "--zone", "DE", "--", "true")[0] == 0
    place._environment["CARBONRUN_INTENSITY"] = ""
    assert place.run("-q", "--zone", "aws:eu-central-1", "--", "true")[0] == 0
    text = " ".join(shown(place, "--where").split())
    assert "would have" in text
    assert "regions of Amazon Web Services" in text
    content = json.loads(shown(place, "last", "--where", "--json"))
    assert content["here"]["code"] == "DE"
    assert len(content["zones"]) == len(content["regions"]) == 10
    status, _, err = report(place, "--where", "--format", "html")
    assert (status, "no format html" in err) == (125, True)


def test_other_hours_of_a_run_that_asked_a_service(place: Place) -> None:
    place._environment |= {"CARBONRUN_INTENSITY": "", "TZ": "Europe/London"}
    with Loopback(half_hours) as server:
        words = ("--provider", "neso", "--intensity-url", server.url, "--zone", "GB")
        assert place.run("-q", *words, "--", "sleep", "2")[0] == 0
        asked = len(server.requests)
        content = json.loads(shown(place, "--where", "--json"))
        assert len(server.requests) == asked  # nobody is asked
    hours = content["hours"]
    assert (hours["provider"], hours["basis"]) == ("neso", "direct")
    assert hours["best"]["g_per_kwh"] < hours["worst"]["g_per_kwh"]
    assert hours["best"]["g_per_kwh"] <= hours["as_it_was"]["g_per_kwh"]
    assert "Had it begun at another hour" in shown(place, "--where")


def test_files(place: Place, tmp_path: Path) -> None:
    assert place.run("-q", "--", "true")[0] == 0
    assert shown(place, "-o", str(tmp_path / "x.json")) == ""
    content: Any = json.loads((tmp_path / "x.json").read_text())
    assert content["run"]["command"] == ["true"]
    status, out, err = report(place, "-o", str(tmp_path / "nowhere" / "x.json"))
    assert (status, out) == (125, "")
    assert "could not be written: No such file or directory" in err


def test_page_badge_and_card_of_a_real_run(place: Place, tmp_path: Path) -> None:
    name = "</title><b>x"
    words = ("--name", name, "--zone", "FR", "--", sys.executable, "-c", "sum(range(9**7))")
    assert place.run("-q", *words)[0] == 0
    shown(place, name, "-o", str(tmp_path / "run.html"))
    page = (tmp_path / "run.html").read_text()
    assert 'class="area k-cpu"' in page
    assert "<b>x" not in page.partition("<body>")[0]
    assert "estimated (model)" in page
    shown(place, name, "-o", str(tmp_path / "run.svg"))
    badge = (tmp_path / "run.svg").read_text()
    assert "&lt;/title&gt;" in badge
    assert "CO2e" in badge
    card = tmp_path / "README.md"
    card.write_bytes(b"---\r\nlicense: mit\r\n---\r\nbody\r\n")
    shown(place, "-o", str(card), "--format", "model-card", "--training-type", "fine-tuning")
    text = card.read_bytes().decode()
    assert text.startswith("---\r\nlicense: mit\r\nco2_eq_emissions:\r\n  emissions: ")
    assert text.endswith("\r\n---\r\nbody\r\n")
    assert 'training_type: "fine-tuning"' in text
    grams = json.loads(shown(place, "--format", "json"))["emissions"]["grams_co2e"]
    (line,) = (line for line in text.splitlines() if "emissions: " in line)
    assert float(line.partition(": ")[2]) == pytest.approx(grams, rel=1e-5)


def test_what_could_mean_two_things_is_asked(place: Place, tmp_path: Path) -> None:
    assert place.run("-q", "--", "true")[0] == 0
    status, _, err = report(place, "-o", str(tmp_path / "README.md"))
    assert status == 125
    assert "--format model-card" in err
    words = ("--format", "model-card", "--training-type", "training")
    assert "pre-training or fine-tuning" in report(place, *words)[2]
    (tmp_path / "bad.md").write_text("---\n{license: mit}\n---\n")
    status, _, err = report(place, "--format", "model-card", "-o", str(tmp_path / "bad.md"))
    assert status == 125
    assert "one key a line" in err
    assert (tmp_path / "bad.md").read_text() == "---\n{license: mit}\n---\n"


def test_a_report_from_standard_input(place: Place, tmp_path: Path) -> None:
    assert place.run("-q", "--json", str(tmp_path / "r.json"), "--", "true")[0] == 0
    words = ("report", "-", "--format", "line")
    with (tmp_path / "r.json").open("rb") as file, place.start(*words, stdin=file) as process:
        out, _ = process.communicate(timeout=30)
    assert out.startswith(b"carbonrun: energy_j=")


def test_a_run_that_goes_on_is_shown_as_one(place: Place) -> None:
    with place.start("-q", "--name", "long", "--interval", "0.1", "--", "sleep", "60") as process:
        try:
            wait_until(lambda: "checkpoint" in "".join(j.read_text() for j in place.journals()), "")
            text = " ".join(shown(place, "long").split())
            assert "the run has not ended" in text
            assert "row in" not in text
            assert report(place, "last")[0] == 125
        finally:
            process.terminate()
            process.wait(10)


def test_a_run_that_is_not_there(place: Place) -> None:
    assert place.run("-q", "--name", "train", "--", "true")[0] == 0
    status, out, err = report(place, "trian")
    assert (status, out) == (125, "")
    assert "did you mean train?" in err


def test_a_report_of_nonsense_is_refused(place: Place, tmp_path: Path) -> None:
    assert place.run("-q", "--json", str(tmp_path / "r.json"), "--", "true")[0] == 0
    content = json.loads((tmp_path / "r.json").read_text())
    content["energy"]["joules"] = "a lot"
    (tmp_path / "r.json").write_text(json.dumps(content))
    status, out, err = report(place, str(tmp_path / "r.json"))
    assert (status, out) == (125, "")
    assert "holds what no report does" in err


def test_a_reader_that_goes_away_is_no_error(place: Place) -> None:
    assert place.run("-q", "--", "true")[0] == 0
    with place.start("report", "--format", "json") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(30) == 0
