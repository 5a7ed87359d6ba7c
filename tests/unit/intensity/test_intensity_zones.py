from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.errors import UsageError
from carbonrun.intensity.zones import canonical_zone, find_zone


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("FR", "FR"),
        ("fr", "FR"),
        (" FRA ", "FR"),
        ("France", "FR"),
        ("UK", "GB"),
        ("usa", "US"),
        ("us-ca", "US-CA"),
        ("US_CA", "US-CA"),
        ("California", "US-CA"),
        ("Georgia", "GE"),
        ("CAMX", "US-CAMX"),
        ("se3", "SE-SE3"),
        ("GB-13", "GB-13"),
        ("DK-DK1", "DK-DK1"),
        ("aws:EU-west-3", "aws:eu-west-3"),
        ("azure:francecentral", "azure:francecentral"),
        ("ovh:GRA11", "ovh:gra"),
        ("ovh:eu-west-rbx", "ovh:rbx"),
        ("scaleway:FR-PAR-1", "scaleway:fr-par-1"),
        ("Türkiye", "TR"),
        ("world", "WORLD"),
        ("Andorra", "AD"),
    ],
)
def test_what_may_be_typed(text: str, zone: str) -> None:
    assert canonical_zone(text) == zone


def test_an_unknown_zone_is_refused_with_near_matches() -> None:
    with pytest.raises(UsageError) as caught:
        canonical_zone("FRR")
    assert caught.value.message == "unknown grid zone 'FRR': did you mean FR, FO?"
    assert caught.value.hint == "carbonrun intensity zones lists them all"
    assert caught.value.exit_status == 125


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Frnace", "FR"),
        ("Califrnia", "US-CA"),
        ("aws:eu-west-9", "aws:eu-west-3"),
        ("scaleway:fr-pra", "scaleway:fr-par"),
    ],
)
def test_near_matches_hold_what_was_meant(text: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        canonical_zone(text)
    offered = caught.value.message.partition("did you mean ")[2].rstrip("?").split(", ")
    assert near in offered
    assert len(offered) <= 3


@pytest.mark.parametrize("text", ["", " ", "zzzzzzzzz", "FR\tEUROPE", "0.38", "zone", "\udcff"])
def test_what_is_like_no_zone_is_refused_without_a_guess(text: str) -> None:
    with pytest.raises(UsageError, match="unknown grid zone"):
        canonical_zone(text)


@given(st.text(max_size=12))
def test_any_text_is_a_zone_or_a_usage_error(text: str) -> None:
    try:
        code = canonical_zone(text)
    except UsageError:
        return
    assert find_zone(code).code == code
    assert canonical_zone(code) == code


def test_a_cloud_region_is_in_a_grid() -> None:
    region = find_zone("aws:eu-west-3")
    assert region.is_cloud_region
    assert region.parent == "FR"


def test_a_zone_that_is_not_in_the_table_has_no_entry() -> None:
    with pytest.raises(KeyError):
        find_zone("XX")


def test_looking_a_zone_up_imports_nothing_slow() -> None:
    code = (
        "import sys; from carbonrun.intensity import zones, model; zones.canonical_zone('FR');"
        "slow = {'re', 'typing', 'difflib', 'json', 'csv', 'pathlib', 'dataclasses', 'enum',"
        " 'functools', 'collections', 'datetime', 'signal'}; print(sorted(slow & set(sys.modules)))"
    )
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    assert result.stdout == "[]\n"
