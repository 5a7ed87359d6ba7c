"""Which clue tells where this machine is, in which order, and what is said of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given as with_any
from hypothesis import strategies as st

from carbonrun.intensity.cloud_clues import (
    CLOUD_INIT_NAMES,
    REGION_VARIABLES,
    SERVICE_MARKS,
    claim_of_cloud_init,
    claim_of_environment,
    region_code,
)
from carbonrun.intensity.cloud_regions import PROVIDER_NAMES
from carbonrun.intensity.whereabouts import Clues, Whereabouts, guessed, locale_country
from carbonrun.intensity.zones import known_zone
from carbonrun.notes import Note, Notes

if TYPE_CHECKING:
    from pathlib import Path

LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "f"}


def guess(place: Path, environment: dict[str, str], **more: Any) -> tuple[Whereabouts, list[Note]]:
    notes = Notes()
    clues = Clues(environment=environment, etc=str(place), run=str(place), **more)
    return guessed(clues, notes), list(notes.all())


def keep_instance_data(run: Path, content: object) -> None:
    (run / "cloud-init").mkdir()
    text = content if isinstance(content, str) else json.dumps(content)
    (run / "cloud-init" / "instance-data.json").write_text(text)


@pytest.mark.parametrize(
    ("environment", "zone", "source"),
    [
        ({"AWS_REGION": "eu-west-3", **LAMBDA}, "aws:eu-west-3", "AWS_REGION"),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_BATCH_JOB_ID": "1"}, "aws:eu-west-1", None),
        ({"CLOUDSDK_COMPUTE_ZONE": "europe-west9-a", "K_SERVICE": "s"}, "gcp:europe-west9", None),
        ({"GOOGLE_CLOUD_REGION": "us-west1", "CLOUD_SHELL": "true"}, "gcp:us-west1", None),
        ({"REGION_NAME": "West Europe", "WEBSITE_SITE_NAME": "w"}, "azure:westeurope", None),
        ({"SCW_DEFAULT_ZONE": "fr-par-2", "SCW_APPLICATION_ID": "a"}, "scaleway:fr-par-2", None),
    ],
)
def test_a_corroborated_region_of_the_environment_comes_first(
    environment: dict[str, str], zone: str, source: str | None, tmp_path: Path
) -> None:
    keep_instance_data(tmp_path, {"v1": {"cloud_name": "aws", "region": "us-east-1"}})
    place, notes = guess(tmp_path, {"TZ": "Europe/Berlin", **environment}, geoip_zone="IT")
    assert (place.zone, place.exact) == (zone, True)
    assert place.source == (source or place.source)
    assert place.source in environment
    assert [(note.code, note.level) for note in notes] == [("cloud-region", "info")]
    assert zone in notes[0].message


def test_the_firmware_corroborates_its_own_provider_only(tmp_path: Path) -> None:
    environment = {"AWS_REGION": "eu-west-3"}
    assert guess(tmp_path, environment, cloud="aws")[0].zone == "aws:eu-west-3"
    assert guess(tmp_path, environment, cloud="gcp")[0].zone == "WORLD"


def test_what_the_machine_was_told_is_surer_than_what_only_the_firmware_corroborates(
    tmp_path: Path,
) -> None:
    """A job in one region that works on things in another."""
    environment = {"AWS_REGION": "us-east-1"}
    place, _ = guess(tmp_path, environment, cloud="aws", cloud_region="eu-west-3")
    assert (place.zone, place.source) == ("aws:eu-west-3", "cloud metadata")
    place, _ = guess(tmp_path, environment, cloud="aws", cloud_region="us-east-1")
    assert place.source == "AWS_REGION"
    keep_instance_data(tmp_path, {"v1": {"cloud_name": "aws", "region": "eu-central-1"}})
    place, _ = guess(tmp_path, environment, cloud="aws", cloud_region="eu-west-3")
    assert (place.zone, place.source) == ("aws:eu-central-1", "cloud-init")


def test_a_region_that_nothing_corroborates_is_only_mentioned(tmp_path: Path) -> None:
    place, (note,) = guess(tmp_path, {"AWS_REGION": "eu-west-3", "TZ": "Europe/Berlin"})
    assert (place.zone, place.source) == ("DE", "time zone")
    assert "AWS_REGION names aws:eu-west-3" in (note.hint or "")


def test_a_corroborated_provider_beats_a_variable_of_another(tmp_path: Path) -> None:
    environment = {"AWS_REGION": "eu-west-3", "REGION_NAME": "North Europe"}
    assert guess(tmp_path, environment, cloud="azure")[0].zone == "azure:northeurope"


@pytest.mark.parametrize(
    ("name", "region", "zone"),
    [
        ("aws", "eu-central-1", "aws:eu-central-1"),
        ("gce", "europe-west4", "gcp:europe-west4"),
        ("azure", "swedencentral", "azure:swedencentral"),
    ],
)
def test_cloud_init_is_next(name: str, region: str, zone: str, tmp_path: Path) -> None:
    keep_instance_data(tmp_path, {"v1": {"cloud_name": name, "region": region}})
    place, (note,) = guess(tmp_path, {"TZ": "UTC"}, cloud="aws", cloud_region="us-east-1")
    assert (place.zone, place.source, place.exact) == (zone, "cloud-init", True)
    assert "instance-data.json" in note.message


def test_then_what_the_metadata_service_has_told(tmp_path: Path) -> None:
    clues = {"cloud": "gcp", "cloud_region": "us-central1-f", "geoip_zone": "FR"}
    place, _ = guess(tmp_path, {"TZ": "Europe/Berlin"}, **clues)
    assert (place.zone, place.source) == ("gcp:us-central1", "cloud metadata")


def test_then_what_geo_ip_has_told(tmp_path: Path) -> None:
    place, (note,) = guess(tmp_path, {"TZ": "Europe/Berlin"}, geoip_zone="FR")
    assert (place.zone, place.source, place.exact) == ("FR", "geo-IP", False)
    assert note.code == "zone-from-geoip"


def test_the_locale_is_never_more_than_a_suggestion(tmp_path: Path) -> None:
    place, (note,) = guess(tmp_path, {"TZ": "UTC", "LANG": "de_AT.UTF-8"})
    assert (place.zone, place.source) == ("WORLD", "world mean")
    assert (note.code, note.level) == ("zone-unknown-world-mean", "warning")
    assert note.hint == "set it with --zone, e.g. --zone AT"


@pytest.mark.parametrize(
    ("environment", "country"),
    [
        ({"LANG": "de_DE.UTF-8"}, "DE"),
        ({"LANG": "en_US.UTF-8"}, None),
        ({"LANG": "en_GB"}, "GB"),
        ({"LANG": "C.UTF-8"}, None),
        ({"LANG": "POSIX"}, None),
        ({"LANG": "fr"}, None),
        ({"LANG": "ca_ES@valencia"}, "ES"),
        ({"LC_ALL": "fr_CA.UTF-8", "LANG": "de_DE"}, "CA"),
        ({"LC_ALL": "", "LANG": "de_DE"}, "DE"),
        ({"LANG": "xx_ZZ"}, None),
        ({}, None),
    ],
)
def test_the_country_of_a_locale(environment: dict[str, str], country: str | None) -> None:
    assert locale_country(environment) == country


def test_a_cloud_machine_is_told_how_its_region_could_be_known(tmp_path: Path) -> None:
    for cloud in ("aws", "gcp", "azure"):
        _, (note,) = guess(tmp_path, {"TZ": "UTC"}, cloud=cloud)
        assert "--cloud-metadata" in (note.hint or "")
    _, (note,) = guess(tmp_path, {"TZ": "UTC"}, cloud="hetzner")
    assert "--cloud-metadata" not in (note.hint or "")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        {"v1": None},
        {"v1": []},
        {"v1": {"cloud_name": "aws"}},
        {"v1": {"cloud_name": ["aws"], "region": "eu-west-3"}},
        {"v1": {"cloud_name": "aws", "region": None}},
        {"v1": {"cloud_name": "aws", "region": {"name": "eu-west-3"}}},
        {"v1": {"cloud_name": "aws", "region": "mars-1"}},
        {"v1": {"cloud_name": "aws", "region": "x" * 1000}},
        {"v1": {"cloud_name": "lxd", "region": "eu-west-3"}},
        "[" * 100_000,
    ],
    ids=range(15),
)
def test_instance_data_that_tell_nothing_are_passed_over(content: object, tmp_path: Path) -> None:
    keep_instance_data(tmp_path, content)
    assert claim_of_cloud_init(str(tmp_path)) is None


def test_instance_data_that_are_no_text_are_passed_over(tmp_path: Path) -> None:
    keep_instance_data(tmp_path, "")
    (tmp_path / "cloud-init" / "instance-data.json").write_bytes(b"\xff\x00")
    assert claim_of_cloud_init(str(tmp_path)) is None
    assert claim_of_cloud_init(str(tmp_path / "nowhere")) is None


@pytest.mark.parametrize(
    ("provider", "name", "code"),
    [
        ("aws", "eu-west-3", "aws:eu-west-3"),
        ("aws", "eu-west-3a", "aws:eu-west-3"),
        ("aws", "EU-WEST-3", "aws:eu-west-3"),
        ("gcp", "europe-west10-b", "gcp:europe-west10"),
        ("azure", "North Europe", "azure:northeurope"),
        ("azure", "eastus2", "azure:eastus2"),
        ("azure", "eastus9", None),
        ("aws", "eu-west-31", None),
        ("aws", "a", None),
        ("aws", "-a", None),
        ("aws", "", None),
        ("aws", " ", None),
        ("", "FR", None),
    ],
)
def test_names_of_regions_and_of_zones_in_them(provider: str, name: str, code: str | None) -> None:
    assert region_code(provider, name) == code


@with_any(st.dictionaries(st.sampled_from(["AWS_REGION", "REGION_NAME"]), st.text()))
def test_no_environment_breaks_it(environment: dict[str, str]) -> None:
    claim = claim_of_environment({**environment, **LAMBDA}, None)
    assert claim is None or known_zone(claim.region) == claim.region


def test_every_provider_that_is_looked_for_is_in_the_table() -> None:
    assert set(REGION_VARIABLES) == set(SERVICE_MARKS)
    assert {*REGION_VARIABLES, *CLOUD_INIT_NAMES.values()} <= set(PROVIDER_NAMES)
